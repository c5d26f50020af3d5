//! SIPp with its built-in scenarios: many calls at a steady rate, and a count of those that failed.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::interop::cell::{Context, Stop, check};
use crate::interop::install::Package;
use crate::interop::ports;
use crate::interop::process::{Pipes, Running};
use crate::workspace;

pub(in crate::interop) const PACKAGE: Package = Package { name: "sip-tester", program: "sipp" };

/// A running SIPp.
pub(in crate::interop) struct Sipp {
    pub(in crate::interop) port: u16,
    statistics: PathBuf,
    process: Running,
    calls: u32,
}

/// What SIPp counted.
pub(in crate::interop) struct Counts {
    pub(in crate::interop) successful: u64,
    pub(in crate::interop) failed: u64,
    pub(in crate::interop) retransmissions: u64,
}

impl Sipp {
    /// Calls `remote` (a port on loopback) `calls` times, `rate` times a second.
    pub(in crate::interop) fn uac(
        context: &Context,
        remote: u16,
        calls: u32,
        rate: u32,
    ) -> Result<Self, Stop> {
        let remote = format!("127.0.0.1:{remote}");
        let rate = rate.to_string();
        Self::start(context, "uac", calls, &[&remote, "-r", &rate, "-s", "agent"])
    }

    /// Answers `calls` calls.
    pub(in crate::interop) fn uas(context: &Context, calls: u32) -> Result<Self, Stop> {
        Self::start(context, "uas", calls, &[])
    }

    fn start(
        context: &Context,
        scenario: &str,
        calls: u32,
        arguments: &[&str],
    ) -> Result<Self, Stop> {
        let (port, media) = (ports::free()?, ports::range(8)?);
        let statistics = context.folder.join(format!("sipp-{scenario}.csv"));
        let program = workspace::find_program(PACKAGE.program)
            .ok_or_else(|| Stop::Skip("SIPp isn't installed".into()))?;
        let mut command = Command::new(program);
        command
            .current_dir(&context.folder)
            .args(arguments)
            .args(["-sn", scenario, "-i", "127.0.0.1", "-p", &port.to_string()])
            .args(["-mp", &media.to_string(), "-m", &calls.to_string()])
            .args(["-nostdin", "-trace_err", "-trace_stat", "-fd", "1", "-stf"])
            .arg(&statistics);
        let log = context.folder.join(format!("sipp-{scenario}.log"));
        let process = Running::start("sipp", &mut command, &log, Pipes::None)?;
        Ok(Self { port, statistics, process, calls })
    }

    /// Waits until all calls are over; fails when one of them failed.
    pub(in crate::interop) fn finish(&mut self, timeout: Duration) -> Result<Counts, Stop> {
        let status = self.process.wait(timeout);
        let counts = self.counts();
        let status = status.map_err(|_| {
            let (done, calls) = (counts.as_ref().map_or(0, |c| c.successful), self.calls);
            format!("SIPp isn't done after {timeout:?}: {done} of {calls} calls")
        })?;
        let counts = counts?;
        let good =
            status.success() && counts.failed == 0 && counts.successful == u64::from(self.calls);
        let (successful, failed) = (counts.successful, counts.failed);
        check(good, || format!("SIPp: {successful} calls passed, {failed} failed, {status}"))?;
        Ok(counts)
    }

    /// The last line of its statistics.
    fn counts(&self) -> Result<Counts, Stop> {
        let text = std::fs::read_to_string(&self.statistics)?;
        parse(&text).ok_or_else(|| "SIPp wrote no statistics".into())
    }
}

fn parse(text: &str) -> Option<Counts> {
    let mut lines = text.lines().filter(|line| line.contains(';'));
    let names: Vec<&str> = lines.next()?.split(';').collect();
    let last: Vec<&str> = lines.next_back()?.split(';').collect();
    let value = |name: &str| {
        let at = names.iter().position(|found| *found == name)?;
        last.get(at)?.parse().ok()
    };
    Some(Counts {
        successful: value("SuccessfulCall(C)")?,
        failed: value("FailedCall(C)")?,
        retransmissions: value("Retransmissions(C)")?,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn statistics_are_read_by_name() {
        let text = "Start;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n\
                    t;1;1;0;0;\nt;2;3;1;4;\n";
        let counts = super::parse(text).unwrap();
        assert_eq!((counts.successful, counts.failed, counts.retransmissions), (3, 1, 4));
    }
}
