//! `Via` (RFC 3261 §20.42, RFC 3581).

use std::fmt;
use std::net::IpAddr;

use super::{HeaderName, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};
use crate::uri::HostView;

/// What every branch of an RFC 3261 element starts with (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

// via-parm      = sent-protocol LWS sent-by *( SEMI via-params )
// sent-protocol = protocol-name SLASH protocol-version SLASH transport
// sent-by       = host [ COLON port ]
// via-params    = via-ttl / via-maddr / via-received / via-branch
//                 / response-port / via-extension
/// One hop of a message's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport, as written (`UDP`, `TCP`, `TLS`, `WS`, `WSS`…).
    pub transport: &'a str,
    /// Where it was sent from: the host.
    pub host: HostView<'a>,
    /// Where it was sent from: the port, when written.
    pub port: Option<u16>,
    /// The branch.
    pub branch: Option<&'a str>,
    /// The address that the receiver saw; IPv6 with or without brackets.
    pub received: Option<IpAddr>,
    /// `rport`: `None` when absent, `Some(None)` when asked for (RFC 3581).
    pub rport: Option<Option<u16>>,
    /// `maddr`
    pub maddr: Option<&'a str>,
    /// All parameters as received, those above among them.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// A hop with a branch; ask for more by setting the fields.
    pub fn new(transport: &'a str, host: HostView<'a>, port: Option<u16>, branch: &'a str) -> Self {
        Self {
            transport,
            host,
            port,
            branch: Some(branch),
            received: None,
            rport: None,
            maddr: None,
            params: Params::default(),
        }
    }

    /// True when the branch identifies a transaction (RFC 3261 §17.2.3): it
    /// has the magic cookie, and something behind it.
    pub fn has_unique_branch(&self) -> bool {
        self.branch.is_some_and(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch.as_bytes()[..MAGIC_COOKIE.len()]
                    .eq_ignore_ascii_case(MAGIC_COOKIE.as_bytes())
        })
    }
}

impl<'a> TypedHeader<'a> for Via<'a> {
    const NAME: HeaderName<'static> = HeaderName::Via;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let transport = scan_protocol(scanner)?;
        let before = scanner.position();
        scanner.skip_space();
        if scanner.position() == before {
            return Err(scanner.error("a space after the transport"));
        }
        let host = HostView::scan(scanner)?;
        let port = if scanner.eat_separator(b':') { Some(scanner.port()?) } else { None };
        let mut via = Self {
            transport,
            host,
            port,
            branch: None,
            received: None,
            rport: None,
            maddr: None,
            params: Params::default(),
        };
        let start = scanner.position();
        let mut bad = false;
        via.params = Params::scan(scanner, |param| {
            if param.is("branch") {
                via.branch = param.value;
            } else if param.is("rport") {
                let port = param.value.map(|value| Scanner::new(value).port().ok());
                bad |= port == Some(None);
                via.rport = Some(port.flatten());
            } else if param.is("received") {
                via.received = param.value.and_then(address);
            } else if param.is("maddr") {
                via.maddr = param.value;
            }
        })?;
        if bad {
            return Err(SyntaxError { expected: "a port in rport", offset: start });
        }
        Ok(via)
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match self.rport {
            Some(Some(port)) => write!(f, ";rport={port}")?,
            Some(None) => f.write_str(";rport")?,
            None => {}
        }
        if let Some(address) = self.received {
            write!(f, ";received={address}")?;
        }
        if let Some(maddr) = self.maddr {
            write!(f, ";maddr={maddr}")?;
        }
        if let Some(branch) = self.branch {
            write!(f, ";branch={branch}")?;
        }
        self.params.write_except(f, &["branch", "rport", "received", "maddr"])
    }
}

fn scan_protocol<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, SyntaxError> {
    const EXPECTED: &str = "SIP/2.0/ and a transport";
    let error = scanner.error(EXPECTED);
    let name = scanner.token()?;
    let slash = scanner.eat_separator(b'/');
    let version = scanner.token()?;
    if !slash || !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
        return Err(error);
    }
    if !scanner.eat_separator(b'/') {
        return Err(scanner.error(EXPECTED));
    }
    scanner.token()
}

fn address(text: &str) -> Option<IpAddr> {
    let mut scanner = Scanner::new(text);
    match HostView::scan(&mut scanner).ok().filter(|_| scanner.is_empty()) {
        Some(host) => host.ip(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let text =
            "SIP/2.0/UDP [2001:db8::1]:5060;rport=5070;received=2001:db8::2;branch=z9hG4bK7;x";
        let via = Via::parse(text).unwrap();
        assert_eq!(via.to_string(), text);
        assert_eq!(via.received, Some("2001:db8::2".parse().unwrap()));
        assert_eq!(via.rport, Some(Some(5070)));
        assert!(via.has_unique_branch());

        let spaced =
            Via::parse("SIP  / 2.0 / TCP   h : 5  ;received=[::1]; rport ;branch=1").unwrap();
        assert_eq!((spaced.transport, spaced.port), ("TCP", Some(5)));
        assert_eq!(spaced.received, Some("::1".parse().unwrap()));
        assert_eq!(spaced.rport, Some(None));
        assert!(!spaced.has_unique_branch());
        assert!(!Via::parse("SIP/2.0/UDP h;branch=z9hG4bK").unwrap().has_unique_branch());
    }

    #[test]
    fn broken_ones() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP;branch=1",
            "SIP/3.0/UDP h",
            "SIP/2.0 h",
            "SIP/2.0/UDP h;;,;,,",
            "SIP/2.0/UDP h:99999",
            "SIP/2.0/UDP h;rport=x",
        ] {
            assert!(Via::parse(bad).is_err(), "{bad}");
        }
    }
}
