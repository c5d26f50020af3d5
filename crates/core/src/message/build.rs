//! Making messages (RFC 3261 §7, §8.2.6).

use std::fmt::{Display, Write};
use std::ops::Range;

use bytes::Bytes;

use super::table::{HeadSize, Slot, Span, StartLine};
use super::{
    MAX_HEAD_SIZE, MAX_HEADERS, MAX_MESSAGE_SIZE, MAX_NAME_SIZE, Message, Method, StatusCode,
};
use crate::header::{HeaderName, OTHER, To, TypedHeader};
use crate::scan::Class;

/// Why a message could not be made; the caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The Request-URI or reason phrase contains control characters, or the
    /// Request-URI spaces.
    #[error("control character or space in the start line")]
    StartLine,
    /// A header name is no token, or too long.
    #[error("bad header name {0:?}")]
    Name(String),
    /// A header value contains a line end or NUL.
    #[error("line end in the value of {0}")]
    Value(String),
    /// The message breaks one of the limits of this module.
    #[error("message too large")]
    TooLarge,
}

/// Collects a message, line by line.
///
/// ```
/// use sipsimple_core::header::{HeaderName, MaxForwards};
/// use sipsimple_core::message::{MessageBuilder, Method};
///
/// let message = MessageBuilder::request(Method::Options, "sip:bob@example.com")
///     .typed(MaxForwards(70))
///     .header(HeaderName::Subject, "hello")
///     .build()?;
/// assert!(message.as_bytes().ends_with(b"Subject: hello\r\nContent-Length: 0\r\n\r\n"));
/// # Ok::<(), sipsimple_core::message::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MessageBuilder {
    start: Start,
    /// Names that aren't in the table, and values, of all lines.
    text: String,
    lines: Vec<Line>,
    body: Bytes,
    error: Option<BuildError>,
}

#[derive(Debug, Clone)]
enum Start {
    Request { method: Method, uri: String },
    Response { code: StatusCode, reason: String },
}

#[derive(Debug, Clone)]
struct Line {
    code: u8,
    /// Empty when the code says it.
    name: Range<usize>,
    value: Range<usize>,
}

impl MessageBuilder {
    /// A request without headers.
    pub fn request(method: Method, uri: impl Display) -> Self {
        Self::new(Start::Request { method, uri: uri.to_string() })
    }

    /// A response without headers.
    pub fn response(code: StatusCode, reason: impl Display) -> Self {
        Self::new(Start::Response { code, reason: reason.to_string() })
    }

    /// A response to a request, with its Via, From, To, Call-ID and CSeq
    /// lines (RFC 3261 §8.2.6.2). Give it a tag with
    /// [`to_tag`](Self::to_tag).
    pub fn response_to(request: &Message, code: StatusCode, reason: impl Display) -> Self {
        Self::response(code, reason)
            .copy(HeaderName::Via, request)
            .copy(HeaderName::From, request)
            .copy(HeaderName::To, request)
            .copy(HeaderName::CallId, request)
            .copy(HeaderName::CSeq, request)
    }

    /// The same message once more, to be changed.
    pub fn copy_of(message: &Message) -> Self {
        let start = match &message.start {
            StartLine::Request { method, uri } => {
                Start::Request { method: method.clone(), uri: message.text(*uri).to_owned() }
            }
            StartLine::Response { code, .. } => {
                Start::Response { code: *code, reason: message.reason().to_owned() }
            }
        };
        let mut builder = Self::new(start);
        for line in message.headers().filter(|line| line.name != HeaderName::ContentLength) {
            builder.push(line.name, line.value);
        }
        builder.body = message.body_bytes();
        builder
    }

    fn new(start: Start) -> Self {
        Self {
            start,
            text: String::with_capacity(512),
            lines: Vec::with_capacity(16),
            body: Bytes::new(),
            error: None,
        }
    }

