//! A URI with an optional display name (RFC 3261 §20, §25.1: `name-addr`,
//! `addr-spec`).

use std::borrow::Cow;
use std::fmt;

use super::quoted::{Quoted, unquote};
use crate::scan::{Class, Scanner, SyntaxError};
use crate::uri::{SipUri, SipUriView, Uri, UriView};

/// A display name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayName<'a> {
    /// As received between quotes, escapes kept.
    Quoted(&'a str),
    /// As received without quotes.
    Tokens(&'a str),
    /// Any text; it is quoted when printed.
    Text(&'a str),
}

impl<'a> DisplayName<'a> {
    /// What a person reads.
    pub fn text(&self) -> Cow<'a, str> {
        match self {
            DisplayName::Quoted(inside) => unquote(inside),
            DisplayName::Tokens(text) | DisplayName::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl fmt::Display for DisplayName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DisplayName::Quoted(inside) => write!(f, "\"{inside}\""),
            DisplayName::Tokens(text) => f.write_str(text),
            DisplayName::Text(text) => Quoted(text).fmt(f),
        }
    }
}

// name-addr    = [ display-name ] LAQUOT addr-spec RAQUOT
// display-name = *(token LWS)/ quoted-string
/// `"Alice" <sip:alice@example.com>`, or a URI alone. It prints with angle
/// brackets always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name; an empty one reads as none.
    pub display_name: Option<DisplayName<'a>>,
    /// The URI.
    pub uri: UriView<'a>,
}

impl<'a> NameAddr<'a> {
    /// An address without a display name.
    pub const fn new(uri: UriView<'a>) -> Self {
        Self { display_name: None, uri }
    }

    /// With a display name, unless it's empty.
    pub fn with_display_name(mut self, text: &'a str) -> Self {
        self.display_name = (!text.is_empty()).then_some(DisplayName::Text(text));
        self
    }

    /// Consumes a `name-addr` or an `addr-spec`. Without angle brackets the
    /// URI ends at a semicolon, comma or space: what follows are parameters of
    /// the header (RFC 3261 §20.10), and a question mark is not allowed.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        match scanner.peek() {
            Some(b'<') => scan_angle(scanner, None),
            Some(b'"') => {
                let inside = scanner.quoted()?;
                scanner.skip_space();
                scan_angle(scanner, (!inside.is_empty()).then_some(DisplayName::Quoted(inside)))
            }
            _ => scan_unquoted(scanner),
        }
    }

    /// Consumes a `name-addr`: the angle brackets are required.
    pub fn scan_bracketed(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let start = scanner.position();
        let address = Self::scan(scanner)?;
        if scanner.slice(start, scanner.position()).ends_with('>') {
            Ok(address)
        } else {
            Err(SyntaxError { expected: "an address in angle brackets", offset: start })
        }
    }
}

impl fmt::Display for NameAddr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.display_name {
            write!(f, "{name} ")?;
        }
        write!(f, "<{}>", self.uri)
    }
}

impl<'a> From<&'a SipUri> for NameAddr<'a> {
    fn from(uri: &'a SipUri) -> Self {
        Self::new(UriView::Sip(uri.view()))
    }
}

impl<'a> From<&'a Uri> for NameAddr<'a> {
    fn from(uri: &'a Uri) -> Self {
        Self::new(uri.view())
    }
}

fn scan_angle<'a>(
    scanner: &mut Scanner<'a>,
    display_name: Option<DisplayName<'a>>,
) -> Result<NameAddr<'a>, SyntaxError> {
    scanner.expect(b'<', "an address in angle brackets")?;
    let uri = match SipUriView::scan(scanner)? {
        Some(uri) => UriView::Sip(uri),
        None => {
            let start = scanner.position();
            let Some(length) = memchr::memchr(b'>', scanner.rest().as_bytes()) else {
                return Err(scanner.error("a closing angle bracket"));
            };
            scanner.seek(start + length);
            parse_uri(scanner.slice(start, start + length), start)?
        }
    };
    scanner.expect(b'>', "a closing angle bracket")?;
    Ok(NameAddr { display_name, uri })
}

/// Tokens in front of an angle bracket, or a URI alone.
fn scan_unquoted<'a>(scanner: &mut Scanner<'a>) -> Result<NameAddr<'a>, SyntaxError> {
    const NAME: Class = Class::TOKEN.or(Class::SPACE);
    let start = scanner.position();
    let text = scanner.take(NAME);
    let mut end = start + text.len();
    // Names outside ASCII should be quoted, but many peers don't.
    if scanner.peek().is_some_and(|octet| !octet.is_ascii()) {
        let rest = scanner.rest();
        let length = memchr::memchr3(b'<', b'"', b',', rest.as_bytes()).unwrap_or(rest.len());
        end = scanner.position() + length;
        scanner.seek(end);
    }
    if scanner.peek() == Some(b'<') {
        let name = scanner.slice(start, end).trim_matches([' ', '\t', '\r', '\n']);
        return scan_angle(scanner, (!name.is_empty()).then_some(DisplayName::Tokens(name)));
    }
    scanner.seek(start);
    let text = scanner.take(Class::ADDR_SPEC);
    let uri = parse_uri(text, start)?;
    if let UriView::Sip(sip) = uri
        && !sip.headers.is_empty()
    {
        let offset = start + text.len() - sip.headers.as_str().len();
        return Err(SyntaxError { expected: "angle brackets around a URI with headers", offset });
    }
    Ok(NameAddr::new(uri))
}

fn parse_uri(text: &str, start: usize) -> Result<UriView<'_>, SyntaxError> {
    UriView::parse(text).map_err(|error| SyntaxError { offset: error.offset + start, ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<NameAddr<'_>, SyntaxError> {
        NameAddr::scan(&mut Scanner::new(text))
    }

    #[test]
    fn display_names() {
        for (text, name) in [
            ("sip:a@b", None),
            ("<sip:a@b>", None),
            ("\"\" <sip:a@b>", None),
            ("caller<sip:a@b>", Some("caller")),
            ("The  Caller <sip:a@b>", Some("The  Caller")),
            ("\"A \\\"B\\\" C\"<sip:a@b>", Some("A \"B\" C")),
            ("Jörg Müller <sip:a@b>", Some("Jörg Müller")),
        ] {
            let address = scan(text).unwrap();
            assert_eq!(address.display_name.map(|name| name.text().into_owned()).as_deref(), name);
            let printed = address.to_string();
            assert_eq!(scan(&printed).unwrap(), address);
        }
        let uri: SipUri = "sip:a@b".parse().unwrap();
        let address = NameAddr::from(&uri).with_display_name("a \"b\"");
        assert_eq!(address.to_string(), "\"a \\\"b\\\"\" <sip:a@b>");
    }

    #[test]
    fn without_brackets_parameters_are_the_headers() {
        let mut scanner = Scanner::new("sip:a@b;tag=1");
        assert_eq!(NameAddr::scan(&mut scanner).unwrap().to_string(), "<sip:a@b>");
        assert_eq!(scanner.rest(), ";tag=1");
        assert_eq!(scan("sip:a@b?Route=x").unwrap_err().offset, 7);
    }

    #[test]
    fn broken_ones() {
        for bad in ["", "\"open <sip:a@b>", "<sip:a@b", "< sip:a@b>", "Bell, A <sip:a@b>", "a b"] {
            assert!(scan(bad).is_err(), "{bad}");
        }
    }
}
