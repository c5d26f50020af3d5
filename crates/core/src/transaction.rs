//! The four transaction machines of RFC 3261 §17, as RFC 6026 corrects them.
//!
//! Each machine is a state and its timers, nothing else: no bytes are parsed
//! here and nothing is looked up. An input gives back a [`Reaction`]: what to
//! send, and what to tell the transaction user. A machine whose
//! `is_terminated()` says so is thrown away.

mod client;
mod invite_client;
mod invite_server;
mod server;
#[cfg(test)]
mod tests;
mod timer;

use bytes::Bytes;

pub use client::NonInviteClient;
pub use invite_client::InviteClient;
pub use invite_server::InviteServer;
pub use server::NonInviteServer;
pub use timer::{Timer, TimerSettings, TimerTable};

/// What a machine wants after an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// Send these bytes.
    pub transmit: Option<Bytes>,
    /// Tell the transaction user.
    pub tell: Option<Tell>,
}

/// What the transaction user is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// The message that came in is for you.
    Message,
    /// Nobody answered in time: Timer B, F or H.
    TimedOut(Timer),
    /// The transport failed.
    TransportFailed,
}

impl Reaction {
    /// Nothing to do.
    pub(crate) const NOTHING: Self = Self { transmit: None, tell: None };

    pub(crate) fn transmit(bytes: Bytes) -> Self {
        Self { transmit: Some(bytes), tell: None }
    }

    pub(crate) fn tell(tell: Tell) -> Self {
        Self { transmit: None, tell: Some(tell) }
    }
}
