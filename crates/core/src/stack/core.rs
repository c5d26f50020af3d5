//! What every usage stands on: transactions, connections, random numbers,
//! deadlines, and the queue of outputs.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::clients::{Clients, Owner, RequestId, Stage};
use super::connections::Channel;
use super::connections::Connections;
use super::deadlines::Deadlines;
use super::random::{Random, SeededHasher};
use super::reply::{Answer, Responder};
use super::servers::{ServerId, Servers};
use super::{
    Cause, Content, Direction, Endpoint, EndpointId, Event, Output, Path, StackConfig, Statistics,
    Trace, Transmit, Transport, TransportError,
};
use crate::message::{Message, StatusCode};
use crate::transaction::Reaction;

/// What a request of ours came to. It is handed to its owner after the
/// transaction has been left.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A response, provisional or final.
    Response { owner: Owner, request: RequestId, response: Message, path: Path },
    /// No address gave a final response.
    Failed { owner: Owner, request: RequestId, cause: Cause },
    /// The transaction is over: no more responses will come.
    Over { owner: Owner, request: RequestId },
}

#[derive(Debug)]
pub(crate) struct Core {
    pub config: StackConfig,
    /// The time of the input at hand.
    pub now: Instant,
    pub random: Random,
    pub clients: Clients,
    pub servers: Servers,
    pub connections: Connections,
    pub deadlines: Deadlines,
    pub outcomes: VecDeque<Outcome>,
    pub outputs: VecDeque<Output>,
    pub statistics: Statistics,
    pub congested: bool,
    pub tracing: bool,
    pub queries: u64,
}

