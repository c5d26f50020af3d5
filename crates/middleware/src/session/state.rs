//! The states of a session, and what is refused because of them.

use std::fmt;

/// What a session is doing.
///
/// ```text
///              connect                        accept
///   Null ───────────────▶ Outgoing   Incoming ──────▶ Accepting
///                             │          │ reject        │
///                             ▼          ▼               ▼
///   SendingProposal ◀──▶ Connected ◀──▶ ReceivedProposal │
///                             ▲──────────────────────────┘
///                             ▼
///                        Terminating ──▶ Terminated
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// Made by the application, and not connected yet.
    Null,
    /// Somebody calls and waits for an answer.
    Incoming,
    /// We call somebody.
    #[doc(alias = "Connecting")]
    Outgoing,
    /// We have accepted; the streams and the ACK are under way.
    Accepting,
    /// Both parties agree and every stream runs.
    Connected,
    /// Connected, and a change of ours waits for its answer.
    SendingProposal,
    /// Connected, and a change of the other party is being answered.
    ReceivedProposal,
    /// Being ended.
    Terminating,
    /// Over.
    Terminated,
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
            Self::Accepting => "accepting",
            Self::Connected => "connected",
            Self::SendingProposal => "sending_proposal",
            Self::ReceivedProposal => "received_proposal",
            Self::Terminating => "terminating",
            Self::Terminated => "terminated",
        })
    }
}

/// Which way the call that made a session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The other party called.
    Incoming,
    /// We called.
    Outgoing,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
        })
    }
}

/// Why a command was not carried out. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The session can't do this now.
    #[error("{method} is not possible in state {state}")]
    IllegalState {
        /// What the session is doing.
        state: SessionState,
        /// What was asked for.
        method: &'static str,
    },
    /// A stream was accepted that was not proposed.
    #[error("a stream was accepted that was not proposed")]
    NotProposed,
    /// A session needs at least one stream.
    #[error("a session needs at least one stream")]
    NoStreams,
    /// A stream is already part of a session.
    #[error("a stream is part of another session")]
    StreamInUse,
    /// A status code that does not refuse a call.
    #[error("{0} does not refuse a call: 300 to 699 do")]
    BadStatus(u16),
    /// A text that can't stand in a SIP message.
    #[error("the {0} has control characters in it")]
    BadText(&'static str),
    /// A destination that can't be called.
    #[error("can't call {0}")]
    BadUri(String),
    /// The session ended first.
    #[error("the session has ended")]
    Ended,
    /// The application does not run.
    #[error("the application does not run")]
    NotRunning,
}
