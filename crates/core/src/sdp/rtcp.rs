//! `rtcp` (RFC 3605 §2.1).

use std::fmt;

use super::Address;
use crate::scan::{decimal, split_once};

// rtcp-attribute = "a=rtcp:" port [nettype space addrtype space connection-address] CRLF
/// Where RTCP goes, when that isn't the port above RTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtcpAttribute {
    /// The port.
    pub port: u16,
    /// The address, when it isn't the one of RTP.
    pub address: Option<Address>,
}

impl RtcpAttribute {
    /// Parses the value of an `rtcp` attribute.
    pub fn parse(value: &str) -> Option<Self> {
        let (port, address) = match split_once(value, b' ') {
            Some((port, address)) => (port, Some(Address::parse(address)?)),
            None => (value, None),
        };
        Some(Self { port: decimal(port)?, address })
    }
}

impl fmt::Display for RtcpAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.port)?;
        match &self.address {
            Some(address) => write!(f, " {address}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["53020", "53020 IN IP4 126.16.64.4", "53020 IN IP6 2001:db8::1"] {
            assert_eq!(RtcpAttribute::parse(text).unwrap().to_string(), text);
        }
        assert!(RtcpAttribute::parse("65536").is_none());
        assert!(RtcpAttribute::parse("1 IN IP4").is_none());
    }
}
