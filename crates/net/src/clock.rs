//! What time it is.

use std::time::{Instant, SystemTime};

/// Monotonic and wall-clock time.
///
/// Waiting is tokio's business (`tokio::time`); under its paused clock both
/// this clock and every timer run in virtual time.
pub trait Clock: Send + Sync + 'static {
    /// Monotonic time: what machines are driven with.
    fn now(&self) -> Instant;
    /// Wall-clock time: what people and RTCP are told.
    fn wall(&self) -> SystemTime;
}

/// The clock of the tokio runtime, which tests can pause.
#[derive(Debug, Clone)]
pub struct TokioClock {
    started: tokio::time::Instant,
    started_wall: SystemTime,
}

impl TokioClock {
    /// A clock whose wall time starts at the system's.
    #[allow(clippy::disallowed_methods, reason = "this is the place that reads the wall clock")]
    pub fn new() -> Self {
        Self { started: tokio::time::Instant::now(), started_wall: SystemTime::now() }
    }

    /// A clock whose wall time starts at `wall`, for tests that print times.
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { started: tokio::time::Instant::now(), started_wall: wall }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> SystemTime {
        self.started_wall + self.started.elapsed()
    }
}
