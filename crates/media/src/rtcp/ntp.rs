//! Wall-clock time as RTCP writes it (RFC 3550 §4).

use std::time::{Duration, SystemTime};

/// Seconds between 1900 and 1970.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// A longer round trip, in 65,536ths of a second, is a lie or a broken clock.
const MAX_ROUND_TRIP: i32 = 60 << 16;

/// Seconds since 1900 in the upper 32 bits, their fraction in the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The middle 32 bits, as report blocks quote it.
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

impl From<SystemTime> for NtpTime {
    /// Times before 1970 count as 1970.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs().wrapping_add(UNIX_EPOCH) << 32;
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        Self(seconds | fraction)
    }
}

/// A time in 65,536ths of a second, as delays in reports are.
pub(super) fn short(time: Duration) -> u32 {
    u32::try_from((time.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

/// 65,536ths of a second as a time.
pub(super) fn from_short(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16)
}

impl super::ReportBlock {
    /// Sets [`delay`](Self::delay) from a time.
    pub fn set_delay(&mut self, delay: Duration) {
        self.delay = short(delay);
    }

    /// The round-trip time that this block shows when it arrives at `now`
    /// (RFC 3550 §6.4.1), or `None` when the peer has had no sender report
    /// or claims to have held it longer than it has existed.
    pub fn round_trip(&self, now: NtpTime) -> Option<Duration> {
        if self.last_sr == 0 {
            return None;
        }
        let round_trip = now.middle().wrapping_sub(self.last_sr).wrapping_sub(self.delay);
        // Clocks tick in different steps: a little below zero is zero.
        match round_trip as i32 {
            -65..0 => Some(Duration::ZERO),
            0..MAX_ROUND_TRIP => Some(from_short(round_trip)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReportBlock;
    use super::*;

    #[test]
    fn the_rfcs_example() {
        // RFC 3550 §6.4.1, figure 2.
        let block = ReportBlock { last_sr: 0xb705_2000, delay: 0x5_4000, ..Default::default() };
        let now = NtpTime(0x0000_b710_8000_0000);
        assert_eq!(block.round_trip(now), Some(Duration::from_millis(6125)));
    }

    #[test]
    fn no_report_no_time() {
        let now = NtpTime(0x0000_b710_8000_0000);
        assert_eq!(ReportBlock::default().round_trip(now), None);
        let lie = ReportBlock { last_sr: 0xb710_7000, delay: 0x9000_0000, ..Default::default() };
        assert_eq!(lie.round_trip(now), None);
    }

    #[test]
    fn wall_time() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1500);
        assert_eq!(NtpTime::from(time).0, (UNIX_EPOCH + 1) << 32 | 1 << 31);
        assert_eq!(short(Duration::from_millis(500)), 1 << 15);
        assert_eq!(from_short(1 << 15), Duration::from_millis(500));
    }
}
