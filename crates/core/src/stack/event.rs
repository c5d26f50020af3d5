//! What the [`Stack`](super::Stack) tells the application.

use std::net::SocketAddr;
use std::time::Duration;

use super::{CallKey, RegistrationKey, Transport};
use crate::auth::AuthFailure;
use crate::message::{Message, StatusCode};

/// Something happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// To a call.
    Call {
        /// The call.
        call: CallKey,
        /// What happened.
        event: CallEvent,
    },
    /// To a registration.
    Registration {
        /// The registration.
        registration: RegistrationKey,
        /// What happened.
        event: RegistrationEvent,
    },
    /// After [`Command::Shutdown`](super::Command::Shutdown): nothing runs any more.
    Stopped,
}

/// What happens to a call.
///
/// [`Failed`](Self::Failed) and [`Ended`](Self::Ended) are the last of their
/// call: exactly one of the two comes, and nothing after it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallEvent {
    /// A call came in; 100 has been sent. Answer with
    /// [`Command::Progress`](super::Command::Progress), `Answer` or `Reject`.
    Incoming(IncomingCall),
    /// A provisional response other than 100 came.
    Progress {
        /// The response: code, body, To tag.
        response: Message,
    },
    /// A 2xx to our INVITE came: the call stands. The ACK is on its way,
    /// unless our INVITE had no body: then send
    /// [`Command::Acknowledge`](super::Command::Acknowledge).
    Answered {
        /// The response.
        response: Message,
    },
    /// The ACK to our 2xx came (first INVITE or re-INVITE).
    Acknowledged {
        /// The ACK, with the answer in it if our 2xx made the offer.
        request: Message,
    },
    /// The call did not come about.
    Failed {
        /// Why.
        cause: Cause,
    },
    /// The peer sent a re-INVITE. Answer with `Answer` or `Reject`.
    Reinvite {
        /// The request; without a body the peer asks for an offer.
        request: Message,
    },
    /// The peer cancelled the re-INVITE that waited for our answer; 487 was sent.
    ReinviteCancelled,
    /// A 2xx to our re-INVITE came. As for [`Answered`](Self::Answered), the
    /// ACK waits for the application if our request had no body.
    ReinviteAnswered {
        /// The response.
        response: Message,
    },
    /// Our re-INVITE failed; the call goes on as it was.
    ReinviteFailed {
        /// Why.
        cause: Cause,
    },
    /// Our re-INVITE met one of the peer's (491). The stack waits the time that
    /// RFC 3261 §14.1 wants, then [`ReinviteDue`](Self::ReinviteDue) comes.
    ReinvitePostponed {
        /// How long.
        pause: Duration,
    },
    /// The time after a 491 is over: offer again, if still wanted.
    ReinviteDue,
    /// The call, once answered, is over.
    Ended {
        /// Who ended it.
        by: Originator,
        /// Why.
        cause: Cause,
    },
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Originator {
    /// We did.
    Local,
    /// The peer did.
    Remote,
}

/// An INVITE that opens a call.
#[derive(Debug, Clone)]
pub struct IncomingCall {
    /// The INVITE as it came.
    pub request: Message,
    /// How it came.
    pub transport: Transport,
    /// Our end.
    pub local: SocketAddr,
    /// Where it came from.
    pub remote: SocketAddr,
}

/// Why something failed or ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Cause {
    /// The peer's final response, 300 to 699.
    Response(Message),
    /// The peer's BYE or CANCEL.
    Request(Message),
    /// The application asked for it.
    Requested,
    /// The peer did not answer in time (Timers B and F).
    Timeout,
    /// Our 2xx was never acknowledged (64×T1).
    AckMissing,
    /// The transport failed.
    Transport(TransportError),
    /// The name of the next hop has no address.
    Unresolved {
        /// The name.
        name: Box<str>,
        /// What the resolver said.
        reason: Box<str>,
    },
    /// The peer's challenge could not be answered.
    Authentication {
        /// Why not.
        failure: AuthFailure,
        /// The 401 or 407.
        response: Message,
    },
}

impl Cause {
    /// The status code, or the one that says the same (RFC 3261 §8.1.3.1).
    pub fn code(&self) -> StatusCode {
        match self {
            Self::Response(message) | Self::Authentication { response: message, .. } => {
                message.status().unwrap_or(StatusCode::SERVER_INTERNAL_ERROR)
            }
            Self::Request(_) | Self::Requested => StatusCode::REQUEST_TERMINATED,
            Self::Timeout | Self::AckMissing => StatusCode::REQUEST_TIMEOUT,
            Self::Transport(_) | Self::Unresolved { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Response(message) => {
                write!(f, "{} {}", self.code(), message.reason())
            }
            Self::Request(message) => match message.method() {
                Some(method) => write!(f, "{method} received"),
                None => f.write_str("request received"),
            },
            Self::Requested => f.write_str("ended by the application"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::AckMissing => f.write_str("ACK missing"),
            Self::Transport(e) => write!(f, "{e}"),
            Self::Unresolved { name, reason } => write!(f, "no address for {name}: {reason}"),
            Self::Authentication { failure, .. } => write!(f, "{failure}"),
        }
    }
}

/// Why bytes could not be moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection could not be made.
    #[error("could not connect: {0}")]
    Connect(Box<str>),
    /// The connection was closed or reset.
    #[error("connection lost")]
    Lost,
    /// No endpoint has this transport and address family.
    #[error("no endpoint for {0}")]
    NoEndpoint(Transport),
    /// The target's URI or Via can't be reached by this stack.
    #[error("unusable target")]
    BadTarget,
    /// Too many connections.
    #[error("too many connections")]
    TooManyConnections,
}

/// What happens to a registration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RegistrationEvent {
    /// The registrar has accepted: at first, and at each refresh.
    Registered {
        /// The Contact that we registered.
        contact: Box<str>,
        /// How long it lives; the refresh comes before.
        expires: Duration,
        /// Who answered.
        registrar: SocketAddr,
        /// Over what.
        transport: Transport,
        /// The 200.
        response: Message,
    },
    /// A REGISTER failed; the binding is gone or will be.
    Failed {
        /// Why.
        cause: Cause,
        /// When it is tried again by itself.
        retry_after: Option<Duration>,
    },
    /// The registration has been removed; the last event of its registration.
    Removed {
        /// What went wrong, if the registrar did not say yes.
        cause: Option<Cause>,
    },
}
