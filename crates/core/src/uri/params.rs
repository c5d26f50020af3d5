//! The parameters and headers of a URI, read lazily from their text
//! (RFC 3261 §19.1.1).

use std::fmt;

// uri-parameters = *( ";" uri-parameter)
// other-param    = pname [ "=" pvalue ]
/// `;name=value;name` of a URI, in order, escapes kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UriParams<'a>(&'a str);

impl<'a> UriParams<'a> {
    /// `text` is empty or starts with a semicolon.
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text, with its leading semicolon.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// True when there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Name and value of each.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        Pairs { rest: self.0.as_bytes(), text: self.0, separator: b';' }
    }

    /// The first parameter of that name (without case): `Some("")` when it
    /// has no value.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// True when the parameter is there, with or without a value.
    pub fn contains(self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl fmt::Display for UriParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

// headers = "?" header *( "&" header )
// header  = hname "=" hvalue
/// `?name=value&name=value` of a URI, in order, escapes kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UriHeaders<'a>(&'a str);

impl<'a> UriHeaders<'a> {
    /// `text` is empty or starts with a question mark.
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text, with its leading question mark.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// True when there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Name and value of each.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        Pairs { rest: self.0.as_bytes(), text: self.0, separator: b'&' }
            .map(|(name, value)| (name, value.unwrap_or_default()))
    }

    /// The first header of that name (without case).
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl fmt::Display for UriHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Splits `?a=b&c` and `;a=b;c`; the octet in front of each pair is skipped.
struct Pairs<'a> {
    rest: &'a [u8],
    text: &'a str,
    separator: u8,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Option<&'a str>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let start = self.text.len() - self.rest.len() + 1;
            let mut equal = None;
            let mut length = self.rest.len();
            for (at, &octet) in self.rest.iter().enumerate().skip(1) {
                if octet == self.separator {
                    length = at;
                    break;
                }
                if octet == b'=' && equal.is_none() {
                    equal = Some(start + at - 1);
                }
            }
            self.rest = &self.rest[length..];
            let end = start + length - 1;
            if end > start {
                let name = self.text.get(start..equal.unwrap_or(end)).unwrap_or_default();
                let value = equal.and_then(|at| self.text.get(at + 1..end));
                return Some((name, value));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_in_order() {
        let params = UriParams::new(";lr;transport=tcp;;x=");
        let all: Vec<_> = params.iter().collect();
        assert_eq!(all, [("lr", None), ("transport", Some("tcp")), ("x", Some(""))]);
        assert_eq!(params.get("Transport"), Some("tcp"));
        assert_eq!(params.get("LR"), Some(""));
        assert!(!params.contains("maddr"));
        let headers = UriHeaders::new("?subject=a=b&priority=urgent");
        assert_eq!(headers.get("Subject"), Some("a=b"));
        assert_eq!(headers.iter().count(), 2);
        assert_eq!(UriParams::default().iter().count(), 0);
    }
}
