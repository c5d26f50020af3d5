//! MSRP URIs and paths of them (RFC 4975 §6, §9).

mod compare;
mod path;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

pub use path::{MAX_PATH, Path};

/// The longest URI that is parsed, in bytes.
pub const MAX_URI: usize = 1024;

/// The port registered for MSRP (RFC 4975 §15.4). Not a default: URIs of
/// sessions always carry their port.
pub const MSRP_PORT: u16 = 2855;

/// What protects the connection that a URI asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `msrp`: nothing.
    Msrp,
    /// `msrps`: TLS.
    Msrps,
}

impl Scheme {
    /// The scheme as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Msrp => "msrp",
            Self::Msrps => "msrps",
        }
    }
}

/// Why a text is no MSRP URI, and where it stops being one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an MSRP URI: expected {expected} at offset {offset}")]
pub struct UriError {
    /// Offset in bytes from the beginning of the text.
    pub offset: usize,
    /// What should have been there.
    pub expected: &'static str,
}

/// An MSRP URI: names a session at a host, or a relay.
///
/// The text is kept as it was received; accessors point into it. Cloning is
/// cheap. `==` compares text; [`MsrpUri::equivalent`] compares as RFC 4975
/// §6.1 says.
///
/// ```
/// use sipsimple_msrp::MsrpUri;
///
/// let uri: MsrpUri = "msrp://host.example.com:8493/asfd34;tcp".parse()?;
/// assert_eq!(uri.port(), Some(8493));
/// assert_eq!(uri.session_id(), Some("asfd34"));
/// assert!(uri.equivalent(&"MSRP://HOST.example.com:8493/asfd34;TCP".parse()?));
/// assert!(!uri.equivalent(&"msrp://host.example.com:8493/ASFD34;tcp".parse()?));
/// # Ok::<(), sipsimple_msrp::UriError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MsrpUri {
    text: Arc<str>,
    parts: Parts,
}

/// Where the parts of a URI are in its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Parts {
    scheme: Scheme,
    userinfo: Option<Span>,
    host: Span,
    port: Option<u16>,
    session_id: Option<Span>,
    transport: Span,
    params: Span,
}

/// A range in a text that is no longer than [`MAX_URI`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Span(u16, u16);

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self(range.start as u16, range.end as u16)
    }
}

impl Span {
    fn of(self, text: &str) -> &str {
        &text[self.0.into()..self.1.into()]
    }
}

impl MsrpUri {
    /// A URI over TCP.
    ///
    /// `host` is a name or an address; an IPv6 address may come with or
    /// without its brackets.
    ///
    /// # Errors
    ///
    /// When `host` or `session_id` have characters that a URI can't have.
    pub fn new(scheme: Scheme, host: &str, port: u16, session_id: &str) -> Result<Self, UriError> {
        if scan(session_id, 0, is_session_id) < session_id.len() {
            return Err(UriError { offset: 0, expected: "a session-id" });
        }
        let scheme = scheme.as_str();
        let text = if host.parse::<Ipv6Addr>().is_ok() {
            format!("{scheme}://[{host}]:{port}/{session_id};tcp")
        } else {
            format!("{scheme}://{host}:{port}/{session_id};tcp")
        };
        let uri: Self = text.parse()?;
        // What is no host may still have made a URI of another shape.
        if uri.session_id() != Some(session_id) {
            return Err(UriError { offset: 0, expected: "a host" });
        }
        Ok(uri)
    }

    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.parts.scheme
    }

    /// Whether the connection must be protected with TLS.
    pub fn is_secure(&self) -> bool {
        self.parts.scheme == Scheme::Msrps
    }

    /// The account part before `@`, as written.
    pub fn userinfo(&self) -> Option<&str> {
        self.parts.userinfo.map(|span| span.of(&self.text))
    }

    /// Host name or address; an IPv6 address is without its brackets.
    pub fn host(&self) -> &str {
        let host = self.parts.host.of(&self.text);
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, where one is written.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// What names the session; a URI without one names a host, such as a relay.
    pub fn session_id(&self) -> Option<&str> {
        self.parts.session_id.map(|span| span.of(&self.text))
    }

    /// The transport parameter: `tcp`, or `ws` (RFC 7977).
    pub fn transport(&self) -> &str {
        self.parts.transport.of(&self.text)
    }

    /// The parameters after the transport, as written, without the first `;`.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.parts.params.of(&self.text).split(';').filter(|p| !p.is_empty()).map(|p| {
            match p.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (p, None),
            }
        })
    }
}

