//! The one place where xtask reads the clock and waits: it drives real programs in real time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often a condition is looked at again.
const POLL: Duration = Duration::from_millis(20);

/// The present moment.
#[allow(clippy::disallowed_methods)] // other programs run on the real clock
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Does nothing for a while: for what has no event, such as letting audio flow.
#[allow(clippy::disallowed_methods)] // other programs run on the real clock
pub(crate) fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Looks at `condition` until it gives a value or `timeout` has passed.
pub(crate) fn wait_for<T>(
    timeout: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> Option<T> {
    let end = now() + timeout;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if now() >= end {
            return None;
        }
        pause(POLL);
    }
}

/// Today in UTC, as `YYYY-MM-DD`.
#[allow(clippy::disallowed_methods)] // a report says when it was written
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (year, month, day) = civil_date(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970-01-01 as a date of the Gregorian calendar, by counting in
/// 400-year cycles that begin on a 1st of March.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let cycle = shifted / 146_097;
    let in_cycle = shifted % 146_097;
    let year_in_cycle =
        (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year_in_cycle + year_in_cycle / 4 - year_in_cycle / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = cycle * 400 + year_in_cycle + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::civil_date;

    #[test]
    fn dates_around_leap_days() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(11_017), (2000, 3, 1));
        assert_eq!(civil_date(20_453), (2025, 12, 31));
    }
}
