//! Percent escapes (RFC 3261 §19.1.2, RFC 3986 §2.1).

use std::borrow::Cow;
use std::fmt;

use crate::scan::Class;

/// The text with its `%HH` escapes resolved; octets that aren't UTF-8 become
/// U+FFFD. A `%` that starts no escape stays.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let octets: Vec<u8> = Octets::new(text).map(|octet| octet.value).collect();
    Cow::Owned(match String::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Text that prints with everything escaped that is not in a class.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a> {
    text: &'a str,
    class: Class,
}

impl<'a> Escaped<'a> {
    /// For the user part of a URI.
    pub const fn user(text: &'a str) -> Self {
        Self { text, class: Class::USER }
    }

    /// For a password.
    pub const fn password(text: &'a str) -> Self {
        Self { text, class: Class::PASSWORD }
    }

    /// For the name or value of a parameter or header of a URI.
    pub const fn value(text: &'a str) -> Self {
        Self { text, class: Class::HOST }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut from = 0;
        for (at, octet) in self.text.bytes().enumerate() {
            if !self.class.contains(octet) || octet == b'#' {
                f.write_str(self.text.get(from..at).unwrap_or_default())?;
                write!(f, "%{octet:02X}")?;
                from = at + 1;
            }
        }
        f.write_str(self.text.get(from..).unwrap_or_default())
    }
}

/// One octet of escaped text, and whether it was escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Octet {
    pub(super) value: u8,
    pub(super) escaped: bool,
}

/// The octets that escaped text stands for.
#[derive(Debug, Clone)]
pub(super) struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl Iterator for Octets<'_> {
    type Item = Octet;

    fn next(&mut self) -> Option<Octet> {
        let (value, used) = match *self.0 {
            [] => return None,
            [b'%', high, low, ..] => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [octet, ..] => (octet, 1),
        };
        self.0 = &self.0[used..];
        Some(Octet { value, escaped: used == 3 })
    }
}

const fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_come_and_go() {
        assert_eq!(unescape("a%20b%00%zz%4"), "a b\0%zz%4");
        assert_eq!(unescape("%C3%A9%ff"), "é\u{fffd}");
        assert_eq!(Escaped::user("a b@é;x").to_string(), "a%20b%40%C3%A9;x");
        assert_eq!(Escaped::value("a=b&c").to_string(), "a%3Db%26c");
        assert_eq!(unescape(&Escaped::user("100%#").to_string()), "100%#");
    }
}
