//! What goes out next: answers first, then chunks of the sessions in turn
//! (RFC 4975 §5.1, §7.1.1).

use std::fmt::Write;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

use super::responses::Transaction;
use super::session::Session;
use super::{
    Connection, Event, MAX_TRANSACTIONS, MessageKey, OUTPUT_WINDOW, SLICE, SMALL_CHUNK, SessionKey,
    State,
};
use crate::header::{ByteRange, FailureReport};
use crate::ids::TransactionId;
use crate::message::Flag;
use crate::writer::end_line;

/// Seven dashes and a transaction id of ours.
const BOUNDARY: usize = 7 + size_of::<TransactionId>();

/// A chunk that can be interrupted, while it is written.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) session: SessionKey,
    pub(super) message: MessageKey,
    transaction: TransactionId,
    boundary: [u8; BOUNDARY],
    /// The last bytes that were written: the end-line could have begun there.
    tail: Vec<u8>,
    len: u64,
    limit: u64,
}

/// A message without chunks that waits to go out.
#[derive(Debug)]
pub(super) struct Control {
    bytes: Bytes,
    transaction: Option<TransactionId>,
}

fn boundary(transaction: TransactionId) -> [u8; BOUNDARY] {
    let mut boundary = [b'-'; BOUNDARY];
    boundary[7..].copy_from_slice(&transaction);
    boundary
}

impl Connection {
    pub(super) fn push_control(&mut self, bytes: Bytes, transaction: Option<TransactionId>) {
        if self.state != State::Dead {
            self.control_bytes += bytes.len();
            self.control.push_back(Control { bytes, transaction });
        }
    }

    /// Puts a session among those that have something to send.
    pub(super) fn enqueue(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.get_mut(&key)
            && !session.queued
            && session.has_work()
        {
            session.queued = true;
            self.runnable.push_back(key);
        }
    }

    /// Makes bytes as long as the transport has room.
    pub(super) fn fill(&mut self, now: Instant) {
        while self.state != State::Dead && self.made - self.written < OUTPUT_WINDOW as u64 {
            if self.chunk.is_some() {
                self.continue_chunk();
            } else if let Some(control) = self.control.pop_front() {
                self.control_bytes -= control.bytes.len();
                self.emit(control.bytes);
                if let Some(transaction) = control.transaction {
                    self.marks.push_back((self.made, transaction));
                }
            } else if self.transactions.len() >= MAX_TRANSACTIONS {
                return;
            } else if let Some(key) = self.runnable.pop_front() {
                self.serve(now, key);
            } else {
                return;
            }
        }
    }

    fn emit(&mut self, bytes: Bytes) {
        self.made += bytes.len() as u64;
        self.output.push_back(bytes);
    }

    /// It is a session's turn: one chunk.
    fn serve(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        session.queued = false;
        let Some(message) = next_message(session) else { return };
        self.begin_chunk(now, key, message);
        if self.chunk.is_none() {
            self.enqueue(key);
        }
    }

    fn begin_chunk(&mut self, now: Instant, key: SessionKey, message: MessageKey) {
        let mut transaction = self.ids.transaction();
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let limit = session.config.chunk_size.max(1);
        let Some(found) = session.messages.get_mut(&message) else { return };
        let start = found.position + 1;
        let small = found.take_small_rest(limit);
        let total = found.total.or(small.as_ref().map(|_| found.position));
        let range = ByteRange { start, end: small.as_ref().map(|_| found.position), total };
        let first = small.clone().unwrap_or_else(|| found.peek(SLICE));
        while memmem::find(&first, &boundary(transaction)).is_some() {
            transaction = self.ids.transaction();
        }
        let mut out = BytesMut::with_capacity(
            128 + session.paths.len()
                + found.fields.len()
                + found.mime.len()
                + small.as_ref().map_or(0, Bytes::len),
        );
        out.extend_from_slice(b"MSRP ");
        out.extend_from_slice(&transaction);
        out.extend_from_slice(b" SEND\r\n");
        out.extend_from_slice(session.paths.as_bytes());
        out.extend_from_slice(found.fields.as_bytes());
        // Writing to memory can't fail.
        let _ = write!(out, "Byte-Range: {range}\r\n");
        out.extend_from_slice(found.mime.as_bytes());
        out.extend_from_slice(b"\r\n");
        match small {
            Some(body) => {
                out.extend_from_slice(&body);
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(&end_line(&transaction, Flag::Last));
                self.emit(out.freeze());
                self.chunk_made(key, message, transaction, body.len() as u64, Flag::Last);
                self.ask_for_more(key, message);
            }
            None => {
                self.emit(out.freeze());
                self.chunk = Some(Chunk {
                    session: key,
                    message,
                    transaction,
                    boundary: boundary(transaction),
                    tail: Vec::with_capacity(2 * BOUNDARY),
                    len: 0,
                    limit: limit as u64,
                });
            }
        }
        let _ = now;
    }

