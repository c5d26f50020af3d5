//! `Date` (RFC 3261 §20.17).

use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::scan::{Class, Scanner, SyntaxError};

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The last second of the year 9999, the last that can be written.
const LAST: u64 = 253_402_300_799;

// Date         = "Date" HCOLON SIP-date
// SIP-date     = rfc1123-date
// rfc1123-date = wkday "," SP date1 SP time SP "GMT"
// date1        = 2DIGIT SP month SP 4DIGIT
// time         = 2DIGIT ":" 2DIGIT ":" 2DIGIT
/// When a message was first sent, in seconds since 1970-01-01 00:00:00 UTC.
/// A zone other than GMT is an error, and so are years before 1970; the name
/// of the day is not compared with the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub u64);

impl<'a> TypedHeader<'a> for Date {
    const NAME: HeaderName<'static> = HeaderName::Date;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let error = scanner.error("a date with the zone GMT");
        let name = scanner.take(Class::SCHEME);
        if !DAYS.iter().any(|day| day.eq_ignore_ascii_case(name)) || !scanner.eat(b',') {
            return Err(error);
        }
        scanner.skip_space();
        let day = scanner.number()?;
        scanner.skip_space();
        let name = scanner.take(Class::SCHEME);
        let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name));
        let month = month.ok_or(error)? as u32 + 1;
        scanner.skip_space();
        let year = scanner.number()?;
        scanner.skip_space();
        let hour = scanner.number()?;
        scanner.expect(b':', "a colon")?;
        let minute = scanner.number()?;
        scanner.expect(b':', "a colon")?;
        let second = scanner.number()?;
        scanner.skip_space();
        let known = scanner.take(Class::SCHEME).eq_ignore_ascii_case("GMT")
            && (1970..=9999).contains(&year)
            && (1..=days_in(month, year)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !known {
            return Err(error);
        }
        let days = days_since_epoch(year, month, day);
        Ok(Self(((days * 24 + u64::from(hour)) * 60 + u64::from(minute)) * 60 + u64::from(second)))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.min(LAST);
        let days = seconds / 86_400;
        let (year, month, day) = date_of(days);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        // 1970-01-01 was a Thursday.
        let weekday = DAYS[((days + 4) % 7) as usize];
        let month = MONTHS[month as usize - 1];
        write!(f, "{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts from 1 March of the year 0, where leap days come last.
fn days_since_epoch(year: u32, month: u32, day: u32) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let year = u64::from(year);
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = u64::from((153 * month + 2) / 5 + day - 1);
    year * 365 + leap_days + day_of_year - 719_468
}

fn date_of(days: u64) -> (u32, u32, u32) {
    // Low by less than 30 years, which LAST bounds.
    let mut year = 1970 + (days / 366) as u32;
    while days_since_epoch(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut rest = (days - days_since_epoch(year, 1, 1)) as u32;
    let mut month = 1;
    while rest >= days_in(month, year) {
        rest -= days_in(month, year);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Sun, 22 Nov 2026 07:44:43 GMT", 1_795_333_483),
            ("Fri, 31 Dec 9999 23:59:59 GMT", LAST),
        ] {
            assert_eq!(Date::parse(text), Ok(Date(seconds)), "{text}");
            assert_eq!(Date(seconds).to_string(), text);
        }
        assert_eq!(Date(u64::MAX).to_string(), Date(LAST).to_string());
    }

    #[test]
    fn broken_ones() {
        for bad in [
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Fri, 30 Feb 2010 16:00:00 GMT",
            "Fri, 01 Jan 1969 16:00:00 GMT",
            "Fri, 01 Foo 2010 16:00:00 GMT",
            "01 Jan 2010 16:00:00 GMT",
            "Fri, 01 Jan 2010 24:00:00 GMT",
            "Fri, 0 Jan 2010 00:00:00 GMT",
        ] {
            assert!(Date::parse(bad).is_err(), "{bad}");
        }
    }
}
