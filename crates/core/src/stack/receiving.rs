//! From bytes to transactions (RFC 3261 §17.1.3, §17.2.3, §18.1.2, §18.2.1).

use bytes::Bytes;

use super::core::Core;
use super::random::parse_token;
use super::reply::{Answer, Responder};
use super::request::Request;
use super::servers::{ServerId, response_address};
use super::{ConnectionId, Direction, Output, Path};
use crate::framing::{Frame, FramingError};
use crate::header::{HeaderName, Via};
use crate::message::{Message, Method, ParseError, StatusCode};
use crate::transaction::Tell;

/// In front of every branch of RFC 3261 (§8.1.1.7).
const MAGIC_COOKIE: &str = "z9hG4bK";

/// Retry-After of a 503 that a limit caused, in seconds.
pub(super) const OVERLOAD_RETRY: &str = "10";

/// What a request turned out to be.
pub(crate) enum Arrival {
    /// Dealt with, or dropped.
    Done,
    /// A new request in a transaction of its own.
    Request(Responder),
    /// A CANCEL, with the INVITE transaction that it means.
    Cancel { responder: Responder, invite: Option<ServerId> },
    /// An ACK to a 2xx.
    Ack,
}

impl Core {
    /// One whole message came: counts and parses it.
    pub(crate) fn parse(&mut self, bytes: Bytes, path: &Path) -> Option<Message> {
        self.trace(Direction::Incoming, path, &bytes);
        match Message::parse(bytes) {
            Ok(message) if message.is_request() => {
                self.statistics.requests_received += 1;
                Some(message)
            }
            Ok(message) => {
                self.statistics.responses_received += 1;
                Some(message)
            }
            Err(_) => {
                self.statistics.malformed += 1;
                None
            }
        }
    }

