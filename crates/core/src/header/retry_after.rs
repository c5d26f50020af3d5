//! `Retry-After` (RFC 3261 §20.33).

use std::fmt;

use super::{HeaderName, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// Retry-After = "Retry-After" HCOLON delta-seconds [ comment ] *( SEMI retry-param )
// retry-param = ("duration" EQUAL delta-seconds) / generic-param
/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter<'a> {
    /// Seconds from now.
    pub seconds: u32,
    /// What stands in parentheses, escapes kept.
    pub comment: Option<&'a str>,
    /// The parameters (`duration`).
    pub params: Params<'a>,
}

impl RetryAfter<'_> {
    /// Seconds, and nothing else.
    pub fn new(seconds: u32) -> Self {
        Self { seconds, comment: None, params: Params::default() }
    }
}

impl<'a> TypedHeader<'a> for RetryAfter<'a> {
    const NAME: HeaderName<'static> = HeaderName::RetryAfter;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let seconds = scanner.saturating_number()?;
        scanner.skip_space();
        let comment =
            if scanner.peek() == Some(b'(') { Some(scan_comment(scanner)?) } else { None };
        Ok(Self { seconds, comment, params: Params::scan(scanner, |_| {})? })
    }
}

impl fmt::Display for RetryAfter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        if let Some(comment) = self.comment {
            write!(f, " ({comment})")?;
        }
        write!(f, "{}", self.params)
    }
}

// comment = LPAREN *(ctext / quoted-pair / comment) RPAREN
/// Counts parentheses, so that nesting costs no stack.
fn scan_comment<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, SyntaxError> {
    let error = scanner.error("a closing parenthesis");
    let start = scanner.position() + 1;
    let mut depth = 0usize;
    let mut octets = scanner.rest().bytes().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'\\' => {
                octets.next();
            }
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    let end = start - 1 + at;
                    scanner.seek(end + 1);
                    return Ok(scanner.slice(start, end));
                }
            }
            _ => {}
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let text = "120 (I'm (still\\)) in a meeting);duration=3600";
        let retry = RetryAfter::parse(text).unwrap();
        assert_eq!((retry.seconds, retry.comment), (120, Some("I'm (still\\)) in a meeting")));
        assert_eq!(retry.to_string(), text);
        for bad in ["", "x", "1 (", "1 (()", "1 (\\)"] {
            assert!(RetryAfter::parse(bad).is_err(), "{bad}");
        }
    }
}
