//! What a connection tells its caller.

use bytes::Bytes;

use super::{IncomingKey, IncomingRequestKey, MessageKey, RequestKey, SessionKey};
use crate::header::StatusCode;
use crate::message::{Head, HeadError};
use crate::ranges::RangeSet;
use crate::uri::{MsrpUri, Path};

/// Something to know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request came for a session that is not on this connection. Answer with
    /// [`Input::Attach`](super::Input) or [`Input::NoSession`](super::Input);
    /// nothing is read until then.
    Lookup {
        /// The URI that the request is for.
        to: MsrpUri,
        /// Where it comes from.
        from: Box<Path>,
    },
    /// A session works: the peer answered the binding SEND, or sent a request.
    Bound {
        /// The session.
        session: SessionKey,
    },
    /// A message came, whole.
    Message {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// What its head says.
        info: Box<IncomingInfo>,
        /// Its body.
        body: Bytes,
    },
    /// A message begins to come in pieces.
    Started {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// What its head says.
        info: Box<IncomingInfo>,
    },
    /// A piece of a message came.
    Data {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// The position of the first byte, counted from 0.
        offset: u64,
        /// The bytes.
        data: Bytes,
    },
    /// All pieces of a message came.
    Completed {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// Its length in bytes.
        total: u64,
    },
    /// A message that began to come will not be complete.
    IncomingFailed {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// Why.
        reason: IncomingFailure,
        /// Which bytes came, positions counted from 0.
        received: RangeSet,
    },
    /// A streamed message wants bytes: [`Input::Provide`](super::Input).
    Wanted {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: MessageKey,
        /// At most this many.
        room: usize,
    },
    /// More of a large or streamed message went out or was answered.
    Progress {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: MessageKey,
        /// Bytes in chunks that the transport took.
        sent: u64,
        /// Bytes that the next hop answered, or the receiver reported.
        confirmed: u64,
    },
    /// What is known of a message changed.
    Delivery {
        /// Its session.
        session: SessionKey,
        /// The message.
        message: MessageKey,
        /// What is known now.
        state: Delivery,
        /// Whether nothing more will be known; the key is free then.
        is_final: bool,
    },
    /// A request of another method came; answer with [`Input::Respond`](super::Input).
    Requested {
        /// Its session.
        session: SessionKey,
        /// The request.
        request: IncomingRequestKey,
        /// Its head.
        head: Box<Head>,
    },
    /// A request of another method was answered.
    Answered {
        /// The request.
        request: RequestKey,
        /// The code.
        code: StatusCode,
        /// The phrase.
        comment: String,
        /// The whole head.
        head: Box<Head>,
    },
    /// A request of another method was not answered in time, or its session or
    /// connection ended.
    Unanswered {
        /// The request.
        request: RequestKey,
    },
    /// A session failed. All its messages have got their final state before.
    Failed {
        /// The session.
        session: SessionKey,
        /// Why.
        failure: SessionFailure,
    },
    /// A session that was closed is over.
    Closed {
        /// The session.
        session: SessionKey,
    },
    /// A message was wrong, and was refused or ignored.
    Bad {
        /// What was wrong.
        error: HeadError,
    },
}

impl Event {
    /// The session that the event belongs to, if it belongs to one.
    pub fn session(&self) -> Option<SessionKey> {
        match self {
            Self::Bound { session }
            | Self::Message { session, .. }
            | Self::Started { session, .. }
            | Self::Data { session, .. }
            | Self::Completed { session, .. }
            | Self::IncomingFailed { session, .. }
            | Self::Wanted { session, .. }
            | Self::Progress { session, .. }
            | Self::Delivery { session, .. }
            | Self::Requested { session, .. }
            | Self::Failed { session, .. }
            | Self::Closed { session } => Some(*session),
            Self::Lookup { .. }
            | Self::Answered { .. }
            | Self::Unanswered { .. }
            | Self::Bad { .. } => None,
        }
    }
}

/// What the head of the first chunk says about a message.
#[derive(Debug, Clone)]
pub struct IncomingInfo {
    /// Its id.
    pub message_id: String,
    /// The media type with its parameters.
    pub content_type: String,
    /// The length, where it is said.
    pub total: Option<u64>,
    /// Whether a report of success is wanted.
    pub success_report: bool,
    /// Whether a complete message with this id came before.
    pub duplicate: bool,
    /// The head of the first chunk that came.
    pub head: Head,
}

/// What is known of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// All bytes are with the transport. With failure reports `partial` an
    /// error may follow; with `no` nothing will.
    Sent,
    /// The next hop (the peer, where there is no relay) took all bytes.
    Accepted,
    /// The receiver reported success for all bytes.
    Delivered,
    /// It failed.
    Failed(Failure),
}

/// Why a message was not, or may not have been, delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The next hop refused a chunk.
    Refused {
        /// The code.
        code: StatusCode,
        /// The phrase.
        comment: String,
    },
    /// The receiver, or a relay, reported an error.
    Reported {
        /// The code.
        code: StatusCode,
        /// The phrase.
        comment: String,
    },
    /// A chunk was not answered in time.
    Timeout,
    /// It was given up here.
    Aborted,
    /// The report of success did not come.
    NotConfirmed,
    /// The session or its connection ended first.
    SessionEnded {
        /// Bytes in chunks that the transport had taken.
        sent: u64,
        /// Bytes that had been answered or reported.
        confirmed: u64,
    },
}

/// Why a message that was received is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IncomingFailure {
    /// The sender gave it up.
    Aborted,
    /// It was refused, by the machine or the caller.
    Refused(StatusCode),
    /// Bytes are missing, and none came for long.
    Timeout,
    /// The session or its connection ended.
    SessionEnded,
}

/// Why a session failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionFailure {
    /// The connection ended.
    ConnectionLost,
    /// The peer no longer answers.
    Timeout,
    /// The peer says that there is no such session (481), or that it is bound
    /// to another connection (506).
    Refused(StatusCode),
    /// The peer does not speak MSRP.
    NotMsrp,
}
