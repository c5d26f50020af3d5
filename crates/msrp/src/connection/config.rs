//! What a caller decides about connections, sessions and messages.

use std::time::Duration;

use bytes::Bytes;

use super::SessionKey;
use crate::header::FailureReport;
use crate::message::Method;
use crate::uri::{MsrpUri, Path};

/// How a connection behaves.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// How long a request waits for its response. RFC 4975 §7.1.1 says 30 s.
    pub transaction_timeout: Duration,
    /// How long a message whose last byte was answered waits for its reports of
    /// success. Then it is [`Failure::NotConfirmed`](super::Failure).
    pub report_timeout: Duration,
    /// How long a message that is received may go without a new byte.
    pub incoming_timeout: Duration,
    /// How long a closing session waits for what is under way.
    pub close_timeout: Duration,
    /// How long a connection may be without a session.
    pub unbound_timeout: Duration,
    /// After how long without traffic an empty SEND is sent; `None` for never.
    pub keep_alive: Option<Duration>,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            transaction_timeout: Duration::from_secs(30),
            report_timeout: Duration::from_secs(120),
            incoming_timeout: Duration::from_secs(300),
            close_timeout: Duration::from_secs(30),
            unbound_timeout: Duration::from_secs(30),
            keep_alive: Some(Duration::from_secs(60)),
        }
    }
}

/// How requests find their session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// The whole URI, as RFC 4975 §6.1 compares it.
    #[default]
    Uri,
    /// The session-id alone, behind middleboxes that rewrite addresses
    /// (RFC 6714).
    SessionId,
}

/// How messages are handed to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveMode {
    /// Whole, put together in memory. All unfinished messages of a session
    /// together stay below the session's `max_size`.
    Whole,
    /// In pieces as they come, each with its position. Nothing is kept.
    Streamed,
}

/// Who sends reports of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportMode {
    /// The machine, when a message is complete.
    Automatic,
    /// The caller, with [`Input::Report`](super::Input).
    Manual,
}

/// How a session behaves.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// This side's own URI: From-Path of what is sent, To-Path of what comes.
    pub local: MsrpUri,
    /// To-Path of what is sent: own relays, the peer's relays, the peer.
    pub remote: Path,
    /// How requests find the session.
    pub matching: Matching,
    /// How messages are handed over.
    pub mode: ReceiveMode,
    /// The longest message that is taken, in bytes; longer ones get 413.
    pub max_size: u64,
    /// Media types that are taken: `type/subtype`, `type/*` or `*`. Others get 415.
    pub accept_types: Vec<String>,
    /// Who sends reports of success.
    pub reports: ReportMode,
    /// Methods besides SEND and REPORT that become [`Event::Requested`](super::Event).
    /// Others get 501.
    pub methods: Vec<Method>,
    /// The longest chunk that is sent, in bytes; at least 1. Through relays
    /// that buffer whole chunks, 2048.
    pub chunk_size: usize,
    /// How many messages may be queued or under way.
    pub max_queued: usize,
}

impl SessionConfig {
    /// The longest message that is taken by default: 16 MiB.
    pub const DEFAULT_MAX_SIZE: u64 = 16 << 20;
    /// The longest chunk that is sent by default: 64 KiB.
    pub const DEFAULT_CHUNK_SIZE: usize = 64 << 10;
    /// How many messages may be queued by default.
    pub const DEFAULT_MAX_QUEUED: usize = 1024;

    /// A session for chat: messages whole, all types, automatic reports.
    pub fn new(local: MsrpUri, remote: Path) -> Self {
        Self {
            local,
            remote,
            matching: Matching::default(),
            mode: ReceiveMode::Whole,
            max_size: Self::DEFAULT_MAX_SIZE,
            accept_types: vec!["*".into()],
            reports: ReportMode::Automatic,
            methods: Vec::new(),
            chunk_size: Self::DEFAULT_CHUNK_SIZE,
            max_queued: Self::DEFAULT_MAX_QUEUED,
        }
    }
}

/// The body of a message that is sent.
#[derive(Debug, Clone)]
pub enum OutgoingBody {
    /// All of it.
    Whole(Bytes),
    /// Given piece by piece, when [`Event::Wanted`](super::Event) asks for it.
    Streamed {
        /// The length, where it is known.
        total: Option<u64>,
    },
}

/// A message that is sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its Message-ID; `None` makes a new one. A message that is sent again on
    /// a new session keeps its own (RFC 4975 §5.4).
    pub message_id: Option<String>,
    /// The media type with its parameters.
    pub content_type: String,
    /// Further header fields: name and value.
    pub headers: Vec<(String, String)>,
    /// Whether the receiver is asked to report success.
    pub success_report: bool,
    /// Which failures are to be told.
    pub failure_report: FailureReport,
    /// The body.
    pub body: OutgoingBody,
}

impl Outgoing {
    /// A message whose failures are told and whose success is not.
    pub fn new(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            message_id: None,
            content_type: content_type.into(),
            headers: Vec::new(),
            success_report: false,
            failure_report: FailureReport::Yes,
            body: OutgoingBody::Whole(body.into()),
        }
    }

    /// A message whose body is given piece by piece.
    pub fn streamed(content_type: &str, total: Option<u64>) -> Self {
        Self { body: OutgoingBody::Streamed { total }, ..Self::new(content_type, Bytes::new()) }
    }

    /// Asks for reports: of success, and of failures.
    pub fn reports(mut self, success: bool, failure: FailureReport) -> Self {
        self.success_report = success;
        self.failure_report = failure;
        self
    }
}

/// A request of another method than SEND and REPORT.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// The session that it belongs to, if any: it fails with it.
    pub session: Option<SessionKey>,
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub to: Path,
    /// Where it comes from.
    pub from: Path,
    /// Header fields: name and value.
    pub headers: Vec<(String, String)>,
}
