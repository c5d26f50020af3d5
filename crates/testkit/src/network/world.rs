//! The state of a network, and the way of a datagram through it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::datagram::Inbox;
use super::link::{Arrivals, Link, MAX_DATAGRAM, Path};
use super::listener::Backlog;
use super::pipe::Pipe;
use super::trace::Trace;
use super::{Action, Fate, Open, Packet, Protocol, Rule, Traced};
use crate::SimInterfaces;

/// The first port that "port 0" picks.
const FIRST_EPHEMERAL: u16 = 49_152;

pub(super) type HostId = usize;

/// What all handles of a network share.
pub(super) struct Shared {
    start: Instant,
    world: Mutex<World>,
}

pub(super) struct World {
    seed: u64,
    hosts: Vec<HostState>,
    pub(super) default_link: Link,
    pub(super) links: BTreeMap<(IpAddr, IpAddr), Link>,
    paths: BTreeMap<(IpAddr, IpAddr), Path>,
    pub(super) cut: BTreeSet<(IpAddr, IpAddr)>,
    pub(super) datagrams: BTreeMap<(HostId, SocketAddr), Arc<Inbox>>,
    pub(super) listeners: BTreeMap<(HostId, SocketAddr), Arc<Backlog>>,
    pub(super) connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) trace: Trace,
    pub(super) media_trace: Trace,
}

struct HostState {
    addresses: Vec<IpAddr>,
    up: bool,
    next_port: u16,
    interfaces: Arc<SimInterfaces>,
}

/// A TCP connection; each end leaves when it is dropped.
pub(super) struct Connection {
    pub(super) pipes: [Arc<Pipe>; 2],
    /// Where the ends are: the caller's, the listener's.
    pub(super) ends: [Option<HostId>; 2],
    /// The caller's address, so that its port is not given away meanwhile.
    pub(super) caller: SocketAddr,
}

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        let world = World {
            seed,
            hosts: Vec::new(),
            default_link: Link::default(),
            links: BTreeMap::new(),
            paths: BTreeMap::new(),
            cut: BTreeSet::new(),
            datagrams: BTreeMap::new(),
            listeners: BTreeMap::new(),
            connections: BTreeMap::new(),
            next_connection: 0,
            rules: Vec::new(),
            trace: Trace::default(),
            media_trace: Trace::default(),
        };
        Self { start: Instant::now(), world: Mutex::new(world) }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Sends a datagram. The caller never learns its fate, but the trace does.
    pub(super) fn send(
        &self,
        protocol: Protocol,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) -> io::Result<usize> {
        if bytes.len() > MAX_DATAGRAM {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "message too long"));
        }
        let now = Instant::now();
        let len = bytes.len();
        let bytes = Bytes::copy_from_slice(bytes);
        let packet = Packet { at: now - self.start, protocol, from, to, bytes };
        // The predicates are the test's code: no lock is held for them.
        let rules = self.world().rules.clone();
        let mut action = None;
        for rule in &rules {
            let verdict = rule.judge(&packet);
            action = action.or(verdict);
        }
        let route = self.world().route(&packet, action, now);
        let (arrivals, inbox) = match route {
            Ok(found) => found,
            Err(fate) => {
                self.record(packet, fate);
                return Ok(len);
            }
        };
        let deliver = |at| inbox.push(at, from, packet.bytes.clone());
        let fate = match arrivals {
            Arrivals::None => Fate::Lost,
            Arrivals::One(at) if deliver(at) => Fate::Delivered(at - self.start),
            Arrivals::Two(at, again) if deliver(at) && deliver(again) => {
                Fate::Duplicated(at - self.start, again - self.start)
            }
            _ => Fate::Overflow,
        };
        self.record(packet, fate);
        Ok(len)
    }

    /// Notes a piece of a stream.
    pub(super) fn record_stream(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        bytes: Bytes,
        at: Instant,
    ) {
        let packet = Packet { at: self.elapsed(), protocol: Protocol::Stream, from, to, bytes };
        self.record(packet, Fate::Delivered(at - self.start));
    }

    fn record(&self, packet: Packet, fate: Fate) {
        let mut world = self.world();
        let trace = match packet.protocol {
            Protocol::Media => &mut world.media_trace,
            Protocol::Datagram | Protocol::Stream => &mut world.trace,
        };
        trace.push(Traced { packet, fate });
    }

    /// Lets those who wait on a stream look again.
    pub(super) fn wake_streams(&self) {
        let pipes = self.world().all_pipes();
        for pipe in pipes {
            pipe.wake();
        }
    }
}

