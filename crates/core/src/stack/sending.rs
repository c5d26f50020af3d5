//! Sending requests: the way from a [`Draft`] to a transaction and back.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;

use super::clients::{Client, Machine, Owner, RequestId, Running, Stage};
use super::connections::Channel;
use super::core::{Core, Outcome};
use super::deadlines::Alarm;
use super::derived;
use super::draft::{Draft, Way};
use super::{Cause, ExtraHeaders, Output, Path, QueryId, Resolved, Transport, TransportError};
use crate::message::{Message, Method, StatusCode};
use crate::resolve::{MAX_UDP_REQUEST, NextHop, Target};
use crate::transaction::{InviteClient, NonInviteClient, Reaction, Tell};

impl Core {
    /// Sends a request. Whatever becomes of it comes as an [`Outcome`].
    pub(crate) fn send(&mut self, owner: Owner, draft: Draft) -> RequestId {
        let id = self.clients.next_id();
        let ask = match &draft.hop {
            Some(hop) => hop.address().is_none_or(|address| self.needs_source(address)),
            None => false,
        };
        let literal = draft.hop.as_ref().and_then(NextHop::address);
        let targets = match literal {
            Some(remote) if !ask => self.targets(&draft, &[Resolved { remote, local: None }]),
            _ => VecDeque::new(),
        };
        let query = QueryId(self.queries);
        let client = Client {
            owner,
            draft,
            targets,
            stage: Stage::Resolving(query),
            last_failure: None,
            alarm: Alarm::default(),
        };
        self.queries += 1;
        match client.draft.hop.as_ref().filter(|_| ask).map(NextHop::name) {
            Some(name) => {
                self.clients.insert(id, client);
                self.outputs.push_back(Output::Resolve { query, name });
            }
            None => self.try_next(id, client),
        }
        id
    }

    /// Whether our own address on the way has to be asked for.
    fn needs_source(&self, remote: IpAddr) -> bool {
        [Transport::Udp, Transport::Tcp, Transport::Tls].iter().any(|transport| {
            self.endpoint_towards(*transport, remote)
                .is_some_and(|(_, endpoint)| endpoint.address.ip().is_unspecified())
        })
    }

    fn targets(&self, draft: &Draft, addresses: &[Resolved]) -> VecDeque<Target> {
        let large = draft.size() > MAX_UDP_REQUEST && draft.method != Method::Ack;
        let Some(hop) = &draft.hop else { return VecDeque::new() };
        let mut targets = hop.targets(addresses, draft.preferred, large);
        targets.truncate(self.config.limits.targets);
        targets.into()
    }

    /// The resolver has answered.
    pub(crate) fn on_resolved(&mut self, query: QueryId, answer: Result<Vec<Resolved>, Box<str>>) {
        let Some(id) = self.clients.by_query(query) else { return };
        let Some(mut client) = self.clients.remove(id) else { return };
        match answer {
            Ok(addresses) => client.targets = self.targets(&client.draft, &addresses),
            Err(reason) => {
                let name = client.draft.hop.as_ref().map(NextHop::name).unwrap_or_default();
                client.last_failure = Some(Cause::Unresolved { name, reason });
            }
        }
        self.try_next(id, client);
    }

    /// Sends to the next address, or fails.
    fn try_next(&mut self, id: RequestId, mut client: Client) {
        while let Some(target) = client.targets.pop_front() {
            match self.way(&target, &client.draft) {
                Ok((path, way)) => {
                    self.start(id, client, path, &way);
                    return;
                }
                Err(error) => client.last_failure = Some(Cause::Transport(error)),
            }
        }
        let cause = client.last_failure.take();
        let cause = cause.unwrap_or(Cause::Transport(TransportError::BadTarget));
        self.outcomes.push_back(Outcome::Failed { owner: client.owner, request: id, cause });
    }

    fn start(&mut self, id: RequestId, mut client: Client, path: Path, way: &Way) {
        let sent = client.draft.render(way);
        let reliable = way.transport.is_reliable();
        let (machine, reaction) = match client.draft.method {
            Method::Invite => {
                let (machine, reaction) =
                    InviteClient::start(self.now, sent.clone(), reliable, self.config.timers);
                (Machine::Invite(machine), reaction)
            }
            Method::Ack => (Machine::Ack, Reaction::transmit(sent.clone())),
            _ => {
                let (machine, reaction) =
                    NonInviteClient::start(self.now, sent.clone(), reliable, self.config.timers);
                (Machine::Other(machine), reaction)
            }
        };
        let sent = match machine {
            Machine::Invite(_) | Machine::Ack => sent,
            Machine::Other(_) => Bytes::new(),
        };
        if let Path::Stream { connection, .. } = path {
            self.connections.used_by_request(connection);
        }
        client.stage = Stage::Running(Running { branch: way.branch, path, machine, sent });
        self.clients.insert(id, client);
        self.carry_out_client(id, reaction, None, None);
    }

