//! Two bare stacks in virtual time, and the little network between them.

#![allow(clippy::disallowed_methods, reason = "virtual time starts somewhere")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sipsimple_core::message::Message;
use sipsimple_core::stack::*;

pub const ALICE: usize = 0;
pub const BOB: usize = 1;

pub fn address(peer: usize) -> SocketAddr {
    format!("192.0.2.{}:5060", peer + 1).parse().unwrap()
}

pub fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What the network does to datagrams.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    pub latency: Duration,
    /// Added at random: reorders.
    pub jitter: Duration,
    /// Per mille.
    pub loss: u64,
    /// Per mille.
    pub duplication: u64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self { latency: millis(20), jitter: Duration::ZERO, loss: 0, duplication: 0 }
    }
}

/// What is under way to a peer.
enum Parcel {
    Input(Input),
    Stream { connection: ConnectionId, bytes: Bytes },
}

/// A message as the network saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Duration,
    pub from: usize,
    pub message: Message,
    pub lost: bool,
}

impl Seen {
    /// `INVITE`, or `200 INVITE`.
    pub fn summary(&self) -> String {
        let method = self.message.required::<sipsimple_core::header::CSeq>().unwrap().method;
        match self.message.status() {
            Some(code) => format!("{code} {method}"),
            None => method.to_string(),
        }
    }
}

type Filter = Box<dyn FnMut(&Seen) -> bool>;

