//! Messages that are being received (RFC 4975 §7.3.1).

use std::time::Instant;

use bytes::Bytes;

use super::receive::Inbound;
use super::timers::{Timer, TimerKey};
use super::{
    Connection, Event, IncomingFailure, IncomingInfo, IncomingKey, ReceiveMode, ReportMode,
    SessionKey,
};
use crate::assembly::Assembly;
use crate::header::{ByteRange, FailureReport, HeaderName, Status, StatusCode};
use crate::message::{Flag, Head, HeadError, Method};
use crate::ranges::RangeSet;
use crate::uri::Path;
use crate::writer::MessageWriter;

/// How many messages of a session may be unfinished at once; the next one gets 413.
const MAX_INCOMING: usize = 16;

/// How many complete messages may wait for the caller's report.
const MAX_UNREPORTED: usize = 256;

/// The longest Message-ID that is taken, in bytes. The grammar says 32.
const MAX_MESSAGE_ID: usize = 256;

/// Where a message came from, to report on it.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) message_id: String,
    from: Path,
    success_report: bool,
    failure_report: FailureReport,
}

/// A message of which chunks came.
#[derive(Debug)]
pub(super) struct Incoming {
    origin: Origin,
    /// Kept until the message is whole; streamed messages have told it.
    info: Option<Box<IncomingInfo>>,
    total: Option<u64>,
    /// Whether the chunk came that ends the message.
    ended: bool,
    store: Store,
    touched: Instant,
    timer: Option<TimerKey>,
}

#[derive(Debug)]
enum Store {
    Whole(Assembly),
    Streamed(RangeSet),
}

impl Incoming {
    pub(super) fn message_id(&self) -> &str {
        &self.origin.message_id
    }

    pub(super) fn stored(&self) -> usize {
        match &self.store {
            Store::Whole(assembly) => assembly.stored(),
            Store::Streamed(_) => 0,
        }
    }

    fn end(&self) -> u64 {
        match &self.store {
            Store::Whole(assembly) => assembly.end(),
            Store::Streamed(ranges) => ranges.end(),
        }
    }

    fn is_complete(&self) -> bool {
        let prefix = match &self.store {
            Store::Whole(assembly) => assembly.prefix(),
            Store::Streamed(ranges) => ranges.prefix(),
        };
        self.ended && self.total == Some(prefix)
    }
}

/// What a chunk's head says, checked.
struct ChunkHead {
    message_id: String,
    content_type: String,
    range: ByteRange,
    from: Path,
    success_report: bool,
    failure_report: FailureReport,
}

fn read_chunk_head(head: &Head) -> Result<ChunkHead, HeadError> {
    let missing = |name| HeadError::Missing { name };
    let message_id = head.message_id().filter(|id| !id.is_empty() && id.len() <= MAX_MESSAGE_ID);
    Ok(ChunkHead {
        message_id: message_id.ok_or(missing(HeaderName::MessageId))?.to_owned(),
        content_type: head.content_type().ok_or(missing(HeaderName::ContentType))?.to_owned(),
        range: head.byte_range()?.unwrap_or(ByteRange { start: 1, end: None, total: None }),
        from: head.from_path()?,
        success_report: head.success_report()?,
        failure_report: head.failure_report()?,
    })
}

impl Connection {
    /// A SEND with a body begins. Says what the rest of it is for.
    pub(super) fn begin_chunk_in(&mut self, now: Instant, key: SessionKey, head: Head) -> Inbound {
        let read = match read_chunk_head(&head) {
            Ok(read) => read,
            Err(error) => {
                self.events.push_back(Event::Bad { error });
                return self.refused(&head, StatusCode::BAD_REQUEST);
            }
        };
        let Some(session) = self.sessions.get_mut(&key) else {
            return self.refused(&head, StatusCode::NO_SUCH_SESSION);
        };
        if let Some(code) = session.was_refused(&read.message_id) {
            return self.refused(&head, code);
        }
        let found = session.incoming.iter().find(|(_, m)| m.origin.message_id == read.message_id);
        let (message, code) = match found.map(|(message, _)| *message) {
            Some(message) => (message, None),
            None => {
                let code = if !session.accepts(&read.content_type) {
                    Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                } else if session.incoming.len() >= MAX_INCOMING {
                    Some(StatusCode::STOP_SENDING)
                } else {
                    None
                };
                let message = IncomingKey(self.fresh_key());
                if code.is_none() {
                    self.add_incoming(now, key, message, &read, &head);
                }
                (message, code)
            }
        };
        let range = read.range;
        let code = code.or_else(|| self.check_range(key, message, range));
        let inbound = Inbound::Chunk {
            session: key,
            message,
            head,
            position: range.start - 1,
            limit: range.end,
            message_id: read.message_id,
        };
        match code {
            None => inbound,
            Some(code) => self.refuse_chunk(inbound, code),
        }
    }

