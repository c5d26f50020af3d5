//! What the [`Stack`](super::Stack) tells the driver.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;

use super::{Accepted, ConnectionId, EndpointId, Event, QueryId, Refused, Ticket, Transport};

/// What comes out. Draining ends with [`Timeout`](Self::Timeout).
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Send bytes.
    Transmit(Transmit),
    /// Open a connection; answered by [`Input::StreamOpened`](super::Input::StreamOpened)
    /// or [`StreamFailed`](super::Input::StreamFailed). Bytes that are sent
    /// on it meanwhile wait in the driver.
    Connect {
        /// Its name from now on.
        connection: ConnectionId,
        /// What to speak on it.
        transport: Transport,
        /// Where to.
        remote: SocketAddr,
        /// Our end's address, where it matters.
        local: Option<IpAddr>,
        /// Over TLS: the domain or address that the peer's certificate must be
        /// for (RFC 5922 §7.3).
        peer: Option<Box<str>>,
    },
    /// Close a connection after what was sent on it; no more input comes from it.
    Close {
        /// The connection.
        connection: ConnectionId,
    },
    /// Find the addresses of a host; answered by [`Input::Resolved`](super::Input::Resolved).
    /// The name may be an IP address: then only our own address on the way
    /// there is wanted.
    Resolve {
        /// The question.
        query: QueryId,
        /// The host.
        name: Box<str>,
    },
    /// The answer to a command.
    Answer {
        /// The command's ticket.
        ticket: Ticket,
        /// What came of it.
        result: Result<Accepted, Refused>,
    },
    /// Something happened.
    Event(Event),
    /// A message came or went.
    Trace(Trace),
    /// Nothing more now: come back with input, or at this time with
    /// [`Input::Timeout`](super::Input::Timeout).
    Timeout(Option<Instant>),
}

/// Bytes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The way.
    pub path: Path,
    /// One whole message.
    pub bytes: Bytes,
}

/// A way to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Path {
    /// Datagrams.
    Datagram {
        /// The socket to send from.
        endpoint: EndpointId,
        /// Our own address on this way.
        local: SocketAddr,
        /// The peer.
        remote: SocketAddr,
    },
    /// A connection.
    Stream {
        /// The connection.
        connection: ConnectionId,
        /// What is spoken on it.
        transport: Transport,
        /// The peer.
        remote: SocketAddr,
    },
}

impl Path {
    /// What is spoken on this way.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Datagram { .. } => Transport::Udp,
            Self::Stream { transport, .. } => *transport,
        }
    }

    /// The peer's address.
    pub fn remote(&self) -> SocketAddr {
        match self {
            Self::Datagram { remote, .. } | Self::Stream { remote, .. } => *remote,
        }
    }
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It came.
    Incoming,
    /// It went.
    Outgoing,
}

/// A message on the wire.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Which way.
    pub direction: Direction,
    /// Over what.
    pub transport: Transport,
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// The message.
    pub bytes: Bytes,
}