impl World {
    /// The host that has the first of these addresses, with all of them.
    pub(super) fn host(&mut self, addresses: &[IpAddr]) -> (HostId, Arc<SimInterfaces>) {
        let first = *addresses.first().expect("a host has an address");
        let id = self.owner(first).unwrap_or_else(|| {
            self.hosts.push(HostState {
                addresses: Vec::new(),
                up: true,
                next_port: FIRST_EPHEMERAL,
                interfaces: Arc::new(SimInterfaces::new([])),
            });
            self.hosts.len() - 1
        });
        let mut all = self.hosts[id].addresses.clone();
        for address in addresses {
            if !all.contains(address) {
                all.push(*address);
            }
        }
        self.set_addresses(id, all);
        (id, self.hosts[id].interfaces.clone())
    }

    pub(super) fn set_addresses(&mut self, id: HostId, addresses: Vec<IpAddr>) {
        for address in &addresses {
            let owner = self.owner(*address).unwrap_or(id);
            assert!(owner == id, "{address} belongs to another host");
        }
        self.hosts[id].interfaces.set(addresses.iter().copied());
        self.hosts[id].addresses = addresses;
    }

    pub(super) fn addresses(&self, id: HostId) -> &[IpAddr] {
        &self.hosts[id].addresses
    }

    pub(super) fn owner(&self, address: IpAddr) -> Option<HostId> {
        self.hosts.iter().position(|host| host.addresses.contains(&address))
    }

    pub(super) fn set_up(&mut self, id: HostId, up: bool) {
        self.hosts[id].up = up;
    }

    /// Whether packets get from one address to the other now.
    pub(super) fn reachable(&self, from: IpAddr, to: IpAddr) -> bool {
        let up = |address| self.owner(address).is_some_and(|id| self.hosts[id].up);
        up(from) && up(to) && !self.cut.contains(&(from, to))
    }

    /// The address that the host speaks to `remote` from: of the same
    /// family, the one that has the most leading bits in common.
    pub(super) fn source_for(&self, id: HostId, remote: IpAddr) -> io::Result<IpAddr> {
        let mut best: Option<(u32, IpAddr)> = None;
        for address in &self.hosts[id].addresses {
            let common = match (address, remote) {
                (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
                (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
                _ => continue,
            };
            if best.is_none_or(|(most, _)| common > most) {
                best = Some((common, *address));
            }
        }
        best.map(|(_, address)| address)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NetworkUnreachable))
    }

