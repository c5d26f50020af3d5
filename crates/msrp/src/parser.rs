//! Bytes of a connection to messages, the boundary first (RFC 4975 §7.1, §9).
//!
//! Where a message ends depends on its start line alone. So a head that is
//! wrong, or too long, costs its own message and never the next one.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use memchr::memmem::{self, Finder};

use crate::message::{Flag, Head, HeadError, MAX_HEAD};

/// How many bytes that belong to no message are skipped before the connection
/// is given up.
pub const MAX_GARBAGE: usize = 4096;

/// The longest transaction id whose message is still framed, in bytes. Longer
/// ones than 32 bytes are refused, but their messages are skipped cleanly.
const MAX_BOUNDARY: usize = 128;

/// What [`Parser::next`] found.
#[derive(Debug)]
pub enum Parsed {
    /// A message begins.
    Head {
        /// Its start line and fields.
        head: Head,
        /// Whether a body follows, maybe an empty one.
        has_body: bool,
    },
    /// The next bytes of the body.
    Body(Bytes),
    /// The message ends.
    End(Flag),
    /// A whole message was skipped, because its head was wrong.
    Bad {
        /// What could be read of it.
        head: Head,
        /// What was wrong first.
        error: HeadError,
    },
}

/// The bytes are no MSRP: the connection has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_GARBAGE} bytes that are no MSRP message")]
pub struct NotMsrp;

/// The incremental parser of one connection.
///
/// ```
/// use sipsimple_msrp::parser::{Parsed, Parser};
///
/// let mut parser = Parser::new();
/// parser.push(b"MSRP a786 200 OK\r\nTo-Path: msrp://a:1/x;tcp\r\nFrom-Pa"[..].into());
/// assert!(parser.next()?.is_none());
/// parser.push(b"th: msrp://b:1/y;tcp\r\n-------a786$\r\n"[..].into());
/// assert!(matches!(parser.next()?, Some(Parsed::Head { has_body: false, .. })));
/// assert!(matches!(parser.next()?, Some(Parsed::End(_))));
/// assert!(parser.next()?.is_none());
/// # Ok::<(), sipsimple_msrp::parser::NotMsrp>(())
/// ```
#[derive(Debug, Default)]
pub struct Parser {
    buffer: BytesMut,
    state: State,
    ready: VecDeque<Parsed>,
    garbage: usize,
}

#[derive(Debug, Default)]
enum State {
    /// Before a start line; `scanned` bytes hold no line end.
    #[default]
    Between,
    /// The start line is complete. `line` is where the first line that has not
    /// been looked at begins, `scanned` where to look for its end.
    Head { boundary: Vec<u8>, line: usize, scanned: usize },
    /// Before the end-line. `overlap` bytes of the buffer are the blank line,
    /// which can be the line end before the end-line too.
    Body { end: Box<Finder<'static>>, overlap: usize, skipping: Option<Box<(Head, HeadError)>> },
}

impl Parser {
    /// A parser at the beginning of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes that were received. When `data` continues the memory of the
    /// bytes before it, nothing is copied.
    pub fn push(&mut self, data: BytesMut) {
        if self.buffer.is_empty() {
            self.buffer = data;
        } else {
            self.buffer.unsplit(data);
        }
    }

    /// How many bytes were pushed and not yet parsed.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the bytes so far end between two messages.
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty() && self.ready.is_empty() && matches!(self.state, State::Between)
    }

