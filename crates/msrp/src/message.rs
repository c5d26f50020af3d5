//! The head of a message: start line and header fields (RFC 4975 §7, §9).

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::header::{ByteRange, FailureReport, HeaderName, Status, StatusCode, ValueError};
use crate::uri::{Path, UriError};

/// The longest head that is parsed, in bytes, from start line to blank line.
pub const MAX_HEAD: usize = 32 * 1024;

/// The most header fields that a head may have.
pub const MAX_HEADERS: usize = 64;

/// The method of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Method {
    /// Carries a message, or a chunk of one.
    Send,
    /// Tells what became of a message.
    Report,
    /// Asks a relay for its services (RFC 4976).
    Auth,
    /// Asks a chat room for a nickname (RFC 7701).
    Nickname,
    /// Another one.
    Other(Box<str>),
}

impl Method {
    /// The method as it is written. Methods are case-sensitive.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Send => "SEND",
            Self::Report => "REPORT",
            Self::Auth => "AUTH",
            Self::Nickname => "NICKNAME",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for Method {
    fn from(text: &str) -> Self {
        match text {
            "SEND" => Self::Send,
            "REPORT" => Self::Report,
            "AUTH" => Self::Auth,
            "NICKNAME" => Self::Nickname,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first line, without the transaction id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartLine {
    /// A request.
    Request(Method),
    /// A response, and the phrase it came with.
    Response(StatusCode, String),
}

/// How a chunk ends (RFC 4975 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// `$`: the message ends with this chunk.
    Last,
    /// `+`: more chunks follow.
    More,
    /// `#`: the message is given up.
    Aborted,
}

impl Flag {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'$' => Some(Self::Last),
            b'+' => Some(Self::More),
            b'#' => Some(Self::Aborted),
            _ => None,
        }
    }

    pub(crate) fn as_byte(self) -> u8 {
        match self {
            Self::Last => b'$',
            Self::More => b'+',
            Self::Aborted => b'#',
        }
    }
}

/// What is wrong with a head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The start line is neither a request's nor a response's.
    #[error("the start line is neither a request's nor a response's")]
    StartLine,
    /// The transaction id is not 4 to 32 characters of its grammar.
    #[error("the transaction id is not 4 to 32 characters of its grammar")]
    TransactionId,
    /// A line is no header field.
    #[error("line {line} is no header field")]
    Line {
        /// Counted from 1, the start line.
        line: usize,
    },
    /// More than [`MAX_HEADERS`] fields.
    #[error("more than {MAX_HEADERS} header fields")]
    TooManyHeaders,
    /// More than [`MAX_HEAD`] bytes.
    #[error("more than {MAX_HEAD} bytes before the body")]
    TooLong,
    /// Not UTF-8.
    #[error("not UTF-8 at offset {offset}")]
    NotUtf8 {
        /// In bytes from the start line's beginning.
        offset: usize,
    },
    /// A field that must be there is not.
    #[error("no {name}")]
    Missing {
        /// The field.
        name: HeaderName,
    },
    /// A field that may stand once stands more often.
    #[error("{name} more than once")]
    Repeated {
        /// The field.
        name: HeaderName,
    },
    /// A field's value does not follow its grammar.
    #[error("{name}: {source}")]
    Value {
        /// The field.
        name: HeaderName,
        /// Where and why.
        source: ValueError,
    },
    /// A path is no list of MSRP URIs.
    #[error("{name}: {source}")]
    Path {
        /// The field.
        name: HeaderName,
        /// Where and why.
        source: UriError,
    },
}

/// Start line and header fields of one message.
///
/// Fields are looked up by name and parsed when they are asked for. The text
/// is a copy: a head never pins a receive buffer.
#[derive(Debug, Clone)]
pub struct Head {
    text: String,
    transaction: Range<usize>,
    start: StartLine,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    known: Option<HeaderName>,
    name: Range<usize>,
    value: Range<usize>,
}

