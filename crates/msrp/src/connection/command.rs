//! What the caller asks for.

use std::time::Instant;

use bytes::Bytes;

use super::outgoing::Message;
use super::receive::Inbound;
use super::responses::Transaction;
use super::session::Session;
use super::timers::Timer;
use super::{
    CommandError, Connection, Event, Failure, IncomingFailure, IncomingKey, IncomingRequestKey,
    Input, MessageKey, Outgoing, OutgoingRequest, RequestKey, SessionConfig, SessionFailure,
    SessionKey, State,
};
use crate::header::StatusCode;
use crate::message::{Flag, Method, is_ident};
use crate::uri::Path;
use crate::writer::{MessageWriter, WriteError, check_name, check_value};

type Done = Result<(), CommandError>;

impl Connection {
    pub(super) fn command(&mut self, now: Instant, input: Input) -> Done {
        match input {
            Input::Attach { session, config, active } => self.attach(now, session, *config, active),
            Input::NoSession(code) => {
                self.resume(now, Some(code));
                Ok(())
            }
            Input::Send { session, message, content } => self.send(session, message, &content),
            Input::Provide { session, message, data, last } => {
                self.provide(session, message, data, last)
            }
            Input::Abort { session, message } => self.abort(session, message),
            Input::Refuse { session, message, code } => self.refuse(session, message, code),
            Input::Report { session, message, code, comment } => {
                self.report_now(session, message, code, &comment)
            }
            Input::Request { request, content } => self.request(request, &content),
            Input::Respond { request, code, comment } => self.respond(request, code, &comment),
            Input::Close(session) => self.close(now, session),
            Input::Detach(session) => self.detach(now, session),
            Input::Shutdown => self.shutdown(now),
            Input::Received(_) | Input::Written(_) | Input::Timeout | Input::Lost => Ok(()),
        }
    }

    fn attach(
        &mut self,
        now: Instant,
        key: SessionKey,
        config: SessionConfig,
        active: bool,
    ) -> Done {
        if self.state != State::Open {
            return Err(CommandError::Closing);
        }
        if self.sessions.contains_key(&key) {
            return Err(CommandError::KeyInUse);
        }
        self.last_match = None;
        self.sessions.insert(key, Session::new(config));
        if active {
            self.send_empty(key);
        }
        self.resume(now, None);
        Ok(())
    }

    /// Sends an empty SEND: it binds a session, and keeps a connection alive.
    fn send_empty(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get(&key) else { return };
        let id = self.ids.transaction();
        let transaction = String::from_utf8_lossy(&id).into_owned();
        let from = Path::from(session.config.local.clone());
        let message_id = self.ids.text();
        let built =
            MessageWriter::request(&transaction, &Method::Send, &session.config.remote, &from)
                .and_then(|w| w.other("Message-ID", message_id))
                .and_then(|w| w.other("Byte-Range", "1-0/0"));
        if let Ok(writer) = built {
            self.transactions.insert(id, Transaction::Empty { session: key, timer: None });
            self.push_control(writer.end(Flag::Last), Some(id));
        }
    }

    pub(super) fn keep_alive(&mut self, now: Instant) {
        let Some(interval) = self.config.keep_alive else { return };
        let quiet_at = self.active_at + interval;
        if quiet_at > now {
            self.timers.set(quiet_at, Timer::KeepAlive);
            return;
        }
        self.timers.set(now + interval, Timer::KeepAlive);
        let bound = self.sessions.iter().find(|(_, session)| session.bound);
        if let Some(key) = bound.map(|(key, _)| *key) {
            self.send_empty(key);
        }
    }

