//! A program that runs while it is measured: it prints first where it listens, and ends when
//! its input does.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::time;

/// How long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A started program. Dropping it kills it.
pub(super) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// CPU time used so far.
#[derive(Clone, Copy)]
pub(super) struct Cpu {
    /// User and system, in µs.
    pub(super) all: f64,
    /// User alone, in µs; it moves in steps of the system's clock tick.
    pub(super) user: f64,
}

impl Running {
    /// Starts a program, and gives the first line that it prints.
    pub(super) fn start(command: &mut Command) -> Result<(Self, String), String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name} has no pipes"));
        };
        let mut running = Self { child, input: Some(input), output: BufReader::new(output) };
        let line = running.line()?;
        Ok((running, line))
    }

    /// The next line that it prints.
    pub(super) fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(0) => Err(format!("it ended: {}", self.errors().trim())),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// CPU time of all its threads.
    pub(super) fn cpu(&self) -> Result<Cpu, String> {
        let folder = format!("/proc/{}", self.id());
        let text = |path: String| {
            std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
        };
        let tasks = std::fs::read_dir(format!("{folder}/task")).map_err(|e| e.to_string())?;
        let mut nanoseconds = 0.0;
        for task in tasks.flatten() {
            let times = text(format!("{}/schedstat", task.path().display()))?;
            let running = times.split(' ').next().and_then(|field| field.parse::<f64>().ok());
            nanoseconds += running.ok_or("schedstat has another form")?;
        }
        let stat = text(format!("{folder}/stat"))?;
        let user = user_ticks(&stat).ok_or("stat has another form")?;
        Ok(Cpu { all: nanoseconds / 1e3, user: user * TICK })
    }

    /// Ends its input, waits for its end, and gives what it printed on stderr.
    pub(super) fn finish(mut self) -> Result<String, String> {
        drop(self.input.take());
        let status = time::wait_for(PATIENCE, || self.ended())
            .ok_or_else(|| format!("it does not end in {PATIENCE:?}"))?;
        let errors = self.errors();
        if status.success() { Ok(errors) } else { Err(format!("{status}: {errors}")) }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// What it printed on stderr, once it has ended.
    fn errors(&mut self) -> String {
        let mut text = String::new();
        if let Some(errors) = &mut self.child.stderr {
            let _ = errors.read_to_string(&mut text);
        }
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A clock tick of `/proc/PID/stat` in µs: Linux shows user space 100 a second, everywhere.
const TICK: f64 = 10_000.0;

/// The field `utime`, the twelfth behind the name in parentheses.
fn user_ticks(stat: &str) -> Option<f64> {
    stat.rsplit(')').next()?.split_whitespace().nth(11)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn user_time_is_behind_the_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 115 0 0 0 42 13 0 0 20 0 1 0";
        assert_eq!(super::user_ticks(stat), Some(42.0));
    }
}