    /// Picks socket or connection, and our addresses in Via and Contact.
    fn way(&mut self, target: &Target, draft: &Draft) -> Result<(Path, Way), TransportError> {
        let Target { transport, remote, local } = *target;
        let endpoint = self.endpoint_towards(transport, remote.ip());
        let own_ip = |bound: SocketAddr| match local {
            Some(ip) if bound.ip().is_unspecified() => ip,
            _ => bound.ip(),
        };
        let (path, own) = match (transport, endpoint) {
            (Transport::Udp, Some((endpoint, bound))) => {
                let local = SocketAddr::new(own_ip(bound.address), bound.address.port());
                (Path::Datagram { endpoint, local, remote }, local)
            }
            (Transport::Udp, None) | (Transport::Ws | Transport::Wss, _) => {
                return Err(TransportError::NoEndpoint(transport));
            }
            (Transport::Tcp | Transport::Tls, _) => {
                let channel = match transport {
                    Transport::Tls => Channel::Tls(draft.tls_peer()),
                    _ => Channel::Tcp,
                };
                // Without a listener of our own the peer can only answer on
                // the connection; Via and Contact then name what there is.
                let other = || self.endpoint_towards(Transport::Udp, remote.ip());
                let (_, bound) =
                    endpoint.or_else(other).ok_or(TransportError::NoEndpoint(transport))?;
                let own = SocketAddr::new(own_ip(bound.address), bound.address.port());
                let connection = self.connect(channel, remote, Some(own.ip()))?;
                (Path::Stream { connection, transport, remote }, own)
            }
        };
        let branch = self.random.bits();
        Ok((path, Way { transport, sent_by: own, contact: own, branch }))
    }

    /// A response has come that names this request's branch.
    pub(crate) fn on_client_response(&mut self, id: RequestId, response: Message) {
        let Some(code) = response.status().map(StatusCode::code) else { return };
        let now = self.now;
        let Some(client) = self.clients.get_mut(id) else { return };
        let Stage::Running(running) = &mut client.stage else { return };
        let sent = running.sent.clone();
        let reaction = match &mut running.machine {
            Machine::Invite(machine) => {
                machine.on_response(now, code, || derived::ack(sent, &response))
            }
            Machine::Other(machine) => machine.on_response(now, code),
            Machine::Ack => Reaction::NOTHING,
        };
        self.carry_out_client(id, reaction, Some(response), None);
    }