impl Core {
    pub(crate) fn new(mut config: StackConfig, now: Instant) -> Self {
        // A timer of zero would never let go.
        for timer in [&mut config.timers.t1, &mut config.timers.t2, &mut config.timers.t4] {
            *timer = (*timer).max(Duration::from_millis(1));
        }
        let mut random = Random::new(config.seed);
        let hasher: SeededHasher = random.hasher();
        Self {
            now,
            random,
            clients: Clients::default(),
            servers: Servers::new(hasher, config.timers),
            connections: Connections::default(),
            deadlines: Deadlines::default(),
            outcomes: VecDeque::new(),
            outputs: VecDeque::new(),
            statistics: Statistics::default(),
            congested: false,
            tracing: false,
            queries: 0,
            config,
        }
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Puts one message on its way.
    pub(crate) fn transmit(&mut self, path: Path, bytes: Bytes) {
        self.statistics.messages_sent += 1;
        if let Path::Stream { connection, .. } = path {
            self.connections.touch(connection, self.now);
        }
        self.trace(Direction::Outgoing, &path, &bytes);
        self.outputs.push_back(Output::Transmit(Transmit { path, bytes }));
    }

    pub(crate) fn trace(&mut self, direction: Direction, path: &Path, bytes: &Bytes) {
        if !self.tracing {
            return;
        }
        let local = self.local_of(path);
        let (transport, remote) = (path.transport(), path.remote());
        let trace = Trace { direction, transport, local, remote, bytes: bytes.clone() };
        self.outputs.push_back(Output::Trace(trace));
    }

    /// Our end of a path; unspecified while a connection is being opened.
    pub(crate) fn local_of(&self, path: &Path) -> SocketAddr {
        match path {
            Path::Datagram { local, .. } => *local,
            Path::Stream { connection, remote, .. } => {
                self.connections.local(*connection).unwrap_or(match remote {
                    SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
                    SocketAddr::V6(_) => SocketAddr::from(([0u16; 8], 0)),
                })
            }
        }
    }

    /// Answers a request through its transaction.
    pub(crate) fn respond(&mut self, responder: &Responder, answer: &Answer<'_>) -> Bytes {
        let bytes = responder.render(answer, self.config.user_agent.as_deref());
        self.respond_bytes(responder.server, answer.code, bytes.clone());
        bytes
    }

    /// Answers with nothing but a code.
    pub(crate) fn respond_code(&mut self, responder: &Responder, code: StatusCode) {
        self.respond(responder, &Answer::new(code));
    }

    /// Answers with the application's content and our Contact.
    pub(crate) fn respond_content(
        &mut self,
        responder: &Responder,
        code: StatusCode,
        contact: bool,
        headers: &[(&str, &str)],
        content: &Content,
    ) -> Bytes {
        let contact = if contact { self.contact_towards(responder.server) } else { None };
        let reason = content.reason.as_deref();
        let content = Some(content);
        self.respond(responder, &Answer { code, reason, contact, headers, content })
    }

    /// Sends a response (again).
    pub(crate) fn respond_bytes(&mut self, server: ServerId, code: StatusCode, bytes: Bytes) {
        let reaction = self.servers.respond(self.now, server, code.code(), bytes);
        self.carry_out_server(server, reaction, None);
    }

    /// What a server transaction wants.
    pub(crate) fn carry_out_server(
        &mut self,
        id: ServerId,
        reaction: Reaction,
        rang: Option<Instant>,
    ) {
        if let Some(bytes) = reaction.transmit
            && let Some(path) = self.reply_path(id)
        {
            self.transmit(path, bytes);
        }
        self.servers.settle(id, rang, &mut self.deadlines);
    }

    pub(crate) fn wake_client(&mut self, id: RequestId, at: Instant) {
        let now = self.now;
        let mut rang = Some(at);
        loop {
            let Some(client) = self.clients.get_mut(id) else { return };
            let Stage::Running(running) = &mut client.stage else { return };
            match running.machine.on_timer(now) {
                Some(reaction) => self.carry_out_client(id, reaction, None, rang.take()),
                None => break,
            }
        }
        self.clients.settle(id, rang, &mut self.deadlines);
    }

    pub(crate) fn wake_server(&mut self, id: ServerId, at: Instant) {
        let mut rang = Some(at);
        while let Some(reaction) = self.servers.on_timer(self.now, id) {
            self.carry_out_server(id, reaction, rang.take());
        }
        self.servers.settle(id, rang, &mut self.deadlines);
    }

    /// Where responses of a transaction go now: on the connection that brought
    /// the request, or a new one if that is gone (RFC 3261 §18.2.2).
    fn reply_path(&mut self, id: ServerId) -> Option<Path> {
        let server = self.servers.get(id)?;
        let (path, fallback) = (server.path, server.fallback);
        let Path::Stream { connection, transport, .. } = path else { return Some(path) };
        if self.connections.contains(connection) {
            return Some(path);
        }
        // Over TLS nobody's name could be checked there.
        if transport != Transport::Tcp {
            return None;
        }
        let connection = self.connect(Channel::Tcp, fallback, None).ok()?;
        let path = Path::Stream { connection, transport, remote: fallback };
        self.servers.get_mut(id)?.path = path;
        Some(path)
    }

    /// A connection to a peer: one that is there, or a new one.
    pub(crate) fn connect(
        &mut self,
        channel: Channel,
        remote: SocketAddr,
        local: Option<IpAddr>,
    ) -> Result<super::ConnectionId, TransportError> {
        if let Some(connection) = self.connections.to(&channel, remote) {
            return Ok(connection);
        }
        if self.connections.len() >= self.config.limits.connections {
            return Err(TransportError::TooManyConnections);
        }
        let (transport, peer) = (channel.transport(), channel.peer().map(Box::from));
        let connection = self.connections.open(channel, remote, self.now);
        self.outputs.push_back(Output::Connect { connection, transport, remote, local, peer });
        Ok(connection)
    }

    /// The endpoint to send from, and our address there.
    pub(crate) fn endpoint_towards(
        &self,
        transport: Transport,
        remote: IpAddr,
    ) -> Option<(EndpointId, Endpoint)> {
        let fits = |endpoint: &Endpoint| {
            endpoint.transport == transport && endpoint.address.is_ipv4() == remote.is_ipv4()
        };
        let near = |endpoint: &Endpoint| {
            let own = endpoint.address.ip();
            own.is_unspecified() || own.is_loopback() == remote.is_loopback()
        };
        let all = || (0..).map(EndpointId).zip(self.config.endpoints.iter().copied());
        all()
            .find(|(_, endpoint)| fits(endpoint) && near(endpoint))
            .or_else(|| all().find(|(_, endpoint)| fits(endpoint)))
    }

    /// The address that a peer reaches us at over `transport`; `own` is the
    /// local address on the way to it.
    pub(crate) fn contact_address(&self, transport: Transport, own: SocketAddr) -> SocketAddr {
        match self.endpoint_towards(transport, own.ip()) {
            Some((_, endpoint)) => SocketAddr::new(own.ip(), endpoint.address.port()),
            None => own,
        }
    }

    /// Our Contact in a response of this transaction.
    fn contact_towards(&self, server: ServerId) -> Option<(Transport, SocketAddr)> {
        let path = &self.servers.get(server)?.path;
        let own = match path {
            Path::Datagram { local, .. } => *local,
            Path::Stream { connection, transport, .. } => {
                let own = self.connections.local(*connection)?;
                self.contact_address(*transport, own)
            }
        };
        Some((path.transport(), own))
    }
}