    /// Adds a line.
    pub fn header(mut self, name: HeaderName<'_>, value: impl Display) -> Self {
        self.push(name, value);
        self
    }

    /// Adds a line with a typed header.
    pub fn typed<'h, H: TypedHeader<'h> + Display>(self, header: H) -> Self {
        self.header(H::NAME, header)
    }

    /// Adds a line when there is a value.
    pub fn maybe(self, name: HeaderName<'_>, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Adds a line whose value is the elements, separated by commas; none
    /// when there are no elements.
    pub fn list<T: Display>(
        self,
        name: HeaderName<'_>,
        elements: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut value = String::new();
        for element in elements {
            let separator = if value.is_empty() { "" } else { ", " };
            // Writing to a String can't fail.
            let _ = write!(value, "{separator}{element}");
        }
        if value.is_empty() { self } else { self.header(name, value) }
    }

    /// Adds all lines of that name of another message, as they are.
    pub fn copy(mut self, name: HeaderName<'_>, from: &Message) -> Self {
        for value in from.values(name) {
            self.push(name, value);
        }
        self
    }

    /// Removes all lines of that name.
    pub fn remove(mut self, name: HeaderName<'_>) -> Self {
        let text = &self.text;
        self.lines.retain(|line| line.name(text) != name);
        self
    }

    /// Replaces the lines of that name by one, in the place of the first.
    pub fn set(mut self, name: HeaderName<'_>, value: impl Display) -> Self {
        let text = &self.text;
        let at = self.lines.iter().position(|line| line.name(text) == name);
        self = self.remove(name);
        self.push(name, value);
        if let Some(at) = at
            && at < self.lines.len()
        {
            self.lines[at..].rotate_right(1);
        }
        self
    }

    /// Adds a line in front of all others (a Via).
    pub fn first(mut self, name: HeaderName<'_>, value: impl Display) -> Self {
        self.push(name, value);
        self.lines.rotate_right(1);
        self
    }

    /// Replaces the Request-URI.
    pub fn request_uri(mut self, new: impl Display) -> Self {
        if let Start::Request { uri, .. } = &mut self.start {
            *uri = new.to_string();
        }
        self
    }

    /// Gives To a tag, when it has none yet.
    pub fn to_tag(mut self, tag: &str) -> Self {
        let Some(line) = self.lines.iter().find(|line| line.code == HeaderName::To.code()) else {
            return self;
        };
        let value = self.text[line.value.clone()].to_owned();
        if To::parse(&value).is_ok_and(|to| to.tag.is_none()) {
            self = self.set(HeaderName::To, format_args!("{value};tag={tag}"));
        }
        self
    }

    /// Sets Content-Type and body.
    pub fn body(self, content_type: impl Display, body: impl Into<Bytes>) -> Self {
        let mut builder = self.set(HeaderName::ContentType, content_type);
        builder.body = body.into();
        builder
    }

    /// Removes the body and what describes it.
    pub fn without_body(self) -> Self {
        let mut builder = self
            .remove(HeaderName::ContentType)
            .remove(HeaderName::ContentDisposition)
            .remove(HeaderName::ContentEncoding)
            .remove(HeaderName::ContentLanguage);
        builder.body = Bytes::new();
        builder
    }

    fn push(&mut self, name: HeaderName<'_>, value: impl Display) {
        let start = self.text.len();
        if let HeaderName::Other(other) = name {
            let bad = other.is_empty() || !other.bytes().all(|octet| Class::TOKEN.contains(octet));
            if bad || other.len() > MAX_NAME_SIZE {
                self.fail(BuildError::Name(other.to_owned()));
                return;
            }
            self.text.push_str(other);
        }
        let middle = self.text.len();
        let written = write!(self.text, "{value}");
        let text = &self.text[middle..];
        if written.is_err() || text.bytes().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
            self.fail(BuildError::Value(name.to_string()));
            return;
        }
        // The buffer must read as the same table that a parser would make.
        let trimmed = text.trim_matches([' ', '\t']);
        let from = middle + (text.len() - text.trim_start_matches([' ', '\t']).len());
        let value = from..from + trimmed.len();
        self.lines.push(Line { code: name.code(), name: start..middle, value });
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }

