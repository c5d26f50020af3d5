//! When to send reports (RFC 3550 §6.2, §6.3 and appendix A.7).

use std::time::{Duration, Instant};

/// The least time between reports, before randomization.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// The share of the session's bandwidth that reports may use.
const RTCP_FRACTION: f64 = 0.05;
/// What a two-party call sends at least: G.711 in 20 ms packets, in bytes/s.
const SESSION_BANDWIDTH: f64 = 10_000.0;
/// e - 3/2: makes up for what timer reconsideration shortens (§6.3.1).
const COMPENSATION: f64 = std::f64::consts::E - 1.5;

/// The time to the next report (appendix A.7).
///
/// `random` is in 0..1, `average_size` is of RTCP datagrams with their IP and
/// UDP headers. `initial` halves the minimum, so that the other side soon
/// knows of us.
pub fn interval(members: u32, average_size: f64, initial: bool, random: f64) -> Duration {
    let minimum = MIN_INTERVAL.as_secs_f64() / if initial { 2.0 } else { 1.0 };
    let bandwidth = SESSION_BANDWIDTH * RTCP_FRACTION;
    let deterministic = (average_size * f64::from(members) / bandwidth).max(minimum);
    Duration::from_secs_f64(deterministic * (random + 0.5) / COMPENSATION)
}

/// The report timer of a two-party session.
///
/// With two members nothing is gained by counting them: reconsideration
/// (§6.3.3) is left out, its compensation is not, so the mean interval is
/// somewhat shorter than five seconds and never below two.
#[derive(Debug, Clone)]
pub struct Schedule {
    next: Instant,
    average_size: f64,
}

impl Schedule {
    /// The first report is due within half the usual time.
    pub fn new(now: Instant, random: f64) -> Self {
        let average_size = 100.0;
        Self { next: now + interval(2, average_size, true, random), average_size }
    }

    /// When the next report is due.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Takes note of a datagram of `size` bytes, sent or received (§6.3.3).
    pub fn observe(&mut self, size: usize) {
        self.average_size = (size as f64 + 28.0) / 16.0 + self.average_size * 15.0 / 16.0;
    }

    /// A report has been sent: sets the time of the next one.
    pub fn sent(&mut self, now: Instant, random: f64) {
        self.next = now + interval(2, self.average_size, false, random);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_spread_around_the_minimum() {
        for step in 0..10 {
            let random = f64::from(step) / 10.0;
            let first = interval(2, 100.0, true, random).as_secs_f64();
            let later = interval(2, 100.0, false, random).as_secs_f64();
            assert!((1.0..3.2).contains(&first), "{first}");
            assert!((2.0..6.2).contains(&later), "{later}");
        }
        // 500 bytes/s for reports: a thousand members must wait longer.
        assert!(interval(1000, 100.0, false, 0.5) > Duration::from_secs(150));
    }
}