pub struct Pair {
    pub stacks: [Stack; 2],
    pub start: Instant,
    pub now: Instant,
    pub conditions: Conditions,
    pub wire: Vec<Seen>,
    pub events: [VecDeque<Event>; 2],
    /// Says which datagrams are lost, beside the random ones.
    drop: Filter,
    transport: Transport,
    random: ChaCha12Rng,
    under_way: BTreeMap<(Instant, u64), (usize, Parcel)>,
    order: u64,
    ticket: u64,
    answers: HashMap<u64, Result<Accepted, Refused>>,
    /// The two names of each connection.
    streams: HashMap<(usize, ConnectionId), (usize, ConnectionId)>,
    accepted: u64,
    /// Connections that were made so far.
    pub connected: usize,
    /// Answers of the resolver.
    pub names: HashMap<String, Vec<std::net::IpAddr>>,
    /// Whose certificates were asked for.
    pub tls_names: Vec<Box<str>>,
    /// Whether connections are refused.
    pub refuse_connections: bool,
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        Self::over(Transport::Udp, seed)
    }

    pub fn over(transport: Transport, seed: u64) -> Self {
        Self::with(transport, seed, |_, _| {})
    }

    pub fn with(
        transport: Transport,
        seed: u64,
        configure: impl Fn(usize, &mut StackConfig),
    ) -> Self {
        let start = Instant::now();
        let stack = |peer: usize| {
            let mut bytes = [peer as u8; 32];
            bytes[..8].copy_from_slice(&seed.to_be_bytes());
            let address = address(peer);
            let endpoints = [Transport::Udp, Transport::Tcp, Transport::Tls]
                .map(|transport| Endpoint { transport, address })
                .to_vec();
            let mut config = StackConfig::new(bytes, endpoints);
            configure(peer, &mut config);
            Stack::new(config, start)
        };
        Self {
            stacks: [stack(ALICE), stack(BOB)],
            start,
            now: start,
            conditions: Conditions::default(),
            wire: Vec::new(),
            events: [VecDeque::new(), VecDeque::new()],
            drop: Box::new(|_| false),
            transport,
            random: ChaCha12Rng::seed_from_u64(seed),
            under_way: BTreeMap::new(),
            order: 0,
            ticket: 0,
            answers: HashMap::new(),
            streams: HashMap::new(),
            accepted: 0,
            connected: 0,
            names: HashMap::new(),
            tls_names: Vec::new(),
            refuse_connections: false,
        }
    }

    /// Loses the datagrams that `filter` picks.
    pub fn lose(&mut self, filter: impl FnMut(&Seen) -> bool + 'static) {
        self.drop = Box::new(filter);
    }

    /// Loses the first `n` datagrams with this summary.
    pub fn lose_first(&mut self, n: usize, summary: &'static str) {
        let mut left = n;
        self.lose(move |seen| {
            let lost = left > 0 && seen.summary() == summary;
            left -= usize::from(lost);
            lost
        });
    }

    pub fn identity(&self, peer: usize) -> Arc<Identity> {
        let user = ["alice", "bob"][peer];
        let uri = format!("sip:{user}@{}", address(peer)).parse().unwrap();
        Arc::new(Identity { transport: Some(self.transport), ..Identity::new(uri) })
    }

    pub fn command(&mut self, peer: usize, command: Command) -> Result<Accepted, Refused> {
        self.ticket += 1;
        let ticket = Ticket(self.ticket);
        self.feed(peer, Input::Command { ticket, command });
        self.answers.remove(&ticket.0).expect("each command is answered at once")
    }

    /// Alice calls Bob with an offer.
    pub fn call(&mut self) -> CallKey {
        self.call_with(Some(Body::sdp("v=0 offer")))
    }

    pub fn call_with(&mut self, body: Option<Body>) -> CallKey {
        let identity = self.identity(ALICE);
        let mut to = format!("sip:bob@{}", address(BOB));
        if self.transport != Transport::Udp {
            to.push_str(&format!(";transport={}", self.transport).to_lowercase());
        }
        self.call_to(identity, &to, body)
    }

    pub fn call_to(&mut self, identity: Arc<Identity>, to: &str, body: Option<Body>) -> CallKey {
        let call = OutgoingCall {
            identity,
            to: to.parse().unwrap(),
            to_display_name: None,
            body,
            headers: ExtraHeaders::new(),
        };
        match self.command(ALICE, Command::Call(Box::new(call))) {
            Ok(Accepted::Call(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    pub fn ring(&mut self, peer: usize, call: CallKey) {
        let code = sipsimple_core::message::StatusCode::RINGING;
        let content = Content::default();
        self.command(peer, Command::Progress { call, code, content }).unwrap();
    }

    pub fn answer(&mut self, peer: usize, call: CallKey, body: &'static str) {
        let content = Body::sdp(body).into();
        self.command(peer, Command::Answer { call, content }).unwrap();
    }

    pub fn hangup(&mut self, peer: usize, call: CallKey) {
        self.command(peer, Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
    }

    /// A call that stands, from Alice to Bob.
    pub fn established(&mut self) -> (CallKey, CallKey) {
        let alice = self.call();
        let bob = self.incoming(BOB);
        self.answer(BOB, bob, "v=0 answer");
        self.expect(ALICE, alice, |event| matches!(event, CallEvent::Answered { .. }));
        self.expect(BOB, bob, |event| matches!(event, CallEvent::Acknowledged { .. }));
        (alice, bob)
    }

    /// Waits for an incoming call.
    pub fn incoming(&mut self, peer: usize) -> CallKey {
        let event = self.wait(peer, seconds(120));
        match event {
            Event::Call { call, event: CallEvent::Incoming(_) } => call,
            other => panic!("expected a call, got {other:?}"),
        }
    }

    /// The next event of a call must be this one; provisional responses may
    /// come before it.
    pub fn expect(
        &mut self,
        peer: usize,
        key: CallKey,
        matches: impl Fn(&CallEvent) -> bool,
    ) -> CallEvent {
        loop {
            match self.wait(peer, seconds(200)) {
                Event::Call { call, event } if call == key && matches(&event) => return event,
                Event::Call { event: CallEvent::Progress { .. }, .. } => {}
                other => panic!("peer {peer}: unexpected {other:?}\n{}", self.ladder()),
            }
        }
    }

    pub fn expect_ended(&mut self, peer: usize, key: CallKey) -> (Originator, Cause) {
        match self.expect(peer, key, |event| matches!(event, CallEvent::Ended { .. })) {
            CallEvent::Ended { by, cause } => (by, cause),
            _ => unreachable!(),
        }
    }

    pub fn expect_failed(&mut self, peer: usize, key: CallKey) -> Cause {
        match self.expect(peer, key, |event| matches!(event, CallEvent::Failed { .. })) {
            CallEvent::Failed { cause } => cause,
            _ => unreachable!(),
        }
    }

    /// Runs until the peer has an event.
    pub fn wait(&mut self, peer: usize, limit: Duration) -> Event {
        let end = self.now + limit;
        while self.events[peer].is_empty() {
            assert!(self.step(end), "nothing happened to peer {peer}\n{}", self.ladder());
        }
        self.events[peer].pop_front().unwrap()
    }

    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until nothing can happen any more, and checks that nothing is left.
    pub fn settle(&mut self) {
        self.run_for(seconds(200));
        for (peer, stack) in self.stacks.iter().enumerate() {
            let statistics = stack.statistics();
            assert!(statistics.is_idle(), "peer {peer}: {statistics:?}\n{}", self.ladder());
        }
        assert!(self.events.iter().all(VecDeque::is_empty), "{:?}", self.events);
    }

    /// One thing happens: a parcel arrives or a timer fires. False if nothing
    /// does before `end`.
    fn step(&mut self, end: Instant) -> bool {
        for peer in [ALICE, BOB] {
            self.drain(peer);
        }
        let timers = [ALICE, BOB].map(|peer| match self.stacks[peer].poll_output() {
            Output::Timeout(when) => when,
            other => panic!("drained, but {other:?}"),
        });
        let arrival = self.under_way.keys().next().map(|(at, _)| *at);
        let Some(at) = timers.into_iter().chain([arrival]).flatten().min() else { return false };
        if at > end {
            return false;
        }
        self.now = self.now.max(at);
        if arrival.is_some_and(|arrival| arrival <= at) {
            let ((_, _), (peer, parcel)) = self.under_way.pop_first().unwrap();
            match parcel {
                Parcel::Input(input) => self.feed(peer, input),
                Parcel::Stream { connection, bytes } => {
                    if self.streams.contains_key(&(peer, connection)) {
                        self.feed(peer, Input::StreamData { connection, bytes });
                    }
                }
            }
        } else {
            for (peer, timer) in timers.into_iter().enumerate() {
                if timer.is_some_and(|timer| timer <= at) {
                    self.feed(peer, Input::Timeout);
                }
            }
        }
        true
    }

    pub fn feed(&mut self, peer: usize, input: Input) {
        self.stacks[peer].handle_input(self.now, input);
        self.drain(peer);
    }

    fn drain(&mut self, peer: usize) {
        loop {
            match self.stacks[peer].poll_output() {
                Output::Timeout(_) => return,
                Output::Transmit(transmit) => self.carry(peer, transmit),
                Output::Event(event) => self.events[peer].push_back(event),
                Output::Answer { ticket, result } => drop(self.answers.insert(ticket.0, result)),
                Output::Resolve { query, name } => {
                    let found = self.names.get(&*name).map(|addresses| {
                        let resolved = |remote: &_| Resolved { remote: *remote, local: None };
                        addresses.iter().map(resolved).collect()
                    });
                    let answer = found.ok_or_else(|| "no such name".into());
                    let input = Input::Resolved { query, answer };
                    self.send(peer, Duration::ZERO, Parcel::Input(input));
                }
                Output::Connect { connection, transport, remote, peer: name, .. } => {
                    self.tls_names.extend(name);
                    self.connect(peer, connection, transport, remote);
                }
                Output::Close { connection } => self.close(peer, connection),
                _ => {}
            }
        }
    }

    fn connect(
        &mut self,
        peer: usize,
        connection: ConnectionId,
        transport: Transport,
        remote: SocketAddr,
    ) {
        let other = 1 - peer;
        if self.refuse_connections || remote != address(other) {
            let reason = "connection refused".into();
            let input = Input::StreamFailed { connection, reason };
            self.send(peer, self.conditions.latency, Parcel::Input(input));
            return;
        }
        self.accepted += 1;
        self.connected += 1;
        let theirs = ConnectionId::Accepted(self.accepted);
        let ephemeral = SocketAddr::new(address(peer).ip(), 40_000 + self.accepted as u16);
        self.streams.insert((peer, connection), (other, theirs));
        self.streams.insert((other, theirs), (peer, connection));
        let opened = Input::StreamOpened {
            connection: theirs,
            transport,
            local: address(other),
            remote: ephemeral,
        };
        self.send(other, self.conditions.latency, Parcel::Input(opened));
        let opened = Input::StreamOpened { connection, transport, local: ephemeral, remote };
        self.send(peer, self.conditions.latency * 2, Parcel::Input(opened));
    }

    fn close(&mut self, peer: usize, connection: ConnectionId) {
        if let Some((other, theirs)) = self.streams.remove(&(peer, connection)) {
            self.streams.remove(&(other, theirs));
            let closed = Input::StreamClosed { connection: theirs };
            self.send(other, self.conditions.latency, Parcel::Input(closed));
        }
    }

    /// Both ends of every connection see a reset.
    pub fn reset_connections(&mut self) {
        let streams: Vec<_> = self.streams.drain().map(|(end, _)| end).collect();
        for (peer, connection) in streams {
            self.feed(peer, Input::StreamClosed { connection });
        }
    }

    fn carry(&mut self, from: usize, transmit: Transmit) {
        let Ok(message) = Message::parse(transmit.bytes.clone()) else {
            panic!("not a message: {:?}", transmit.bytes)
        };
        let at = self.now - self.start;
        let mut seen = Seen { at, from, message, lost: false };
        match transmit.path {
            Path::Stream { connection, .. } => {
                self.wire.push(seen);
                if let Some((other, theirs)) = self.streams.get(&(from, connection)).copied() {
                    // Split, as TCP may.
                    let half = transmit.bytes.len() / 2;
                    for bytes in [transmit.bytes.slice(..half), transmit.bytes.slice(half..)] {
                        let parcel = Parcel::Stream { connection: theirs, bytes };
                        self.send(other, self.conditions.latency * 2, parcel);
                    }
                }
            }
            Path::Datagram { remote, local, .. } => {
                let to = 1 - from;
                let lost = (self.drop)(&seen) || self.chance(self.conditions.loss);
                seen.lost = lost || remote != address(to);
                let copies = match (seen.lost, self.chance(self.conditions.duplication)) {
                    (true, _) => 0,
                    (false, true) => 2,
                    (false, false) => 1,
                };
                self.wire.push(seen);
                for _ in 0..copies {
                    let jitter = self.conditions.jitter.as_millis() as u64 + 1;
                    let latency = self.conditions.latency + millis(self.random.next_u64() % jitter);
                    let input = Input::Datagram {
                        endpoint: EndpointId(0),
                        local: remote,
                        remote: local,
                        bytes: transmit.bytes.clone(),
                    };
                    self.send(to, latency, Parcel::Input(input));
                }
            }
        }
    }

    fn send(&mut self, to: usize, latency: Duration, parcel: Parcel) {
        self.order += 1;
        self.under_way.insert((self.now + latency, self.order), (to, parcel));
    }

    fn chance(&mut self, per_mille: u64) -> bool {
        per_mille > 0 && self.random.next_u64() % 1000 < per_mille
    }

    /// The messages that were sent, as a person reads them.
    pub fn ladder(&self) -> String {
        let mut out = String::new();
        for seen in &self.wire {
            let arrow = if seen.from == ALICE { "alice ─►" } else { "  ◄─ bob" };
            let lost = if seen.lost { " ✗" } else { "" };
            out.push_str(&format!(
                "{:>8.3} {arrow} {}{lost}\n",
                seen.at.as_secs_f64(),
                seen.summary()
            ));
        }
        out
    }

    /// The messages as `a: INVITE`, `b: 200 INVITE`, in the order of sending.
    pub fn messages(&self) -> Vec<String> {
        let name = |seen: &Seen| if seen.from == ALICE { 'a' } else { 'b' };
        self.wire.iter().map(|seen| format!("{}: {}", name(seen), seen.summary())).collect()
    }

    pub fn count(&self, from: usize, summary: &str) -> usize {
        self.wire.iter().filter(|seen| seen.from == from && seen.summary() == summary).count()
    }
}