    /// Writes the next slice of the chunk, and ends it where that is due.
    fn continue_chunk(&mut self) {
        let Some(mut chunk) = self.chunk.take() else { return };
        let (key, message) = (chunk.session, chunk.message);
        let Some(found) = self.message_mut(key, message) else { return };
        let room = (chunk.limit - chunk.len).min(SLICE as u64) as usize;
        let slice = found.peek(room);
        let (slice, cut) = chunk.cut(slice);
        found.take(slice.len());
        let exhausted = found.is_exhausted();
        let starved = found.buffered() == 0;
        chunk.note(&slice);
        let enough = chunk.len >= SMALL_CHUNK as u64;
        let flag = if exhausted {
            Some(Flag::Last)
        } else if cut || starved || chunk.len >= chunk.limit || (enough && self.others_wait(&chunk))
        {
            Some(Flag::More)
        } else {
            None
        };
        self.chunk = Some(chunk);
        if !slice.is_empty() {
            self.emit(slice);
        }
        if let Some(flag) = flag {
            self.end_chunk(flag);
        }
        self.ask_for_more(key, message);
    }

    /// Whether anything else could go out instead of more of this chunk.
    fn others_wait(&self, chunk: &Chunk) -> bool {
        let Some(session) = self.sessions.get(&chunk.session) else { return true };
        let ready = |key: &MessageKey| {
            *key != chunk.message && session.messages.get(key).is_some_and(|m| m.is_ready())
        };
        let is_text = session.texts.front() == Some(&chunk.message);
        !self.control.is_empty()
            || !self.runnable.is_empty()
            || session.bulk.iter().any(ready)
            || (!is_text && !session.texts.is_empty())
    }

    /// Ends the chunk that is being written.
    pub(super) fn end_chunk(&mut self, flag: Flag) {
        let Some(chunk) = self.chunk.take() else { return };
        let mut out = BytesMut::with_capacity(BOUNDARY + 8);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&end_line(&chunk.transaction, flag));
        self.emit(out.freeze());
        self.chunk_made(chunk.session, chunk.message, chunk.transaction, chunk.len, flag);
        self.enqueue(chunk.session);
    }

    /// A chunk is complete: its response is awaited.
    fn chunk_made(
        &mut self,
        key: SessionKey,
        message: MessageKey,
        id: TransactionId,
        len: u64,
        flag: Flag,
    ) {
        let made = self.made;
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(found) = session.messages.get_mut(&message) else { return };
        if flag == Flag::Aborted {
            return;
        }
        found.unwritten += 1;
        if flag == Flag::Last {
            found.finished = true;
            session.texts.retain(|m| *m != message);
            session.bulk.retain(|m| *m != message);
        }
        let strict = match found.failure_report {
            FailureReport::No => {
                self.untracked.push_back((made, key, message, len));
                return;
            }
            FailureReport::Partial => false,
            FailureReport::Yes => true,
        };
        found.outstanding += 1;
        let transaction = Transaction::Chunk { session: key, message, len, strict, timer: None };
        self.transactions.insert(id, transaction);
        self.marks.push_back((made, id));
    }

    /// Asks the caller for bytes of a streamed message, when there is room.
    pub(super) fn ask_for_more(&mut self, key: SessionKey, message: MessageKey) {
        if let Some(room) = self.message_mut(key, message).and_then(|m| m.want()) {
            self.events.push_back(Event::Wanted { session: key, message, room });
        }
    }
}

/// Which message of a session is next. Short ones keep their order, large ones
/// take turns, and the two kinds take turns.
fn next_message(session: &mut Session) -> Option<MessageKey> {
    let ready = |key: &MessageKey| session.messages.get(key).is_some_and(|m| m.is_ready());
    let bulk = session.bulk.iter().position(ready);
    let take_bulk = bulk.is_some() && (session.bulk_next || session.texts.is_empty());
    session.bulk_next = !take_bulk;
    if !take_bulk {
        return session.texts.front().copied();
    }
    session.bulk.rotate_left(bulk.unwrap_or_default());
    let next = session.bulk.front().copied();
    session.bulk.rotate_left(1);
    next
}

impl Chunk {
    /// As much of a slice as can be written without the end-line being in the
    /// body, and whether the chunk must end there.
    fn cut(&self, slice: Bytes) -> (Bytes, bool) {
        let mut seam = self.tail.clone();
        seam.extend_from_slice(&slice[..slice.len().min(BOUNDARY - 1)]);
        if memmem::find(&seam, &self.boundary).is_some() {
            // It has begun already; without this slice it does not go on.
            return (Bytes::new(), true);
        }
        match memmem::find(&slice, &self.boundary) {
            // Between the dashes and the id is a good place.
            Some(at) => (slice.slice(..at + 7), true),
            None => (slice, false),
        }
    }

    fn note(&mut self, slice: &[u8]) {
        self.len += slice.len() as u64;
        let keep = BOUNDARY - 1;
        if slice.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(&slice[slice.len() - keep..]);
        } else {
            self.tail.extend_from_slice(slice);
            let surplus = self.tail.len().saturating_sub(keep);
            self.tail.drain(..surplus);
        }
    }
}
