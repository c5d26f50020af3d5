//! Requests of ours on their way: resolve, pick an address, run the
//! transaction, try the next address (RFC 3261 §8.1.3.1, RFC 3263 §4.3).

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::deadlines::{Alarm, Deadlines, Sleeper};
use super::draft::Draft;
use super::random::{IdMap, give_back};
use super::{CallKey, Cause, Path, QueryId, RegistrationKey};
use crate::message::Method;
use crate::resolve::Target;
use crate::transaction::{InviteClient, NonInviteClient, Reaction};

/// A request of ours, however many addresses it is tried at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestId(pub(crate) u64);

/// Who wants to know what becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Call(CallKey),
    Registration(RegistrationKey),
    Nobody,
}

#[derive(Debug)]
pub(crate) struct Client {
    pub owner: Owner,
    pub draft: Draft,
    /// Addresses not tried yet.
    pub targets: VecDeque<Target>,
    pub stage: Stage,
    /// The failure of the last address.
    pub last_failure: Option<Cause>,
    pub alarm: Alarm,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a request runs nearly all its life")]
pub(crate) enum Stage {
    /// The resolver has been asked.
    Resolving(QueryId),
    /// A transaction runs.
    Running(Running),
}

#[derive(Debug)]
pub(crate) struct Running {
    pub branch: u64,
    pub path: Path,
    pub machine: Machine,
    /// The request as sent, for its ACK and CANCEL; empty where there is none.
    pub sent: Bytes,
}

#[derive(Debug)]
pub(crate) enum Machine {
    Invite(InviteClient),
    Other(NonInviteClient),
    /// An ACK to a 2xx is no transaction; it is kept to be sent again.
    Ack,
}

impl Machine {
    pub(crate) fn on_timer(&mut self, now: Instant) -> Option<Reaction> {
        match self {
            Self::Invite(machine) => machine.on_timer(now),
            Self::Other(machine) => machine.on_timer(now),
            Self::Ack => None,
        }
    }

    pub(crate) fn on_transport_error(&mut self) -> Reaction {
        match self {
            Self::Invite(machine) => machine.on_transport_error(),
            Self::Other(machine) => machine.on_transport_error(),
            Self::Ack => Reaction::NOTHING,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
            Self::Ack => None,
        }
    }

    fn is_terminated(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_terminated(),
            Self::Other(machine) => machine.is_terminated(),
            Self::Ack => false,
        }
    }
}

/// All requests of ours.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    table: IdMap<u64, Client>,
    /// By branch, and whether it is a CANCEL, which shares its INVITE's.
    by_branch: IdMap<(u64, bool), RequestId>,
    queries: IdMap<u64, RequestId>,
    next: u64,
}

impl Clients {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn get(&self, id: RequestId) -> Option<&Client> {
        self.table.get(&id.0)
    }

    pub(crate) fn get_mut(&mut self, id: RequestId) -> Option<&mut Client> {
        self.table.get_mut(&id.0)
    }

    pub(crate) fn next_id(&mut self) -> RequestId {
        self.next += 1;
        RequestId(self.next)
    }

    pub(crate) fn insert(&mut self, id: RequestId, client: Client) {
        match &client.stage {
            Stage::Resolving(query) => drop(self.queries.insert(query.0, id)),
            Stage::Running(running) => {
                let cancel = client.draft.method == Method::Cancel;
                self.by_branch.insert((running.branch, cancel), id);
            }
        }
        self.table.insert(id.0, client);
    }

    /// Takes a request out of all tables.
    pub(crate) fn remove(&mut self, id: RequestId) -> Option<Client> {
        let client = self.table.remove(&id.0)?;
        match &client.stage {
            Stage::Resolving(query) => drop(self.queries.remove(&query.0)),
            Stage::Running(running) => {
                let cancel = client.draft.method == Method::Cancel;
                self.by_branch.remove(&(running.branch, cancel));
            }
        }
        give_back(&mut self.table);
        give_back(&mut self.by_branch);
        Some(client)
    }

    pub(crate) fn by_branch(&self, branch: u64, method: &Method) -> Option<RequestId> {
        self.by_branch.get(&(branch, *method == Method::Cancel)).copied()
    }

    pub(crate) fn by_query(&self, query: QueryId) -> Option<RequestId> {
        self.queries.get(&query.0).copied()
    }

    /// The requests that run over a connection.
    pub(crate) fn over(&self, connection: super::ConnectionId) -> Vec<RequestId> {
        let mut found: Vec<RequestId> = self
            .table
            .iter()
            .filter(|(_, client)| match &client.stage {
                Stage::Running(Running { path: Path::Stream { connection: c, .. }, .. }) => {
                    *c == connection
                }
                _ => false,
            })
            .map(|(id, _)| RequestId(*id))
            .collect();
        // The table's order is no order.
        found.sort_unstable_by_key(|id| id.0);
        found
    }

    /// After every input: wakes it later, or forgets it. True when it is gone.
    pub(crate) fn settle(
        &mut self,
        id: RequestId,
        rang: Option<Instant>,
        deadlines: &mut Deadlines,
    ) -> bool {
        let Some(client) = self.table.get_mut(&id.0) else { return false };
        if let Some(at) = rang {
            client.alarm.rang(at);
        }
        let Stage::Running(running) = &client.stage else { return false };
        if running.machine.is_terminated() {
            return self.remove(id).is_some();
        }
        deadlines.arm(&mut client.alarm, running.machine.deadline(), Sleeper::Client(id));
        false
    }
}
