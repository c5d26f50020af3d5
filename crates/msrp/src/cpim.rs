//! message/cpim: a message with its own From, To and further headers (RFC 3862).
//!
//! ```
//! use sipsimple_msrp::cpim::{CpimIdentity, CpimMessage};
//!
//! let mut message = CpimMessage::new("text/plain", "Hello");
//! message.from = Some(CpimIdentity::new(Some("Alice"), "sip:alice@example.com")?);
//! message.to.push(CpimIdentity::new(None, "sip:bob@example.com")?);
//! let bytes = message.to_bytes();
//! assert_eq!(CpimMessage::parse(&bytes)?, message);
//! # Ok::<(), sipsimple_msrp::cpim::CpimError>(())
//! ```

mod escape;
mod header;
mod identity;
mod parse;
mod print;

use bytes::Bytes;

pub use header::{CpimHeader, CpimName, Subject};
pub use identity::CpimIdentity;

/// The media type of what is parsed and printed here.
pub const CONTENT_TYPE: &str = "message/cpim";

/// The namespace of headers without a prefix (RFC 3862 §4).
pub const CPIM_NAMESPACE: &str = "urn:ietf:params:cpim-headers:";

/// The longest message headers and MIME headers that are parsed, in bytes each.
pub const MAX_CPIM_HEAD: usize = 64 * 1024;

/// The most message headers, and the most MIME headers, that are parsed.
pub const MAX_CPIM_HEADERS: usize = 256;

/// Why bytes are no message/cpim, or a value can't be in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CpimError {
    /// The bytes end before the blank line that ends the headers.
    #[error("no blank line behind the headers that begin at offset {offset}")]
    Unfinished {
        /// In bytes from the beginning.
        offset: usize,
    },
    /// The headers are too long or too many.
    #[error("too many headers at offset {offset}")]
    TooLong {
        /// In bytes from the beginning.
        offset: usize,
    },
    /// A line is not what it should be.
    #[error("expected {expected} at offset {offset}")]
    Syntax {
        /// In bytes from the beginning.
        offset: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// A name given to a constructor has characters that a name can't have.
    #[error("{name:?} is no header name")]
    Name {
        /// What was given.
        name: String,
    },
    /// A URI given to a constructor has characters that a URI can't have.
    #[error("{uri:?} is no URI")]
    Uri {
        /// What was given.
        uri: String,
    },
}

/// A message/cpim object: who says what to whom, and the encapsulated content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpimMessage {
    /// The sender.
    pub from: Option<CpimIdentity>,
    /// The recipients.
    pub to: Vec<CpimIdentity>,
    /// Those who get a courtesy copy.
    pub cc: Vec<CpimIdentity>,
    /// When it was sent, in RFC 3339 form.
    pub date_time: Option<String>,
    /// What it is about, in one language or several.
    pub subjects: Vec<Subject>,
    /// Headers and features that the receiver must understand (`Require`).
    pub required: Vec<CpimName>,
    /// All other headers, in their order.
    pub headers: Vec<CpimHeader>,
    /// The MIME headers of the content, in their order, values unfolded.
    pub content_headers: Vec<(String, String)>,
    /// The content, untouched.
    pub body: Bytes,
}

impl CpimMessage {
    /// A message with content and no headers yet.
    pub fn new(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            content_headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
            ..Self::default()
        }
    }

    /// Reads a message.
    ///
    /// Line ends of the headers may be bare LF; the body is taken as it is.
    /// `Required`, which one widespread implementation writes for `Require`, is
    /// read as `Require`.
    ///
    /// # Errors
    ///
    /// Says where the bytes stop being message/cpim.
    pub fn parse(bytes: &Bytes) -> Result<Self, CpimError> {
        parse::parse(bytes)
    }

    /// Writes the message. Whatever its values hold, each stays in its line.
    pub fn to_bytes(&self) -> Bytes {
        print::print(self)
    }

    /// A MIME header of the content, found without regard to case.
    pub fn content_header(&self, name: &str) -> Option<&str> {
        let found = self.content_headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The media type of the content with its parameters; `text/plain` where
    /// none is given.
    pub fn content_type(&self) -> &str {
        self.content_header("Content-Type").unwrap_or("text/plain")
    }

    /// The first header with this namespace and name.
    pub fn header(&self, namespace: &str, name: &str) -> Option<&CpimHeader> {
        self.headers.iter().find(|header| header.name.is(namespace, name))
    }

    /// The subject in a language, else the one without a language.
    pub fn subject(&self, language: &str) -> Option<&str> {
        let same =
            |s: &&Subject| s.language.as_deref().is_some_and(|l| l.eq_ignore_ascii_case(language));
        let found = self.subjects.iter().find(same);
        found.or_else(|| self.subjects.iter().find(|s| s.language.is_none())).map(|s| &*s.text)
    }
}

#[cfg(test)]
mod tests;