    /// A response goes to the transaction that its branch and CSeq name.
    pub(crate) fn receive_response(&mut self, response: Message) {
        let Ok(essentials) = response.essentials() else {
            self.statistics.malformed += 1;
            return;
        };
        // Two Vias: the response is for somebody behind us (§8.1.3.3).
        if response.all::<Via<'_>>().nth(1).is_some() {
            self.statistics.malformed += 1;
            return;
        }
        let branch = essentials.via.branch.unwrap_or_default();
        let bits = match branch.split_at_checked(MAGIC_COOKIE.len()) {
            Some((cookie, bits)) if cookie.eq_ignore_ascii_case(MAGIC_COOKIE) => parse_token(bits),
            _ => None,
        };
        let method = essentials.cseq.method;
        let found = bits.and_then(|bits| self.clients.by_branch(bits, &method));
        let matches = |id: &_| self.clients.get(*id).is_some_and(|c| c.draft.method == method);
        match found.filter(matches) {
            Some(id) => self.on_client_response(id, response),
            None => self.statistics.unmatched += 1,
        }
    }

    /// A request goes to its transaction, or gets one.
    pub(crate) fn receive_request(&mut self, request: &Request<'_>, from: &Path) -> Arrival {
        let method = request.method;
        if let Some(id) = self.servers.find(request, method) {
            let reaction = self.servers.on_request(self.now, id, method);
            let for_user = reaction.tell == Some(Tell::Message);
            self.carry_out_server(id, reaction, None);
            if *method != Method::Ack {
                self.statistics.retransmissions_received += 1;
            }
            return if for_user { Arrival::Ack } else { Arrival::Done };
        }
        if *method == Method::Ack {
            return Arrival::Ack;
        }
        let path = match *from {
            Path::Datagram { endpoint, local, remote } => {
                let remote = response_address(&request.essentials.via, remote);
                Path::Datagram { endpoint, local, remote }
            }
            stream @ Path::Stream { .. } => stream,
        };
        if self.servers.len() >= self.config.limits.server_transactions {
            self.statistics.overloads += 1;
            let code = StatusCode::SERVICE_UNAVAILABLE;
            self.respond_without_transaction(request.message, from, path, code, None);
            return Arrival::Done;
        }
        let merged = *method != Method::Cancel && self.servers.is_merged(request);
        let invite = match method {
            Method::Cancel => self.servers.find(request, &Method::Invite),
            _ => None,
        };
        let server = self.servers.start(request, path);
        let tag = self.random.bits();
        let responder =
            Responder::new(request.message, Some(&request.essentials), from, server, tag);
        if merged {
            let code = StatusCode::new(482).unwrap_or(StatusCode::BAD_REQUEST);
            self.respond_code(&responder, code);
            return Arrival::Done;
        }
        if *method == Method::Cancel {
            return Arrival::Cancel { responder, invite };
        }
        Arrival::Request(responder)
    }

    /// A request that breaks the grammar: answered where it came from, or where
    /// its Via says, if it has one.
    pub(crate) fn refuse_malformed(&mut self, request: &Message, from: &Path, error: &ParseError) {
        if request.method() == Some(&Method::Ack) || !request.contains(HeaderName::Via) {
            self.statistics.malformed += 1;
            return;
        }
        self.statistics.bad_requests += 1;
        let path = match (*from, request.typed::<Via<'_>>()) {
            (Path::Datagram { endpoint, local, remote }, Ok(Some(via))) => {
                let remote = response_address(&via, remote);
                Path::Datagram { endpoint, local, remote }
            }
            (path, _) => path,
        };
        let reason = error.to_string();
        self.respond_without_transaction(request, from, path, error.status(), Some(&reason));
    }

    fn respond_without_transaction(
        &mut self,
        request: &Message,
        from: &Path,
        path: Path,
        code: StatusCode,
        reason: Option<&str>,
    ) {
        let tag = self.random.bits();
        let responder = Responder::new(request, None, from, ServerId(0), tag);
        let overload = [("Retry-After", OVERLOAD_RETRY)];
        let warning =
            reason.map(|reason| format!("399 - \"{}\"", reason.replace(['"', '\\'], "'")));
        let warnings = [("Warning", warning.as_deref().unwrap_or_default())];
        let headers: &[(&str, &str)] = match (code, &warning) {
            (StatusCode::SERVICE_UNAVAILABLE, _) => &overload,
            (_, Some(_)) => &warnings,
            _ => &[],
        };
        let answer = Answer { headers, ..Answer::new(code) };
        let bytes = responder.render(&answer, self.config.user_agent.as_deref());
        self.transmit(path, bytes);
    }

    /// Bytes came on a connection: cuts out the messages, then gives back each
    /// with its path.
    pub(crate) fn next_frame(&mut self, connection: ConnectionId) -> Option<(Bytes, Path)> {
        loop {
            let now = self.now;
            let entry = self.connections.get_mut(connection)?;
            let (transport, remote) = (entry.transport(), entry.remote);
            let path = Path::Stream { connection, transport, remote };
            match entry.framer.next_frame() {
                Ok(Some(Frame::Message(bytes))) => {
                    entry.note_message(now);
                    return Some((bytes, path));
                }
                Ok(Some(Frame::Ping)) => {
                    entry.note_message(now);
                    let bytes = Bytes::from_static(b"\r\n");
                    self.outputs.push_back(Output::Transmit(super::Transmit { path, bytes }));
                }
                Ok(Some(Frame::Pong)) => entry.note_message(now),
                Ok(None) => {
                    entry.note_partial(now);
                    return None;
                }
                Err(error) => {
                    self.refuse_stream(&error, path);
                    self.close(connection);
                    return None;
                }
            }
        }
    }

    /// Nothing more can be read from this connection; its sender is told why,
    /// if what came is enough for that.
    fn refuse_stream(&mut self, error: &FramingError, path: Path) {
        self.trace(Direction::Incoming, &path, &error.head);
        match Message::parse(error.head.clone()) {
            Ok(request) if request.is_request() && request.method() != Some(&Method::Ack) => {
                self.statistics.requests_received += 1;
                self.statistics.bad_requests += 1;
                let reason = error.to_string();
                self.respond_without_transaction(
                    &request,
                    &path,
                    path,
                    error.status(),
                    Some(&reason),
                );
            }
            _ => self.statistics.malformed += 1,
        }
    }

    /// Closes a connection from our side.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.outputs.push_back(Output::Close { connection });
        self.on_connection_gone(connection, None);
    }

    /// A connection is gone: what runs over it has failed.
    pub(crate) fn on_connection_gone(&mut self, connection: ConnectionId, reason: Option<&str>) {
        if !self.connections.remove(connection) {
            return;
        }
        for id in self.clients.over(connection) {
            self.on_client_transport_error(id, reason);
        }
    }
}
