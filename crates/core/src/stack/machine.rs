//! [`Stack`]: hands each input to its layer, and what comes of it to the usages.

use std::time::Instant;

use bytes::Bytes;

use super::core::{Core, Outcome};
use super::deadlines::Sleeper;
use super::receiving::Arrival;
use super::reply::{Answer, Responder};
use super::request::Request;
use super::servers::ServerId;
use super::usages::Usages;
use super::{ConnectionId, Event, Input, Output, Path, StackConfig, Statistics};
use crate::message::{Message, Method, StatusCode};
use crate::usage::options;

/// A SIP user agent without sockets, clock or randomness: see the
/// [crate's documentation](crate) for how it is driven.
#[derive(Debug)]
pub struct Stack {
    pub(super) core: Core,
    pub(super) usages: Usages,
    pub(super) shutdown: Shutdown,
}

/// Whether the stack is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shutdown {
    No,
    Running,
    Told,
}

impl Stack {
    /// A stack with nothing to do yet.
    pub fn new(config: StackConfig, now: Instant) -> Self {
        Self { core: Core::new(config, now), usages: Usages::default(), shutdown: Shutdown::No }
    }

    /// Takes an input. Drain [`poll_output`](Self::poll_output) afterwards.
    /// Time never runs backwards: an earlier `now` than the last counts as the
    /// last.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.core.now = self.core.now.max(now);
        match input {
            Input::Datagram { endpoint, local, remote, bytes } => {
                // Keep-alives (RFC 5626 §3.5.1) are no messages.
                if !bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
                    let path = Path::Datagram { endpoint, local, remote };
                    self.on_message(bytes, &path);
                }
            }
            Input::StreamOpened { connection, transport, local, remote } => {
                self.on_opened(connection, transport, local, remote);
            }
            Input::StreamData { connection, bytes } => self.on_stream_data(connection, &bytes),
            Input::StreamFailed { connection, reason } => {
                self.core.on_connection_gone(connection, Some(&reason));
            }
            Input::StreamClosed { connection } => self.core.on_connection_gone(connection, None),
            Input::Resolved { query, answer } => self.core.on_resolved(query, answer),
            Input::Command { ticket, command } => {
                let result = self.command(command);
                self.core.outputs.push_back(Output::Answer { ticket, result });
            }
            Input::Congested(congested) => self.core.congested = congested,
            Input::Tracing(tracing) => self.core.tracing = tracing,
            Input::Timeout => {}
        }
        self.hand_out();
        self.wake();
        if self.shutdown == Shutdown::Running && self.usages.is_empty() {
            self.shutdown = Shutdown::Told;
            self.core.event(Event::Stopped);
        }
        self.count();
    }

    /// What to do next, until it is [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        match self.core.outputs.pop_front() {
            Some(output) => output,
            None => Output::Timeout(self.core.deadlines.next()),
        }
    }

    /// What has been counted so far.
    pub fn statistics(&self) -> &Statistics {
        &self.core.statistics
    }

    fn count(&mut self) {
        let statistics = &mut self.core.statistics;
        statistics.calls = self.usages.calls();
        statistics.dialogs = self.usages.dialogs();
        statistics.registrations = self.usages.registrations();
        statistics.client_transactions = self.core.clients.len();
        statistics.server_transactions = self.core.servers.len();
        statistics.connections = self.core.connections.len();
    }

    /// Gives the owners what has become of their requests.
    fn hand_out(&mut self) {
        while let Some(outcome) = self.core.outcomes.pop_front() {
            let (Outcome::Response { owner, .. }
            | Outcome::Failed { owner, .. }
            | Outcome::Over { owner, .. }) = outcome;
            self.usages.on_outcome(&mut self.core, owner, outcome);
        }
    }

    /// Wakes everything whose deadline has come.
    fn wake(&mut self) {
        while let Some((sleeper, at)) = self.core.deadlines.pop(self.core.now) {
            match sleeper {
                Sleeper::Client(id) => self.core.wake_client(id, at),
                Sleeper::Server(id) => self.core.wake_server(id, at),
                Sleeper::Connection(id) => self.wake_connection(id, at),
                Sleeper::Call(key) => self.usages.wake_call(&mut self.core, key, at),
                Sleeper::Registration(key) => {
                    self.usages.wake_registration(&mut self.core, key, at);
                }
            }
            self.hand_out();
        }
    }

    /// One whole message came.
    fn on_message(&mut self, bytes: Bytes, path: &Path) {
        let Some(message) = self.core.parse(bytes, path) else { return };
        match Request::read(&message) {
            None => self.core.receive_response(message),
            Some(Err(error)) => self.core.refuse_malformed(&message, path, &error),
            Some(Ok(request)) => match self.core.receive_request(&request, path) {
                Arrival::Done => {}
                Arrival::Request(responder) => self.on_request(&request, responder, path),
                Arrival::Cancel { responder, invite } => {
                    self.on_cancel(&message, &responder, invite);
                }
                Arrival::Ack => self.on_ack(&request),
            },
        }
    }

    fn on_ack(&mut self, request: &Request<'_>) {
        let call = request.local_tag().and_then(|tag| self.usages.call_by_tag(tag));
        let core = &mut self.core;
        match call {
            Some(key) => {
                self.usages.with_call(core, key, |call, core| call.on_ack(core, request));
            }
            None => core.statistics.unmatched += 1,
        }
    }

    fn on_request(&mut self, request: &Request<'_>, responder: Responder, path: &Path) {
        if request.in_dialog() {
            self.on_dialog_request(request, responder);
            return;
        }
        let core = &mut self.core;
        match request.method {
            Method::Invite | Method::Options => {}
            Method::Bye => {
                let code = StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST;
                core.respond_code(&responder, code);
                return;
            }
            method => {
                options::refuse_method(core, &responder, method);
                return;
            }
        }
        if options::refuse(core, &responder, request) {
            return;
        }
        if *request.method == Method::Options {
            options::answer(core, &responder);
            return;
        }
        let full = self.usages.calls() >= core.config.limits.calls;
        if full || core.congested || self.shutdown != Shutdown::No {
            core.statistics.overloads += 1;
            let headers = [("Retry-After", super::receiving::OVERLOAD_RETRY)];
            let code = StatusCode::SERVICE_UNAVAILABLE;
            core.respond(&responder, &Answer { headers: &headers, ..Answer::new(code) });
            return;
        }
        self.usages.incoming_call(core, request, responder, path);
    }

    fn on_dialog_request(&mut self, request: &Request<'_>, responder: Responder) {
        let call = request.local_tag().and_then(|tag| self.usages.call_by_tag(tag));
        let core = &mut self.core;
        match call {
            Some(key) => self.usages.with_call(core, key, |call, core| {
                call.on_request(core, request, responder);
            }),
            None => {
                core.respond_code(&responder, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            }
        }
    }

    /// RFC 3261 §9.2.
    fn on_cancel(&mut self, request: &Message, responder: &Responder, invite: Option<ServerId>) {
        let core = &mut self.core;
        let Some(invite) = invite else {
            core.respond_code(responder, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            return;
        };
        core.respond_code(responder, StatusCode::OK);
        let call = core.servers.get(invite).and_then(|server| server.call);
        if let Some(key) = call.filter(|_| core.servers.is_proceeding(invite)) {
            self.usages.with_call(core, key, |call, core| call.on_cancel(core, request));
        }
    }

    fn on_opened(
        &mut self,
        connection: ConnectionId,
        transport: super::Transport,
        local: std::net::SocketAddr,
        remote: std::net::SocketAddr,
    ) {
        let core = &mut self.core;
        let full = core.connections.len() >= core.config.limits.connections;
        if full && !core.connections.contains(connection) {
            core.outputs.push_back(Output::Close { connection });
            return;
        }
        core.connections.opened(connection, transport, local, remote, core.now);
        self.settle_connection(connection, None);
    }

    fn on_stream_data(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let Some(entry) = self.core.connections.get_mut(connection) else { return };
        entry.framer.push(bytes);
        while let Some((bytes, path)) = self.core.next_frame(connection) {
            self.on_message(bytes, &path);
        }
        self.settle_connection(connection, None);
    }

    fn wake_connection(&mut self, connection: ConnectionId, at: Instant) {
        let limits = (self.core.config.connection_idle, self.core.config.message_age);
        if self.core.connections.is_overdue(connection, self.core.now, limits) {
            self.core.close(connection);
        } else {
            self.settle_connection(connection, Some(at));
        }
    }

    fn settle_connection(&mut self, connection: ConnectionId, rang: Option<Instant>) {
        let core = &mut self.core;
        let limits = (core.config.connection_idle, core.config.message_age);
        core.connections.settle(connection, rang, limits, &mut core.deadlines);
    }
}
