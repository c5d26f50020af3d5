//! Headers of the application's own, on requests and responses.

use super::Refused;

/// The headers that the stack writes itself (with their compact forms); the
/// application can't set them.
const OWNED: [&str; 20] = [
    "via",
    "v",
    "from",
    "f",
    "to",
    "t",
    "call-id",
    "i",
    "cseq",
    "max-forwards",
    "contact",
    "m",
    "route",
    "record-route",
    "content-length",
    "l",
    "content-type",
    "c",
    "authorization",
    "proxy-authorization",
];

/// Headers that the application adds to a message, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtraHeaders(Vec<(Box<str>, Box<str>)>);

impl ExtraHeaders {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. Refused are names that are not tokens or that the stack
    /// writes itself (Via, From, To, Call-ID, CSeq, Contact, …), and values
    /// with control characters.
    pub fn push(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let token = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
        if !token || OWNED.iter().any(|owned| owned.eq_ignore_ascii_case(name)) {
            return Err(Refused::BadValue("header name"));
        }
        if value.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
            return Err(Refused::BadValue("header value"));
        }
        self.0.push((name.into(), value.into()));
        Ok(())
    }

    /// The same headers and one more.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, Refused> {
        self.push(name, value)?;
        Ok(self)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them has this name.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_names_and_line_breaks_are_refused() {
        let mut headers = ExtraHeaders::new();
        assert_eq!(headers.push("cSeq", "1 BYE"), Err(Refused::BadValue("header name")));
        assert_eq!(headers.push("X: y\r\nVia", "z"), Err(Refused::BadValue("header name")));
        assert_eq!(headers.push("Subject", "a\r\nb"), Err(Refused::BadValue("header value")));
        assert_eq!(headers.push("Subject", "a b"), Ok(()));
        assert!(headers.contains("subject"));
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("Subject", "a b")]);
    }
}