    /// The connection under a request is gone.
    pub(crate) fn on_client_transport_error(&mut self, id: RequestId, reason: Option<&str>) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let error = match reason {
            Some(reason) => TransportError::Connect(reason.into()),
            None => TransportError::Lost,
        };
        client.last_failure = Some(Cause::Transport(error));
        let Stage::Running(running) = &mut client.stage else { return };
        let reaction = running.machine.on_transport_error();
        self.carry_out_client(id, reaction, None, None);
    }

    /// What a client transaction wants.
    pub(crate) fn carry_out_client(
        &mut self,
        id: RequestId,
        reaction: Reaction,
        response: Option<Message>,
        rang: Option<Instant>,
    ) {
        let Some(client) = self.clients.get(id) else { return };
        let Stage::Running(Running { path, .. }) = client.stage else { return };
        let (owner, path) = (client.owner, path);
        if let Some(bytes) = reaction.transmit {
            self.transmit(path, bytes);
        }
        match (reaction.tell, response) {
            (Some(Tell::Message), Some(response)) => {
                let unavailable = response.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
                if unavailable && self.fail_over(id, None) {
                    return;
                }
                self.outcomes.push_back(Outcome::Response { owner, request: id, response, path });
            }
            (Some(Tell::TimedOut(_)), _) if !self.fail_over(id, Some(Cause::Timeout)) => {
                let cause = Cause::Timeout;
                self.outcomes.push_back(Outcome::Failed { owner, request: id, cause });
            }
            (Some(Tell::TransportFailed), _) => {
                let lost = || Cause::Transport(TransportError::Lost);
                let cause = self.clients.get_mut(id).and_then(|client| client.last_failure.take());
                if self.fail_over(id, cause.clone()) {
                    return;
                }
                let cause = cause.unwrap_or_else(lost);
                self.outcomes.push_back(Outcome::Failed { owner, request: id, cause });
            }
            _ => {}
        }
        if self.clients.settle(id, rang, &mut self.deadlines) {
            self.outcomes.push_back(Outcome::Over { owner, request: id });
        }
    }

    /// Tries the next address, if there is one. The old transaction goes on by
    /// itself as long as it must.
    fn fail_over(&mut self, id: RequestId, cause: Option<Cause>) -> bool {
        let Some(client) = self.clients.get(id) else { return false };
        if client.targets.is_empty() {
            return false;
        }
        let Some(mut client) = self.clients.remove(id) else { return false };
        let next = Client {
            owner: client.owner,
            draft: client.draft.clone(),
            targets: std::mem::take(&mut client.targets),
            stage: Stage::Resolving(QueryId(u64::MAX)),
            last_failure: cause,
            alarm: Alarm::default(),
        };
        client.owner = Owner::Nobody;
        client.alarm = Alarm::default();
        let old = self.clients.next_id();
        self.clients.insert(old, client);
        self.clients.settle(old, None, &mut self.deadlines);
        self.try_next(id, next);
        true
    }

    /// Sends a CANCEL for an INVITE that has had a provisional response
    /// (RFC 3261 §9.1). False if it is not yet or no more the time.
    pub(crate) fn cancel(&mut self, invite: RequestId, extra: &ExtraHeaders) -> bool {
        let Some(client) = self.clients.get(invite) else { return false };
        let Stage::Running(running) = &client.stage else { return false };
        let Machine::Invite(machine) = &running.machine else { return false };
        if !machine.is_proceeding() {
            return false;
        }
        let (path, branch) = (running.path, running.branch);
        let bytes = derived::cancel(running.sent.clone(), extra);
        let mut draft = client.draft.clone();
        draft.method = Method::Cancel;
        draft.body = None;
        let reliable = path.transport().is_reliable();
        let (machine, reaction) =
            NonInviteClient::start(self.now, bytes, reliable, self.config.timers);
        let machine = Machine::Other(machine);
        let id = self.clients.next_id();
        let running = Running { branch, path, machine, sent: Bytes::new() };
        let client = Client {
            owner: Owner::Nobody,
            draft,
            targets: VecDeque::new(),
            stage: Stage::Running(running),
            last_failure: None,
            alarm: Alarm::default(),
        };
        self.clients.insert(id, client);
        self.carry_out_client(id, reaction, None, None);
        true
    }

    /// Whether the INVITE is with a peer that has not answered finally.
    pub(crate) fn is_sent(&self, id: RequestId) -> bool {
        self.clients.get(id).is_some_and(|client| matches!(client.stage, Stage::Running(_)))
    }

    /// Forgets a request; nothing more is heard of it.
    pub(crate) fn abandon(&mut self, id: RequestId) {
        self.clients.remove(id);
    }

    /// Lets a request finish by itself, without telling anybody.
    pub(crate) fn disown(&mut self, id: RequestId) {
        if let Some(client) = self.clients.get_mut(id) {
            client.owner = Owner::Nobody;
            client.targets.clear();
        }
    }

    /// Sends an ACK once more.
    pub(crate) fn resend(&mut self, id: RequestId) {
        let Some(client) = self.clients.get(id) else { return };
        let Stage::Running(Running { path, sent, .. }) = &client.stage else { return };
        let (path, sent) = (*path, sent.clone());
        if let Path::Stream { connection, .. } = path
            && !self.connections.contains(connection)
        {
            return;
        }
        self.transmit(path, sent);
    }

    /// The Contact of a request as it was sent.
    pub(crate) fn sent_contact(&self, path: &Path, user: &str) -> Option<String> {
        let remote = path.remote().ip();
        let transport = path.transport();
        let own = match path {
            Path::Datagram { local, .. } => *local,
            Path::Stream { connection, .. } => {
                let own = self.connections.local(*connection)?;
                let other = || self.endpoint_towards(Transport::Udp, remote);
                let (_, bound) = self.endpoint_towards(transport, remote).or_else(other)?;
                SocketAddr::new(own.ip(), bound.address.port())
            }
        };
        let mut text = String::new();
        super::draft::contact_uri(&mut text, user, transport, own).ok()?;
        Some(text)
    }
}
