//! Cutting a byte stream into SIP messages (RFC 3261 §18.3, RFC 5626 §4.4.1).

mod content_length;

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use crate::message::{MAX_HEAD_SIZE, MAX_HEADER_SIZE, MAX_MESSAGE_SIZE, StatusCode};
use content_length::content_length;

/// What comes out of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One message, to be parsed.
    Message(Bytes),
    /// A double CRLF between messages, to be answered with a single one.
    Ping,
    /// A single CRLF between messages: the answer to our ping.
    Pong,
}

/// Why nothing more can be read from a stream. Where the next message would
/// start is unknown, so the connection must be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct FramingError {
    /// What is wrong.
    pub kind: FramingErrorKind,
    /// Start line and headers, as far as they came. If they parse as a
    /// request, it can be answered before the connection is closed.
    pub head: Bytes,
}

impl FramingError {
    /// What answers the request in [`head`](Self::head), if it is one.
    pub const fn status(&self) -> StatusCode {
        match self.kind {
            FramingErrorKind::MessageTooLarge => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// What is wrong with a stream; always the peer's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingErrorKind {
    /// What came is not SIP.
    #[error("no SIP start line")]
    NotSip,
    /// Start line and headers are longer than
    /// [`MAX_HEAD_SIZE`].
    #[error("header section too large")]
    HeadTooLarge,
    /// A line is longer than [`MAX_HEADER_SIZE`].
    #[error("header line too large")]
    LineTooLarge,
    /// The message would be longer than [`MAX_MESSAGE_SIZE`].
    #[error("message too large")]
    MessageTooLarge,
    /// No Content-Length, which a stream needs.
    #[error("no Content-Length")]
    MissingContentLength,
    /// A Content-Length that is no number, or two of them.
    #[error("bad Content-Length")]
    BadContentLength,
}

/// Cuts one direction of one connection into messages.
///
/// Each octet is looked at a bounded number of times, however the stream is
/// cut into reads, and at most one message is buffered beyond what was pushed.
///
/// ```
/// use sipsimple_core::framing::{Frame, StreamFramer};
///
/// let mut framer = StreamFramer::accepted();
/// framer.push(b"\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\nl: 2\r\n\r\nhi");
/// assert_eq!(framer.next_frame(), Ok(Some(Frame::Ping)));
/// assert!(matches!(framer.next_frame(), Ok(Some(Frame::Message(_)))));
/// assert_eq!(framer.next_frame(), Ok(None));
/// ```
#[derive(Debug)]
pub struct StreamFramer {
    buffer: BytesMut,
    state: State,
    opened_by_us: bool,
}

#[derive(Debug, Clone)]
enum State {
    /// Looking for the empty line; no line end before `scanned`.
    Head {
        line_start: usize,
        scanned: usize,
    },
    /// Waiting for a message of this size.
    Body {
        size: usize,
    },
    Failed(FramingError),
}

const START: State = State::Head { line_start: 0, scanned: 0 };

impl StreamFramer {
    /// For a connection that we opened: a CRLF alone is the answer to our
    /// ping, and is reported at once.
    pub fn opened() -> Self {
        Self { buffer: BytesMut::new(), state: START, opened_by_us: true }
    }

    /// For a connection that the peer opened: a CRLF may be half of a ping,
    /// and waits for what follows.
    pub fn accepted() -> Self {
        Self { buffer: BytesMut::new(), state: START, opened_by_us: false }
    }

    /// Takes what was read. After an error it is thrown away.
    pub fn push(&mut self, octets: &[u8]) {
        if !matches!(self.state, State::Failed(_)) {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// Octets that wait for the rest of their message.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next frame; `None` until more is pushed. After an error it gives
    /// the same error for ever.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        loop {
            match &self.state {
                State::Failed(error) => return Err(error.clone()),
                State::Body { size } => {
                    let size = *size;
                    if self.buffer.len() < size {
                        return Ok(None);
                    }
                    self.state = START;
                    return Ok(Some(Frame::Message(self.buffer.split_to(size).freeze())));
                }
                State::Head { line_start: 0, scanned: 0 } => match self.keep_alive() {
                    KeepAlive::Frame(frame) => return Ok(Some(frame)),
                    KeepAlive::Wait => return Ok(None),
                    KeepAlive::None => match self.scan_head(0, 0) {
                        Ok(true) => {}
                        Ok(false) => return Ok(None),
                        Err(kind) => return Err(self.fail(kind)),
                    },
                },
                State::Head { line_start, scanned } => {
                    match self.scan_head(*line_start, *scanned) {
                        Ok(true) => {}
                        Ok(false) => return Ok(None),
                        Err(kind) => return Err(self.fail(kind)),
                    }
                }
            }
        }
    }

    /// Line ends in front of a message.
    fn keep_alive(&mut self) -> KeepAlive {
        let (frame, size) = match *self.buffer {
            [] => return KeepAlive::Wait,
            [b'\r', b'\n', b'\r', b'\n', ..] => (Frame::Ping, 4),
            [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] if !self.opened_by_us => return KeepAlive::Wait,
            [b'\r', b'\n', ..] => (Frame::Pong, 2),
            [b'\r'] => return KeepAlive::Wait,
            _ => return KeepAlive::None,
        };
        let _ = self.buffer.split_to(size);
        KeepAlive::Frame(frame)
    }

    /// Goes on to the empty line; true when it's found.
    fn scan_head(
        &mut self,
        mut line_start: usize,
        mut scanned: usize,
    ) -> Result<bool, FramingErrorKind> {
        while let Some(at) = memchr(b'\n', &self.buffer[scanned..]) {
            let end = scanned + at;
            let line = &self.buffer[line_start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if end >= MAX_HEAD_SIZE {
                return Err(FramingErrorKind::HeadTooLarge);
            }
            if line.len() > MAX_HEADER_SIZE {
                return Err(FramingErrorKind::LineTooLarge);
            }
            if line_start == 0 && !is_start_line(line) {
                return Err(FramingErrorKind::NotSip);
            }
            if line.is_empty() {
                self.finish_head(end + 1)?;
                return Ok(true);
            }
            line_start = end + 1;
            scanned = end + 1;
        }
        if self.buffer.len() >= MAX_HEAD_SIZE {
            return Err(FramingErrorKind::HeadTooLarge);
        }
        if self.buffer.len() - line_start > MAX_HEADER_SIZE {
            return Err(FramingErrorKind::LineTooLarge);
        }
        self.state = State::Head { line_start, scanned: self.buffer.len() };
        Ok(false)
    }

    fn finish_head(&mut self, head: usize) -> Result<(), FramingErrorKind> {
        let body = content_length(&self.buffer[..head])?;
        let size = head.saturating_add(body);
        if size > MAX_MESSAGE_SIZE {
            return Err(FramingErrorKind::MessageTooLarge);
        }
        self.state = State::Body { size };
        Ok(())
    }

    fn fail(&mut self, kind: FramingErrorKind) -> FramingError {
        let mut head = std::mem::take(&mut self.buffer);
        let end = memchr::memmem::find(&head, b"\r\n\r\n").map_or(head.len(), |at| at + 4);
        head.truncate(end.min(MAX_HEAD_SIZE));
        let error = FramingError { kind, head: head.freeze() };
        self.state = State::Failed(error.clone());
        error
    }
}

enum KeepAlive {
    Frame(Frame),
    /// What is there may become one.
    Wait,
    None,
}

/// A cheap look, so that garbage is noticed at its first line end.
fn is_start_line(line: &[u8]) -> bool {
    let sip = |part: &[u8]| part.len() >= 4 && part[..4].eq_ignore_ascii_case(b"SIP/");
    let line = line.trim_ascii_end();
    sip(line) || memchr::memrchr(b' ', line).is_some_and(|space| sip(&line[space + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";

    fn frames(framer: &mut StreamFramer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next_frame().unwrap()).collect()
    }

    fn error(input: &[u8]) -> FramingError {
        let mut framer = StreamFramer::accepted();
        framer.push(input);
        let error = framer.next_frame().unwrap_err();
        framer.push(MESSAGE);
        assert_eq!(framer.next_frame(), Err(error.clone()), "it must not go on");
        assert!(error.head.len() <= MAX_HEAD_SIZE);
        error
    }

    #[test]
    fn octet_by_octet_and_all_at_once() {
        let mut stream = b"\r\n\r\n".to_vec();
        for _ in 0..3 {
            stream.extend_from_slice(MESSAGE);
        }
        let message = Frame::Message(Bytes::from_static(MESSAGE));
        let expected = [Frame::Ping, message.clone(), message.clone(), message];
        for size in [1, 2, 3, 7, stream.len()] {
            let mut framer = StreamFramer::accepted();
            let mut found = Vec::new();
            for piece in stream.chunks(size) {
                framer.push(piece);
                found.extend(frames(&mut framer));
            }
            assert_eq!(found, expected, "in pieces of {size}");
            assert_eq!(framer.buffered(), 0);
        }
    }

    #[test]
    fn keep_alives() {
        let mut framer = StreamFramer::opened();
        framer.push(b"\r");
        assert_eq!(framer.next_frame(), Ok(None));
        framer.push(b"\n");
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Pong)));
        framer.push(b"\r\n\r\n");
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Ping)));