    /// The next piece, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When the peer does not speak MSRP; the parser says it again each time.
    #[allow(clippy::should_implement_trait, reason = "fallible, and not at its end after None")]
    pub fn next(&mut self) -> Result<Option<Parsed>, NotMsrp> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            let progress = match std::mem::take(&mut self.state) {
                State::Between => self.between()?,
                State::Head { boundary, line, scanned } => self.head(boundary, line, scanned),
                State::Body { end, overlap, skipping } => self.body(end, overlap, skipping),
            };
            if !progress && self.ready.is_empty() {
                return Ok(None);
            }
        }
    }

    fn between(&mut self) -> Result<bool, NotMsrp> {
        while self.garbage <= MAX_GARBAGE {
            // Empty lines between messages are forgiven.
            let blank = self.buffer.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            self.garbage += blank;
            let _ = self.buffer.split_to(blank);
            let Some(end) = memmem::find(&self.buffer, b"\r\n") else {
                if self.garbage + self.buffer.len() > MAX_GARBAGE {
                    break;
                }
                return Ok(false);
            };
            if let Some(boundary) = boundary(&self.buffer[..end]) {
                self.garbage = 0;
                self.state = State::Head { boundary, line: end + 2, scanned: end + 2 };
                return Ok(true);
            }
            self.garbage += end + 2;
            let _ = self.buffer.split_to(end + 2);
        }
        self.garbage = MAX_GARBAGE + 1;
        self.buffer.clear();
        Err(NotMsrp)
    }

    fn head(&mut self, boundary: Vec<u8>, mut line: usize, scanned: usize) -> bool {
        let mut scanned = scanned;
        loop {
            let found = memchr::memchr(b'\n', &self.buffer[scanned..]).map(|n| scanned + n);
            if found.unwrap_or(self.buffer.len()) > MAX_HEAD {
                let cut = line.min(MAX_HEAD).min(self.buffer.len());
                let (head, _) = Head::read(&self.buffer[..cut]);
                // The rest is searched from the last line end on.
                let _ = self.buffer.split_to(line - 2);
                self.enter_body(&boundary, Some(Box::new((head, HeadError::TooLong))));
                return true;
            }
            let Some(newline) = found else {
                let scanned = self.buffer.len();
                self.state = State::Head { boundary, line, scanned };
                return false;
            };
            scanned = newline + 1;
            if newline == line || self.buffer[newline - 1] != b'\r' {
                continue;
            }
            let text = &self.buffer[line..newline - 1];
            if text.is_empty() {
                self.finish_head(&boundary, line);
                return true;
            }
            if let Some(flag) = end_line(text, &boundary) {
                let bytes = self.buffer.split_to(line);
                let _ = self.buffer.split_to(scanned - line);
                let (head, error) = Head::read(&bytes);
                match error {
                    Some(error) => self.ready.push_back(Parsed::Bad { head, error }),
                    None => {
                        self.ready.push_back(Parsed::Head { head, has_body: false });
                        self.ready.push_back(Parsed::End(flag));
                    }
                }
                return true;
            }
            line = scanned;
        }
    }

    /// The head ends at `line`, where the blank line begins.
    fn finish_head(&mut self, boundary: &[u8], line: usize) {
        let bytes = self.buffer.split_to(line);
        let (head, error) = Head::read(&bytes);
        match error {
            Some(error) => self.enter_body(boundary, Some(Box::new((head, error)))),
            None => {
                self.ready.push_back(Parsed::Head { head, has_body: true });
                self.enter_body(boundary, None);
            }
        }
    }

    fn enter_body(&mut self, boundary: &[u8], skipping: Option<Box<(Head, HeadError)>>) {
        let needle = [b"\r\n-------", boundary].concat();
        let end = Box::new(Finder::new(&needle).into_owned());
        self.state = State::Body { end, overlap: 2, skipping };
    }

    fn body(
        &mut self,
        end: Box<Finder<'static>>,
        mut overlap: usize,
        skipping: Option<Box<(Head, HeadError)>>,
    ) -> bool {
        let needle = end.needle().len();
        let mut from = 0;
        let (data_end, flag) = loop {
            let Some(at) = end.find(&self.buffer[from..]).map(|n| from + n) else {
                break (self.buffer.len() - partial(&self.buffer[from..], end.needle()), None);
            };
            match self.buffer.get(at + needle..at + needle + 3) {
                None => break (at, None),
                Some([flag, b'\r', b'\n']) if Flag::from_byte(*flag).is_some() => {
                    break (at, Flag::from_byte(*flag));
                }
                Some(_) => from = at + 1,
            }
        };
        let mut data = self.buffer.split_to(data_end);
        let drop = overlap.min(data.len());
        let _ = data.split_to(drop);
        overlap -= drop;
        let progress = !data.is_empty();
        if progress && skipping.is_none() {
            self.ready.push_back(Parsed::Body(data.freeze()));
        }
        let Some(flag) = flag else {
            self.state = State::Body { end, overlap, skipping };
            // What remains is too short to be looked at again.
            return false;
        };
        let _ = self.buffer.split_to(needle + 3);
        self.ready.push_back(match skipping {
            None => Parsed::End(flag),
            Some(bad) => Parsed::Bad { head: bad.0, error: bad.1 },
        });
        true
    }
}

/// The transaction id of a start line, if the line frames a message.
fn boundary(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"MSRP ")?;
    let end = memchr::memchr(b' ', rest)?;
    let printable = rest[..end].iter().all(|b| b.is_ascii_graphic());
    if end == 0 || end > MAX_BOUNDARY || !printable { None } else { Some(rest[..end].to_vec()) }
}

fn end_line(line: &[u8], boundary: &[u8]) -> Option<Flag> {
    let (flag, rest) = line.strip_prefix(b"-------")?.split_last()?;
    if rest == boundary { Flag::from_byte(*flag) } else { None }
}

/// The length of the longest end of `data` that the needle begins with.
fn partial(data: &[u8], needle: &[u8]) -> usize {
    let window = &data[data.len() - data.len().min(needle.len() - 1)..];
    memchr::memchr_iter(b'\r', window)
        .map(|at| &window[at..])
        .find(|tail| needle.starts_with(tail))
        .map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests;
