//! Starting the program, and what it takes while it does nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Figure;
use crate::bench::process::Running;
use crate::bench::report::{Goal, RUNS, Report, Row, median};
use crate::{time, workspace};

/// After this long nothing of the start goes on any more.
const SETTLED: Duration = Duration::from_secs(1);

pub(super) fn figure() -> Figure {
    Figure {
        name: "start",
        how: "`sipsimple agent` with one account, until it has said where it listens; a second \
              later, its memory",
        measure,
    }
}

fn measure(report: &mut Report) {
    let program = workspace::build_program();
    let runs: Result<Vec<(f64, f64)>, String> =
        program.and_then(|program| (0..RUNS).map(|_| start(&program)).collect());
    let middle = |pick: fn(&(f64, f64)) -> f64| {
        let values = runs.clone()?.iter().map(pick).collect();
        median(values).ok_or_else(|| "not run".to_owned())
    };
    report.add(Row {
        what: "start to ready".into(),
        ours: middle(|run| run.0),
        unit: "ms",
        goal: Goal::Time(3.0),
        peers: "baresip 8.7 ms, pjsua2 9.3 ms",
    });
    report.add(Row {
        what: "resident memory, idle".into(),
        ours: middle(|run| run.1),
        unit: "MB",
        goal: Goal::Count(5.0),
        peers: "baresip 7.4 MB, pjsua2 16 MB",
    });
}

/// Milliseconds from start to ready, and megabytes of resident memory then.
fn start(program: &Path) -> Result<(f64, f64), String> {
    let began = time::now();
    let mut command = Command::new(program);
    command.args(["agent", "--listen", "udp:127.0.0.1:0", "--account", "alice@127.0.0.1"]);
    let (running, line) = Running::start(&mut command)?;
    let ready = began.elapsed().as_secs_f64() * 1e3;
    if !line.contains("\"listening\"") {
        return Err(format!("another first line: {line}"));
    }
    time::pause(SETTLED);
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id()));
    let status = status.map_err(|error| error.to_string())?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse().ok());
    let kilobytes: f64 = kilobytes.ok_or("no VmRSS")?;
    running.finish()?;
    Ok((ready, kilobytes * 1_024.0 / 1e6))
}
