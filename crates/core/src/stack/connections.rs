//! Stream connections: which there are, and what is half received on them
//! (RFC 3261 §18).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::deadlines::{Alarm, Deadlines, Sleeper};
use super::random::IdMap;
use super::{ConnectionId, Transport};
use crate::framing::StreamFramer;

/// What is spoken on a connection, and with whom for sure. A connection is
/// reused only for the same (RFC 5923 §4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    Tcp,
    /// Our connection to a peer whose certificate is for this name.
    Tls(Box<str>),
    /// A peer's connection: nothing is known of who it is.
    AcceptedTls,
}

impl Channel {
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::Tcp => Transport::Tcp,
            Self::Tls(_) | Self::AcceptedTls => Transport::Tls,
        }
    }

    /// The name that the certificate must be for.
    pub(crate) fn peer(&self) -> Option<&str> {
        match self {
            Self::Tls(peer) => Some(peer),
            Self::Tcp | Self::AcceptedTls => None,
        }
    }

    fn accepted(transport: Transport) -> Self {
        match transport {
            Transport::Tls => Self::AcceptedTls,
            _ => Self::Tcp,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub remote: SocketAddr,
    channel: Channel,
    pub framer: StreamFramer,
    /// `None` until it is open.
    local: Option<SocketAddr>,
    /// When a whole message last came or went.
    active: Instant,
    /// Since when a message is half received.
    partial: Option<Instant>,
    /// Whether a request of ours went over it.
    requests: bool,
    alarm: Alarm,
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    table: IdMap<ConnectionId, Connection>,
    by_remote: HashMap<SocketAddr, Vec<ConnectionId>>,
    next: u64,
}

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn contains(&self, id: ConnectionId) -> bool {
        self.table.contains_key(&id)
    }

    /// The connection to reuse for this peer.
    pub(crate) fn to(&self, channel: &Channel, remote: SocketAddr) -> Option<ConnectionId> {
        let fits = |id: &&ConnectionId| {
            self.table.get(id).is_some_and(|connection| connection.channel == *channel)
        };
        self.by_remote.get(&remote)?.iter().rev().find(fits).copied()
    }

    pub(crate) fn local(&self, id: ConnectionId) -> Option<SocketAddr> {
        self.table.get(&id)?.local
    }

    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.table.get_mut(&id)
    }

    /// A new connection of ours.
    pub(crate) fn open(
        &mut self,
        channel: Channel,
        remote: SocketAddr,
        now: Instant,
    ) -> ConnectionId {
        self.next += 1;
        let id = ConnectionId::Opened(self.next);
        self.insert(id, channel, None, remote, StreamFramer::opened(), now);
        id
    }

    /// It is open: one that we asked for, or a new one of the peer's.
    pub(crate) fn opened(
        &mut self,
        id: ConnectionId,
        transport: Transport,
        local: SocketAddr,
        remote: SocketAddr,
        now: Instant,
    ) {
        match (self.table.get_mut(&id), id) {
            (Some(connection), _) => connection.local = Some(local),
            (None, ConnectionId::Accepted(_)) => {
                let channel = Channel::accepted(transport);
                self.insert(id, channel, Some(local), remote, StreamFramer::accepted(), now);
            }
            // Closed while it was being opened.
            (None, ConnectionId::Opened(_)) => {}
        }
    }

    fn insert(
        &mut self,
        id: ConnectionId,
        channel: Channel,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        framer: StreamFramer,
        now: Instant,
    ) {
        let connection = Connection {
            remote,
            channel,
            framer,
            local,
            active: now,
            partial: None,
            requests: false,
            alarm: Alarm::default(),
        };
        self.table.insert(id, connection);
        self.by_remote.entry(remote).or_default().push(id);
    }

    /// Forgets it. True if requests of ours may still run over it.
    pub(crate) fn remove(&mut self, id: ConnectionId) -> bool {
        let Some(connection) = self.table.remove(&id) else { return false };
        if let Some(same) = self.by_remote.get_mut(&connection.remote) {
            same.retain(|other| *other != id);
            if same.is_empty() {
                self.by_remote.remove(&connection.remote);
            }
        }
        connection.requests
    }

    /// A whole message came or went.
    pub(crate) fn touch(&mut self, id: ConnectionId, now: Instant) {
        if let Some(connection) = self.table.get_mut(&id) {
            connection.active = now;
        }
    }

    pub(crate) fn used_by_request(&mut self, id: ConnectionId) {
        if let Some(connection) = self.table.get_mut(&id) {
            connection.requests = true;
        }
    }

    /// Arms the timers of a connection.
    pub(crate) fn settle(
        &mut self,
        id: ConnectionId,
        rang: Option<Instant>,
        limits: (Duration, Duration),
        deadlines: &mut Deadlines,
    ) {
        let Some(connection) = self.table.get_mut(&id) else { return };
        if let Some(at) = rang {
            connection.alarm.rang(at);
        }
        let deadline = connection.deadline(limits);
        deadlines.arm(&mut connection.alarm, Some(deadline), Sleeper::Connection(id));
    }

    /// Whether it has been idle, or a message half received, for too long.
    pub(crate) fn is_overdue(
        &self,
        id: ConnectionId,
        now: Instant,
        limits: (Duration, Duration),
    ) -> bool {
        self.table.get(&id).is_some_and(|connection| connection.deadline(limits) <= now)
    }
}

impl Connection {
    pub(crate) fn transport(&self) -> Transport {
        self.channel.transport()
    }

    /// After the framer has given what it has.
    pub(crate) fn note_partial(&mut self, now: Instant) {
        self.partial = if self.framer.buffered() == 0 {
            None
        } else {
            // A message that goes on is as old as its first byte.
            self.partial.or(Some(now))
        };
    }

    /// A whole message has come: what follows is a new one.
    pub(crate) fn note_message(&mut self, now: Instant) {
        self.active = now;
        self.partial = None;
    }

    fn deadline(&self, (idle, message): (Duration, Duration)) -> Instant {
        let idle = self.active + idle;
        self.partial.map_or(idle, |since| idle.min(since + message))
    }
}