        let mut framer = StreamFramer::accepted();
        framer.push(b"\r\n");
        assert_eq!(framer.next_frame(), Ok(None));
        framer.push(MESSAGE);
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Pong)));
        assert!(matches!(framer.next_frame(), Ok(Some(Frame::Message(_)))));
    }

    #[test]
    fn what_ends_a_stream() {
        use FramingErrorKind::*;
        let start = "OPTIONS sip:a@b SIP/2.0\r\n";
        for (rest, kind, status) in [
            ("\r\n".to_owned(), MissingContentLength, 400),
            ("Content-Length: -1\r\n\r\n".to_owned(), BadContentLength, 400),
            ("l: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), BadContentLength, 400),
            ("l: 99999999999999999999999\r\n\r\n".to_owned(), MessageTooLarge, 413),
            (format!("X: {}", "a".repeat(1 << 20)), HeadTooLarge, 400),
            (format!("X: {}", "a".repeat(MAX_HEADER_SIZE)), LineTooLarge, 400),
            ("X: a\r\n".repeat(12_000), HeadTooLarge, 400),
        ] {
            let error = error(format!("{start}{rest}").as_bytes());
            assert_eq!((error.kind, error.status().code()), (kind, status));
            assert!(error.head.starts_with(start.as_bytes()));
        }
        assert_eq!(error(b"GET / HTTP/1.1\r\n").kind, NotSip);
        assert_eq!(error(b"\n\n").kind, NotSip);
    }

    #[test]
    fn folded_and_compact_lengths() {
        for head in ["l : 4", "CONTENT-LENGTH:\r\n  4", "X: a\r\n l: 9\r\nl:4", "l:\t4 \t"] {
            let mut framer = StreamFramer::accepted();
            framer.push(format!("OPTIONS sip:a@b SIP/2.0\r\n{head}\r\n\r\nbody").as_bytes());
            assert_eq!(frames(&mut framer).len(), 1, "{head}");
            assert_eq!(framer.buffered(), 0);
        }
    }
}
