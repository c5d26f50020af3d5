//! What was sent, and what became of it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

/// How many packets are remembered, of media and of the rest each; older
/// ones are forgotten.
pub const TRACE_CAPACITY: usize = 16_384;

/// What a packet is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A datagram from a socket that a task drives.
    Datagram,
    /// A datagram from a socket that a media thread drives.
    Media,
    /// Bytes of a stream, as they were written.
    Stream,
}

/// A datagram, or a piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// When it was sent, since the network was made.
    pub at: Duration,
    /// What it is part of.
    pub protocol: Protocol,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// Its payload.
    pub bytes: Bytes,
}

impl Packet {
    /// The payload as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The first line of the payload.
    pub fn first_line(&self) -> String {
        self.text().lines().next().unwrap_or_default().to_owned()
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives at this time, since the network was made.
    Delivered(Duration),
    /// It arrives twice.
    Duplicated(Duration, Duration),
    /// The link lost it.
    Lost,
    /// A rule dropped it.
    Filtered,
    /// It is larger than the link's MTU.
    TooBig,
    /// A host is down, or the way is cut.
    Unreachable,
    /// No socket has that address.
    NobodyThere,
    /// The receiver's buffer is full.
    Overflow,
}

/// A [`Packet`] and its [`Fate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The packet.
    pub packet: Packet,
    /// What becomes of it.
    pub fate: Fate,
}

impl fmt::Display for Traced {
    /// One line: `    0.020 10.0.0.1:5060 -> 10.0.0.2:5060 INVITE sip:bob@…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Packet { at, from, to, bytes, .. } = &self.packet;
        write!(f, "{:9.3} {from} -> {to} ", at.as_secs_f64())?;
        match std::str::from_utf8(bytes) {
            Ok(text) => f.write_str(text.lines().next().unwrap_or_default())?,
            Err(_) => write!(f, "({} bytes)", bytes.len())?,
        }
        match self.fate {
            Fate::Delivered(_) => Ok(()),
            other => write!(f, " [{other:?}]"),
        }
    }
}

/// The last packets.
#[derive(Debug, Default)]
pub(super) struct Trace(VecDeque<Traced>);

impl Trace {
    pub(super) fn push(&mut self, traced: Traced) {
        if self.0.len() == TRACE_CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(traced);
    }

    pub(super) fn to_vec(&self) -> Vec<Traced> {
        self.0.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
