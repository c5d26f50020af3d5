//! URIs that borrow their text (RFC 3261 §25.1).

use std::fmt;

use super::{HostView, SipUri, Uri, UriHeaders, UriParams, unescape};
use crate::scan::{Class, Scanner, SyntaxError};

/// Any URI, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UriView<'a> {
    /// `sip:` or `sips:`
    Sip(SipUriView<'a>),
    /// Another scheme (`tel:`, `urn:`, `mailto:`…), the whole text.
    Other(&'a str),
}

impl<'a> UriView<'a> {
    // addr-spec   = SIP-URI / SIPS-URI / absoluteURI
    // absoluteURI = scheme ":" ( hier-part / opaque-part )
    /// Parses a whole URI.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let mut scanner = Scanner::new(text);
        if let Some(secure) = scan_sip_scheme(&mut scanner) {
            return SipUriView::scan_whole(&mut scanner, secure).map(UriView::Sip);
        }
        let scheme = scanner.take_some(Class::SCHEME, "a scheme")?;
        if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Err(SyntaxError { expected: "a scheme", offset: 0 });
        }
        scanner.expect(b':', "a colon after the scheme")?;
        let outside = |octet: &u8| *octet <= b' ' || matches!(octet, b'<' | b'>' | b'"' | 0x7f);
        match text.bytes().position(|octet| outside(&octet)) {
            Some(offset) => Err(SyntaxError { expected: "an octet of a URI", offset }),
            None if scanner.is_empty() => Err(scanner.error("something after the scheme")),
            None => Ok(UriView::Other(text)),
        }
    }

    /// The SIP or SIPS URI.
    pub const fn as_sip(&self) -> Option<&SipUriView<'a>> {
        match self {
            UriView::Sip(uri) => Some(uri),
            UriView::Other(_) => None,
        }
    }

    /// The scheme, as written.
    pub fn scheme(&self) -> &'a str {
        match self {
            UriView::Sip(uri) => uri.scheme(),
            UriView::Other(text) => text.split(':').next().unwrap_or_default(),
        }
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> Uri {
        match self {
            UriView::Sip(uri) => Uri::Sip(uri.to_owned()),
            UriView::Other(text) => Uri::Other((*text).into()),
        }
    }
}

impl fmt::Display for UriView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UriView::Sip(uri) => uri.fmt(f),
            UriView::Other(text) => f.write_str(text),
        }
    }
}

/// A SIP or SIPS URI, borrowed. `==` compares the text (names of hosts
/// without case); [`equivalent`](Self::equivalent) compares as RFC 3261
/// §19.1.4 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipUriView<'a> {
    /// True for `sips:`.
    pub secure: bool,
    /// The user part, escapes kept.
    pub user: Option<&'a str>,
    /// The password, escapes kept.
    pub password: Option<&'a str>,
    /// The host.
    pub host: HostView<'a>,
    /// The port, when written.
    pub port: Option<u16>,
    /// The parameters.
    pub params: UriParams<'a>,
    /// The headers.
    pub headers: UriHeaders<'a>,
}

impl<'a> SipUriView<'a> {
    /// Parses a whole SIP or SIPS URI.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let mut scanner = Scanner::new(text);
        match scan_sip_scheme(&mut scanner) {
            Some(secure) => Self::scan_whole(&mut scanner, secure),
            None => Err(scanner.error("sip: or sips:")),
        }
    }

    /// Consumes a SIP or SIPS URI as far as it goes; `None` when it has
    /// another scheme.
    pub(crate) fn scan(scanner: &mut Scanner<'a>) -> Result<Option<Self>, SyntaxError> {
        match scan_sip_scheme(scanner) {
            Some(secure) => Self::scan_after_scheme(scanner, secure).map(Some),
            None => Ok(None),
        }
    }

    fn scan_whole(scanner: &mut Scanner<'a>, secure: bool) -> Result<Self, SyntaxError> {
        let uri = Self::scan_after_scheme(scanner, secure)?;
        if scanner.is_empty() { Ok(uri) } else { Err(scanner.error("the end of the URI")) }
    }

    // SIP-URI  = "sip:" [ userinfo ] hostport uri-parameters [ headers ]
    // userinfo = ( user / telephone-subscriber ) [ ":" password ] "@"
    // hostport = host [ ":" port ]
    fn scan_after_scheme(scanner: &mut Scanner<'a>, secure: bool) -> Result<Self, SyntaxError> {
        let (user, password) = scan_userinfo(scanner)?;
        let host = HostView::scan(scanner)?;
        let port = if scanner.eat(b':') { Some(scanner.port()?) } else { None };
        let params = match scanner.peek() {
            Some(b';') => scanner.take_escaped(Class::URI_PARAM)?,
            _ => "",
        };
        let headers = match scanner.peek() {
            Some(b'?') => scanner.take_escaped(Class::URI_HEADER)?,
            _ => "",
        };
        Ok(Self {
            secure,
            user,
            password,
            host,
            port,
            params: UriParams::new(params),
            headers: UriHeaders::new(headers),
        })
    }

    /// `sip` or `sips`.
    pub const fn scheme(&self) -> &'static str {
        if self.secure { "sips" } else { "sip" }
    }

    /// The user part with its escapes resolved.
    pub fn user_text(&self) -> Option<std::borrow::Cow<'a, str>> {
        self.user.map(unescape)
    }

    /// The `transport` parameter.
    pub fn transport(&self) -> Option<&'a str> {
        self.params.get("transport")
    }

    /// True when the URI is a loose router (`;lr`).
    pub fn is_loose_router(&self) -> bool {
        self.params.contains("lr")
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> SipUri {
        SipUri::from(*self)
    }
}

