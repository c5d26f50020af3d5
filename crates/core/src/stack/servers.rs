//! The server transactions and how requests find them (RFC 3261 §17.2.3, §9.2).

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::Path;
use super::deadlines::{Alarm, Deadlines, Sleeper};
use super::random::{IdMap, SeededHasher, give_back};
use super::request::Request;
use crate::header::{HeaderName, Via};
use crate::message::{Essentials, Method};
use crate::resolve::DEFAULT_PORT;
use crate::transaction::{InviteServer, NonInviteServer, Reaction, TimerSettings};
use crate::uri::HostView;

/// A server transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ServerId(pub(crate) u64);

#[derive(Debug)]
pub(crate) struct Server {
    machine: Machine,
    key: Arc<[u8]>,
    merge: Option<u64>,
    /// Where responses go.
    pub path: Path,
    /// Where they go when the connection is gone (RFC 3261 §18.2.2).
    pub fallback: SocketAddr,
    /// Which call the INVITE belongs to.
    pub call: Option<super::CallKey>,
    alarm: Alarm,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteServer),
    Other(NonInviteServer),
}

/// All server transactions.
#[derive(Debug)]
pub(crate) struct Servers {
    table: IdMap<u64, Server>,
    by_key: HashMap<Arc<[u8]>, ServerId, SeededHasher>,
    /// Requests outside a dialog, by what stays the same when one arrives on
    /// two ways (RFC 3261 §8.2.2.2).
    by_merge: IdMap<u64, ServerId>,
    hasher: SeededHasher,
    scratch: Vec<u8>,
    next: u64,
    settings: TimerSettings,
}

