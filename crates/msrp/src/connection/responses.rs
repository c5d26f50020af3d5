//! Responses and reports to what was sent, and their absence
//! (RFC 4975 §7.1.1, §7.3.2).

use std::time::Instant;

use super::timers::{Timer, TimerKey};
use super::{Connection, Event, Failure, MessageKey, RequestKey, SessionFailure, SessionKey};
use crate::header::StatusCode;
use crate::ids::{self, TransactionId};
use crate::message::{Head, StartLine};

/// A request that may be answered. The timer runs from when its last byte was
/// taken by the transport.
#[derive(Debug)]
pub(super) enum Transaction {
    /// A chunk.
    Chunk {
        session: SessionKey,
        message: MessageKey,
        len: u64,
        /// Whether silence is a failure.
        strict: bool,
        timer: Option<TimerKey>,
    },
    /// An empty SEND: the binding one, or a keep-alive.
    Empty { session: SessionKey, timer: Option<TimerKey> },
    /// A request of another method.
    Request { request: RequestKey, session: Option<SessionKey>, timer: Option<TimerKey> },
}

impl Transaction {
    fn timer(&mut self) -> &mut Option<TimerKey> {
        match self {
            Self::Chunk { timer, .. } | Self::Empty { timer, .. } | Self::Request { timer, .. } => {
                timer
            }
        }
    }

    pub(super) fn session(&self) -> Option<SessionKey> {
        match self {
            Self::Chunk { session, .. } | Self::Empty { session, .. } => Some(*session),
            Self::Request { session, .. } => *session,
        }
    }
}

impl Connection {
    /// The transport took bytes.
    pub(super) fn written(&mut self, now: Instant, bytes: u64) {
        self.written = (self.written + bytes).min(self.made);
        while let Some((end, id)) = self.marks.front().copied()
            && end <= self.written
        {
            self.marks.pop_front();
            let Some(transaction) = self.transactions.get_mut(&id) else { continue };
            let at = now + self.config.transaction_timeout;
            *transaction.timer() = Some(self.timers.set(at, Timer::Transaction(id)));
            if let Transaction::Chunk { session, message, len, .. } = *transaction {
                self.chunk_written(now, session, message, len);
            }
        }
        while let Some((end, session, message, len)) = self.untracked.front().copied()
            && end <= self.written
        {
            self.untracked.pop_front();
            self.chunk_written(now, session, message, len);
        }
    }

    fn chunk_written(&mut self, now: Instant, key: SessionKey, message: MessageKey, len: u64) {
        if let Some(found) = self.message_mut(key, message) {
            found.unwritten -= 1;
            found.sent += len;
            self.advance(now, key, message);
        }
    }

    /// A response came. Its transaction id says what to.
    pub(super) fn response(&mut self, now: Instant, head: Head) {
        let StartLine::Response(code, comment) = head.start() else { return };
        let (code, comment) = (*code, comment.clone());
        let Some(id) = ids::from_text(head.transaction()) else { return };
        let Some(mut transaction) = self.transactions.remove(&id) else { return };
        let timer = transaction.timer().take();
        self.timers.cancel(timer);
        match transaction {
            Transaction::Request { request, .. } => {
                let head = Box::new(head);
                self.events.push_back(Event::Answered { request, code, comment, head });
            }
            Transaction::Empty { session, .. } => self.empty_answered(now, session, code),
            Transaction::Chunk { session, message, len, .. } => {
                if timer.is_none() {
                    // Answered before the transport said that it took it all.
                    self.chunk_written(now, session, message, len);
                }
                let Some(found) = self.message_mut(session, message) else {
                    self.check_session_code(now, session, code);
                    return;
                };
                found.outstanding -= 1;
                if code.is_success() {
                    found.accepted += len;
                    self.advance(now, session, message);
                } else {
                    let failure = match code {
                        StatusCode::TIMEOUT => Failure::Timeout,
                        _ => Failure::Refused { code, comment },
                    };
                    self.fail_message(session, message, failure);
                    self.check_session_code(now, session, code);
                }
            }
        }
    }

    fn empty_answered(&mut self, now: Instant, key: SessionKey, code: StatusCode) {
        if let Some(session) = self.sessions.get_mut(&key)
            && code.is_success()
            && !session.bound
        {
            session.bound = true;
            self.events.push_back(Event::Bound { session: key });
        }
        self.check_session_code(now, key, code);
    }

    /// Some codes are about the session, not the message.
    fn check_session_code(&mut self, now: Instant, key: SessionKey, code: StatusCode) {
        if matches!(code, StatusCode::NO_SUCH_SESSION | StatusCode::ALREADY_BOUND) {
            self.fail_session(now, key, SessionFailure::Refused(code));
        }
    }

    /// A REPORT came. It is never answered.
    pub(super) fn reported(&mut self, now: Instant, key: SessionKey, head: &Head) {
        let (Some(id), Ok(Some(status)), Ok(range)) =
            (head.message_id(), head.status(), head.byte_range())
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let Some(message) = session.by_id.get(id).copied() else { return };
        // Other namespaces are for extensions that this crate does not know.
        if status.namespace != 0 {
            return;
        }
        if status.code.is_success() {
            if let Some(found) = self.message_mut(key, message) {
                let end = |total| range.and_then(|r| r.end).unwrap_or(total);
                let position = found.position;
                found.note_reported(range.map(|r| (r.start - 1, end(position))));
                self.advance(now, key, message);
            }
            return;
        }
        let failure = match status.code {
            StatusCode::TIMEOUT => Failure::Timeout,
            code => Failure::Reported { code, comment: status.comment },
        };
        self.fail_message(key, message, failure);
        self.check_session_code(now, key, status.code);
    }

    pub(super) fn transaction_timed_out(&mut self, now: Instant, id: TransactionId) {
        match self.transactions.remove(&id) {
            Some(Transaction::Chunk { session, message, strict, .. }) => {
                if strict {
                    self.fail_message(session, message, Failure::Timeout);
                } else if let Some(found) = self.message_mut(session, message) {
                    found.outstanding -= 1;
                    self.advance(now, session, message);
                }
            }
            Some(Transaction::Request { request, .. }) => {
                self.events.push_back(Event::Unanswered { request });
            }
            // Whoever does not answer an empty SEND is gone.
            Some(Transaction::Empty { .. }) => self.die(now, SessionFailure::Timeout),
            None => {}
        }
    }
}
