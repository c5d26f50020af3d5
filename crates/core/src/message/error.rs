//! What can be wrong with a received message, where, and what answers it.

use super::StatusCode;
use crate::header::HeaderName;

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at offset {offset}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Octets from the start of the message.
    pub offset: usize,
}

impl ParseError {
    pub(crate) const fn new(kind: ParseErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What answers a request with this error. A response with an error is
    /// dropped (RFC 3261 §18.1.2), and so is an ACK.
    pub const fn status(&self) -> StatusCode {
        match self.kind {
            ParseErrorKind::Version => StatusCode::VERSION_NOT_SUPPORTED,
            ParseErrorKind::MessageTooLarge => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// What is wrong with a message; always the peer's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Longer than [`MAX_MESSAGE_SIZE`](super::MAX_MESSAGE_SIZE).
    #[error("message too large")]
    MessageTooLarge,
    /// Start line and headers are longer than
    /// [`MAX_HEAD_SIZE`](super::MAX_HEAD_SIZE).
    #[error("header section too large")]
    HeadTooLarge,
    /// A header line is longer than
    /// [`MAX_HEADER_SIZE`](super::MAX_HEADER_SIZE), or its name than
    /// [`MAX_NAME_SIZE`](super::MAX_NAME_SIZE).
    #[error("header too large")]
    HeaderTooLarge,
    /// More than [`MAX_HEADERS`](super::MAX_HEADERS) header lines.
    #[error("too many headers")]
    TooManyHeaders,
    /// No SIP start line.
    #[error("no SIP start line")]
    StartLine,
    /// A version other than SIP/2.0.
    #[error("not SIP/2.0")]
    Version,
    /// A request line with spaces where none may be.
    #[error("spaces in the request line")]
    RequestLineSpace,
    /// A Request-URI that breaks its grammar.
    #[error("bad Request-URI: expected {0}")]
    RequestUri(&'static str),
    /// A header line without a name and a colon.
    #[error("not a header line")]
    HeaderLine,
    /// The empty line that ends the headers is missing.
    #[error("no end of the headers")]
    Truncated,
    /// The body is shorter than Content-Length says.
    #[error("body shorter than its Content-Length")]
    BodyTooShort,
    /// A header that every message needs is missing.
    #[error("{0} is missing")]
    Missing(HeaderName<'static>),
    /// A header that may be there once is there again.
    #[error("{0} is there more than once")]
    Duplicate(HeaderName<'static>),
    /// A header that breaks its grammar.
    #[error("bad {name}: expected {expected}")]
    Header {
        /// Which header.
        name: HeaderName<'static>,
        /// What the grammar wanted to see.
        expected: &'static str,
    },
    /// CSeq names another method than the request line.
    #[error("CSeq names another method than the request line")]
    MethodMismatch,
}
