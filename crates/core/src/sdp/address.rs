//! Addresses and `c=` (RFC 8866 §5.7).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::scan::split_once;
use crate::uri::{ipv4, write_ipv4};

/// The address type of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `IP4`
    Ip4,
    /// `IP6`
    Ip6,
}

/// Network type, address type and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `IN IP4`
    V4(Ipv4Addr),
    /// `IN IP6`
    V6(Ipv6Addr),
    /// A domain name.
    Name(Family, Box<str>),
    /// Another network or address type: the three words.
    Other(Box<str>),
}

impl Address {
    /// The IP address, unless it's a name or of another network.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::V4(address) => Some(IpAddr::V4(*address)),
            Address::V6(address) => Some(IpAddr::V6(*address)),
            Address::Name(..) | Address::Other(_) => None,
        }
    }

    /// True for `0.0.0.0` and `::`, which put a stream on hold (RFC 3264 §8.4).
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|address| address.is_unspecified())
    }

    // nettype SP addrtype SP connection-address
    /// Parses the three words; `None` when they are not three.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix("IN IP4 ").and_then(|a| ipv4(a.as_bytes())) {
            return Some(Address::V4(address));
        }
        let mut words = text.split_ascii_whitespace();
        let (net, kind, address) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        if !net.eq_ignore_ascii_case("IN") {
            return Some(Address::Other(text.into()));
        }
        if kind.eq_ignore_ascii_case("IP4") {
            Some(match ipv4(address.as_bytes()) {
                Some(address) => Address::V4(address),
                None => Address::Name(Family::Ip4, address.into()),
            })
        } else if kind.eq_ignore_ascii_case("IP6") {
            Some(match address.parse() {
                Ok(address) => Address::V6(address),
                Err(_) => Address::Name(Family::Ip6, address.into()),
            })
        } else {
            Some(Address::Other(text.into()))
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::V4(address) => {
                f.write_str("IN IP4 ")?;
                write_ipv4(f, *address)
            }
            Address::V6(address) => write!(f, "IN IP6 {address}"),
            Address::Name(Family::Ip4, name) => write!(f, "IN IP4 {name}"),
            Address::Name(Family::Ip6, name) => write!(f, "IN IP6 {name}"),
            Address::Other(text) => f.write_str(text),
        }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Address::V4(address),
            IpAddr::V6(address) => Address::V6(address),
        }
    }
}

// connection-field = "c" "=" nettype SP addrtype SP connection-address CRLF
// IP4-multicast    = m1 3( "." decimal-uchar ) "/" ttl [ "/" numaddr ]
// IP6-multicast    = IP6-address [ "/" numaddr ]
/// Where media is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The address.
    pub address: Address,
    /// What follows a slash, for multicast: time to live (IPv4), number of
    /// addresses.
    pub multicast: Option<Box<str>>,
}

impl Connection {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Some((address, multicast)) = split_once(text, b'/') else {
            return Address::parse(text).map(|address| Self { address, multicast: None });
        };
        let numbers = multicast.split('/').all(|part| {
            !part.is_empty() && part.len() <= 5 && part.bytes().all(|digit| digit.is_ascii_digit())
        });
        let address = Address::parse(address)?;
        numbers.then(|| Self { address, multicast: Some(multicast.into()) })
    }
}

impl<T: Into<Address>> From<T> for Connection {
    fn from(address: T) -> Self {
        Self { address: address.into(), multicast: None }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        match &self.multicast {
            Some(multicast) => write!(f, "/{multicast}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in [
            "IN IP4 192.0.2.1",
            "IN IP4 0.0.0.0",
            "IN IP4 host.example.com",
            "IN IP6 2001:db8::1",
            "IN IP6 host.example.com",
            "IN IP4 233.252.0.1/127/3",
            "IN IP6 ff00::db8:0:101/3",
            "PSTN E164 +15145550199",
        ] {
            assert_eq!(Connection::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "IN", "IN IP4", "IN IP4 a b", "IN IP4 233.252.0.1/x", "IN IP4 233.252.0.1/"]
        {
            assert!(Connection::parse(bad).is_none(), "{bad}");
        }
        assert!(Address::parse("IN IP4 0.0.0.0").unwrap().is_unspecified());
    }
}
