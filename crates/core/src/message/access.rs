//! Reading a message: start line, header lines, typed headers, body.

use std::marker::PhantomData;

use bytes::Bytes;

use super::table::{Slot, StartLine};
use super::{Message, Method, ParseError, ParseErrorKind, StatusCode};
use crate::header::{HeaderName, OTHER, TypedHeader};
use crate::scan::{Scanner, SyntaxError};
use crate::uri::UriView;

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLine<'a> {
    /// The header.
    pub name: HeaderName<'a>,
    /// The name as written, which may be the compact form.
    pub written: &'a str,
    /// The value, without white space around it and without line ends.
    pub value: &'a str,
}

impl Message {
    /// True for a request.
    pub const fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// True for a response.
    pub const fn is_response(&self) -> bool {
        !self.is_request()
    }

    /// The method of a request.
    pub const fn method(&self) -> Option<&Method> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, as written; empty for a response.
    pub fn request_uri_text(&self) -> &str {
        match self.start {
            StartLine::Request { uri, .. } => self.text(uri),
            StartLine::Response { .. } => "",
        }
    }

    /// The Request-URI of a request.
    pub fn request_uri(&self) -> Result<UriView<'_>, ParseError> {
        let text = self.request_uri_text();
        UriView::parse(text).map_err(|error| {
            let offset = self.request_uri_offset() + error.offset;
            ParseError::new(ParseErrorKind::RequestUri(error.expected), offset)
        })
    }

    pub(super) fn request_uri_offset(&self) -> usize {
        match self.start {
            StartLine::Request { uri, .. } => usize::from(uri.start),
            StartLine::Response { .. } => 0,
        }
    }

    /// The code of a response.
    pub const fn status(&self) -> Option<StatusCode> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { code, .. } => Some(code),
        }
    }

    /// The reason phrase of a response; may be empty.
    pub fn reason(&self) -> &str {
        match self.start {
            StartLine::Request { .. } => "",
            StartLine::Response { reason, .. } => self.text(reason).trim(),
        }
    }

    /// The body; empty when there is none.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.body as usize..).unwrap_or_default()
    }

    /// The body as a slice of the message's buffer, without a copy. It keeps
    /// the whole buffer alive.
    pub fn body_bytes(&self) -> Bytes {
        self.bytes.slice((self.body as usize).min(self.bytes.len())..)
    }

    /// Every header line, in order.
    pub fn headers(&self) -> impl Iterator<Item = HeaderLine<'_>> {
        self.slots.iter().map(|slot| self.line(slot))
    }

    /// The values of the lines of one header, in order.
    pub fn values<'m>(&'m self, name: HeaderName<'m>) -> impl Iterator<Item = &'m str> {
        self.slots_of(name).map(|slot| self.text(slot.value))
    }

    /// The value of the first line of a header.
    pub fn value(&self, name: HeaderName<'_>) -> Option<&str> {
        self.slots_of(name).next().map(|slot| self.text(slot.value))
    }

    /// True when the header is there.
    pub fn contains(&self, name: HeaderName<'_>) -> bool {
        self.slots_of(name).next().is_some()
    }

    /// The first value of a header; of a list its first element, whatever
    /// follows.
    pub fn typed<'m, H: TypedHeader<'m>>(&'m self) -> Result<Option<H>, ParseError> {
        self.all::<H>().next().transpose()
    }

    /// Like [`typed`](Self::typed), but the header must be there.
    pub fn required<'m, H: TypedHeader<'m>>(&'m self) -> Result<H, ParseError> {
        match self.all::<H>().next() {
            Some(item) => item,
            None => Err(ParseError::new(ParseErrorKind::Missing(H::NAME), 0)),
        }
    }

    /// Every value of a header, in order, over all its lines and the elements
    /// of each. After an error it goes on with the next line.
    pub fn all<'m, H: TypedHeader<'m>>(&'m self) -> Items<'m, H> {
        Items { message: self, slots: self.slots.iter(), line: None, header: PhantomData }
    }

    fn line(&self, slot: &Slot) -> HeaderLine<'_> {
        let start = usize::from(slot.name_start);
        let end = start + usize::from(slot.name_length);
        let written = self.head().get(start..end).unwrap_or_default();
        let name = HeaderName::from_code(slot.code).unwrap_or(HeaderName::Other(written));
        HeaderLine { name, written, value: self.text(slot.value) }
    }

    fn slots_of(&self, name: HeaderName<'_>) -> impl Iterator<Item = &Slot> {
        let code = name.code();
        self.slots.iter().filter(move |slot| {
            slot.code == code && (code != OTHER || self.line(slot).name == name)
        })
    }
}

/// The values of one header: see [`Message::all`].
pub struct Items<'m, H> {
    message: &'m Message,
    slots: std::slice::Iter<'m, Slot>,
    line: Option<(Scanner<'m>, usize)>,
    header: PhantomData<H>,
}

impl<'m, H: TypedHeader<'m>> Items<'m, H> {
    /// The next line of this header that has a value.
    fn next_line(&mut self) -> Option<(Scanner<'m>, usize)> {
        let code = H::NAME.code();
        loop {
            let slot = self.slots.find(|slot| slot.code == code)?;
            if code == OTHER && self.message.line(slot).name != H::NAME {
                continue;
            }
            // An empty list has no elements; any other empty value is left to
            // the grammar of its header.
            if slot.value.length > 0 || !H::NAME.is_list() {
                let scanner = Scanner::new(self.message.text(slot.value));
                return Some((scanner, usize::from(slot.value.start)));
            }
        }
    }
}

impl<'m, H: TypedHeader<'m>> Iterator for Items<'m, H> {
    type Item = Result<H, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut scanner, start) = match self.line.take() {
            Some(line) => line,
            None => self.next_line()?,
        };
        match scan_element::<H>(&mut scanner) {
            Ok((header, more)) => {
                self.line = more.then_some((scanner, start));
                Some(Ok(header))
            }
            Err(SyntaxError { expected, offset }) => {
                let kind = ParseErrorKind::Header { name: H::NAME, expected };
                Some(Err(ParseError::new(kind, start + offset)))
            }
        }
    }
}

/// One element, and whether a comma follows it.
fn scan_element<'m, H: TypedHeader<'m>>(
    scanner: &mut Scanner<'m>,
) -> Result<(H, bool), SyntaxError> {
    let header = H::scan(scanner)?;
    if scanner.is_empty() {
        return Ok((header, false));
    }
    if scanner.eat_separator(b',') {
        return Ok((header, true));
    }
    scanner.finish().map(|()| (header, false))
}
