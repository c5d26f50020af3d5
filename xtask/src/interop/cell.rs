//! A cell of the matrix: one thing that is tried with one peer.

use std::path::PathBuf;
use std::time::Duration;

use super::peer::agent;

/// Why a cell didn't pass.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// It was tried and it doesn't work.
    Fail(String),
    /// It can't be tried here.
    Skip(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Fail(reason)
    }
}

impl From<&str> for Stop {
    fn from(reason: &str) -> Self {
        Self::Fail(reason.into())
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Fail(error.to_string())
    }
}

/// A note for the matrix, or why not.
pub(super) type Outcome = Result<String, Stop>;

/// One row of the matrix before it has run.
pub(super) struct Cell {
    pub(super) name: String,
    /// Part of `--short`.
    pub(super) short: bool,
    pub(super) run: Box<dyn Fn(&Context) -> Outcome>,
}

impl Cell {
    /// A cell that the continuous integration runs too.
    pub(super) fn new(
        name: impl Into<String>,
        run: impl Fn(&Context) -> Outcome + 'static,
    ) -> Self {
        Self { name: name.into(), short: true, run: Box::new(run) }
    }

    /// Leaves the cell out of `--short`.
    pub(super) fn long(mut self) -> Self {
        self.short = false;
        self
    }

    /// The cell's name as a folder.
    pub(super) fn folder(&self) -> String {
        let plain = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        self.name.chars().map(plain).collect()
    }
}

/// What a cell works with.
pub(super) struct Context<'a> {
    /// Logs, recordings and configurations of this cell.
    pub(super) folder: PathBuf,
    agent: &'a agent::Program,
}

impl<'a> Context<'a> {
    pub(super) fn new(folder: PathBuf, agent: &'a agent::Program) -> Self {
        Self { folder, agent }
    }

    /// The program under test, built on first use.
    pub(super) fn program(&self) -> Result<PathBuf, Stop> {
        self.agent.path()
    }
}

/// Fails the cell unless something holds.
pub(super) fn check(holds: bool, reason: impl FnOnce() -> String) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(Stop::Fail(reason())) }
}

/// Seconds, for timeouts that read well.
pub(super) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