impl fmt::Display for SipUriView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = self.user {
            f.write_str(user)?;
            if let Some(password) = self.password {
                f.write_str(":")?;
                f.write_str(password)?;
            }
            f.write_str("@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(self.params.as_str())?;
        f.write_str(self.headers.as_str())
    }
}

type UserInfo<'a> = (Option<&'a str>, Option<&'a str>);

/// Consumes user and password up to the `@`, if there is one: a user may
/// contain `;` and `?`, but nothing after it an `@`.
fn scan_userinfo<'a>(scanner: &mut Scanner<'a>) -> Result<UserInfo<'a>, SyntaxError> {
    let start = scanner.position();
    let user = scanner.take_escaped(Class::USER);
    match scanner.peek() {
        Some(b'@') => {}
        // Either a password or a port follows.
        Some(b':') if has_at(scanner) => {}
        _ if has_at(scanner) => {
            user?;
            return Err(scanner.error("an @ after the user"));
        }
        _ => {
            scanner.seek(start);
            return Ok((None, None));
        }
    }
    let user = user?;
    if user.is_empty() {
        return Err(scanner.error("a user"));
    }
    let mut password = None;
    if scanner.eat(b':') {
        password = Some(scanner.take_escaped(Class::PASSWORD)?);
    }
    scanner.expect(b'@', "an @ after the user")?;
    Ok((Some(user), password))
}

fn has_at(scanner: &Scanner<'_>) -> bool {
    let rest = scanner.rest().as_bytes();
    let end = rest.iter().position(|octet| matches!(octet, b'@' | b'>' | b'"' | b'<' | b' '));
    end.is_some_and(|at| rest[at] == b'@')
}

/// Consumes `sip:` or `sips:`, without case; says whether it was `sips:`.
fn scan_sip_scheme(scanner: &mut Scanner<'_>) -> Option<bool> {
    let octets = scanner.rest().as_bytes();
    let secure = match octets {
        [s, i, p, b':', ..] if is_sip(*s, *i, *p) => false,
        [s, i, p, b's' | b'S', b':', ..] if is_sip(*s, *i, *p) => true,
        _ => return None,
    };
    scanner.seek(scanner.position() + if secure { 5 } else { 4 });
    Some(secure)
}

const fn is_sip(s: u8, i: u8, p: u8) -> bool {
    (s | 0x20) == b's' && (i | 0x20) == b'i' && (p | 0x20) == b'p'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_found() {
        let text =
            "sips:al%20ice;day=mon:se%63ret@[2001:db8::9:1]:5081;transport=tcp;lr?subject=x&a=b";
        let uri = SipUriView::parse(text).unwrap();
        assert_eq!(uri.user, Some("al%20ice;day=mon"));
        assert_eq!(uri.user_text().unwrap(), "al ice;day=mon");
        assert_eq!(uri.password, Some("se%63ret"));
        assert_eq!(uri.port, Some(5081));
        assert_eq!(uri.transport(), Some("tcp"));
        assert!(uri.secure && uri.is_loose_router());
        assert_eq!(uri.headers.get("a"), Some("b"));
        assert_eq!(uri.to_string(), text);
    }

    #[test]
    fn the_last_group_is_no_port() {
        assert_eq!(SipUriView::parse("sip:[2001:db8::10:5070]").unwrap().port, None);
        assert_eq!(SipUriView::parse("sip:[2001:db8::10]:5070").unwrap().port, Some(5070));
    }

    #[test]
    fn errors_say_where() {
        for (text, offset) in [
            ("sip:", 4),
            ("sip:a@", 6),
            ("sip:@host", 4),
            ("sip:2001:db8::10", 9),
            ("sip:a@h:99999", 8),
            ("sip:a%2@h", 5),
            ("sip:a@h;b c", 9),
            ("sip:a@b@c", 7),
            ("<sip:a@b>", 0),
            ("mailto:", 7),
            ("a b:c", 1),
            ("http://a b", 8),
        ] {
            assert_eq!(UriView::parse(text).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn other_schemes_stay_text() {
        let uri = UriView::parse("tel:+1-201-555-0123;phone-context=example.com").unwrap();
        assert_eq!(uri.scheme(), "tel");
        assert!(uri.as_sip().is_none());
    }
}
