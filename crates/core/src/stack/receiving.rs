//! From bytes to transactions (RFC 3261 §17.1.3, §17.2.3, §18.1.2, §18.2.1).

use bytes::Bytes;

use super::core::Core;
use super::random::parse_token;
use super::reply::{Answer, Responder};
use super::servers::{ServerId, response_address};
use super::{ConnectionId, Direction, Output, Path};
use crate::framing::{Frame, FramingError};
use crate::header::{CSeq, HeaderName, To, Via};
use crate::message::{Message, Method, ParseError, StatusCode};
use crate::transaction::Tell;

/// Retry-After of a 503 that a limit caused, in seconds.
pub(super) const OVERLOAD_RETRY: &str = "10";

/// What a message turned out to be.
pub(crate) enum Arrival {
    /// Dealt with, or dropped.
    Done,
    /// A new request in a transaction of its own.
    Request { request: Message, responder: Responder, path: Path },
    /// A CANCEL, with the INVITE transaction that it means.
    Cancel { request: Message, responder: Responder, invite: Option<ServerId> },
    /// An ACK to a 2xx: of this transaction, or by its dialog.
    Ack { request: Message },
}

impl Core {
    /// One whole message came.
    pub(crate) fn receive(&mut self, bytes: Bytes, path: Path) -> Arrival {
        self.trace(Direction::Incoming, &path, &bytes);
        let Ok(message) = Message::parse(bytes) else {
            self.statistics.malformed += 1;
            return Arrival::Done;
        };
        if message.is_request() {
            self.statistics.requests_received += 1;
            self.receive_request(message, path)
        } else {
            self.statistics.responses_received += 1;
            self.receive_response(message);
            Arrival::Done
        }
    }

    fn receive_response(&mut self, response: Message) {
        // Two Vias: the response is for somebody behind us (§8.1.3.3).
        let mut vias = response.all::<Via<'_>>();
        let branch = vias.next().and_then(Result::ok).and_then(|via| via.branch);
        if response.validate().is_err() || vias.next().is_some() {
            self.statistics.malformed += 1;
            return;
        }
        let bits = branch.and_then(|branch| {
            let cookie = branch.get(..7).filter(|cookie| cookie.eq_ignore_ascii_case("z9hG4bK"));
            parse_token(&branch[cookie?.len()..])
        });
        let method = response.typed::<CSeq>().ok().flatten().map(|cseq| cseq.method);
        let found = match (bits, &method) {
            (Some(bits), Some(method)) => self.clients.by_branch(bits, method),
            _ => None,
        };
        let matching = found.filter(|id| {
            self.clients
                .get(*id)
                .is_some_and(|client| Some(&client.draft.method) == method.as_ref())
        });
        match matching {
            Some(id) => self.on_client_response(id, response),
            None => self.statistics.unmatched += 1,
        }
    }

    fn receive_request(&mut self, request: Message, path: Path) -> Arrival {
        let Some(method) = request.method().cloned() else { return Arrival::Done };
        let via = match request.typed::<Via<'_>>() {
            Ok(Some(via)) => via,
            // A broken Via does not say where to answer, but the sender is known.
            Err(_) => {
                let error = request.validate().err();
                return error.map_or(Arrival::Done, |e| self.refuse_malformed(&request, &path, &e));
            }
            Ok(None) => {
                self.statistics.malformed += 1;
                return Arrival::Done;
            }
        };
        let path = match path {
            Path::Datagram { endpoint, local, remote } => {
                let remote = response_address(&via, remote);
                Path::Datagram { endpoint, local, remote }
            }
            stream @ Path::Stream { .. } => stream,
        };
        if let Some(id) = self.servers.find(&request, &via, &method) {
            let reaction = self.servers.on_request(self.now, id, &method);
            if method == Method::Ack {
                let for_user = reaction.tell == Some(Tell::Message);
                self.carry_out_server(id, reaction, None);
                return if for_user { Arrival::Ack { request } } else { Arrival::Done };
            }
            self.statistics.retransmissions_received += 1;
            self.carry_out_server(id, reaction, None);
            return Arrival::Done;
        }
        if let Err(error) = request.validate() {
            return self.refuse_malformed(&request, &path, &error);
        }
        if method == Method::Ack {
            return Arrival::Ack { request };
        }
        if self.servers.len() >= self.config.limits.server_transactions {
            self.statistics.overloads += 1;
            self.respond_without_transaction(
                &request,
                &path,
                StatusCode::SERVICE_UNAVAILABLE,
                None,
            );
            return Arrival::Done;
        }
        let in_dialog = request.typed::<To<'_>>().ok().flatten().is_some_and(|to| to.tag.is_some());
        let merged = !in_dialog && method != Method::Cancel && self.servers.is_merged(&request);
        let invite = match method {
            Method::Cancel => self.servers.find(&request, &via, &Method::Invite),
            _ => None,
        };
        let server = self.servers.start(&request, &via, &method, path, !in_dialog);
        let tag = self.random.bits();
        let responder = Responder::new(&request, &path, server, tag);
        if merged {
            let code = StatusCode::new(482).unwrap_or(StatusCode::BAD_REQUEST);
            self.respond_code(&responder, code);
            return Arrival::Done;
        }
        if method == Method::Cancel {
            return Arrival::Cancel { request, responder, invite };
        }
        Arrival::Request { request, responder, path }
    }

    /// A request that breaks the grammar but says where to answer.
    fn refuse_malformed(&mut self, request: &Message, path: &Path, error: &ParseError) -> Arrival {
        if request.method() == Some(&Method::Ack) || !request.contains(HeaderName::CallId) {
            self.statistics.malformed += 1;
        }
        if request.method() != Some(&Method::Ack) {
            self.statistics.bad_requests += 1;
            let reason = error.to_string();
            self.respond_without_transaction(request, path, error.status(), Some(&reason));
        }
        Arrival::Done
    }

    fn respond_without_transaction(
        &mut self,
        request: &Message,
        path: &Path,
        code: StatusCode,
        reason: Option<&str>,
    ) {
        let responder = Responder::new(request, path, ServerId(0), self.random.bits());
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
        self.transmit(*path, bytes);
    }

    /// Bytes came on a connection: cuts out the messages, then gives back each
    /// with its path.
    pub(crate) fn next_frame(&mut self, connection: ConnectionId) -> Option<(Bytes, Path)> {
        loop {
            let now = self.now;
            let entry = self.connections.get_mut(connection)?;
            let path = Path::Stream { connection, remote: entry.remote };
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
                self.respond_without_transaction(&request, &path, error.status(), Some(&reason));
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
