//! `SIPSession…` and `SIPSessionManager…`

use std::fmt;

use super::{ToValue, Value};
use crate::session::Session;
use crate::stream::Streams;

/// Which party did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Originator {
    /// This side.
    Local,
    /// The other side.
    Remote,
}

impl fmt::Display for Originator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Remote => "remote",
        })
    }
}

impl ToValue for Originator {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

/// What a renegotiation did to its streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamAction {
    /// They became part of the session.
    Add,
    /// They left it.
    Remove,
}

impl ToValue for StreamAction {
    fn to_value(&self) -> Value {
        match self {
            Self::Add => "add".to_value(),
            Self::Remove => "remove".to_value(),
        }
    }
}

/// Whether the ACK of an INVITE transaction was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckReceived {
    /// It arrived (or, for our own INVITE, was sent).
    Yes,
    /// It never came.
    No,
    /// Not known: the ACK of a refusal ends in the transaction layer.
    Unknown,
}

impl ToValue for AckReceived {
    fn to_value(&self) -> Value {
        match self {
            Self::Yes => Value::Bool(true),
            Self::No => Value::Bool(false),
            Self::Unknown => "unknown".to_value(),
        }
    }
}

events! {
    /// What happens to a session.
    pub enum SessionEvent {
        /// Somebody calls. Answer with [`Session::accept`] or
        /// [`Session::reject`]; after the invite timeout 480 is sent instead.
        NewIncoming = "SIPSessionNewIncoming" {
            /// The session to answer.
            session: Session,
            /// The streams that the other party proposes.
            streams: Streams,
        },
        /// The application calls somebody.
        NewOutgoing = "SIPSessionNewOutgoing" {
            /// The streams that are proposed.
            streams: Streams,
        },
        /// A remote device rings (180).
        GotRingIndication = "SIPSessionGotRingIndication",
        /// A provisional response arrived.
        GotProvisionalResponse = "SIPSessionGotProvisionalResponse" {
            /// Its status code, 101 to 199.
            code: u16,
            /// Its reason phrase.
            reason: String,
        },
        /// The call was answered; the streams start now.
        WillStart = "SIPSessionWillStart",
        /// The negotiation is complete and every stream runs.
        DidStart = "SIPSessionDidStart" {
            /// The streams of the session.
            streams: Streams,
        },
        /// The session ended before it started. No `DidEnd` follows.
        DidFail = "SIPSessionDidFail" {
            /// Who ended it.
            originator: Originator,
            /// The SIP status code, or what it would have been.
            code: u16,
            /// Its reason phrase.
            reason: String,
            /// Why, in a word: `user_request`, `missing ACK`, `timeout`…
            failure_reason: String,
            /// Where a 3xx response points to, else empty.
            redirect_identities: Vec<String>,
        },
        /// A started session is about to end.
        WillEnd = "SIPSessionWillEnd" {
            /// Who ends it.
            originator: Originator,
        },
        /// A started session has ended.
        DidEnd = "SIPSessionDidEnd" {
            /// Who ended it.
            originator: Originator,
            /// Why, in a word: `user_request`, `timeout`…
            end_reason: String,
        },
        /// A party put the session on hold or took it off hold.
        DidChangeHoldState = "SIPSessionDidChangeHoldState" {
            /// Which party, and so in which direction.
            originator: Originator,
            /// At least one stream is on hold.
            on_hold: bool,
            /// And at least one that could be is not.
            partial: bool,
        },
        /// Streams joined or left the running session.
        DidRenegotiateStreams = "SIPSessionDidRenegotiateStreams" {
            /// Which of the two.
            action: StreamAction,
            /// The streams.
            streams: Streams,
        },
        /// A SIP transaction of this session is complete.
        DidProcessTransaction = "SIPSessionDidProcessTransaction" {
            /// Who sent the request.
            originator: Originator,
            /// Its method.
            method: String,
            /// The final status code.
            code: u16,
            /// Its reason phrase.
            reason: String,
            /// For INVITE: whether the ACK was seen.
            ack_received: Option<AckReceived>,
        },
    }
}

events! {
    /// What happens to the session manager.
    pub enum SessionManagerEvent {
        /// It is about to take calls.
        WillStart = "SIPSessionManagerWillStart",
        /// It takes calls.
        DidStart = "SIPSessionManagerDidStart",
        /// It is about to end all sessions.
        WillEnd = "SIPSessionManagerWillEnd",
        /// All sessions have ended.
        DidEnd = "SIPSessionManagerDidEnd",
    }
}