impl Servers {
    pub(crate) fn new(hasher: SeededHasher, settings: TimerSettings) -> Self {
        Self {
            table: IdMap::default(),
            by_key: HashMap::with_hasher(hasher.clone()),
            by_merge: IdMap::default(),
            hasher,
            scratch: Vec::new(),
            next: 0,
            settings,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn get(&self, id: ServerId) -> Option<&Server> {
        self.table.get(&id.0)
    }

    pub(crate) fn get_mut(&mut self, id: ServerId) -> Option<&mut Server> {
        self.table.get_mut(&id.0)
    }

    /// The transaction that `request` belongs to, were its method `method`.
    pub(crate) fn find(&mut self, request: &Request<'_>, method: &Method) -> Option<ServerId> {
        self.write_key(request, method);
        self.by_key.get(&*self.scratch).copied()
    }

    /// Whether the same request runs in another transaction.
    pub(crate) fn is_merged(&self, request: &Request<'_>) -> bool {
        self.merge_key(request).is_some_and(|key| self.by_merge.contains_key(&key))
    }

    /// A new transaction for a request that has none.
    pub(crate) fn start(&mut self, request: &Request<'_>, path: Path) -> ServerId {
        self.next += 1;
        let id = ServerId(self.next);
        let reliable = path.transport().is_reliable();
        let machine = match request.method {
            Method::Invite => Machine::Invite(InviteServer::start(reliable, self.settings)),
            _ => Machine::Other(NonInviteServer::start(reliable, self.settings)),
        };
        self.write_key(request, request.method);
        let key: Arc<[u8]> = self.scratch.as_slice().into();
        let merge = self.merge_key(request);
        self.by_key.insert(Arc::clone(&key), id);
        if let Some(merge) = merge {
            self.by_merge.insert(merge, id);
        }
        let port = request.essentials.via.port.unwrap_or(DEFAULT_PORT);
        let fallback = SocketAddr::new(path.remote().ip(), port);
        let alarm = Alarm::default();
        let server = Server { machine, key, merge, path, fallback, call: None, alarm };
        self.table.insert(id.0, server);
        id
    }

    /// The transaction user answers.
    pub(crate) fn respond(
        &mut self,
        now: Instant,
        id: ServerId,
        code: u16,
        bytes: Bytes,
    ) -> Reaction {
        match self.table.get_mut(&id.0).map(|server| &mut server.machine) {
            Some(Machine::Invite(machine)) => machine.respond(now, code, bytes),
            Some(Machine::Other(machine)) => machine.respond(now, code, bytes),
            None => Reaction::NOTHING,
        }
    }

    /// The request came again, or its ACK.
    pub(crate) fn on_request(&mut self, now: Instant, id: ServerId, method: &Method) -> Reaction {
        match self.table.get_mut(&id.0).map(|server| &mut server.machine) {
            Some(Machine::Invite(machine)) if *method == Method::Ack => machine.on_ack(now),
            Some(Machine::Invite(machine)) => machine.on_invite(),
            Some(Machine::Other(machine)) => machine.on_request(),
            None => Reaction::NOTHING,
        }
    }

    pub(crate) fn on_timer(&mut self, now: Instant, id: ServerId) -> Option<Reaction> {
        match &mut self.table.get_mut(&id.0)?.machine {
            Machine::Invite(machine) => machine.on_timer(now),
            Machine::Other(machine) => machine.on_timer(now),
        }
    }

    /// Whether a final response may still be sent.
    pub(crate) fn is_proceeding(&self, id: ServerId) -> bool {
        match self.get(id).map(|server| &server.machine) {
            Some(Machine::Invite(machine)) => machine.is_proceeding(),
            Some(Machine::Other(machine)) => machine.is_proceeding(),
            None => false,
        }
    }

    /// After every input: wakes it later, or forgets it.
    pub(crate) fn settle(
        &mut self,
        id: ServerId,
        rang: Option<Instant>,
        deadlines: &mut Deadlines,
    ) {
        let Some(server) = self.table.get_mut(&id.0) else { return };
        let (deadline, over) = match &server.machine {
            Machine::Invite(machine) => (machine.deadline(), machine.is_terminated()),
            Machine::Other(machine) => (machine.deadline(), machine.is_terminated()),
        };
        if over {
            self.remove(id);
            return;
        }
        if let Some(at) = rang {
            server.alarm.rang(at);
        }
        deadlines.arm(&mut server.alarm, deadline, Sleeper::Server(id));
    }

    fn remove(&mut self, id: ServerId) {
        let Some(server) = self.table.remove(&id.0) else { return };
        self.by_key.remove(&server.key);
        if let Some(merge) = server.merge
            && self.by_merge.get(&merge) == Some(&id)
        {
            self.by_merge.remove(&merge);
        }
        give_back(&mut self.table);
        give_back(&mut self.by_key);
        give_back(&mut self.by_merge);
    }

    /// Writes what identifies the transaction into the scratch buffer: branch,
    /// sent-by and method (RFC 3261 §17.2.3).
    fn write_key(&mut self, request: &Request<'_>, method: &Method) {
        let key = &mut self.scratch;
        key.clear();
        // An ACK belongs to the INVITE that it acknowledges.
        let method = if *method == Method::Ack { &Method::Invite } else { method };
        let via = &request.essentials.via;
        if via.has_unique_branch() {
            key.extend_from_slice(via.branch.unwrap_or_default().as_bytes());
            key.push(b' ');
            if let HostView::Name(name) = via.host {
                key.extend_from_slice(name.as_bytes());
            }
            key.make_ascii_lowercase();
            match via.host {
                HostView::Name(_) => {}
                HostView::V4(address) => key.extend_from_slice(&address.octets()),
                HostView::V6(address) => key.extend_from_slice(&address.octets()),
            }
            key.extend_from_slice(&via.port.unwrap_or(DEFAULT_PORT).to_be_bytes());
        } else {
            // RFC 2543: no branch that one could rely on.
            let value = request.message.value(HeaderName::Via).unwrap_or_default();
            let parts = [
                "~",
                request.message.request_uri_text(),
                request.remote_tag(),
                request.essentials.call_id,
                value,
            ];
            for part in parts {
                key.extend_from_slice(part.as_bytes());
                key.push(b' ');
            }
            key.extend_from_slice(&request.seq().to_be_bytes());
        }
        key.extend_from_slice(method.as_str().as_bytes());
    }

    /// What stays the same when a request outside a dialog arrives on two ways.
    fn merge_key(&self, request: &Request<'_>) -> Option<u64> {
        let Essentials { from, call_id, cseq, .. } = &request.essentials;
        if request.in_dialog() {
            return None;
        }
        Some(self.hasher.hash_one((from.tag?, call_id, cseq.number, cseq.method.as_str())))
    }
}

/// Where responses go over datagrams (RFC 3261 §18.2.2, RFC 3581 §4).
pub(crate) fn response_address(via: &Via<'_>, remote: SocketAddr) -> SocketAddr {
    if let Some(maddr) = via.maddr.and_then(|maddr| maddr.parse().ok()) {
        return SocketAddr::new(maddr, via.port.unwrap_or(DEFAULT_PORT));
    }
    if via.rport.is_some() {
        return remote;
    }
    SocketAddr::new(remote.ip(), via.port.unwrap_or(DEFAULT_PORT))
}
