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
    /// The value, without white space around it and without line ends.
    pub value: &'a str,
    /// Octets from the start of the message to the value.
    pub offset: usize,
}

impl<'a> HeaderLine<'a> {
    /// Each element of the value.
    pub fn items<H: TypedHeader<'a>>(&self) -> Elements<'a, H> {
        Elements::new(self.value, self.offset)
    }

    /// The value, or its first element.
    pub fn typed<H: TypedHeader<'a>>(&self) -> Result<H, ParseError> {
        let mut scanner = Scanner::new(self.value);
        scan_element(&mut scanner)
            .map(|(header, _)| header)
            .map_err(|error| header_error::<H>(self.offset, error))
    }
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
        Items { message: self, slots: self.slots.iter(), line: None }
    }

    fn line(&self, slot: &Slot) -> HeaderLine<'_> {
        let name = HeaderName::from_code(slot.code).unwrap_or_else(|| {
            let start = usize::from(slot.name_start);
            let end = start + usize::from(slot.name_length);
            HeaderName::Other(self.head().get(start..end).unwrap_or_default())
        });
        let offset = usize::from(slot.value.start);
        HeaderLine { name, value: self.text(slot.value), offset }
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
    line: Option<Elements<'m, H>>,
}

impl<'m, H: TypedHeader<'m>> Iterator for Items<'m, H> {
    type Item = Result<H, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let code = H::NAME.code();
        loop {
            if let Some(item) = self.line.as_mut().and_then(Iterator::next) {
                return Some(item);
            }
            let slot = self.slots.find(|slot| slot.code == code)?;
            if code == OTHER && self.message.line(slot).name != H::NAME {
                continue;
            }
            let value = self.message.text(slot.value);
            self.line = Some(Elements::new(value, usize::from(slot.value.start)));
        }
    }
}

/// The elements of one header line; nothing follows an error.
pub struct Elements<'m, H> {
    scanner: Option<Scanner<'m>>,
    offset: usize,
    header: PhantomData<H>,
}

impl<'m, H: TypedHeader<'m>> Elements<'m, H> {
    fn new(value: &'m str, offset: usize) -> Self {
        // An empty list has no elements; any other empty value is left to the
        // grammar of its header.
        let any = !value.is_empty() || !H::NAME.is_list();
        Self { scanner: any.then(|| Scanner::new(value)), offset, header: PhantomData }
    }
}

impl<'m, H: TypedHeader<'m>> Iterator for Elements<'m, H> {
    type Item = Result<H, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let scanner = self.scanner.as_mut()?;
        match scan_element::<H>(scanner) {
            Ok((header, more)) => {
                if !more {
                    self.scanner = None;
                }
                Some(Ok(header))
            }
            Err(error) => {
                self.scanner = None;
                Some(Err(header_error::<H>(self.offset, error)))
            }
        }
    }
}

fn header_error<'m, H: TypedHeader<'m>>(start: usize, error: SyntaxError) -> ParseError {
    let kind = ParseErrorKind::Header { name: H::NAME, expected: error.expected };
    ParseError::new(kind, start + error.offset)
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