    fn add_incoming(
        &mut self,
        now: Instant,
        key: SessionKey,
        message: IncomingKey,
        read: &ChunkHead,
        head: &Head,
    ) {
        let timer = Timer::Incoming(key, message);
        let timer = self.timers.set(now + self.config.incoming_timeout, timer);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let info = Box::new(IncomingInfo {
            message_id: read.message_id.clone(),
            content_type: read.content_type.clone(),
            total: read.range.total,
            success_report: read.success_report,
            duplicate: session.was_complete(&read.message_id),
            head: head.clone(),
        });
        let origin = Origin {
            message_id: read.message_id.clone(),
            from: read.from.clone(),
            success_report: read.success_report,
            failure_report: read.failure_report,
        };
        let (store, info) = match session.config.mode {
            ReceiveMode::Whole => (Store::Whole(Assembly::default()), Some(info)),
            ReceiveMode::Streamed => {
                self.events.push_back(Event::Started { session: key, message, info });
                (Store::Streamed(RangeSet::default()), None)
            }
        };
        let incoming = Incoming {
            origin,
            info,
            total: None,
            ended: false,
            store,
            touched: now,
            timer: Some(timer),
        };
        session.incoming.insert(message, incoming);
    }

    /// Whether a chunk may claim this range.
    fn check_range(
        &mut self,
        key: SessionKey,
        message: IncomingKey,
        range: ByteRange,
    ) -> Option<StatusCode> {
        let session = self.sessions.get_mut(&key)?;
        let incoming = session.incoming.get_mut(&message)?;
        let max = session.config.max_size;
        let far = range.start - 1 > max || range.end.is_some_and(|end| end > max);
        if range.total.is_some_and(|total| total > max) || far {
            return Some(StatusCode::STOP_SENDING);
        }
        match (incoming.total, range.total) {
            (Some(known), Some(said)) if known != said && !incoming.ended => {
                return Some(StatusCode::BAD_REQUEST);
            }
            (None, said) => incoming.total = said,
            _ => {}
        }
        let outside = |position| incoming.total.is_some_and(|total| position > total);
        if outside(range.start - 1) || incoming.end() > incoming.total.unwrap_or(u64::MAX) {
            return Some(StatusCode::BAD_REQUEST);
        }
        None
    }

    /// Bytes of a chunk. Says what the rest of it is for.
    pub(super) fn chunk_data(&mut self, inbound: Inbound, data: Bytes) -> Inbound {
        let Inbound::Chunk { session: key, message, head, position, limit, message_id } = inbound
        else {
            return inbound;
        };
        let end = position + data.len() as u64;
        let code = self.store(key, message, position, limit, data);
        let inbound =
            Inbound::Chunk { session: key, message, head, position: end, limit, message_id };
        match code {
            None => inbound,
            Some(code) => self.refuse_chunk(inbound, code),
        }
    }

    fn store(
        &mut self,
        key: SessionKey,
        message: IncomingKey,
        offset: u64,
        limit: Option<u64>,
        data: Bytes,
    ) -> Option<StatusCode> {
        let session = self.sessions.get_mut(&key)?;
        let stored = session.stored();
        let incoming = session.incoming.get_mut(&message)?;
        let end = offset + data.len() as u64;
        if limit.is_some_and(|limit| end > limit) || incoming.total.is_some_and(|t| end > t) {
            // More bytes than it said: which of the two is true?
            return Some(StatusCode::BAD_REQUEST);
        }
        if end > session.config.max_size {
            return Some(StatusCode::STOP_SENDING);
        }
        match &mut incoming.store {
            Store::Whole(assembly) => {
                if stored + data.len() as u64 > session.config.max_size {
                    return Some(StatusCode::STOP_SENDING);
                }
                assembly.insert(offset, &data).err().map(|_| StatusCode::STOP_SENDING)
            }
            Store::Streamed(ranges) => {
                if ranges.insert(offset, end).is_err() {
                    return Some(StatusCode::STOP_SENDING);
                }
                self.events.push_back(Event::Data { session: key, message, offset, data });
                None
            }
        }
    }

