//! Messages that are being sent, and what is known of them (RFC 4975 §7.1.1).

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::timers::{Timer, TimerKey};
use super::{
    Connection, Delivery, Event, Failure, MessageKey, Outgoing, OutgoingBody, SMALL_CHUNK,
    SessionKey, TEXT_LIMIT,
};
use crate::header::FailureReport;
use crate::message::Flag;
use crate::ranges::RangeSet;

/// How many bytes of a streamed message are kept before they are sent.
const STREAM_BUFFER: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    /// Header lines of every chunk, before and behind Byte-Range.
    pub(super) fields: String,
    pub(super) mime: String,
    success_report: bool,
    pub(super) failure_report: FailureReport,
    pub(super) is_bulk: bool,
    pieces: VecDeque<Bytes>,
    buffered: usize,
    /// How many bytes the caller was asked for and has not given.
    wanted: usize,
    streamed: bool,
    pub(super) total: Option<u64>,
    /// Whether all bytes are here.
    ended: bool,
    /// How many bytes are in chunks.
    pub(super) position: u64,
    /// Whether the last chunk is made.
    pub(super) finished: bool,
    /// Chunks that the transport has not taken.
    pub(super) unwritten: usize,
    /// Chunks that wait for a response.
    pub(super) outstanding: usize,
    pub(super) sent: u64,
    pub(super) accepted: u64,
    reported: RangeSet,
    /// Whether success was reported for a message without bytes.
    empty_reported: bool,
    told: bool,
    report_timer: Option<TimerKey>,
}

impl Message {
    pub(super) fn new(id: String, content: &Outgoing) -> Self {
        let mut fields = format!("Message-ID: {id}\r\n");
        if content.success_report {
            fields.push_str("Success-Report: yes\r\n");
        }
        if content.failure_report != FailureReport::Yes {
            fields.push_str(&format!("Failure-Report: {}\r\n", content.failure_report.as_str()));
        }
        let mut mime = String::new();
        for (name, value) in &content.headers {
            // MIME fields stand behind all others, Content-Type last.
            let is_mime = name.get(..8).is_some_and(|n| n.eq_ignore_ascii_case("Content-"));
            let lines = if is_mime { &mut mime } else { &mut fields };
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        mime.push_str(&format!("Content-Type: {}\r\n", content.content_type));
        let (streamed, total, body) = match &content.body {
            OutgoingBody::Whole(body) => (false, Some(body.len() as u64), body.clone()),
            OutgoingBody::Streamed { total } => (true, *total, Bytes::new()),
        };
        let mut message = Self {
            id,
            fields,
            mime,
            success_report: content.success_report,
            failure_report: content.failure_report,
            is_bulk: streamed || total.is_some_and(|total| total > TEXT_LIMIT),
            pieces: VecDeque::new(),
            buffered: 0,
            wanted: 0,
            streamed,
            total,
            ended: !streamed,
            position: 0,
            finished: false,
            unwritten: 0,
            outstanding: 0,
            sent: 0,
            accepted: 0,
            reported: RangeSet::default(),
            empty_reported: false,
            told: false,
            report_timer: None,
        };
        message.push(body);
        message
    }

    fn push(&mut self, data: Bytes) {
        self.buffered += data.len();
        if !data.is_empty() {
            self.pieces.push_back(data);
        }
    }

    /// Takes bytes of a streamed message, if they were asked for.
    pub(super) fn provide(&mut self, data: Bytes, last: bool) -> Option<()> {
        let end = self.position + self.buffered as u64 + data.len() as u64;
        let fits = match self.total {
            Some(total) => end <= total && (!last || end == total),
            None => true,
        };
        if !self.streamed || self.ended || data.len() > self.wanted || !fits {
            return None;
        }
        self.wanted -= data.len();
        self.ended = last;
        self.push(data);
        Some(())
    }

    /// How many bytes to ask the caller for now, if it is worth asking.
    pub(super) fn want(&mut self) -> Option<usize> {
        let room = STREAM_BUFFER - (self.buffered + self.wanted).min(STREAM_BUFFER);
        if self.ended || !self.streamed || room < STREAM_BUFFER / 2 {
            return None;
        }
        self.wanted += room;
        Some(room)
    }

    /// Whether a chunk can be made: enough bytes for one, or the last ones.
    pub(super) fn is_ready(&self) -> bool {
        !self.finished && (self.ended || self.buffered >= SMALL_CHUNK)
    }

    /// Whether no byte is left for another chunk.
    pub(super) fn is_exhausted(&self) -> bool {
        self.ended && self.buffered == 0
    }

    /// The rest of the message, if it fits in a chunk that is never interrupted.
    pub(super) fn take_small_rest(&mut self, limit: usize) -> Option<Bytes> {
        if !self.ended || self.buffered > limit.min(SMALL_CHUNK) {
            return None;
        }
        let rest = match self.pieces.len() {
            0 => Bytes::new(),
            1 => self.pieces.pop_front().unwrap_or_default(),
            _ => {
                let mut joined = BytesMut::with_capacity(self.buffered);
                self.pieces.drain(..).for_each(|piece| joined.extend_from_slice(&piece));
                joined.freeze()
            }
        };
        self.buffered = 0;
        self.position += rest.len() as u64;
        Some(rest)
    }

    /// The next bytes that lie in one piece, at most `limit`. Look, then take.
    pub(super) fn peek(&self, limit: usize) -> Bytes {
        self.pieces.front().map_or_else(Bytes::new, |piece| piece.slice(..piece.len().min(limit)))
    }

    pub(super) fn take(&mut self, bytes: usize) {
        if let Some(front) = self.pieces.front_mut() {
            let taken = front.split_to(bytes.min(front.len())).len();
            self.buffered -= taken;
            self.position += taken as u64;
            if front.is_empty() {
                self.pieces.pop_front();
            }
        }
    }

    pub(super) fn buffered(&self) -> usize {
        self.buffered
    }

    pub(super) fn confirmed(&self) -> u64 {
        if self.success_report { self.reported.prefix() } else { self.accepted }
    }

    /// The receiver says that it has these bytes, positions counted from 0.
    pub(super) fn note_reported(&mut self, range: Option<(u64, u64)>) {
        let (start, end) = range.unwrap_or((0, self.position));
        // Bytes that were never sent can't have been received.
        let end = end.min(self.position);
        // Reports of too many separate pieces are not believed.
        let _ = self.reported.insert(start, end);
        self.empty_reported |= self.position == 0;
    }

    fn is_delivered(&self) -> bool {
        self.success_report
            && self.finished
            && self.reported.covers(self.position)
            && (self.position > 0 || self.empty_reported)
    }

    /// What is known now that was not told: the state, whether it is final.
    fn news(&mut self) -> Option<(Delivery, bool)> {
        if self.is_delivered() {
            return Some((Delivery::Delivered, true));
        }
        let written = self.finished && self.unwritten == 0;
        let answered = self.finished && self.outstanding == 0;
        let (reached, state) = match self.failure_report {
            FailureReport::Yes => (answered, Delivery::Accepted),
            FailureReport::Partial | FailureReport::No => (written, Delivery::Sent),
        };
        // With `partial` an error may come as long as a response can.
        let over = reached && answered && !self.success_report;
        if reached && (over || !self.told) {
            self.told = true;
            return Some((state, over));
        }
        None
    }
}

impl Connection {
    /// Tells what is new of a message.
    pub(super) fn advance(&mut self, now: Instant, key: SessionKey, message: MessageKey) {
        let Some(found) = self.message_mut(key, message) else { return };
        let progress = found.is_bulk.then(|| (found.sent, found.confirmed()));
        let news = found.news();
        if let Some((sent, confirmed)) = progress {
            self.events.push_back(Event::Progress { session: key, message, sent, confirmed });
        }
        let Some((state, is_final)) = news else { return };
        if is_final {
            self.forget_message(key, message);
        } else if self.message_mut(key, message).is_some_and(|m| m.success_report) {
            let at = now + self.config.report_timeout;
            let timer = self.timers.set(at, Timer::Report(key, message));
            if let Some(found) = self.message_mut(key, message) {
                found.report_timer = Some(timer);
            }
        }
        self.events.push_back(Event::Delivery { session: key, message, state, is_final });
    }