    /// Chooses the address to bind to; `taken` says which ones are in use.
    pub(super) fn choose(
        &mut self,
        id: HostId,
        local: SocketAddr,
        taken: impl Fn(&Self, SocketAddr) -> bool,
    ) -> io::Result<SocketAddr> {
        if !local.ip().is_unspecified() && !self.hosts[id].addresses.contains(&local.ip()) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        if local.port() != 0 {
            return match taken(self, local) {
                true => Err(io::ErrorKind::AddrInUse.into()),
                false => Ok(local),
            };
        }
        for _ in FIRST_EPHEMERAL..=u16::MAX {
            let port = self.hosts[id].next_port;
            self.hosts[id].next_port = port.checked_add(1).unwrap_or(FIRST_EPHEMERAL);
            let candidate = SocketAddr::new(local.ip(), port);
            if !taken(self, candidate) {
                return Ok(candidate);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    pub(super) fn stream_port_taken(&self, id: HostId, local: SocketAddr) -> bool {
        clashes(&self.listeners, id, local)
            || self.connections.values().any(|connection| {
                connection.ends[0] == Some(id) && connection.caller.port() == local.port()
            })
    }

    /// Where a datagram goes, and when its copies arrive.
    fn route(
        &mut self,
        packet: &Packet,
        action: Option<Action>,
        now: Instant,
    ) -> Result<(Arrivals, Arc<Inbox>), Fate> {
        let (from, to) = (packet.from.ip(), packet.to.ip());
        let link = self.link(from, to);
        let mut arrivals =
            self.path(from, to).datagram(&link, now, action == Some(Action::Duplicate));
        match action {
            Some(Action::Drop) => return Err(Fate::Filtered),
            Some(Action::Delay(more)) => {
                arrivals = match arrivals {
                    Arrivals::None => Arrivals::None,
                    Arrivals::One(at) => Arrivals::One(at + more),
                    Arrivals::Two(at, again) => Arrivals::Two(at + more, again + more),
                };
            }
            Some(Action::Duplicate) | None => {}
        }
        if !self.reachable(from, to) {
            return Err(Fate::Unreachable);
        }
        if packet.bytes.len() > link.mtu {
            return Err(Fate::TooBig);
        }
        let inbox = self.owner(to).and_then(|id| bound(&self.datagrams, id, packet.to));
        Ok((arrivals, inbox.ok_or(Fate::NobodyThere)?))
    }

    /// When TCP data that is sent now arrives, order aside.
    pub(super) fn stream_arrival(&mut self, from: IpAddr, to: IpAddr, now: Instant) -> Instant {
        let link = self.link(from, to);
        self.path(from, to).stream(&link, now)
    }

    /// A host reaches itself at once.
    fn link(&self, from: IpAddr, to: IpAddr) -> Link {
        match self.links.get(&(from, to)) {
            Some(link) => *link,
            None if self.owner(from) == self.owner(to) => Link::PERFECT,
            None => self.default_link,
        }
    }

    fn path(&mut self, from: IpAddr, to: IpAddr) -> &mut Path {
        let seed = self.seed;
        self.paths.entry((from, to)).or_insert_with(|| Path::new(seed, from, to))
    }

    pub(super) fn add_connection(&mut self, connection: Connection) -> u64 {
        self.next_connection += 1;
        self.connections.insert(self.next_connection, connection);
        self.next_connection
    }

    pub(super) fn leave_connection(&mut self, id: u64, end: usize) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.ends[end] = None;
            if connection.ends == [None, None] {
                self.connections.remove(&id);
            }
        }
    }

    pub(super) fn pipes_of(&self, host: HostId) -> Vec<Arc<Pipe>> {
        let here = self.connections.values().filter(|c| c.ends.contains(&Some(host)));
        here.flat_map(|connection| connection.pipes.clone()).collect()
    }

    fn all_pipes(&self) -> Vec<Arc<Pipe>> {
        self.connections.values().flat_map(|connection| connection.pipes.clone()).collect()
    }

    pub(super) fn inboxes_of(&self, host: HostId) -> Vec<Arc<Inbox>> {
        let here = self.datagrams.iter().filter(|((id, _), _)| *id == host);
        here.map(|(_, inbox)| inbox.clone()).collect()
    }

    /// What is open on one host, or on all.
    pub(super) fn open(&self, host: Option<HostId>) -> Open {
        let counts = |id: &HostId| host.is_none_or(|host| host == *id);
        Open {
            datagrams: self.datagrams.keys().filter(|(id, _)| counts(id)).count(),
            listeners: self.listeners.keys().filter(|(id, _)| counts(id)).count(),
            streams: self
                .connections
                .values()
                .flat_map(|connection| connection.ends)
                .filter(|end| end.as_ref().is_some_and(counts))
                .count(),
        }
    }
}

fn unspecified_like(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// What is bound to this address: exactly, or to all addresses of its family.
pub(super) fn bound<T: Clone>(
    sockets: &BTreeMap<(HostId, SocketAddr), T>,
    id: HostId,
    to: SocketAddr,
) -> Option<T> {
    let any = SocketAddr::new(unspecified_like(to.ip()), to.port());
    sockets.get(&(id, to)).or_else(|| sockets.get(&(id, any))).cloned()
}

/// Whether a socket bound to `local` would meet another one.
pub(super) fn clashes<T>(
    sockets: &BTreeMap<(HostId, SocketAddr), T>,
    id: HostId,
    local: SocketAddr,
) -> bool {
    sockets.keys().any(|(host, other)| {
        *host == id
            && other.port() == local.port()
            && other.is_ipv4() == local.is_ipv4()
            && (other.ip() == local.ip()
                || other.ip().is_unspecified()
                || local.ip().is_unspecified())
    })
}