    fn send(&mut self, key: SessionKey, message: MessageKey, content: &Outgoing) -> Done {
        let session = self.sessions.get_mut(&key).ok_or(CommandError::NoSuchSession)?;
        if session.closing {
            return Err(CommandError::Closing);
        }
        if session.messages.contains_key(&message) {
            return Err(CommandError::KeyInUse);
        }
        if session.messages.len() >= session.config.max_queued {
            return Err(CommandError::QueueFull);
        }
        check_value("Content-Type", &content.content_type)?;
        check_headers(&content.headers)?;
        let id = match &content.message_id {
            Some(id) if !is_ident(id) => {
                return Err(WriteError::Control { name: "Message-ID".into() }.into());
            }
            Some(id) if session.by_id.contains_key(id) => return Err(CommandError::KeyInUse),
            Some(id) => id.clone(),
            None => self.ids.text(),
        };
        let found = Message::new(id.clone(), content);
        let lane = if found.is_bulk { &mut session.bulk } else { &mut session.texts };
        lane.push_back(message);
        session.by_id.insert(id, message);
        session.messages.insert(message, found);
        self.ask_for_more(key, message);
        self.enqueue(key);
        Ok(())
    }

    fn provide(&mut self, key: SessionKey, message: MessageKey, data: Bytes, last: bool) -> Done {
        let found = self.message_mut(key, message).ok_or(CommandError::NoSuchMessage)?;
        found.provide(data, last).ok_or(CommandError::NotWanted)?;
        self.ask_for_more(key, message);
        self.enqueue(key);
        Ok(())
    }

    fn abort(&mut self, key: SessionKey, message: MessageKey) -> Done {
        let found = self.message_mut(key, message).ok_or(CommandError::NoSuchMessage)?;
        let begun = found.position > 0 && !found.finished;
        let (fields, mime, next) = (found.fields.clone(), found.mime.clone(), found.position + 1);
        let total = found.total.map_or_else(|| "*".to_owned(), |total| total.to_string());
        let in_chunk =
            self.chunk.as_ref().is_some_and(|c| c.session == key && c.message == message);
        self.fail_message(key, message, Failure::Aborted);
        if begun
            && !in_chunk
            && let Some(session) = self.sessions.get(&key)
        {
            // The receiver waits for more: an empty chunk says that none comes.
            let id = self.ids.text();
            let bytes = format!(
                "MSRP {id} SEND\r\n{}{fields}Byte-Range: {next}-*/{total}\r\n{mime}\r\n\r\n-------{id}#\r\n",
                session.paths
            );
            self.push_control(bytes.into(), None);
        }
        Ok(())
    }

    fn refuse(&mut self, key: SessionKey, message: IncomingKey, code: StatusCode) -> Done {
        let session = self.sessions.get_mut(&key).ok_or(CommandError::NoSuchSession)?;
        let found = session.incoming.get(&message).ok_or(CommandError::NoSuchMessage)?;
        let id = found.message_id().to_owned();
        match std::mem::take(&mut self.inbound) {
            inbound @ Inbound::Chunk { message: current, .. } if current == message => {
                self.inbound = self.refuse_chunk(inbound, code);
            }
            other => {
                self.inbound = other;
                if let Some(session) = self.sessions.get_mut(&key) {
                    session.note_refused(&id, code);
                }
                self.drop_incoming(key, message, IncomingFailure::Refused(code));
            }
        }
        Ok(())
    }

    fn report_now(
        &mut self,
        key: SessionKey,
        message: IncomingKey,
        code: StatusCode,
        comment: &str,
    ) -> Done {
        check_value("Status", comment)?;
        let session = self.sessions.get_mut(&key).ok_or(CommandError::NoSuchSession)?;
        let at = session.unreported.iter().position(|(m, ..)| *m == message);
        let found = at.and_then(|at| session.unreported.remove(at));
        let (_, origin, total) = found.ok_or(CommandError::NoSuchMessage)?;
        self.report(key, &origin, total, code, comment);
        Ok(())
    }

    fn request(&mut self, request: RequestKey, content: &OutgoingRequest) -> Done {
        if self.state == State::Dead {
            return Err(CommandError::Closing);
        }
        if content.session.is_some_and(|key| !self.sessions.contains_key(&key)) {
            return Err(CommandError::NoSuchSession);
        }
        let used =
            |t: &Transaction| matches!(t, Transaction::Request { request: r, .. } if *r == request);
        if self.transactions.values().any(used) {
            return Err(CommandError::KeyInUse);
        }
        check_headers(&content.headers)?;
        let id = self.ids.transaction();
        let text = String::from_utf8_lossy(&id).into_owned();
        let mut writer =
            MessageWriter::request(&text, &content.method, &content.to, &content.from)?;
        for (name, value) in &content.headers {
            writer = writer.other(name, value)?;
        }
        let transaction = Transaction::Request { request, session: content.session, timer: None };
        self.transactions.insert(id, transaction);
        self.push_control(writer.end(Flag::Last), Some(id));
        Ok(())
    }

