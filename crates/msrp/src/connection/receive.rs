//! What comes in: to which session it belongs and what is to be done with it
//! (RFC 4975 §7.3).

use std::time::Instant;

use super::{
    Connection, Event, IncomingKey, IncomingRequestKey, SessionFailure, SessionKey, State,
};
use crate::header::{FailureReport, HeaderName, StatusCode};
use crate::message::{Flag, Head, Method, StartLine};
use crate::parser::{NotMsrp, Parsed};
use crate::writer::MessageWriter;

/// How many requests may wait for the caller's answer; the next one gets 400.
const MAX_REQUESTS: usize = 64;

/// What the message that is being received is for.
#[derive(Debug, Default)]
pub(super) enum Inbound {
    /// Between messages.
    #[default]
    None,
    /// A request for a session that the caller may know.
    Lookup { head: Head, has_body: bool },
    /// A chunk of a message.
    Chunk {
        session: SessionKey,
        message: IncomingKey,
        head: Head,
        /// Where the next byte belongs, counted from 0.
        position: u64,
        /// Where the chunk has to end, if it said so.
        limit: Option<u64>,
        message_id: String,
    },
    /// A SEND without a body.
    Empty { head: Head },
    /// A response.
    Response(Head),
    /// A REPORT.
    Report { session: SessionKey, head: Head },
    /// A request of another method.
    Other { session: SessionKey, head: Head },
    /// Nothing more: it was answered already, or is not to be.
    Discard,
}

/// A request of another method that waits for the caller's answer.
#[derive(Debug)]
pub(super) struct PendingRequest {
    pub(super) session: SessionKey,
    pub(super) head: Head,
}

impl Connection {
    /// Works through what the parser has.
    pub(super) fn parse(&mut self, now: Instant) {
        while self.state != State::Dead && !matches!(self.inbound, Inbound::Lookup { .. }) {
            match self.parser.next() {
                Ok(None) => return,
                Ok(Some(Parsed::Head { head, has_body })) => {
                    self.inbound = self.begin(now, head, has_body, true);
                }
                Ok(Some(Parsed::Body(data))) => {
                    let inbound = std::mem::take(&mut self.inbound);
                    self.inbound = self.chunk_data(inbound, data);
                }
                Ok(Some(Parsed::End(flag))) => {
                    let inbound = std::mem::take(&mut self.inbound);
                    self.end(now, inbound, flag);
                }
                Ok(Some(Parsed::Bad { head, error })) => {
                    self.answer(&head, StatusCode::BAD_REQUEST);
                    self.events.push_back(Event::Bad { error });
                }
                Err(NotMsrp) => self.die(now, SessionFailure::NotMsrp),
            }
        }
    }

    /// The caller has answered [`Event::Lookup`].
    pub(super) fn resume(&mut self, now: Instant, refusal: Option<StatusCode>) {
        self.inbound = match (std::mem::take(&mut self.inbound), refusal) {
            (Inbound::Lookup { head, .. }, Some(code)) => self.refused(&head, code),
            (Inbound::Lookup { head, has_body }, None) => self.begin(now, head, has_body, false),
            (other, _) => other,
        };
        self.parse(now);
    }

    fn begin(&mut self, now: Instant, head: Head, has_body: bool, ask: bool) -> Inbound {
        let method = match head.start() {
            StartLine::Response(..) => return Inbound::Response(head),
            StartLine::Request(method) => method.clone(),
        };
        let Some(session) = self.find_session(&head) else {
            return self.unknown_session(head, has_body, &method, ask);
        };
        if method != Method::Report {
            self.set_bound(session);
        }
        match method {
            Method::Send if has_body => self.begin_chunk_in(now, session, head),
            Method::Send => Inbound::Empty { head },
            Method::Report => Inbound::Report { session, head },
            _ => Inbound::Other { session, head },
        }
    }