impl FromStr for MsrpUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let parts = parse(text)?;
        Ok(Self { text: text.into(), parts })
    }
}

impl fmt::Display for MsrpUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for MsrpUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MsrpUri({})", self.text)
    }
}

// MSRP-URI = msrp-scheme "://" authority
//     ["/" session-id] ";" transport *( ";" URI-parameter)
// session-id = 1*( unreserved / "+" / "=" / "/" )
// transport = "tcp" / 1*ALPHANUM
// URI-parameter = token ["=" token]
fn parse(text: &str) -> Result<Parts, UriError> {
    let error = |offset, expected| Err(UriError { offset, expected });
    if text.len() > MAX_URI {
        return error(MAX_URI, "the end of the URI");
    }
    let Some(colon) = text.find("://") else {
        return error(0, "\"msrp://\" or \"msrps://\"");
    };
    let scheme = match &text[..colon] {
        s if s.eq_ignore_ascii_case("msrp") => Scheme::Msrp,
        s if s.eq_ignore_ascii_case("msrps") => Scheme::Msrps,
        _ => return error(0, "the scheme msrp or msrps"),
    };
    let start = colon + 3;
    let end = start + text[start..].find(['/', ';']).unwrap_or(text.len() - start);
    let (userinfo, host, port) = authority(text, start..end)?;

    let mut at = end;
    let mut session_id = None;
    if text[at..].starts_with('/') {
        let from = at + 1;
        at = scan(text, from, is_session_id);
        if at == from {
            return error(from, "a session-id");
        }
        session_id = Some(from..at);
    }
    if !text[at..].starts_with(';') {
        return error(at, "\";\" and a transport");
    }
    let from = at + 1;
    at = scan(text, from, |b| b.is_ascii_alphanumeric());
    if at == from {
        return error(from, "a transport");
    }
    let transport = from..at;
    let params = at..text.len();
    while at < text.len() {
        if !text[at..].starts_with(';') {
            return error(at, "\";\" or the end of the URI");
        }
        let from = at + 1;
        at = scan(text, from, |b| is_token(b) || b == b'=');
        if at == from {
            return error(from, "a parameter");
        }
    }
    Ok(Parts {
        scheme,
        userinfo: userinfo.map(Span::from),
        host: host.into(),
        port,
        session_id: session_id.map(Span::from),
        transport: transport.into(),
        params: params.into(),
    })
}

type Authority = (Option<Range<usize>>, Range<usize>, Option<u16>);

// authority = [ userinfo "@" ] host [ ":" port ]     (RFC 3986 §3.2)
fn authority(text: &str, range: Range<usize>) -> Result<Authority, UriError> {
    let error = |offset, expected| Err(UriError { offset, expected });
    let (userinfo, host_start) = match text[range.clone()].rfind('@') {
        Some(at) => {
            let userinfo = range.start..range.start + at;
            let bad = scan(text, userinfo.start, is_userinfo);
            if bad < userinfo.end {
                return error(bad, "\"@\" or a character of userinfo");
            }
            let next = userinfo.end + 1;
            (Some(userinfo), next)
        }
        None => (None, range.start),
    };
    let rest = &text[host_start..range.end];
    let host_end = if rest.starts_with('[') {
        let Some(close) = rest.find(']') else {
            return error(range.end, "\"]\"");
        };
        if rest[1..close].parse::<Ipv6Addr>().is_err() {
            return error(host_start + 1, "an IPv6 address");
        }
        host_start + close + 1
    } else {
        let end = scan(text, host_start, is_host).min(range.end);
        if end == host_start {
            return error(host_start, "a host");
        }
        end
    };
    let host = host_start..host_end;
    if host_end == range.end {
        let numeric =
            text[host.clone()].starts_with('[') || text[host.clone()].parse::<Ipv4Addr>().is_ok();
        if numeric {
            // RFC 4975 §6: a numeric address needs its port.
            return error(host_end, "\":\" and a port");
        }
        return Ok((userinfo, host, None));
    }
    if !text[host_end..].starts_with(':') {
        return error(host_end, "\":\" and a port, or the end of the host");
    }
    let digits = &text[host_end + 1..range.end];
    match digits.parse::<u16>() {
        Ok(port) if digits.bytes().all(|b| b.is_ascii_digit()) => Ok((userinfo, host, Some(port))),
        _ => error(host_end + 1, "a port"),
    }
}

