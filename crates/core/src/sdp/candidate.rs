//! `candidate` (RFC 8839 §5.1).

use std::fmt;

use crate::scan::decimal;

// candidate-attribute = "candidate" ":" foundation SP component-id SP transport SP priority SP
//                       connection-address SP port SP cand-type
//                       [SP rel-addr] [SP rel-port] *(SP cand-extension)
/// One address that ICE may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The foundation, 1 to 32 octets.
    pub foundation: &'a str,
    /// The component: 1 for RTP, 2 for RTCP.
    pub component: u16,
    /// `UDP`, `TCP`…
    pub transport: &'a str,
    /// The priority.
    pub priority: u32,
    /// An IP address, or a name.
    pub address: &'a str,
    /// The port.
    pub port: u16,
    /// `host`, `srflx`, `prflx`, `relay`…
    pub kind: &'a str,
    /// `raddr` and `rport`.
    pub related: Option<(&'a str, u16)>,
    /// Names and values of the rest, separated by spaces.
    pub extensions: &'a str,
}

impl<'a> Candidate<'a> {
    /// Parses the value of a `candidate` attribute.
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut words = Words(value);
        let foundation = words.next()?;
        let component = decimal(words.next()?)?;
        let transport = words.next()?;
        let priority = decimal(words.next()?)?;
        let address = words.next()?;
        let port = decimal(words.next()?)?;
        if words.next()? != "typ" || foundation.len() > 32 {
            return None;
        }
        let kind = words.next()?;
        let mut related = None;
        let mut peek = words;
        if peek.next() == Some("raddr") {
            let address = peek.next()?;
            if peek.next()? != "rport" {
                return None;
            }
            related = Some((address, decimal(peek.next()?)?));
            words = peek;
        }
        Some(Self {
            foundation,
            component,
            transport,
            priority,
            address,
            port,
            kind,
            related,
            extensions: words.0.trim_ascii(),
        })
    }
}

impl fmt::Display for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { foundation, component, transport, priority, address, port, kind, .. } = self;
        write!(f, "{foundation} {component} {transport} {priority} {address} {port} typ {kind}")?;
        if let Some((address, port)) = self.related {
            write!(f, " raddr {address} rport {port}")?;
        }
        if self.extensions.is_empty() { Ok(()) } else { write!(f, " {}", self.extensions) }
    }
}

#[derive(Clone, Copy)]
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_ascii_start();
        let space = |octet: &u8| *octet == b' ';
        let end = text.as_bytes().iter().position(space).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in [
            "1 1 UDP 2130706431 203.0.113.141 8998 typ host",
            "2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
            "a 2 TCP 1 2001:db8::1 9 typ host tcptype active",
        ] {
            assert_eq!(Candidate::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "1 1 UDP 1 h 1", "1 1 UDP 1 h 1 type host", "1 1 UDP 1 h 65536 typ host"] {
            assert!(Candidate::parse(bad).is_none(), "{bad}");
        }
    }
}