    /// The session on this connection that To-Path names. It has one URI: more
    /// are for relays.
    fn find_session(&mut self, head: &Head) -> Option<SessionKey> {
        let text = head.get(HeaderName::ToPath)?;
        if let Some((last, key)) = &self.last_match
            && last == text
        {
            return Some(*key);
        }
        let path = head.to_path().ok().filter(|path| path.len() == 1)?;
        let found = self.sessions.iter().find(|(_, session)| session.matches(path.first()));
        let key = *found?.0;
        self.last_match = Some((text.to_owned(), key));
        Some(key)
    }

    fn unknown_session(
        &mut self,
        head: Head,
        has_body: bool,
        method: &Method,
        ask: bool,
    ) -> Inbound {
        if *method == Method::Report {
            return Inbound::Discard;
        }
        match (head.to_path(), head.from_path()) {
            (Ok(to), Ok(from)) if ask && to.len() == 1 && self.state == State::Open => {
                self.events
                    .push_back(Event::Lookup { to: to.first().clone(), from: Box::new(from) });
                Inbound::Lookup { head, has_body }
            }
            (Ok(_), Ok(_)) => self.refused(&head, StatusCode::NO_SUCH_SESSION),
            (Err(error), _) | (_, Err(error)) => {
                self.events.push_back(Event::Bad { error });
                self.refused(&head, StatusCode::BAD_REQUEST)
            }
        }
    }

    fn set_bound(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.get_mut(&key)
            && !session.bound
        {
            session.bound = true;
            self.events.push_back(Event::Bound { session: key });
        }
    }

    fn end(&mut self, now: Instant, inbound: Inbound, flag: Flag) {
        match inbound {
            Inbound::Chunk { .. } => self.end_chunk_in(now, inbound, flag),
            Inbound::Empty { head } => self.answer(&head, StatusCode::OK),
            Inbound::Response(head) => self.response(now, head),
            Inbound::Report { session, head } => self.reported(now, session, &head),
            Inbound::Other { session, head } => self.other_request(session, head),
            Inbound::None | Inbound::Lookup { .. } | Inbound::Discard => {}
        }
    }

    fn other_request(&mut self, session: SessionKey, head: Head) {
        let known = match (head.start(), self.sessions.get(&session)) {
            (StartLine::Request(method), Some(session)) => session.config.methods.contains(method),
            _ => false,
        };
        if !known {
            self.answer(&head, StatusCode::UNKNOWN_METHOD);
        } else if self.requests.len() >= MAX_REQUESTS {
            self.answer(&head, StatusCode::BAD_REQUEST);
        } else {
            let request = IncomingRequestKey(self.fresh_key());
            self.requests.insert(request, PendingRequest { session, head: head.clone() });
            self.events.push_back(Event::Requested { session, request, head: Box::new(head) });
        }
    }

    /// Answers with an error now; what follows of the request is ignored.
    pub(super) fn refused(&mut self, head: &Head, code: StatusCode) -> Inbound {
        self.answer(head, code);
        Inbound::Discard
    }

    /// Answers a request, if it wants that answer (RFC 4975 §7.2).
    pub(super) fn answer(&mut self, head: &Head, code: StatusCode) {
        self.answer_with(head, code, code.comment());
    }

    pub(super) fn answer_with(&mut self, head: &Head, code: StatusCode, comment: &str) {
        let StartLine::Request(method) = head.start() else { return };
        let wanted = match head.failure_report().unwrap_or_default() {
            FailureReport::Yes => true,
            FailureReport::Partial => !code.is_success(),
            FailureReport::No => false,
        };
        if !wanted || *method == Method::Report {
            return;
        }
        // The head has no control characters, so its texts can be copied.
        let (Some(to), Some(from)) = (head.get(HeaderName::ToPath), head.get(HeaderName::FromPath))
        else {
            return;
        };
        let first = |path: &str| path.split(' ').next().unwrap_or_default().to_owned();
        let back = if *method == Method::Send { first(from) } else { from.to_owned() };
        let written = MessageWriter::response(head.transaction(), code, comment, &back, &first(to));
        if let Ok(response) = written {
            self.push_control(response.end(Flag::Last), None);
        }
    }
}