impl Head {
    /// Reads the lines of a head: all of them, without the blank line or
    /// end-line behind them. What can be read is returned even when there is
    /// an error, so that the error can be answered.
    pub(crate) fn read(bytes: &[u8]) -> (Self, Option<HeadError>) {
        let mut error = None;
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                error = Some(HeadError::NotUtf8 { offset: e.valid_up_to() });
                std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default()
            }
        };
        let mut head = Self {
            text: text.to_owned(),
            transaction: 0..0,
            start: StartLine::Request(Method::Other("".into())),
            fields: Vec::with_capacity(8),
        };
        let mut at = 0;
        for (index, line) in text.split("\r\n").enumerate() {
            let wrong = if index == 0 {
                head.read_start(line)
            } else if line.is_empty() {
                None
            } else {
                head.read_field(at, line).err().map(|wrong| match wrong {
                    HeadError::Line { .. } => HeadError::Line { line: index + 1 },
                    other => other,
                })
            };
            error = error.or(wrong);
            at += line.len() + 2;
        }
        let error = error.or_else(|| head.check().err());
        (head, error)
    }

    // req-start  = pMSRP SP transact-id SP method CRLF
    // resp-start = pMSRP SP transact-id SP status-code [SP comment] CRLF
    fn read_start(&mut self, line: &str) -> Option<HeadError> {
        let Some(rest) = line.strip_prefix("MSRP ") else { return Some(HeadError::StartLine) };
        let Some((id, rest)) = rest.split_once(' ') else { return Some(HeadError::StartLine) };
        self.transaction = 5..5 + id.len();
        let (word, comment) = rest.split_once(' ').unwrap_or((rest, ""));
        if let Some(code) = crate::header::three_digits(word) {
            self.start = StartLine::Response(StatusCode(code), comment.to_owned());
        } else if !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase()) {
            self.start = StartLine::Request(rest.into());
        } else {
            return Some(HeadError::StartLine);
        }
        if is_ident(id) { None } else { Some(HeadError::TransactionId) }
    }

    // ext-header = hname ":" SP hval CRLF
    fn read_field(&mut self, at: usize, line: &str) -> Result<(), HeadError> {
        let bad = HeadError::Line { line: 0 };
        let Some(colon) = line.find(':') else { return Err(bad) };
        let name = &line[..colon];
        if name.is_empty() || !name.bytes().all(is_name) || line[colon..].bytes().any(is_control) {
            return Err(bad);
        }
        if self.fields.len() == MAX_HEADERS {
            return Err(HeadError::TooManyHeaders);
        }
        let value = line[colon + 1..].trim_matches([' ', '\t']);
        let from = at + (value.as_ptr() as usize - line.as_ptr() as usize);
        let known = HeaderName::from_text(name);
        if let Some(known) = known
            && self.fields.iter().any(|field| field.known == Some(known))
            && known != HeaderName::WwwAuthenticate
        {
            return Err(HeadError::Repeated { name: known });
        }
        self.fields.push(Field { known, name: at..at + colon, value: from..from + value.len() });
        Ok(())
    }

    /// What every message needs.
    fn check(&self) -> Result<(), HeadError> {
        for name in [HeaderName::ToPath, HeaderName::FromPath] {
            if self.get(name).is_none() {
                return Err(HeadError::Missing { name });
            }
        }
        Ok(())
    }

    /// The transaction id.
    pub fn transaction(&self) -> &str {
        &self.text[self.transaction.clone()]
    }

    /// The start line.
    pub fn start(&self) -> &StartLine {
        &self.start
    }

    /// The value of a known field.
    pub fn get(&self, name: HeaderName) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a known field.
    pub fn all(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |field| field.known == Some(name))
            .map(|field| &self.text[field.value.clone()])
    }

    /// The value of any field, found without regard to case.
    pub fn get_by_text(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All fields in their order: name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|f| (&self.text[f.name.clone()], &self.text[f.value.clone()]))
    }

    fn path(&self, name: HeaderName) -> Result<Path, HeadError> {
        let text = self.get(name).ok_or(HeadError::Missing { name })?;
        text.parse().map_err(|source| HeadError::Path { name, source })
    }

    /// The hops to the receiver.
    ///
    /// # Errors
    ///
    /// When the field is missing or no path; the same holds for the others here.
    pub fn to_path(&self) -> Result<Path, HeadError> {
        self.path(HeaderName::ToPath)
    }

    /// The hops back to the sender.
    pub fn from_path(&self) -> Result<Path, HeadError> {
        self.path(HeaderName::FromPath)
    }

    /// The URIs that a relay hands out.
    pub fn use_path(&self) -> Result<Path, HeadError> {
        self.path(HeaderName::UsePath)
    }

    fn value<T: FromStr<Err = ValueError>>(
        &self,
        name: HeaderName,
    ) -> Result<Option<T>, HeadError> {
        let parsed = self.get(name).map(str::parse).transpose();
        parsed.map_err(|source| HeadError::Value { name, source })
    }

    /// Where the chunk is in its message, if that is said.
    pub fn byte_range(&self) -> Result<Option<ByteRange>, HeadError> {
        self.value(HeaderName::ByteRange)
    }

    /// Which failures the sender wants to hear of; `yes` where nothing is said.
    pub fn failure_report(&self) -> Result<FailureReport, HeadError> {
        Ok(self.value(HeaderName::FailureReport)?.unwrap_or_default())
    }

    /// Whether the sender wants a REPORT of success; `no` where nothing is said.
    pub fn success_report(&self) -> Result<bool, HeadError> {
        let name = HeaderName::SuccessReport;
        match self.get(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("yes") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("no") => Ok(false),
            Some(_) => {
                let source = ValueError { offset: 0, expected: "yes or no" };
                Err(HeadError::Value { name, source })
            }
        }
    }

    /// What a REPORT reports.
    pub fn status(&self) -> Result<Option<Status>, HeadError> {
        self.value(HeaderName::Status)
    }

    /// Names the message.
    pub fn message_id(&self) -> Option<&str> {
        self.get(HeaderName::MessageId)
    }

    /// The media type of the body, with its parameters.
    pub fn content_type(&self) -> Option<&str> {
        self.get(HeaderName::ContentType)
    }
}

