//! The message itself: buffer, start line, header table, body range.

use std::fmt;

use bytes::Bytes;

use super::{Method, ParseError, StatusCode};

/// A SIP request or response.
///
/// It is cheap to clone, and borrows nothing: typed headers borrow from it.
#[derive(Clone)]
pub struct Message {
    pub(super) bytes: Bytes,
    /// Octets of start line and headers, which are UTF-8: see
    /// [`Message::head`].
    pub(super) head: HeadSize,
    pub(super) start: StartLine,
    pub(super) slots: Vec<Slot>,
    /// Where the body starts; it ends with the buffer.
    pub(super) body: u32,
    pub(super) defect: Option<ParseError>,
}

#[derive(Clone)]
pub(super) enum StartLine {
    Request { method: Method, uri: Span },
    Response { code: StatusCode, reason: Span },
}

/// A range of the head, which is never longer than 65,535 octets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u16,
    pub(super) length: u16,
}

impl Span {
    /// The caller has checked that both fit.
    pub(super) const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u16, length: (end - start) as u16 }
    }
}

/// One header line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The place of the name in the header table.
    pub(super) code: u8,
    pub(super) name_length: u8,
    pub(super) name_start: u16,
    pub(super) value: Span,
}

/// The size of a head that was found to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadSize(usize);

impl HeadSize {
    /// The only way to make one: `None` when the octets aren't UTF-8.
    pub(super) fn check(bytes: &[u8], size: usize) -> Option<Self> {
        std::str::from_utf8(bytes.get(..size)?).is_ok().then_some(Self(size))
    }
}

impl Message {
    /// Start line and headers as text.
    #[allow(unsafe_code)]
    pub(super) fn head(&self) -> &str {
        // Checking again on each access would cost more than parsing.
        // SAFETY: `HeadSize::check` saw these octets as UTF-8 before this
        // message was made, and nothing changes `bytes` or `head` afterwards.
        unsafe { std::str::from_utf8_unchecked(&self.bytes[..self.head.0]) }
    }

    pub(super) fn text(&self, span: Span) -> &str {
        let start = usize::from(span.start);
        self.head().get(start..start + usize::from(span.length)).unwrap_or_default()
    }

    /// The message as it goes on the wire. A received message differs from
    /// its datagram in this: octets after the body are gone, folded lines are
    /// unfolded (each line end is two spaces), and octets of the head that
    /// aren't UTF-8 are question marks.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// The text of the message; a body that isn't text is shown by its length.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.head())?;
        match std::str::from_utf8(self.body()) {
            Ok(text) => f.write_str(text),
            Err(_) => write!(f, "[{} octets]", self.body().len()),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.head().lines().next().unwrap_or_default();
        write!(f, "Message({line:?}, {} headers, ", self.slots.len())?;
        write!(f, "{} octets of body)", self.body().len())
    }
}
