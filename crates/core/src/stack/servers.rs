//! The server transactions and how requests find them (RFC 3261 §17.2.3, §9.2).

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

use super::Path;
use super::deadlines::{Alarm, Deadlines, Sleeper};
use super::random::{IdMap, SeededHasher};
use crate::header::{CSeq, CallId, From, HeaderName, Via};
use crate::message::{Message, Method};
use crate::transaction::{InviteServer, NonInviteServer, Reaction, TimerSettings};

/// A server transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ServerId(pub(crate) u64);

#[derive(Debug)]
pub(crate) struct Server {
    machine: Machine,
    key: Box<str>,
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
    by_key: HashMap<Box<str>, ServerId, SeededHasher>,
    /// Requests outside a dialog, by what stays the same when one arrives on
    /// two ways (RFC 3261 §8.2.2.2).
    by_merge: IdMap<u64, ServerId>,
    hasher: SeededHasher,
    scratch: String,
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
            scratch: String::new(),
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
    pub(crate) fn find(
        &mut self,
        request: &Message,
        via: &Via<'_>,
        method: &Method,
    ) -> Option<ServerId> {
        self.write_key(request, via, method);
        self.by_key.get(self.scratch.as_str()).copied()
    }

    /// Whether the same request runs in another transaction.
    pub(crate) fn is_merged(&self, request: &Message) -> bool {
        self.merge_key(request).is_some_and(|key| self.by_merge.contains_key(&key))
    }

    /// A new transaction; `initial` if the request is outside a dialog.
    pub(crate) fn start(
        &mut self,
        request: &Message,
        via: &Via<'_>,
        method: &Method,
        path: Path,
        initial: bool,
    ) -> ServerId {
        self.next += 1;
        let id = ServerId(self.next);
        let reliable = path.transport().is_reliable();
        let machine = match method {
            Method::Invite => Machine::Invite(InviteServer::start(reliable, self.settings)),
            _ => Machine::Other(NonInviteServer::start(reliable, self.settings)),
        };
        self.write_key(request, via, method);
        let key: Box<str> = self.scratch.as_str().into();
        let merge = if initial { self.merge_key(request) } else { None };
        self.by_key.insert(key.clone(), id);
        if let Some(merge) = merge {
            self.by_merge.insert(merge, id);
        }
        let fallback = SocketAddr::new(path.remote().ip(), via.port.unwrap_or(5060));
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
    }

    /// Writes what identifies the transaction into the scratch string.
    fn write_key(&mut self, request: &Message, via: &Via<'_>, method: &Method) {
        let key = &mut self.scratch;
        key.clear();
        // An ACK belongs to the INVITE that it acknowledges.
        let method = if *method == Method::Ack { &Method::Invite } else { method };
        if via.has_unique_branch() {
            let branch = via.branch.unwrap_or_default();
            let port = via.port.unwrap_or(5060);
            let _ = write!(key, "{branch} {}:{port} {method}", via.host);
            key.make_ascii_lowercase();
        } else {
            // RFC 2543: no branch that one could rely on.
            let from = request.typed::<From<'_>>().ok().flatten().and_then(|from| from.tag);
            let number = request.typed::<CSeq>().ok().flatten().map_or(0, |cseq| cseq.number);
            let value = |name| request.value(name).unwrap_or_default();
            let _ = write!(
                key,
                "~{} {} {} {number} {} {method}",
                request.request_uri_text(),
                from.unwrap_or_default(),
                value(HeaderName::CallId),
                value(HeaderName::Via),
            );
        }
    }

    fn merge_key(&self, request: &Message) -> Option<u64> {
        let from = request.typed::<From<'_>>().ok()??.tag?;
        let call_id = request.typed::<CallId<'_>>().ok()??.0;
        let cseq = request.typed::<CSeq>().ok()??;
        Some(self.hasher.hash_one((from, call_id, cseq.number, cseq.method.as_str())))
    }
}

/// Where responses go over datagrams (RFC 3261 §18.2.2, RFC 3581 §4).
pub(crate) fn response_address(via: &Via<'_>, remote: SocketAddr) -> SocketAddr {
    if let Some(maddr) = via.maddr.and_then(|maddr| maddr.parse().ok()) {
        return SocketAddr::new(maddr, via.port.unwrap_or(5060));
    }
    if via.rport.is_some() {
        return remote;
    }
    SocketAddr::new(remote.ip(), via.port.unwrap_or(5060))
}