/// Whether `text` is an `ident` (RFC 4975 §9): what ids of transactions and
/// messages are made of.
pub fn is_ident(text: &str) -> bool {
    // ident = ALPHANUM  3*31ident-char
    (4..=32).contains(&text.len())
        && text.as_bytes()[0].is_ascii_alphanumeric()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+%=".contains(&b))
}

// hname = ALPHA *token, which can only mean a token that begins with a letter.
fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b)
}

pub(crate) fn is_control(b: u8) -> bool {
    (b < 0x20 && b != b'\t') || b == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_can() {
        let text = "MSRP a786hjs2 SEND\r\nto-path: msrp://b:1/x;tcp\r\nFrom-Path: msrp://a:1/y;tcp\r\n\
                    nonsense\r\nX-Mine:  padded \r\n";
        let (head, error) = Head::read(text.as_bytes());
        assert_eq!(error, Some(HeadError::Line { line: 4 }));
        assert_eq!(head.transaction(), "a786hjs2");
        assert_eq!(head.start(), &StartLine::Request(Method::Send));
        assert_eq!(head.to_path().expect("path").first().host(), "b");
        assert_eq!(head.get_by_text("x-mine"), Some("padded"));
        assert_eq!(head.failure_report(), Ok(FailureReport::Yes));
        assert_eq!(head.success_report(), Ok(false));
    }

    #[test]
    fn errors() {
        let read = |text: &[u8]| Head::read(text).1;
        assert_eq!(read(b"MSRP abcd"), Some(HeadError::StartLine));
        assert_eq!(read(b"MSRP abcd send\r\n"), Some(HeadError::StartLine));
        assert_eq!(read(b"MSRP abc SEND\r\n"), Some(HeadError::TransactionId));
        assert_eq!(
            read(b"MSRP abcd SEND\r\nTo-Path: msrp://a:1/b;tcp\r\n"),
            Some(HeadError::Missing { name: HeaderName::FromPath })
        );
        assert_eq!(
            read(b"MSRP abcd SEND\r\nTo-Path: x\r\nTo-Path: x\r\n"),
            Some(HeadError::Repeated { name: HeaderName::ToPath })
        );
        assert_eq!(
            read(b"MSRP abcd SEND\r\nTo-Path: \xff\r\n"),
            Some(HeadError::NotUtf8 { offset: 25 })
        );
    }
}
