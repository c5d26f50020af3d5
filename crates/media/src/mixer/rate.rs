//! Sample rates that a mixer can run at, and the length of a quantum.

use std::time::Duration;

/// The time that one step of the mixer covers.
pub const QUANTUM: Duration = Duration::from_millis(10);

/// A sample rate that a mixer can run at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SampleRate {
    /// 8 kHz: narrow band, as G.711.
    Hz8000,
    /// 16 kHz: wide band, as G.722.
    Hz16000,
    /// 32 kHz: super-wide band.
    Hz32000,
    /// 48 kHz: full band, as Opus and sound cards.
    Hz48000,
}

impl SampleRate {
    /// The rate in Hz.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz32000 => 32_000,
            Self::Hz48000 => 48_000,
        }
    }

    /// Samples in a quantum of 10 ms.
    pub const fn quantum(self) -> usize {
        self.hz() as usize / 100
    }

    /// Samples in `time`, rounded down.
    pub fn samples_in(self, time: Duration) -> u64 {
        let samples = time.as_nanos() * u128::from(self.hz()) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = UnsupportedRate;

    fn try_from(hz: u32) -> Result<Self, UnsupportedRate> {
        match hz {
            8_000 => Ok(Self::Hz8000),
            16_000 => Ok(Self::Hz16000),
            32_000 => Ok(Self::Hz32000),
            48_000 => Ok(Self::Hz48000),
            _ => Err(UnsupportedRate(hz)),
        }
    }
}

/// A mixer can't run at this rate, in Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} Hz is not 8000, 16000, 32000 or 48000")]
pub struct UnsupportedRate(pub u32);
