//! How long the playout delay should be, and when to change it.

use std::time::{Duration, Instant};

use super::{JitterBuffer, State};

/// Packets that are later than nearly all others are waited for if they are
/// later by no more than this.
const STRAGGLERS: Duration = Duration::from_millis(20);
/// What the delay is longer than the packets seen have needed.
const MARGIN: Duration = Duration::from_millis(6);
/// How far the delay may be above its target without being touched. With what
/// it may be below, this is more than is ever left out at a time.
const SLACK: Duration = Duration::from_millis(12);
/// How far it may be below.
const LACK: Duration = Duration::from_millis(3);
/// Quanta between two changes.
const REST: u8 = 3;
/// Packets that the least delay is taken of, at least; at most twice as many.
const LOW_PACKETS: u8 = 20;
/// How alike audio must be to be shortened or lengthened there: at first, and
/// when there has been nothing so alike for long.
const SIMILARITY: (f32, f32) = (0.92, 0.3);
/// In how many quanta it goes from the one to the other.
const RELUCTANCE: u8 = 60;

/// What to do with the audio that is about to be played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// Nothing.
    Keep,
    /// Leave out a little where the audio is at least this alike.
    Shorten {
        /// 0 to 1.
        similarity: f32,
    },
    /// Repeat a little where the audio is at least this alike.
    Lengthen {
        /// 0 to 1.
        similarity: f32,
    },
}

/// The least transit that the playout had lately when it needed a packet:
/// audio is asked for in bursts, and the first packet that is missed is the
/// last that a burst needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Low {
    present: Option<i64>,
    before: Option<i64>,
    count: u8,
}

impl Low {
    fn note(&mut self, transit: i64) {
        if self.count >= LOW_PACKETS {
            (self.before, self.present, self.count) = (self.present, None, 0);
        }
        self.present = Some(self.present.map_or(transit, |present| present.min(transit)));
        self.count += 1;
    }

    /// The delay has been made longer by so much.
    pub(super) fn shift(&mut self, units: i64) {
        for low in [&mut self.present, &mut self.before].into_iter().flatten() {
            *low += units;
        }
    }

    fn least(&self) -> Option<i64> {
        let present = self.present?;
        Some(self.before.map_or(present, |before| before.min(present)))
    }

    fn is_telling(&self) -> bool {
        self.before.is_some()
    }
}

/// When the delay was last changed, and how hard it was to change since.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tempo {
    pub(super) low: Low,
    rest: u8,
    refused: u8,
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

    /// What to do with the audio that is about to be played, of which
    /// `unplayed` timestamp units have been taken from the buffer. To be asked
    /// once a quantum; what was done of it is to be told by
    /// [`stretched`](Self::stretched) or [`refused`](Self::refused).
    pub fn advice(&mut self, now: Instant, unplayed: u32) -> Advice {
        let State::Playing { cursor, .. } = self.state else { return Advice::Keep };
        if i64::from(unplayed) < self.quantum {
            // The next packet is needed now.
            self.tempo.low.note(self.at(now) - cursor);
        }
        if self.tempo.rest > 0 {
            self.tempo.rest -= 1;
            return Advice::Keep;
        }
        let Some(excess) = self.excess() else { return Advice::Keep };
        let (first, last) = SIMILARITY;
        let refused = f32::from(self.tempo.refused.min(RELUCTANCE)) / f32::from(RELUCTANCE);
        let similarity = first - (first - last) * refused;
        if excess > self.units(SLACK) && self.tempo.low.is_telling() {
            return Advice::Shorten { similarity };
        }
        if excess < -self.units(LACK) {
            return Advice::Lengthen { similarity };
        }
        self.tempo.refused = 0;
        Advice::Keep
    }

    /// So many timestamp units have been left out (above zero) or repeated.
    pub fn stretched(&mut self, units: i64) {
        self.tempo.low.shift(-units);
        (self.tempo.rest, self.tempo.refused) = (REST, 0);
        match units {
            0.. => self.adjustments.dropped += units as u64,
            _ => self.adjustments.inserted += units.unsigned_abs(),
        }
    }

    /// The audio was not alike enough.
    pub fn refused(&mut self) {
        self.tempo.refused = self.tempo.refused.saturating_add(1);
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
        let window = &self.window;
        let (Some(fastest), Some(slow), Some(slowest)) =
            (window.fastest(), window.slow(), window.slowest())
        else {
            return 0;
        };
        let floor = match self.window.is_telling() {
            true => self.limits.min_delay,
            false => self.limits.initial_delay,
        };
        let wanted = slowest.min(slow + self.units(STRAGGLERS)) + self.units(MARGIN);
        let wanted = wanted.max(fastest + self.units(floor));
        wanted.min(fastest + self.units(self.limits.max_delay))
    }

    /// How much the delay lately was longer than its target.
    pub(super) fn excess(&self) -> Option<i64> {
        Some(self.tempo.low.least()? - self.target())
    }

    pub(super) fn is_excessive(&self, excess: i64) -> bool {
        excess > self.units(SLACK)
    }

    pub(super) fn is_lacking(&self, excess: i64) -> bool {
        excess < -self.units(LACK)
    }

    /// How much to leave out at once, since the delay is longer than it may be.
    pub(super) fn overdue(&self, transit: i64) -> Option<i64> {
        let fastest = self.window.fastest()?;
        let longest = self.units(self.limits.max_delay + SLACK);
        (transit - fastest > longest).then(|| transit - self.target())
    }
}
