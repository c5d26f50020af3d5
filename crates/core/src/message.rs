//! SIP messages: one shared buffer, a table of header lines, typed headers on
//! demand (RFC 3261 §7).
//!
//! [`Message::parse`] finds the lines and nothing else. [`Message::validate`]
//! then checks what every message must have. They are two steps so that a
//! request which is broken, but can be answered, gets its 400.
//!
//! ```
//! use sipsimple_core::header::{CSeq, Via};
//! use sipsimple_core::message::{Message, Method};
//!
//! let message = Message::parse("OPTIONS sip:bob@example.com SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
//!     CSeq: 7 OPTIONS\r\n\r\n".into())?;
//! assert_eq!(message.method(), Some(&Method::Options));
//! assert_eq!(message.required::<CSeq>()?.number, 7);
//! assert_eq!(message.required::<Via>()?.branch, Some("z9hG4bK1"));
//! assert_eq!(message.validate().unwrap_err().status().code(), 400);
//! # Ok::<(), sipsimple_core::message::ParseError>(())
//! ```

mod access;
mod build;
mod error;
mod method;
mod parse;
mod status;
mod table;
mod validate;

pub use access::{Elements, HeaderLine, Items};
pub use build::{BuildError, MessageBuilder};
pub use error::{ParseError, ParseErrorKind};
pub use method::Method;
pub(crate) use parse::decimal;
pub use status::StatusCode;
pub use table::Message;
pub use validate::Essentials;

/// The longest message, in octets.
pub const MAX_MESSAGE_SIZE: usize = 256 * 1024;

/// The longest start line and headers together, in octets.
pub const MAX_HEAD_SIZE: usize = u16::MAX as usize;

/// The longest header line, folded ones as a whole, in octets.
pub const MAX_HEADER_SIZE: usize = 16 * 1024;

/// The longest name of a header, in octets.
pub const MAX_NAME_SIZE: usize = u8::MAX as usize;

/// The most header lines.
pub const MAX_HEADERS: usize = 256;
