//! The engine's task: owns the stack, feeds it and carries out what it says.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipsimple_net::tls::Tls;
use sipsimple_net::{ByteStream, Clock, Network, Resolver};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Sleep;

use super::connection::Opening;
use super::datagram::{Datagrams, Received};
use super::engine::Request;
use super::listen::{self, Socket};
use super::lookup::{self, Sources};
use super::{CONNECTION_QUEUE, EVENT_QUEUE, SHUTDOWN_TIMEOUT, SIGNAL_QUEUE, connection};
use crate::stack::{
    Accepted, Command, ConnectionId, Endpoint, EndpointId, Event, Input, Output, Path, QueryId,
    Refused, Resolved, Stack, StackConfig, Ticket, Trace, Transmit, Transport,
};

/// What the other tasks tell this one.
pub(super) enum Signal {
    Accepted { transport: Transport, stream: Box<dyn ByteStream> },
    Opened { id: ConnectionId, transport: Transport, local: SocketAddr, remote: SocketAddr },
    Data { id: ConnectionId, bytes: Bytes },
    Failed { id: ConnectionId, reason: Box<str> },
    Closed { id: ConnectionId },
    Resolved { query: QueryId, answer: Result<Vec<Resolved>, Box<str>> },
}

/// Datagrams handled in a row before anything else gets its turn.
const BATCH: usize = 32;

struct Connection {
    outgoing: mpsc::Sender<Bytes>,
    task: AbortHandle,
}

/// What the engine stands on.
pub(super) struct World {
    pub(super) network: Arc<dyn Network>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tls: Tls,
}

pub(super) struct Driver {
    stack: Stack,
    clock: Arc<dyn Clock>,
    network: Arc<dyn Network>,
    resolver: Arc<dyn Resolver>,
    tls: Tls,
    datagrams: Datagrams,
    sources: Sources,
    connections: HashMap<ConnectionId, Connection>,
    accepted: u64,
    requests: mpsc::Receiver<Request>,
    signals: mpsc::Receiver<Signal>,
    signal: mpsc::Sender<Signal>,
    /// The connections' tasks.
    tasks: JoinSet<()>,
    /// Listeners and lookups.
    helpers: JoinSet<()>,
    answers: HashMap<Ticket, oneshot::Sender<Result<Accepted, Refused>>>,
    tickets: u64,
    events: mpsc::Sender<Event>,
    /// Events that found the queue full; nothing is read while there are any.
    overflow: VecDeque<Event>,
    congested: bool,
    traces: broadcast::Sender<Trace>,
    tracing: bool,
    deadline: Option<Instant>,
    stopping: Option<Stopping>,
}

/// After a shutdown was asked for.
struct Stopping {
    waiters: Vec<oneshot::Sender<()>>,
    until: Instant,
    stopped: bool,
}

/// Why the task woke up.
enum Wake {
    Request(Option<Request>),
    Signal(Signal),
    Datagram(Received),
    Room,
    Time,
}

impl Driver {
    pub(super) fn new(
        config: StackConfig,
        sockets: Vec<(Endpoint, Socket)>,
        requests: mpsc::Receiver<Request>,
        traces: broadcast::Sender<Trace>,
        World { network, resolver, clock, tls }: World,
    ) -> (Self, mpsc::Receiver<Event>) {
        let (signal, signals) = mpsc::channel(SIGNAL_QUEUE);
        let (events, application) = mpsc::channel(EVENT_QUEUE);
        let mut datagrams = Datagrams::new();
        let mut helpers = JoinSet::new();
        for (index, (endpoint, socket)) in (0..).zip(sockets) {
            match socket {
                Socket::Datagram(socket) => {
                    datagrams.add(EndpointId(index), endpoint.address, socket);
                }
                Socket::Stream(listener) => {
                    let tls = (endpoint.transport == Transport::Tls).then(|| tls.clone());
                    helpers.spawn(listen::accept(listener, tls, signal.clone()));
                }
            }
        }
        let driver = Self {
            stack: Stack::new(config, clock.now()),
            clock,
            network,
            resolver,
            tls,
            datagrams,
            sources: Sources::default(),
            connections: HashMap::new(),
            accepted: 0,
            requests,
            signals,
            signal,
            tasks: JoinSet::new(),
            helpers,
            answers: HashMap::new(),
            tickets: 0,
            events,
            overflow: VecDeque::new(),
            congested: false,
            traces,
            tracing: false,
            deadline: None,
            stopping: None,
        };
        (driver, application)
    }

