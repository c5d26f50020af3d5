//! A call to a bare user agent server: INVITE with an offer, 200 with the answer, ACK, BYE.

use std::process::Command;

use super::Figure;
use crate::bench::callgrind;
use crate::bench::process::{Cpu, Running};
use crate::bench::program;
use crate::bench::report::{Goal, RUNS, Report, Row, median};
use crate::bench::sipp::Load;

/// Calls a second, and how many of them.
const LOADS: [(u32, u32); 2] = [(100, 300), (1_000, 3_000)];

pub(super) fn figure() -> Figure {
    Figure {
        name: "uas-call",
        how: "INVITE with an offer, 200 with the answer to it, ACK, BYE, 200",
        measure,
    }
}

fn measure(report: &mut Report) {
    report.add(Row {
        what: "the machine alone, without sockets".into(),
        ours: callgrind::per_round(&program::path("uas_machine"), &[], 1_000, 3_000),
        unit: "instructions",
        goal: Goal::Count(90_000.0),
        peers: "",
    });
    report.add(Row {
        what: "the engine on UDP, called by SIPp".into(),
        ours: engine(),
        unit: "instructions",
        goal: Goal::Count(90_000.0),
        peers: "PJSIP 277 k, rsipstack 469 k",
    });
    for (rate, calls) in LOADS {
        at_rate(report, rate, calls);
    }
}

/// Instructions of the whole program per call.
fn engine() -> Result<f64, String> {
    let run = |calls: u32| {
        let mut command = callgrind::command()?;
        let (running, address) = start(command.arg(program::path("uas")), "udp")?;
        Load { calls, rate: 40, tcp: false }.run(&address)?;
        callgrind::collected(&running.finish()?)
    };
    Ok(callgrind::difference(run(100)?, run(400)?, 300))
}

/// CPU time per call at some rate: the floor and ours in turn, so that both see the same machine.
fn at_rate(report: &mut Report, rate: u32, calls: u32) {
    let (mut floor, mut udp, mut tcp) = (Ok(Vec::new()), Ok(Vec::new()), Ok(Vec::new()));
    for _ in 0..RUNS {
        collect(&mut floor, || cpu("echo_floor", Load { calls, rate, tcp: false }));
        collect(&mut udp, || cpu("uas", Load { calls, rate, tcp: false }));
        collect(&mut tcp, || cpu("uas", Load { calls, rate, tcp: true }));
    }
    let all = |found: &Result<Vec<Cpu>, String>| {
        let values = found.clone()?.iter().map(|cpu| cpu.all).collect();
        median(values).ok_or_else(|| "not run".to_owned())
    };
    // Its steps are coarse, so that only the sum of all runs says something.
    let user = |found: &Result<Vec<Cpu>, String>| {
        let values = found.clone()?;
        Ok(values.iter().map(|cpu| cpu.user).sum::<f64>() / values.len() as f64)
    };
    let ratio = all(&udp).and_then(|ours| Ok(ours / all(&floor)?));
    let mut add = |what: &str, ours, unit, goal, peers| {
        report.add(Row { what: format!("{rate} calls/s: {what}"), ours, unit, goal, peers });
    };
    add("echo floor on UDP", all(&floor), "µs CPU", Goal::None, "");
    add("the engine on UDP", all(&udp), "µs CPU", Goal::None, "PJSIP 87–104 µs");
    add("the engine on UDP, in user space", user(&udp), "µs CPU", Goal::None, "");
    add("the engine, over the floor", ratio, "×", Goal::Count(2.0), "");
    add("the engine on TCP", all(&tcp), "µs CPU", Goal::None, "");
}

fn collect(found: &mut Result<Vec<Cpu>, String>, run: impl FnOnce() -> Result<Cpu, String>) {
    if let Ok(values) = found {
        match run() {
            Ok(value) => values.push(value),
            Err(reason) => *found = Err(reason),
        }
    }
}

/// CPU time per call of a program under a load.
fn cpu(name: &str, load: Load) -> Result<Cpu, String> {
    let transport = if load.tcp { "tcp" } else { "udp" };
    let (running, address) = start(&mut Command::new(program::path(name)), transport)?;
    // The first call brings what happens once.
    Load { calls: 1, ..load }.run(&address)?;
    let before = running.cpu()?;
    load.run(&address)?;
    let after = running.cpu()?;
    running.finish()?;
    let calls = f64::from(load.calls);
    let per_call = |before: f64, after: f64| (after - before) / calls;
    Ok(Cpu { all: per_call(before.all, after.all), user: per_call(before.user, after.user) })
}

/// Starts a program on a free port of loopback, and gives where it listens.
fn start(command: &mut Command, transport: &str) -> Result<(Running, String), String> {
    let (running, line) = Running::start(command.arg(format!("{transport}:127.0.0.1:0")))?;
    let address = line.split_whitespace().next_back().unwrap_or_default().to_owned();
    Ok((running, address))
}