/// The offset of the first byte from `from` on that `accept` refuses.
fn scan(text: &str, from: usize, accept: impl Fn(u8) -> bool) -> usize {
    text.as_bytes()[from..].iter().position(|b| !accept(*b)).map_or(text.len(), |n| from + n)
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn is_session_id(b: u8) -> bool {
    // "%" is not in the grammar; peers that escape are read all the same.
    is_unreserved(b) || matches!(b, b'+' | b'=' | b'/' | b'%')
}

fn is_userinfo(b: u8) -> bool {
    is_host(b) || b == b':'
}

fn is_host(b: u8) -> bool {
    is_unreserved(b) || b"%!$&'()*+,=".contains(&b)
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> MsrpUri {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn parts() {
        let full = uri("msrps://alice@[2001:db8::1]:2855/a/b+c=;tcp;x=1;y");
        assert_eq!(full.scheme(), Scheme::Msrps);
        assert_eq!(full.userinfo(), Some("alice"));
        assert_eq!(full.host(), "2001:db8::1");
        assert_eq!(full.port(), Some(2855));
        assert_eq!(full.session_id(), Some("a/b+c="));
        assert_eq!(full.transport(), "tcp");
        assert_eq!(full.params().collect::<Vec<_>>(), [("x", Some("1")), ("y", None)]);

        let relay = uri("msrps://intra.example.com;tcp");
        assert_eq!((relay.port(), relay.session_id()), (None, None));
    }

    #[test]
    fn refused_with_the_offset() {
        for (text, offset) in [
            ("sip:alice@example.com", 0),
            ("http://a;tcp", 0),
            ("msrp://:1/a;tcp", 7),
            ("msrp://a:b/c;tcp", 9),
            ("msrp://a:+1/c;tcp", 9),
            ("msrp://a:70000/c;tcp", 9),
            ("msrp://a:1/;tcp", 11),
            ("msrp://a:1/x", 12),
            ("msrp://a:1/x;", 13),
            ("msrp://a:1/x y;tcp", 12),
            ("msrp://10.0.0.1/x;tcp", 15),
            ("msrp://[::1]/x;tcp", 12),
            ("msrp://[::g]:1/x;tcp", 8),
            ("msrp://[::1:1/x;tcp", 13),
            ("msrp://a\r\nb:1/x;tcp", 8),
            ("msrp://é:1/x;tcp", 7),
        ] {
            let error = text.parse::<MsrpUri>().expect_err(text);
            assert_eq!(error.offset, offset, "{text}: {error}");
        }
        assert!(format!("msrp://{}:1/a;tcp", "a".repeat(2000)).parse::<MsrpUri>().is_err());
    }

    #[test]
    fn made_of_parts() {
        let made = MsrpUri::new(Scheme::Msrp, "2001:db8::1", 5000, "abc").expect("valid");
        assert_eq!(made.as_str(), "msrp://[2001:db8::1]:5000/abc;tcp");
        assert!(MsrpUri::new(Scheme::Msrp, "a/b", 1, "x").is_err());
        assert!(MsrpUri::new(Scheme::Msrp, "a", 1, "x\r\n").is_err());
    }
}
