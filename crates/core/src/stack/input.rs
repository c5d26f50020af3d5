//! What the driver tells the [`Stack`](super::Stack).

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::Command;

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// TLS over a stream.
    Tls,
    /// WebSocket over a stream (RFC 7118).
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// Whether the transport itself delivers, so that nothing is sent twice.
    pub fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// Whether nobody else can read along.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// The port where none is given (RFC 3261 §19.1.2, RFC 7118 §5.4).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// As in Via: upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// As in Via or a URI's transport parameter; `None` for one we don't have.
    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss]
            .into_iter()
            .find(|transport| transport.as_str().eq_ignore_ascii_case(token))
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An address that we listen at: the index into
/// [`StackConfig::endpoints`](super::StackConfig::endpoints).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndpointId(pub u16);

/// A stream connection. Who made it names it, so that the two never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionId {
    /// The stack asked for it with [`Output::Connect`](super::Output::Connect).
    Opened(u64),
    /// The driver accepted it.
    Accepted(u64),
}

/// A question to the resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueryId(pub(crate) u64);

/// The driver's name for a command, given back with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// An address that a name resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The address.
    pub remote: IpAddr,
    /// Our own address on the way there; needed where the endpoint listens at
    /// the unspecified address.
    pub local: Option<IpAddr>,
}

/// What goes in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input {
    /// A datagram came.
    Datagram {
        /// The endpoint that received it.
        endpoint: EndpointId,
        /// Our own address on the way to the sender (the endpoint's, where
        /// that is a specific one).
        local: SocketAddr,
        /// The sender.
        remote: SocketAddr,
        /// The bytes.
        bytes: Bytes,
    },
    /// A connection that was asked for, or accepted, is open.
    StreamOpened {
        /// The connection.
        connection: ConnectionId,
        /// What is spoken on it.
        transport: Transport,
        /// Our end.
        local: SocketAddr,
        /// The peer's end.
        remote: SocketAddr,
    },
    /// Bytes came.
    StreamData {
        /// The connection.
        connection: ConnectionId,
        /// The bytes.
        bytes: Bytes,
    },
    /// A connection that was asked for could not be made.
    StreamFailed {
        /// The connection.
        connection: ConnectionId,
        /// What the system said.
        reason: Box<str>,
    },
    /// The connection is gone: closed by the peer, reset, or too slow.
    StreamClosed {
        /// The connection.
        connection: ConnectionId,
    },
    /// The answer to [`Output::Resolve`](super::Output::Resolve).
    Resolved {
        /// The question.
        query: QueryId,
        /// The addresses in the order to try them, or what the resolver said.
        answer: Result<Vec<Resolved>, Box<str>>,
    },
    /// The application wants something.
    Command {
        /// Comes back with the answer.
        ticket: Ticket,
        /// What it wants.
        command: Command,
    },
    /// Whether the application can't keep up: while it can't, requests that
    /// open something new are answered 503.
    Congested(bool),
    /// Whether to report each message with [`Output::Trace`](super::Output::Trace).
    Tracing(bool),
    /// A deadline that [`Output::Timeout`](super::Output::Timeout) named has come.
    Timeout,
}
