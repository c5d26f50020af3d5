//! A list of named steps: run in order, one line each, a verdict at the end.

use std::process::Command;
use std::time::Duration;

use crate::time;

/// One thing that passes or fails.
pub(crate) struct Step {
    name: String,
    rerun: String,
    work: Box<dyn FnOnce() -> Result<(), String>>,
}

impl Step {
    /// A step of xtask's own; `rerun` is the command line that repeats it alone.
    pub(crate) fn own(
        name: &str,
        rerun: &str,
        work: impl FnOnce() -> Result<(), String> + 'static,
    ) -> Self {
        Self { name: name.into(), rerun: rerun.into(), work: Box::new(work) }
    }

    /// A cargo command, its output shown as it comes.
    pub(crate) fn cargo(name: &str, arguments: &[&str]) -> Self {
        let mut command = crate::workspace::cargo();
        command.args(arguments);
        let rerun = format!("cargo {}", arguments.join(" "));
        Self::own(name, &rerun, move || status(&mut command))
    }
}

/// Runs a command with its output visible; a failure names the exit status.
pub(crate) fn status(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("ended with {status}")),
        Err(error) => Err(format!("could not start {:?}: {error}", command.get_program())),
    }
}

/// Runs all steps, also those behind a failure, so that one run shows everything.
pub(crate) fn run(title: &str, steps: Vec<Step>) -> Result<(), String> {
    let total = steps.len();
    let began = time::now();
    let mut failed = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        println!("── {}/{total} {}", index + 1, step.name);
        let start = time::now();
        let result = (step.work)();
        let seconds = show(start.elapsed());
        match result {
            Ok(()) => println!("   ok   {} ({seconds})", step.name),
            Err(reason) => {
                println!("   FAIL {} ({seconds}): {reason}", step.name);
                failed.push((step.name, step.rerun));
            }
        }
    }
    println!();
    if failed.is_empty() {
        println!("{title}: all {total} steps passed in {}", show(began.elapsed()));
        return Ok(());
    }
    for (name, rerun) in &failed {
        println!("{title}: {name} FAILED; again alone: {rerun}");
    }
    Err(format!("{} of {total} steps failed", failed.len()))
}

/// A duration as a person reads it.
pub(crate) fn show(length: Duration) -> String {
    format!("{:.1} s", length.as_secs_f64())
}
