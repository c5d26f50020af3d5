//! Hosts: names, IPv4 addresses and IPv6 references (RFC 3261 §25.1, RFC 5954).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::scan::{Class, Scanner, SyntaxError};

/// A host that borrows its name.
#[derive(Debug, Clone, Copy)]
pub enum HostView<'a> {
    /// A domain name, as written.
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address (written in brackets).
    V6(Ipv6Addr),
}

impl<'a> HostView<'a> {
    // host          = hostname / IPv4address / IPv6reference
    // IPv6reference = "[" IPv6address "]"
    /// Consumes a host.
    pub(crate) fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        if scanner.peek() == Some(b'[') {
            return scan_reference(scanner).map(HostView::V6);
        }
        let text = scanner.take_some(Class::HOST, "a host")?;
        Ok(match ipv4(text.as_bytes()) {
            Some(address) => HostView::V4(address),
            None => HostView::Name(text),
        })
    }

    /// The address, when the host is one.
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            HostView::Name(_) => None,
            HostView::V4(address) => Some(IpAddr::V4(address)),
            HostView::V6(address) => Some(IpAddr::V6(address)),
        }
    }

    /// A copy that owns its name.
    pub fn to_owned(self) -> Host {
        match self {
            HostView::Name(name) => Host::Name(name.into()),
            HostView::V4(address) => Host::V4(address),
            HostView::V6(address) => Host::V6(address),
        }
    }
}

/// Names compare without case.
impl PartialEq for HostView<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (HostView::Name(a), HostView::Name(b)) => a.eq_ignore_ascii_case(b),
            (HostView::V4(a), HostView::V4(b)) => a == b,
            (HostView::V6(a), HostView::V6(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for HostView<'_> {}

impl fmt::Display for HostView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostView::Name(name) => f.write_str(name),
            HostView::V4(address) => write_ipv4(f, *address),
            HostView::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl From<IpAddr> for HostView<'_> {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => HostView::V4(address),
            IpAddr::V6(address) => HostView::V6(address),
        }
    }
}

/// A host that owns its name.
#[derive(Debug, Clone)]
pub enum Host {
    /// A domain name, as written.
    Name(Box<str>),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address (written in brackets).
    V6(Ipv6Addr),
}

impl Host {
    /// The borrowed form.
    pub fn view(&self) -> HostView<'_> {
        match self {
            Host::Name(name) => HostView::Name(name),
            Host::V4(address) => HostView::V4(*address),
            Host::V6(address) => HostView::V6(*address),
        }
    }

    /// The address, when the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.view().ip()
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl Eq for Host {}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        HostView::from(address).to_owned()
    }
}

/// A name, an IPv4 address, or an IPv6 address with or without brackets.
impl FromStr for Host {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        if let Ok(address) = text.parse() {
            return Ok(Host::V6(address));
        }
        let mut scanner = Scanner::new(text);
        let host = HostView::scan(&mut scanner)?;
        scanner.finish()?;
        Ok(host.to_owned())
    }
}

fn scan_reference(scanner: &mut Scanner<'_>) -> Result<Ipv6Addr, SyntaxError> {
    let error = scanner.error("an IPv6 address in brackets");
    let rest = scanner.rest();
    let end = memchr::memchr(b']', rest.as_bytes()).ok_or(error)?;
    let address = rest.get(1..end).and_then(ipv6).ok_or(error)?;
    scanner.seek(scanner.position() + end + 1);
    Ok(address)
}

/// Also takes the three colons that the ABNF of RFC 3261 can produce
/// (RFC 5118 §4.10).
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    text.parse().ok().or_else(|| {
        let (head, tail) = text.split_once(":::")?;
        format!("{head}::{tail}").parse().ok()
    })
}

/// Writes a dotted quad at once; the one of std goes through a formatter for
/// each octet, and this, too, runs several times for every message.
pub(crate) fn write_ipv4(out: &mut impl fmt::Write, address: Ipv4Addr) -> fmt::Result {
    let mut text = [b'.'; 15];
    let mut end = 0;
    for octet in address.octets() {
        for (power, digit) in [(100, octet / 100), (10, octet / 10 % 10), (1, octet % 10)] {
            if octet >= power || power == 1 {
                text[end] = b'0' + digit;
                end += 1;
            }
        }
        end += 1;
    }
    // The dot behind the last octet is not written.
    out.write_str(std::str::from_utf8(&text[..end - 1]).map_err(|_| fmt::Error)?)
}

/// A dotted quad; the one of std costs several times as much, and this runs
/// for every host of every message.
pub(crate) fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    if text.len() > 15 || !text.first()?.is_ascii_digit() || !text.last()?.is_ascii_digit() {
        return None;
    }
    let mut octets = [0u8; 4];
    let mut index = 0;
    let mut digits = 0;
    let mut value = 0u32;
    for &octet in text {
        if octet == b'.' {
            if digits == 0 || index == 3 {
                return None;
            }
            octets[index] = u8::try_from(value).ok()?;
            index += 1;
            digits = 0;
            value = 0;
        } else if octet.is_ascii_digit() && digits < 3 {
            value = value * 10 + u32::from(octet - b'0');
            digits += 1;
        } else {
            return None;
        }
    }
    octets[3] = u8::try_from(value).ok()?;
    (index == 3).then(|| Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        let host = |text: &str| text.parse::<Host>().unwrap();
        assert_eq!(host("192.0.2.10"), Host::V4(Ipv4Addr::new(192, 0, 2, 10)));
        assert_eq!(host("255.255.255.255"), Host::V4(Ipv4Addr::BROADCAST));
        assert!(matches!(host("1.2.3"), Host::Name(_)));
        assert!(matches!(host("256.1.1.1"), Host::Name(_)));
        assert!(matches!(host("1.2.3.4.5"), Host::Name(_)));
        assert!(matches!(host("3com.com"), Host::Name(_)));
        assert_eq!(host("[::1]"), Host::V6(Ipv6Addr::LOCALHOST));
        assert_eq!(host("::1").to_string(), "[::1]");
        assert_eq!(host("[2001:db8:::192.0.2.1]").to_string(), "[2001:db8::c000:201]");
        assert_eq!(host("EXAMPLE.com"), host("example.COM"));
        for quad in ["0.0.0.0", "1.20.3.255", "255.255.255.255", "100.10.101.9"] {
            assert_eq!(host(quad).to_string(), quad);
        }
        for bad in ["", "[::1", "[]", "[fe80::1%eth0]", "a b", "é.com"] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
    }
}
