//! Where a request goes: from its URI to addresses (RFC 3261 §8.1.2, RFC 3263).
//!
//! A [`NextHop`] is what the topmost Route or the Request-URI says; a host name
//! in it is asked for with [`Output::Resolve`](crate::stack::Output::Resolve);
//! the answer makes the list of [`Target`]s that are tried in turn. NAPTR and
//! SRV (RFC 3263 §4.1, §4.2) have their place in [`NextHop::targets`].

use std::net::{IpAddr, SocketAddr};

use crate::stack::{Resolved, Transport, TransportError};
use crate::uri::{Host, HostView, SipUriView};

/// The default port of UDP and TCP; TLS has its own, see
/// [`Transport::default_port`].
pub const DEFAULT_PORT: u16 = 5060;

/// The longest request that goes over UDP when the URI leaves the choice
/// (RFC 3261 §18.1.1).
pub const MAX_UDP_REQUEST: usize = 1_300;

/// What a URI says about the way.
#[derive(Debug, Clone)]
pub struct NextHop {
    /// The host: the maddr parameter, else the URI's host.
    pub host: Host,
    /// The port, if the URI has one.
    pub port: Option<u16>,
    /// The transport, if the URI has one.
    pub transport: Option<Transport>,
}

/// An address to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Over what.
    pub transport: Transport,
    /// Where to.
    pub remote: SocketAddr,
    /// Our own address on the way, where the resolver told it.
    pub local: Option<IpAddr>,
}

impl NextHop {
    /// Reads a URI. Unknown transports have no endpoint here.
    pub fn from_uri(uri: &SipUriView<'_>) -> Result<Self, TransportError> {
        let transport = match uri.transport() {
            None => None,
            Some(token) => Some(Transport::from_token(token).ok_or(TransportError::BadTarget)?),
        };
        // `sips` is TLS all the way, over whatever stream (§26.2.2).
        let transport = match (uri.secure, transport) {
            (false, transport) => transport,
            (true, Some(Transport::Udp)) => return Err(TransportError::BadTarget),
            (true, Some(Transport::Ws | Transport::Wss)) => Some(Transport::Wss),
            (true, _) => Some(Transport::Tls),
        };
        let host = match uri.params.get("maddr") {
            Some(maddr) => maddr.parse().map_err(|_| TransportError::BadTarget)?,
            None => uri.host.to_owned(),
        };
        Ok(Self { host, port: uri.port, transport })
    }

    /// The address, if the host is one: then nothing has to be asked.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Name(_) => None,
            Host::V4(address) => Some(IpAddr::V4(*address)),
            Host::V6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// The host's name, to ask the resolver for.
    pub fn name(&self) -> Box<str> {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::V4(address) => address.to_string().into(),
            Host::V6(address) => address.to_string().into(),
        }
    }

    /// The addresses to try, in order. `preferred` is the transport for a URI
    /// that names none; a `large` request goes over TCP then, if it can, and
    /// falls back to UDP (RFC 3261 §18.1.1).
    pub fn targets(
        &self,
        addresses: &[Resolved],
        preferred: Transport,
        large: bool,
    ) -> Vec<Target> {
        let transports: &[Transport] = match self.transport {
            Some(Transport::Udp) => &[Transport::Udp],
            Some(Transport::Tcp) => &[Transport::Tcp],
            Some(Transport::Tls) => &[Transport::Tls],
            Some(Transport::Ws) => &[Transport::Ws],
            Some(Transport::Wss) => &[Transport::Wss],
            None if preferred == Transport::Tls => &[Transport::Tls],
            None if preferred == Transport::Tcp => &[Transport::Tcp],
            None if large => &[Transport::Tcp, Transport::Udp],
            None => &[Transport::Udp],
        };
        let mut targets = Vec::with_capacity(addresses.len() * transports.len());
        for Resolved { remote, local } in addresses {
            for transport in transports {
                let port = self.port.unwrap_or(transport.default_port());
                let remote = SocketAddr::new(*remote, port);
                targets.push(Target { transport: *transport, remote, local: *local });
            }
        }
        targets
    }
}

impl From<HostView<'_>> for NextHop {
    fn from(host: HostView<'_>) -> Self {
        Self { host: host.to_owned(), port: None, transport: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(uri: &str) -> Result<NextHop, TransportError> {
        NextHop::from_uri(&SipUriView::parse(uri).unwrap())
    }

    fn targets(uri: &str, large: bool) -> Vec<String> {
        let hop = hop(uri).unwrap();
        let remote = hop.address().unwrap_or([192, 0, 2, 9].into());
        hop.targets(&[Resolved { remote, local: None }], Transport::Udp, large)
            .iter()
            .map(|target| format!("{} {}", target.transport, target.remote))
            .collect()
    }

    #[test]
    fn uris_say_where() {
        assert_eq!(targets("sip:a@192.0.2.1", false), ["UDP 192.0.2.1:5060"]);
        assert_eq!(
            targets("sip:[2001:db8::1]:5070;transport=TCP", false),
            ["TCP [2001:db8::1]:5070"]
        );
        assert_eq!(targets("sip:a@example.com;maddr=192.0.2.7", false), ["UDP 192.0.2.7:5060"]);
        assert_eq!(hop("sip:example.com").unwrap().address(), None);
        assert_eq!(&*hop("sip:example.com").unwrap().name(), "example.com");
    }

    #[test]
    fn sips_and_tls_go_to_their_own_port() {
        assert_eq!(targets("sips:192.0.2.1", true), ["TLS 192.0.2.1:5061"]);
        assert_eq!(targets("sips:192.0.2.1:7;transport=tcp", false), ["TLS 192.0.2.1:7"]);
        assert_eq!(targets("sip:192.0.2.1;transport=tls", false), ["TLS 192.0.2.1:5061"]);
    }

    #[test]
    fn large_requests_try_tcp_first_where_the_uri_leaves_the_choice() {
        assert_eq!(targets("sip:192.0.2.1", true), ["TCP 192.0.2.1:5060", "UDP 192.0.2.1:5060"]);
        assert_eq!(targets("sip:192.0.2.1;transport=udp", true), ["UDP 192.0.2.1:5060"]);
    }

    #[test]
    fn what_we_do_not_speak_is_no_target() {
        let error = hop("sips:example.com;transport=udp").err();
        assert_eq!(error, Some(TransportError::BadTarget));
        assert_eq!(hop("sip:example.com;transport=sctp").err(), Some(TransportError::BadTarget));
    }
}
