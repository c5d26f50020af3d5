//! How long the playout delay should be, and when to change it.

use std::time::{Duration, Instant};

use super::{JitterBuffer, State};

/// Decisions in a row that must find the delay wrong: in silence, in speech.
const PATIENCE: (u8, u8) = (6, 20);

/// How long the delay has been wrong, in decisions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Patience {
    long: u8,
    short: u8,
}

impl JitterBuffer {
    /// The delay of the playout at `now` above the fastest packet, if it plays.
    /// `unplayed` timestamp units of the latest packet are still to be heard.
    pub fn delay(&self, now: Instant, unplayed: u32) -> Option<Duration> {
        let State::Playing { cursor, .. } = self.state else { return None };
        let fastest = self.window.fastest()?;
        Some(self.time(self.at(now) - cursor + i64::from(unplayed) - fastest))
    }

    /// The delay above the fastest packet that the jitter asks for.
    pub fn target_delay(&self) -> Duration {
        let Some(fastest) = self.window.fastest() else { return self.limits.initial_delay };
        self.time(self.target() - fastest)
    }

    /// A time in timestamp units.
    pub(super) fn units(&self, time: Duration) -> i64 {
        (time.as_micros() as u64 * u64::from(self.clock_rate) / 1_000_000) as i64
    }

    /// Timestamp units as a time.
    pub(super) fn time(&self, units: i64) -> Duration {
        Duration::from_micros(units.max(0) as u64 * 1_000_000 / u64::from(self.clock_rate))
    }

    pub(super) fn at(&self, instant: Instant) -> i64 {
        self.units(instant.saturating_duration_since(self.origin))
    }

    /// The transit that the playout should have.
    pub(super) fn target(&self) -> i64 {
        let (Some(fastest), Some(slow)) = (self.window.fastest(), self.window.slow()) else {
            return 0;
        };
        let floor = match self.window.is_telling() {
            true => self.limits.min_delay,
            false => self.limits.initial_delay,
        };
        // Packets are taken from the sockets once a quantum.
        let wanted = (slow + self.quantum).max(fastest + self.units(floor));
        wanted.min(fastest + self.units(self.limits.max_delay))
    }

    /// How far the delay may be above its target without being touched.
    pub(super) fn slack(&self) -> i64 {
        self.quantum + self.quantum / 2
    }

    /// How much to leave out (above zero) or to insert (below), if anything.
    pub(super) fn correction(&mut self, transit: i64, quiet: bool) -> Option<i64> {
        let excess = transit - self.target();
        let longest = self.units(self.limits.max_delay);
        let fastest = self.window.fastest().unwrap_or(0);
        if transit - fastest > longest + self.slack() {
            return Some(excess);
        }
        let patience = if quiet { PATIENCE.0 } else { PATIENCE.1 };
        self.patience.long = if excess > self.slack() { self.patience.long + 1 } else { 0 };
        self.patience.short = if excess < -self.quantum / 2 { self.patience.short + 1 } else { 0 };
        if self.patience.long >= patience {
            self.patience.long = 0;
            return Some(self.quantum);
        }
        if self.patience.short >= patience {
            self.patience.short = 0;
            return Some(-self.quantum);
        }
        None
    }
}
