//! Levels, volumes and counters of a port: atomics that the render half and
//! the handles share.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::error::MixerError;

/// Fraction bits of a gain: 4096 is unity.
pub(super) const GAIN_BITS: u32 = 12;

/// The largest volume, in percent (+18 dB).
pub const MAX_VOLUME: u32 = 800;

/// An amplification, from 0 to 8, in fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gain(pub(super) u32);

impl Gain {
    /// What goes in comes out.
    pub const UNITY: Self = Self(1 << GAIN_BITS);
    /// Nothing comes out.
    pub const MUTE: Self = Self(0);

    /// A volume in percent: 100 is unity, [`MAX_VOLUME`] the most.
    ///
    /// # Errors
    ///
    /// [`MixerError::VolumeTooHigh`] above that.
    pub fn from_percent(percent: u32) -> Result<Self, MixerError> {
        if percent > MAX_VOLUME {
            return Err(MixerError::VolumeTooHigh(percent));
        }
        Ok(Self(((percent << GAIN_BITS) + 50) / 100))
    }

    /// In percent, rounded.
    pub fn to_percent(self) -> u32 {
        (self.0 * 100 + (1 << (GAIN_BITS - 1))) >> GAIN_BITS
    }

    /// Times this gain, without a limit.
    pub(super) fn apply(self, sample: i16) -> i32 {
        (i32::from(sample) * self.0 as i32) >> GAIN_BITS
    }

    /// Times this gain, limited to 16 bits; for whole buffers.
    pub(crate) fn apply_all(self, samples: &mut [i16]) {
        if self != Self::UNITY {
            for sample in samples {
                *sample = saturate(self.apply(*sample));
            }
        }
    }
}

/// The nearest value of 16 bits.
pub(super) fn saturate(sample: i32) -> i16 {
    sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// How loud one quantum was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Level {
    /// The mean magnitude of its samples, 0 to 32768.
    pub mean: u16,
}

impl Level {
    /// What is reported for silence and for anything lower, in dBFS.
    pub const FLOOR_DBFS: f32 = -90.0;

    /// In decibels relative to a sine of full scale, which is 0; never below
    /// [`FLOOR_DBFS`](Self::FLOOR_DBFS).
    pub fn dbfs(self) -> f32 {
        // The mean magnitude of a sine is 2/pi of its peak.
        const FULL_SCALE: f32 = 32_768.0 * std::f32::consts::FRAC_2_PI;
        (20.0 * (f32::from(self.mean) / FULL_SCALE).log10()).max(Self::FLOOR_DBFS)
    }

    /// On a scale for a meter: 0 is -60 dBFS and below, 255 is full scale.
    pub fn meter(self) -> u8 {
        // A float to an integer saturates, so loud squares stay at 255.
        ((self.dbfs() + 60.0) / 60.0 * 255.0).round() as u8
    }
}

/// The levels of a port in the latest quantum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Levels {
    /// What went into the mixer, after the port's input volume.
    pub input: Level,
    /// What came out of the mixer, after the port's output volume.
    pub output: Level,
}

/// What went wrong at a port's rings, counted since it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortStatistics {
    /// Times that the input ring ran dry: the mixer heard silence instead.
    pub input_underruns: u64,
    /// Times that the input ring was full: samples written were dropped.
    pub input_overruns: u64,
    /// Times that a reader found less than a quantum.
    pub output_underruns: u64,
    /// Quanta that the mixer dropped because nobody had read the ones before.
    pub output_overruns: u64,
}

/// One direction of a port.
#[derive(Debug)]
pub(super) struct Direction {
    gain: AtomicU32,
    muted: AtomicBool,
    level: AtomicU32,
    pub(super) underruns: AtomicU64,
    pub(super) overruns: AtomicU64,
}

impl Direction {
    fn new() -> Self {
        Self {
            gain: AtomicU32::new(Gain::UNITY.0),
            muted: AtomicBool::new(false),
            level: AtomicU32::new(0),
            underruns: AtomicU64::new(0),
            overruns: AtomicU64::new(0),
        }
    }

    pub(super) fn gain(&self) -> Gain {
        if self.muted.load(Relaxed) { Gain::MUTE } else { self.volume() }
    }

    pub(super) fn volume(&self) -> Gain {
        Gain(self.gain.load(Relaxed))
    }

    pub(super) fn set_gain(&self, gain: Gain) {
        self.gain.store(gain.0, Relaxed);
    }

    pub(super) fn muted(&self) -> bool {
        self.muted.load(Relaxed)
    }

    pub(super) fn set_muted(&self, muted: bool) {
        self.muted.store(muted, Relaxed);
    }

    pub(super) fn level(&self) -> Level {
        Level { mean: self.level.load(Relaxed) as u16 }
    }

    /// Stores the level of a quantum from the sum of its magnitudes.
    pub(super) fn set_level(&self, sum: u32, samples: usize) {
        self.level.store(sum / samples as u32, Relaxed);
    }
}

/// What the handles and the render half share of a port.
#[derive(Debug)]
pub(super) struct PortShared {
    pub(super) input: Direction,
    pub(super) output: Direction,
    /// The port has been removed from the mixer.
    removed: AtomicBool,
}

impl PortShared {
    pub(super) fn new() -> Self {
        Self { input: Direction::new(), output: Direction::new(), removed: AtomicBool::new(false) }
    }

    pub(super) fn removed(&self) -> bool {
        self.removed.load(Relaxed)
    }

    pub(super) fn set_removed(&self) {
        self.removed.store(true, Relaxed);
    }
}

/// Counts one event; each counter has one writer.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_in_decibels_and_on_a_meter() {
        assert_eq!(Level::default().dbfs(), Level::FLOOR_DBFS);
        assert_eq!(Level::default().meter(), 0);
        let sine = Level { mean: 20_861 };
        assert!(sine.dbfs().abs() < 0.01, "{}", sine.dbfs());
        assert_eq!(sine.meter(), 255);
        assert!((Level { mean: 2_086 }.dbfs() + 20.0).abs() < 0.01);
        assert_eq!(Level { mean: 32_768 }.meter(), 255);
    }

    #[test]
    fn gains_from_percent() {
        assert_eq!(Gain::from_percent(100).unwrap(), Gain::UNITY);
        assert_eq!(Gain::from_percent(0).unwrap(), Gain::MUTE);
        assert_eq!(Gain::from_percent(50).unwrap().apply(-3000), -1500);
        assert_eq!(Gain::from_percent(800).unwrap().apply(i16::MIN), -262_144);
        assert!(Gain::from_percent(801).is_err());
        let mut loud = [30_000, -30_000, 3];
        Gain::from_percent(200).unwrap().apply_all(&mut loud);
        assert_eq!(loud, [i16::MAX, i16::MIN, 6]);
    }
}