    pub(super) fn message_mut(
        &mut self,
        key: SessionKey,
        message: MessageKey,
    ) -> Option<&mut Message> {
        self.sessions.get_mut(&key)?.messages.get_mut(&message)
    }

    /// A message fails. A chunk of it that is under way is cut off.
    pub(super) fn fail_message(&mut self, key: SessionKey, message: MessageKey, why: Failure) {
        if self.chunk.as_ref().is_some_and(|c| c.session == key && c.message == message) {
            self.end_chunk(Flag::Aborted);
        }
        if self.forget_message(key, message).is_some() {
            let state = Delivery::Failed(why);
            self.events.push_back(Event::Delivery { session: key, message, state, is_final: true });
        }
    }

    fn forget_message(&mut self, key: SessionKey, message: MessageKey) -> Option<Message> {
        let session = self.sessions.get_mut(&key)?;
        let found = session.messages.remove(&message)?;
        session.by_id.remove(&found.id);
        if !found.finished {
            session.texts.retain(|m| *m != message);
            session.bulk.retain(|m| *m != message);
        }
        self.timers.cancel(found.report_timer);
        Some(found)
    }

    pub(super) fn report_overdue(&mut self, now: Instant, key: SessionKey, message: MessageKey) {
        let timeout = self.config.report_timeout;
        let Some(found) = self.message_mut(key, message) else { return };
        found.report_timer = None;
        if found.outstanding > 0 {
            // Its responses decide first.
            let timer = self.timers.set(now + timeout, Timer::Report(key, message));
            if let Some(found) = self.message_mut(key, message) {
                found.report_timer = Some(timer);
            }
            return;
        }
        self.fail_message(key, message, Failure::NotConfirmed);
    }
}
