//! The types of settings that are more than a text or a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a setting's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub(crate) String);

/// Serializes by `Display` and deserializes by `FromStr`.
macro_rules! as_text {
    ($($type:ty),+) => {
        $(
            impl Serialize for $type {
                fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                    to.collect_str(self)
                }
            }

            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
                }
            }

            impl TryFrom<&str> for $type {
                type Error = InvalidValue;

                fn try_from(text: &str) -> Result<Self, InvalidValue> {
                    text.parse()
                }
            }
        )+
    };
}
as_text!(PortRange, AudioCodec, Transport, SipAddress, SipProxyAddress);

/// A range of UDP ports for RTP, both ends included: `50000-50500`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// A range with room for at least one RTP and RTCP pair (an even port and
    /// the one after it), above port 1023.
    pub fn new(first: u16, last: u16) -> Result<Self, InvalidValue> {
        if first < 1024 {
            return Err(InvalidValue(format!("port {first} is below 1024")));
        }
        if u32::from(first).next_multiple_of(2) >= u32::from(last) {
            return Err(InvalidValue(format!(
                "{first}-{last} has no room for an even port and the one after it"
            )));
        }
        Ok(Self { first, last })
    }

    /// The first port.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    pub fn last(self) -> u16 {
        self.last
    }
}

impl Default for PortRange {
    fn default() -> Self {
        Self { first: 50000, last: 50500 }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let not_a_range = || InvalidValue(format!("{text:?} is not two ports like 50000-50500"));
        let (first, last) = text.split_once('-').ok_or_else(not_a_range)?;
        let port = |text: &str| text.trim().parse().map_err(|_| not_a_range());
        Self::new(port(first)?, port(last)?)
    }
}

/// An audio codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AudioCodec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl AudioCodec {
    /// Every codec, in the default order of preference.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// The encoding name of RFC 3551.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The RTP clock rate in Hz.
    pub fn clock_rate(self) -> u32 {
        8000
    }

    /// The static payload type of RFC 3551, section 6.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }
}

impl fmt::Display for AudioCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AudioCodec {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| InvalidValue(format!("there is no codec {text:?}")))
    }
}

/// A SIP transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        })
    }
}

impl FromStr for Transport {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.to_ascii_lowercase().as_str() {
            "udp" => Ok(Self::Udp),
            "tcp" => Ok(Self::Tcp),
            _ => Err(InvalidValue(format!("there is no transport {text:?}"))),
        }
    }
}

/// The sampling rate of the audio mixers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SampleRate(u32);

impl SampleRate {
    /// The rates that a mixer can have, in Hz.
    pub const ALL: [u32; 4] = [8000, 16000, 32000, 48000];

    /// The rate in Hz.
    pub fn hz(self) -> u32 {
        self.0
    }
}

impl Default for SampleRate {
    fn default() -> Self {
        Self(32000)
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> Self {
        rate.0
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = InvalidValue;

    fn try_from(hz: u32) -> Result<Self, InvalidValue> {
        if Self::ALL.contains(&hz) {
            Ok(Self(hz))
        } else {
            Err(InvalidValue(format!("{hz} is none of 8000, 16000, 32000, 48000")))
        }
    }
}

/// `user@domain`: an account's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SipAddress {
    text: Box<str>,
    at: usize,
}

impl SipAddress {
    /// The part before the `@`, with further `@` written as `%40`.
    pub fn user(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for SipAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SipAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue(format!("{text:?} is not user@domain"));
        let (user, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
        let user = user.replace('@', "%40");
        // RFC 3261 section 25.1: user, without what would end it.
        let user_char = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()%&=+$,;?/".contains(c);
        let host_char = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        if user.is_empty() || domain.is_empty() {
            return Err(wrong());
        }
        if !user.chars().all(user_char) || !domain.chars().all(host_char) {
            return Err(wrong());
        }
        let at = user.len();
        Ok(Self { text: format!("{user}@{}", domain.to_ascii_lowercase()).into(), at })
    }
}

/// `host[:port][;transport=udp|tcp]`: where requests are sent through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SipProxyAddress {
    /// A name, an IPv4 address or a bracketed IPv6 address.
    pub host: String,
    /// The port, 5060 if it is not said.
    pub port: Option<u16>,
    /// The transport, UDP if it is not said.
    pub transport: Option<Transport>,
}

impl SipProxyAddress {
    /// The proxy as a SIP URI, for a Route header.
    pub fn uri(&self) -> String {
        format!("sip:{self};lr")
    }
}

impl fmt::Display for SipProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(transport) = self.transport {
            write!(f, ";transport={transport}")?;
        }
        Ok(())
    }
}

impl FromStr for SipProxyAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue(format!("{text:?} is not host[:port][;transport=udp|tcp]"));
        // People paste URIs.
        let rest = text.strip_prefix("sip:").unwrap_or(text);
        let (address, params) = rest.split_once(';').unwrap_or((rest, ""));
        let mut transport = None;
        for param in params.split(';').filter(|param| !param.is_empty() && *param != "lr") {
            match param.split_once('=') {
                Some(("transport", name)) => transport = Some(name.parse()?),
                _ => return Err(wrong()),
            }
        }
        let host_end = if address.starts_with('[') {
            address.find(']').ok_or_else(wrong)? + 1
        } else {
            address.find(':').unwrap_or(address.len())
        };
        let (host, port) = address.split_at(host_end);
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(digits.parse().ok().filter(|p| *p != 0).ok_or_else(wrong)?),
            None if port.is_empty() => None,
            None => return Err(wrong()),
        };
        let host_char = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        if host.is_empty() || !host.chars().all(host_char) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port, transport })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_ranges() {
        assert_eq!("50000-50500".parse(), Ok(PortRange::default()));
        assert_eq!(PortRange::new(50001, 50003).unwrap().to_string(), "50001-50003");
        for bad in ["", "50000", "50000-49999", "50001-50002", "80-90", "50000-70000", "a-b"] {
            assert!(bad.parse::<PortRange>().is_err(), "{bad}");
        }
        // An even port at the very end has no partner.
        assert!(PortRange::new(65535, 65535).is_err());
    }

    #[test]
    fn addresses() {
        let address: SipAddress = "Alice@Example.COM".parse().unwrap();
        assert_eq!((address.user(), address.domain()), ("Alice", "example.com"));
        let address: SipAddress = "alice@work@example.com".parse().unwrap();
        assert_eq!(address.as_str(), "alice%40work@example.com");
        for bad in ["alice", "@example.com", "alice@", "a b@example.com", "a@b\r\nX: y", "<a>@b"] {
            assert!(bad.parse::<SipAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn proxies() {
        for text in ["proxy.example.com", "10.0.0.1:5070", "[2001:db8::1]:5070;transport=tcp"] {
            assert_eq!(text.parse::<SipProxyAddress>().unwrap().to_string(), text);
        }
        let pasted: SipProxyAddress = "sip:p.example.com;lr;transport=TCP".parse().unwrap();
        assert_eq!(pasted.uri(), "sip:p.example.com;transport=tcp;lr");
        for bad in ["", ":5060", "host:0", "host:x", "[::1", "host;transport=sctp", "host;x=y"] {
            assert!(bad.parse::<SipProxyAddress>().is_err(), "{bad}");
        }
    }
}