    pub(super) async fn run(mut self) {
        let mut sleep = Box::pin(tokio::time::sleep(Duration::ZERO));
        self.feed(Input::Timeout);
        while !self.finished() {
            let wake = self.wait(&mut sleep).await;
            self.refresh_flags();
            match wake {
                Wake::Request(request) => self.on_request(request),
                Wake::Signal(signal) => self.on_signal(signal),
                Wake::Datagram(received) => self.on_datagrams(received),
                Wake::Room => self.flush_overflow(),
                Wake::Time => self.feed(Input::Timeout),
            }
            while self.tasks.try_join_next().is_some() {}
            while self.helpers.try_join_next().is_some() {}
        }
        let Self { stopping, mut tasks, mut helpers, datagrams, connections, signals, .. } = self;
        drop((datagrams, connections, signals));
        helpers.shutdown().await;
        // Connections write what was sent on them before they close.
        let _ = tokio::time::timeout(super::CLOSE_TIMEOUT, async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
        tasks.shutdown().await;
        for waiter in stopping.into_iter().flat_map(|stopping| stopping.waiters) {
            let _ = waiter.send(());
        }
    }

    fn finished(&self) -> bool {
        self.stopping.as_ref().is_some_and(|s| s.stopped || self.clock.now() >= s.until)
    }

    async fn wait(&mut self, sleep: &mut Pin<Box<Sleep>>) -> Wake {
        let deadline = match (&self.stopping, self.deadline) {
            (Some(stopping), Some(deadline)) => Some(deadline.min(stopping.until)),
            (Some(stopping), None) => Some(stopping.until),
            (None, deadline) => deadline,
        };
        // A sleep that ends too early costs less than arming it anew each time.
        if let Some(deadline) = deadline.map(tokio::time::Instant::from_std)
            && (sleep.is_elapsed() || deadline < sleep.deadline())
        {
            sleep.as_mut().reset(deadline);
        }
        let reading = self.overflow.is_empty();
        let Self { requests, signals, datagrams, events, .. } = self;
        tokio::select! {
            request = requests.recv(), if reading && !requests.is_closed() => Wake::Request(request),
            Some(signal) = signals.recv(), if reading => Wake::Signal(signal),
            received = poll_fn(|cx| datagrams.poll_receive(cx)), if reading => {
                Wake::Datagram(received)
            }
            _ = events.reserve(), if !reading => Wake::Room,
            () = sleep.as_mut(), if deadline.is_some() => Wake::Time,
        }
    }

    fn refresh_flags(&mut self) {
        let tracing = self.traces.receiver_count() > 0;
        if tracing != self.tracing {
            self.tracing = tracing;
            self.feed(Input::Tracing(tracing));
        }
        let congested = self.events.capacity() < EVENT_QUEUE / 4 && !self.events.is_closed();
        if congested != self.congested {
            self.congested = congested;
            self.feed(Input::Congested(congested));
        }
    }

    fn on_request(&mut self, request: Option<Request>) {
        match request {
            Some(Request::Command(command, reply)) => {
                self.tickets += 1;
                let ticket = Ticket(self.tickets);
                self.answers.insert(ticket, reply);
                self.feed(Input::Command { ticket, command });
            }
            Some(Request::Statistics(reply)) => {
                let _ = reply.send(self.stack.statistics().clone());
            }
            Some(Request::Shutdown { unregister, done }) => self.stop(unregister, Some(done)),
            // Nobody holds the handle any more.
            None => {
                self.requests.close();
                self.stop(false, None);
            }
        }
    }

    fn stop(&mut self, unregister: bool, done: Option<oneshot::Sender<()>>) {
        let until = self.clock.now() + SHUTDOWN_TIMEOUT;
        let stopping =
            self.stopping.get_or_insert(Stopping { waiters: Vec::new(), until, stopped: false });
        stopping.waiters.extend(done);
        self.tickets += 1;
        let command = Command::Shutdown { unregister };
        self.feed(Input::Command { ticket: Ticket(self.tickets), command });
    }

    fn on_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Accepted { transport, stream } => {
                let ends = stream.local_addr().and_then(|l| Ok((l, stream.peer_addr()?)));
                let Ok((local, remote)) = ends else { return };
                self.accepted += 1;
                let id = ConnectionId::Accepted(self.accepted);
                let (outgoing, queue) = mpsc::channel(CONNECTION_QUEUE);
                let run = connection::run(id, stream, queue, self.signal.clone());
                let task = self.tasks.spawn(run);
                self.connections.insert(id, Connection { outgoing, task });
                self.feed(Input::StreamOpened { connection: id, transport, local, remote });
            }
            Signal::Opened { id, transport, local, remote } => {
                self.feed(Input::StreamOpened { connection: id, transport, local, remote });
            }
            Signal::Data { id, bytes } => {
                if self.connections.contains_key(&id) {
                    self.feed(Input::StreamData { connection: id, bytes });
                }
            }
            Signal::Failed { id, reason } => {
                self.connections.remove(&id);
                self.feed(Input::StreamFailed { connection: id, reason });
            }
            Signal::Closed { id } => {
                if self.connections.remove(&id).is_some() {
                    self.feed(Input::StreamClosed { connection: id });
                }
            }
            Signal::Resolved { query, answer } => self.feed(Input::Resolved { query, answer }),
        }
    }

    fn on_datagrams(&mut self, first: Received) {
        self.on_datagram(first);
        for _ in 1..BATCH {
            if !self.overflow.is_empty() {
                return;
            }
            let mut idle = std::task::Context::from_waker(std::task::Waker::noop());
            match self.datagrams.poll_receive(&mut idle) {
                Poll::Ready(next) => self.on_datagram(next),
                Poll::Pending => return,
            }
        }
    }

    fn on_datagram(&mut self, received: Received) {
        let Received { endpoint, from, bytes } = received;
        let Some(mut local) = self.datagrams.local(endpoint) else { return };
        if local.ip().is_unspecified() {
            let now = self.clock.now();
            if let Some(source) = self.sources.towards(from.ip(), now, &*self.network) {
                local.set_ip(source);
            }
        }
        self.feed(Input::Datagram { endpoint, local, remote: from, bytes });
    }

    /// Hands an input to the stack and carries out everything it says.
    fn feed(&mut self, input: Input) {
        self.stack.handle_input(self.clock.now(), input);
        let mut lost = Vec::new();
        loop {
            match self.stack.poll_output() {
                Output::Transmit(transmit) => lost.extend(self.transmit(transmit)),
                Output::Connect { connection, remote, local, peer, .. } => {
                    let (outgoing, queue) = mpsc::channel(CONNECTION_QUEUE);
                    let network = self.network.clone();
                    let tls = peer.map(|peer| (self.tls.clone(), peer));
                    let opening = Opening { network, tls, local, remote };
                    let run = connection::open(connection, opening, queue, self.signal.clone());
                    let task = self.tasks.spawn(run);
                    self.connections.insert(connection, Connection { outgoing, task });
                }
                Output::Close { connection } => drop(self.connections.remove(&connection)),
                Output::Resolve { query, name } => {
                    let answer = lookup::resolve(name, self.resolver.clone(), self.network.clone());
                    let signal = self.signal.clone();
                    self.helpers.spawn(async move {
                        let answer = answer.await;
                        let _ = signal.send(Signal::Resolved { query, answer }).await;
                    });
                }
                Output::Answer { ticket, result } => {
                    if let Some(reply) = self.answers.remove(&ticket) {
                        let _ = reply.send(result);
                    }
                }
                Output::Event(event) => self.deliver(event),
                Output::Trace(trace) => drop(self.traces.send(trace)),
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    match lost.pop() {
                        None => return,
                        Some(connection) => {
                            let now = self.clock.now();
                            self.stack.handle_input(now, Input::StreamClosed { connection });
                        }
                    }
                }
            }
        }
    }

    /// Sends bytes; gives back the connection if its queue is full.
    fn transmit(&mut self, transmit: Transmit) -> Option<ConnectionId> {
        match transmit.path {
            Path::Datagram { endpoint, remote, .. } => {
                self.datagrams.send(endpoint, &transmit.bytes, remote);
                None
            }
            Path::Stream { connection, .. } => {
                let queue = &self.connections.get(&connection)?.outgoing;
                match queue.try_send(transmit.bytes) {
                    Ok(()) => return None,
                    // Its task has ended, and the signal that says why is on
                    // its way.
                    Err(TrySendError::Closed(_)) => return None,
                    Err(TrySendError::Full(_)) => {}
                }
                let connection_gone = self.connections.remove(&connection)?;
                connection_gone.task.abort();
                Some(connection)
            }
        }
    }

    fn deliver(&mut self, event: Event) {
        if let (Event::Stopped, Some(stopping)) = (&event, &mut self.stopping) {
            stopping.stopped = true;
        }
        if !self.overflow.is_empty() {
            self.overflow.push_back(event);
        } else if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            self.overflow.push_back(event);
        }
    }

    fn flush_overflow(&mut self) {
        while let Some(event) = self.overflow.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
                self.overflow.push_front(event);
                return;
            }
        }
    }
}
