//! What the application tells the [`Stack`](super::Stack) to do.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{ExtraHeaders, Transport};
use crate::auth::Credentials;
use crate::message::StatusCode;
use crate::uri::SipUri;

/// A call, from the first INVITE to its end. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(pub(crate) u64);

/// A registration, from the first REGISTER to its removal. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationKey(pub(crate) u64);

/// A body with its type. The stack carries it and never reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The Content-Type header's value.
    pub content_type: Box<str>,
    /// The bytes.
    pub content: Bytes,
}

impl Body {
    /// A body of type `application/sdp`.
    pub fn sdp(content: impl Into<Bytes>) -> Self {
        Self { content_type: "application/sdp".into(), content: content.into() }
    }
}

/// Who we are in a request: what goes into From and Contact, and how the
/// requests leave. Shared by all calls and registrations of one account.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The address of record: the From URI.
    pub uri: SipUri,
    /// The From header's display name.
    pub display_name: Option<Box<str>>,
    /// The Contact URI's user part; `None` takes that of [`uri`](Self::uri).
    pub contact_user: Option<Box<str>>,
    /// User names and passwords, each for its realm.
    pub credentials: Vec<Credentials>,
    /// Outbound proxies: the route set of requests outside a dialog.
    pub route: Vec<SipUri>,
    /// The transport for URIs that name none; `None` means UDP.
    pub transport: Option<Transport>,
    /// Over TLS: the domain that the next hop's certificate must be for; `None`
    /// takes the host that the request is sent to.
    pub tls_name: Option<Box<str>>,
}

impl Identity {
    /// An identity with nothing but its address.
    pub fn new(uri: SipUri) -> Self {
        Self {
            uri,
            display_name: None,
            contact_user: None,
            credentials: Vec::new(),
            route: Vec::new(),
            transport: None,
            tls_name: None,
        }
    }
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// Who calls.
    pub identity: Arc<Identity>,
    /// Who is called: Request-URI and To.
    pub to: SipUri,
    /// The To header's display name.
    pub to_display_name: Option<Box<str>>,
    /// The INVITE's body, usually an SDP offer. Without one the 2xx brings the
    /// offer, and [`Command::Acknowledge`] must follow.
    pub body: Option<Body>,
    /// The application's own headers.
    pub headers: ExtraHeaders,
}

/// The application's part of a response or request.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The body, usually SDP.
    pub body: Option<Body>,
    /// The application's own headers.
    pub headers: ExtraHeaders,
    /// The reason phrase of a response; `None` for the usual one of its code.
    /// Requests have none.
    pub reason: Option<Box<str>>,
}

impl From<Body> for Content {
    fn from(body: Body) -> Self {
        Self { body: Some(body), ..Self::default() }
    }
}

/// A registration to make and to keep (RFC 3261 §10).
#[derive(Debug, Clone)]
pub struct RegistrationRequest {
    /// Whose registration: To and From.
    pub identity: Arc<Identity>,
    /// The Request-URI; `None` takes the domain of the identity.
    pub registrar: Option<SipUri>,
    /// The lifetime to ask for; at least a second.
    pub expires: Duration,
    /// Parameters of our Contact, without a leading semicolon, for example
    /// `+sip.instance="<urn:uuid:…>"`.
    pub contact_params: Option<Box<str>>,
    /// The application's own headers, sent in each REGISTER.
    pub headers: ExtraHeaders,
    /// When to try again after a failure.
    pub retry: RetryPolicy,
}

/// When a failed registration is tried again.
///
/// A refused password and other answers that would be the same next time are
/// never retried by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Never: the application decides.
    Never,
    /// After `first`, then twice as long each time, up to `max`.
    BackOff {
        /// The first pause.
        first: Duration,
        /// The longest pause.
        max: Duration,
    },
}

/// What to do. Each command is answered by [`Output::Answer`](super::Output::Answer).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// Makes a call.
    Call(Box<OutgoingCall>),
    /// Sends a provisional response (101 to 199) to the INVITE that waits for
    /// an answer.
    Progress {
        /// The call.
        call: CallKey,
        /// 101 to 199.
        code: StatusCode,
        /// Body and headers.
        content: Content,
    },
    /// Answers the INVITE or re-INVITE that waits with 200.
    Answer {
        /// The call.
        call: CallKey,
        /// Body and headers.
        content: Content,
    },
    /// Refuses the INVITE or re-INVITE that waits.
    Reject {
        /// The call.
        call: CallKey,
        /// 300 to 699.
        code: StatusCode,
        /// Body and headers.
        content: Content,
    },
    /// Sends the ACK to a 2xx that brought an offer, with the answer in it.
    Acknowledge {
        /// The call.
        call: CallKey,
        /// The answer.
        body: Option<Body>,
    },
    /// Ends the call, whatever its state: CANCEL, BYE, or a 603 to an INVITE
    /// that waits.
    Hangup {
        /// The call.
        call: CallKey,
        /// Headers of the request, for example Reason.
        headers: ExtraHeaders,
    },
    /// Sends a re-INVITE (RFC 3261 §14.1).
    Reinvite {
        /// The call.
        call: CallKey,
        /// Body (an offer; without one the 2xx brings it) and headers.
        content: Content,
    },
    /// Cancels the re-INVITE that runs.
    CancelReinvite {
        /// The call.
        call: CallKey,
    },
    /// Registers, and refreshes until told otherwise.
    Register(Box<RegistrationRequest>),
    /// Refreshes a registration now, or tries a failed one again.
    Refresh {
        /// The registration.
        registration: RegistrationKey,
    },
    /// Removes a registration.
    Unregister {
        /// The registration.
        registration: RegistrationKey,
    },
    /// Ends every call, removes the registrations if asked, refuses what is new.
    Shutdown {
        /// Whether to unregister.
        unregister: bool,
    },
}

/// What a command gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// Nothing to tell.
    Done,
    /// The new call.
    Call(CallKey),
    /// The new registration.
    Registration(RegistrationKey),
}

/// Why a command was refused. Nothing has been sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The call has ended or never was.
    #[error("no such call")]
    NoSuchCall,
    /// The registration has ended or never was.
    #[error("no such registration")]
    NoSuchRegistration,
    /// The call can't do this now.
    #[error("{command} is not possible while {state}")]
    IllegalState {
        /// What was asked for.
        command: &'static str,
        /// What the call is doing.
        state: &'static str,
    },
    /// A status code of the wrong class.
    #[error("status code {0} is not possible here")]
    BadStatus(u16),
    /// A value with CR, LF or NUL in it, or one that is not what its place needs.
    #[error("{0} can't be sent: not a valid value")]
    BadValue(&'static str),
    /// A limit of [`Limits`](super::Limits) is reached.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// No endpoint has the transport that the target needs.
    #[error("no endpoint for this transport")]
    NoEndpoint,
    /// The stack is shutting down.
    #[error("shutting down")]
    ShuttingDown,
}