    fn respond(&mut self, request: IncomingRequestKey, code: StatusCode, comment: &str) -> Done {
        check_value("the comment", comment)?;
        let pending = self.requests.remove(&request).ok_or(CommandError::NoSuchMessage)?;
        if self.sessions.contains_key(&pending.session) {
            let comment = if comment.is_empty() { code.comment() } else { comment };
            self.answer_with(&pending.head, code, comment);
        }
        Ok(())
    }

    fn close(&mut self, now: Instant, key: SessionKey) -> Done {
        let session = self.sessions.get_mut(&key).ok_or(CommandError::NoSuchSession)?;
        if !session.closing {
            session.closing = true;
            self.closing.push(key);
            self.timers.set(now + self.config.close_timeout, Timer::Closing(key));
        }
        Ok(())
    }

    pub(super) fn close_overdue(&mut self, now: Instant, key: SessionKey) {
        if self.sessions.get(&key).is_some_and(|session| session.closing) {
            self.fail_messages(key);
            // The session itself ends as asked for.
            let _ = now;
        }
    }

    fn detach(&mut self, now: Instant, key: SessionKey) -> Done {
        if !self.sessions.contains_key(&key) {
            return Err(CommandError::NoSuchSession);
        }
        self.fail_messages(key);
        self.remove_session(now, key);
        self.events.push_back(Event::Closed { session: key });
        Ok(())
    }

    fn shutdown(&mut self, now: Instant) -> Done {
        if self.state == State::Open {
            self.state = State::ShuttingDown;
            let keys: Vec<SessionKey> = self.sessions.keys().copied().collect();
            for key in keys {
                self.close(now, key)?;
            }
        }
        Ok(())
    }

    /// A session fails, and with it all that it has under way.
    pub(super) fn fail_session(&mut self, now: Instant, key: SessionKey, failure: SessionFailure) {
        if self.sessions.contains_key(&key) {
            self.fail_messages(key);
            self.remove_session(now, key);
            self.events.push_back(Event::Failed { session: key, failure });
        }
    }

    fn fail_messages(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get(&key) else { return };
        let states: Vec<(MessageKey, u64, u64)> = session
            .messages
            .iter()
            .map(|(message, found)| (*message, found.sent, found.confirmed()))
            .collect();
        for (message, sent, confirmed) in states {
            self.fail_message(key, message, Failure::SessionEnded { sent, confirmed });
        }
    }

    /// Forgets a session whose messages are over.
    pub(super) fn remove_session(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self.sessions.get(&key) else { return };
        let incoming: Vec<IncomingKey> = session.incoming.keys().copied().collect();
        for message in incoming {
            self.drop_incoming(key, message, IncomingFailure::SessionEnded);
        }
        self.sessions.remove(&key);
        self.closing.retain(|k| *k != key);
        self.runnable.retain(|k| *k != key);
        self.last_match = None;
        if matches!(self.inbound, Inbound::Chunk { session, .. } if session == key) {
            self.inbound = Inbound::Discard;
        }
        self.requests.retain(|_, request| request.session != key);
        let mut unanswered = Vec::new();
        self.transactions.retain(|_, transaction| {
            if transaction.session() != Some(key) {
                return true;
            }
            if let Transaction::Request { request, .. } = transaction {
                unanswered.push(Event::Unanswered { request: *request });
            }
            false
        });
        self.events.extend(unanswered);
        // From now on the connection has to find another use.
        self.active_at = now;
        self.timers.set(now + self.config.unbound_timeout, Timer::Unbound);
    }
}

fn check_headers(headers: &[(String, String)]) -> Result<(), WriteError> {
    headers.iter().try_for_each(|(name, value)| {
        check_name(name)?;
        check_value(name, value)
    })
}