    /// A chunk ends.
    pub(super) fn end_chunk_in(&mut self, now: Instant, inbound: Inbound, flag: Flag) {
        let Inbound::Chunk { session: key, message, ref head, position, .. } = inbound else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&key) else { return };
        // The caller may have refused it meanwhile.
        let Some(incoming) = session.incoming.get_mut(&message) else { return };
        incoming.touched = now;
        if flag == Flag::Last {
            if incoming.end() > position {
                self.refuse_chunk(inbound, StatusCode::BAD_REQUEST);
                return;
            }
            // What really came is what counts (RFC 4975 §7.3.1).
            incoming.total = Some(position);
            incoming.ended = true;
        }
        let complete = incoming.is_complete();
        self.answer(head, StatusCode::OK);
        if flag == Flag::Aborted {
            self.drop_incoming(key, message, IncomingFailure::Aborted);
        } else if complete {
            self.complete(key, message, position);
        }
    }

    fn complete(&mut self, key: SessionKey, message: IncomingKey, at: u64) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(incoming) = session.incoming.remove(&message) else { return };
        self.timers.cancel(incoming.timer);
        session.note_complete(&incoming.origin.message_id);
        let total = incoming.total.unwrap_or(at);
        match (incoming.store, incoming.info) {
            (Store::Whole(assembly), Some(info)) => {
                let body = assembly.into_bytes();
                self.events.push_back(Event::Message { session: key, message, info, body });
            }
            _ => self.events.push_back(Event::Completed { session: key, message, total }),
        }
        match session.config.reports {
            ReportMode::Automatic => {
                self.report(key, &incoming.origin, total, StatusCode::OK, "OK");
            }
            ReportMode::Manual => {
                if session.unreported.len() == MAX_UNREPORTED {
                    session.unreported.pop_front();
                }
                session.unreported.push_back((message, incoming.origin, total));
            }
        }
    }

    /// Sends a report, if the sender wants this kind.
    pub(super) fn report(
        &mut self,
        key: SessionKey,
        origin: &Origin,
        total: u64,
        code: StatusCode,
        comment: &str,
    ) {
        let wanted = if code.is_success() {
            origin.success_report
        } else {
            origin.failure_report != FailureReport::No
        };
        let Some(session) = self.sessions.get(&key).filter(|_| wanted) else { return };
        let status = Status { namespace: 0, code, comment: comment.to_owned() };
        let transaction = self.ids.text();
        let from = Path::from(session.config.local.clone());
        let report = MessageWriter::request(&transaction, &Method::Report, &origin.from, &from)
            .and_then(|w| w.header(HeaderName::MessageId, &origin.message_id))
            .and_then(|w| w.header(HeaderName::ByteRange, ByteRange::whole(total)))
            .and_then(|w| w.header(HeaderName::Status, status));
        if let Ok(report) = report {
            self.push_control(report.end(Flag::Last), None);
        }
    }

    /// Answers a chunk with an error and forgets its message.
    pub(super) fn refuse_chunk(&mut self, inbound: Inbound, code: StatusCode) -> Inbound {
        let Inbound::Chunk { session: key, message, head, message_id, .. } = inbound else {
            return Inbound::Discard;
        };
        self.answer(&head, code);
        if let Some(session) = self.sessions.get_mut(&key) {
            session.note_refused(&message_id, code);
        }
        self.drop_incoming(key, message, IncomingFailure::Refused(code));
        Inbound::Discard
    }

    /// Forgets a message that will not be complete.
    pub(super) fn drop_incoming(
        &mut self,
        key: SessionKey,
        message: IncomingKey,
        reason: IncomingFailure,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(incoming) = session.incoming.remove(&message) else { return };
        self.timers.cancel(incoming.timer);
        // Messages that are put together here have never been told of.
        if let Store::Streamed(received) = incoming.store {
            let session = key;
            self.events.push_back(Event::IncomingFailed { session, message, reason, received });
        }
    }

    pub(super) fn incoming_timeout(&mut self, now: Instant, key: SessionKey, message: IncomingKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(incoming) = session.incoming.get_mut(&message) else { return };
        let deadline = incoming.touched + self.config.incoming_timeout;
        if deadline > now {
            incoming.timer = Some(self.timers.set(deadline, Timer::Incoming(key, message)));
            return;
        }
        incoming.timer = None;
        self.drop_incoming(key, message, IncomingFailure::Timeout);
    }
}