    /// The message, with its Content-Length.
    pub fn build(mut self) -> Result<Message, BuildError> {
        self = self.remove(HeaderName::ContentLength);
        let length = self.body.len();
        self.push(HeaderName::ContentLength, length);
        if let Some(error) = self.error {
            return Err(error);
        }
        let names: usize = self.lines.iter().map(|line| line.name(&self.text).as_str().len()).sum();
        let size = names + self.text.len() + 4 * self.lines.len() + 64;
        let mut bytes = Vec::with_capacity(size + length + self.start.size());
        let start = self.start.write(&mut bytes)?;
        let mut slots = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let name_start = bytes.len();
            let name = line.name(&self.text);
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            let from = bytes.len();
            bytes.extend_from_slice(self.text[line.value.clone()].as_bytes());
            let to = bytes.len();
            bytes.extend_from_slice(b"\r\n");
            if bytes.len() + 2 > MAX_HEAD_SIZE || slots.len() == MAX_HEADERS {
                return Err(BuildError::TooLarge);
            }
            slots.push(Slot {
                code: line.code,
                name_length: name.as_str().len() as u8,
                name_start: name_start as u16,
                value: Span::new(from, to),
            });
        }
        bytes.extend_from_slice(b"\r\n");
        if bytes.len() + length > MAX_MESSAGE_SIZE {
            return Err(BuildError::TooLarge);
        }
        let body = bytes.len();
        let head = HeadSize::check(&bytes, body).ok_or(BuildError::StartLine)?;
        bytes.extend_from_slice(&self.body);
        let bytes = Bytes::from(bytes);
        Ok(Message { bytes, head, start, slots, body: body as u32, defect: None })
    }
}

impl Line {
    fn name<'t>(&self, text: &'t str) -> HeaderName<'t> {
        match self.code {
            OTHER => HeaderName::Other(&text[self.name.clone()]),
            code => HeaderName::from_code(code).unwrap_or(HeaderName::Other("")),
        }
    }
}

impl Start {
    fn size(&self) -> usize {
        match self {
            Start::Request { method, uri } => method.as_str().len() + uri.len(),
            Start::Response { reason, .. } => reason.len(),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<StartLine, BuildError> {
        let control = |octet: u8| octet < b' ' || octet == 0x7f;
        if self.size() > MAX_HEAD_SIZE - 64 {
            return Err(BuildError::TooLarge);
        }
        match self {
            Start::Request { method, uri } => {
                let name = method.as_str().as_bytes();
                if uri.is_empty()
                    || uri.bytes().any(|octet| control(octet) || octet == b' ')
                    || name.is_empty()
                    || !name.iter().all(|octet| Class::TOKEN.contains(*octet))
                {
                    return Err(BuildError::StartLine);
                }
                bytes.extend_from_slice(name);
                bytes.push(b' ');
                let from = bytes.len();
                bytes.extend_from_slice(uri.as_bytes());
                let uri = Span::new(from, bytes.len());
                bytes.extend_from_slice(b" SIP/2.0\r\n");
                Ok(StartLine::Request { method: method.clone(), uri })
            }
            Start::Response { code, reason } => {
                if reason.bytes().any(control) {
                    return Err(BuildError::StartLine);
                }
                bytes.extend_from_slice(format!("SIP/2.0 {code} ").as_bytes());
                let from = bytes.len();
                bytes.extend_from_slice(reason.as_bytes());
                let reason = Span::new(from, bytes.len());
                bytes.extend_from_slice(b"\r\n");
                Ok(StartLine::Response { code: *code, reason })
            }
        }
    }
}
