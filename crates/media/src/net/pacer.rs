//! What makes media run: a call every 10 ms, on a thread or in virtual time.
//!
//! Everything periodic in this crate (RTP workers, the null device, players,
//! recorders) is a closure given to a [`Pacer`]. With a [`ThreadPacer`] it
//! runs on a thread of its own; with a [`TaskPacer`] it runs on the tokio
//! runtime's clock, which tests pause: the same code then runs in virtual
//! time.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

mod cell;
mod shared;
mod task;
mod thread;

pub use shared::SharedPacer;
pub use task::TaskPacer;
pub use thread::ThreadPacer;

/// The time between two ticks: one quantum of audio.
pub const TICK: Duration = crate::mixer::QUANTUM;

/// How many ticks a pacer makes up for after it woke late, in one burst.
///
/// What is later than that (a suspended machine, a stopped process) is
/// skipped, and the deadlines go on from the present.
pub const MAX_CATCH_UP: u32 = 10;

/// What is called each [`TICK`]; it gets the time at which it was woken, and
/// ends its pacing by returning [`ControlFlow::Break`].
pub type Tick = Box<dyn FnMut(Instant) -> ControlFlow<()> + Send>;

/// Something that calls a closure each 10 ms.
pub trait Pacer: Send + Sync {
    /// Starts to call `tick`, the first time after one [`TICK`], at absolute
    /// deadlines: a late tick doesn't move the later ones, and missed ones
    /// are made up for (up to [`MAX_CATCH_UP`]).
    ///
    /// `name` names the thread, for people who look at a process. The tick
    /// ends, and its captured values are dropped, before the drop of the
    /// returned guard returns.
    fn start(&self, name: &str, tick: Tick) -> PacerGuard;
}

/// Keeps a tick running; dropping it ends the tick and waits for its end.
///
/// A tick that drops its own guard ends after the current call.
#[must_use = "dropping the guard ends the tick"]
pub struct PacerGuard {
    stop: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl PacerGuard {
    /// A guard that calls `stop` when it is dropped: for pacers of other
    /// kinds. `stop` has to return only when the tick has ended.
    pub fn new(stop: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { stop: Some(Box::new(stop)) }
    }
}

impl Drop for PacerGuard {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
    }
}

impl std::fmt::Debug for PacerGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PacerGuard").finish_non_exhaustive()
    }
}

/// The deadlines of one tick, kept free of drift.
#[derive(Debug)]
struct Deadlines {
    next: Instant,
}

impl Deadlines {
    fn starting_at(now: Instant) -> Self {
        Self { next: now + TICK }
    }

    fn next(&self) -> Instant {
        self.next
    }

    /// How many ticks are due at `now`; the deadlines move behind them.
    fn take_due(&mut self, now: Instant) -> u32 {
        let Some(late) = now.checked_duration_since(self.next) else { return 0 };
        let due = 1 + late.as_nanos() / TICK.as_nanos();
        if due > u128::from(MAX_CATCH_UP) {
            self.next = now + TICK;
            return MAX_CATCH_UP;
        }
        let due = due as u32;
        self.next += TICK * due;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "any instant will do")]
    fn a_late_wake_is_made_up_for_within_bounds() {
        let start = Instant::now();
        let mut deadlines = Deadlines::starting_at(start);
        assert_eq!(deadlines.take_due(start), 0);
        assert_eq!(deadlines.take_due(start + TICK), 1);
        assert_eq!(deadlines.take_due(start + TICK), 0);
        let late = start + TICK * 4 + Duration::from_millis(3);
        assert_eq!(deadlines.take_due(late), 3);
        assert_eq!(deadlines.next(), start + TICK * 5, "no drift");
        let asleep = late + Duration::from_secs(60);
        assert_eq!(deadlines.take_due(asleep), MAX_CATCH_UP);
        assert_eq!(deadlines.next(), asleep + TICK);
    }
}
