//! The task of one connection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use sipsimple_net::ByteStream;
use tokio::sync::{mpsc, oneshot, watch};

use super::endpoint::Shared;
use super::registry::Seat;
use super::session::{Answer, Link};
use super::stream_io::StreamIo;
use crate::connection::{
    CommandError, Connection, Event, Input, MessageKey, Output, RequestKey, SessionKey,
};
use crate::uri::MsrpUri;

/// How many commands wait for a connection's task; more wait in their callers.
pub const COMMAND_QUEUE: usize = 64;

/// How many commands are taken between two looks at the stream.
const COMMANDS_PER_TURN: usize = 16;

type Reply = oneshot::Sender<Result<(), CommandError>>;

/// What a task is asked.
pub(super) enum Command {
    Input {
        input: Input,
        reply: Reply,
    },
    SendStreamed {
        input: Input,
        message: MessageKey,
        wanted: mpsc::Sender<usize>,
        reply: Reply,
    },
    Request {
        input: Input,
        request: RequestKey,
        answer: oneshot::Sender<Answer>,
        reply: Reply,
    },
    Attach {
        seat: Box<Seat>,
        reply: Reply,
    },
    Shutdown,
    /// Keeps the connection without sessions until the receiver is dropped.
    Hold(oneshot::Sender<()>),
}

/// A session on the connection.
struct Seated {
    local: MsrpUri,
    events: mpsc::Sender<Event>,
    link: watch::Sender<Link>,
}

pub(super) struct Driver {
    machine: Connection,
    io: StreamIo,
    shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
    /// For the links of sessions.
    own: mpsc::Sender<Command>,
    sessions: BTreeMap<SessionKey, Seated>,
    streams: BTreeMap<MessageKey, mpsc::Sender<usize>>,
    requests: BTreeMap<RequestKey, oneshot::Sender<Answer>>,
    /// Events that had no room in their session's queue. While there are any,
    /// nothing is read.
    held: VecDeque<(SessionKey, Event)>,
    deadline: Option<Instant>,
    close: bool,
    /// Who keeps the connection though no session is on it.
    holders: Vec<oneshot::Sender<()>>,
}

/// Starts the task of a connection.
pub(super) fn spawn(shared: &Arc<Shared>, stream: Box<dyn ByteStream>) -> mpsc::Sender<Command> {
    let (sender, commands) = mpsc::channel(COMMAND_QUEUE);
    let machine =
        Connection::new(shared.config.connection.clone(), shared.fresh_seed(), shared.clock.now());
    let driver = Driver {
        machine,
        io: StreamIo::new(stream),
        shared: shared.clone(),
        commands,
        own: sender.clone(),
        sessions: BTreeMap::new(),
        streams: BTreeMap::new(),
        requests: BTreeMap::new(),
        held: VecDeque::new(),
        deadline: None,
        close: false,
        holders: Vec::new(),
    };
    tokio::spawn(driver.run());
    sender
}

impl Driver {
    async fn run(mut self) {
        loop {
            for _ in 0..COMMANDS_PER_TURN {
                let Ok(command) = self.commands.try_recv() else { break };
                self.execute(command);
            }
            // A stream that is always ready must not keep all else waiting.
            self.flush_held();
            if self.deadline.is_some_and(|at| at <= self.shared.clock.now()) {
                self.input(Input::Timeout);
            }
            self.drain();
            if self.close && self.io.is_flushed() {
                break;
            }
            let read = self.machine.wants_input() && self.held.is_empty();
            let deadline = self.deadline.map(tokio::time::Instant::from_std);
            let held = self.held.front().map(|(key, _)| *key);
            let waiting = held.and_then(|key| self.sessions.get(&key)).map(|s| s.events.clone());
            tokio::select! {
                biased;
                moved = self.io.step(read) => match moved {
                    Ok(moved) => {
                        if moved.written > 0 {
                            self.input(Input::Written(moved.written));
                        }
                        if let Some(data) = moved.read {
                            self.input(Input::Received(data));
                        }
                    }
                    Err(_) => {
                        self.input(Input::Lost);
                        self.drain();
                        break;
                    }
                },
                command = self.commands.recv() => {
                    if let Some(command) = command {
                        self.execute(command);
                    }
                },
                permit = async {
                    match waiting {
                        Some(events) => events.reserve_owned().await.ok(),
                        None => None,
                    }
                }, if held.is_some() => {
                    if let (Some((_, event)), Some(permit)) = (self.held.pop_front(), permit) {
                        permit.send(event);
                    }
                },
                () = async {
                    match deadline {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                } => self.input(Input::Timeout),
            }
            self.detach_abandoned();
        }
        self.finish().await;
    }

    /// What is left when the connection is over: nobody is to wait for ever.
    async fn finish(mut self) {
        self.commands.close();
        while let Some((key, event)) = self.held.pop_front() {
            if let Some(session) = self.sessions.get(&key) {
                // The application takes its time; it gets everything all the same.
                let _ = session.events.send(event).await;
            }
        }
        for (key, session) in std::mem::take(&mut self.sessions) {
            self.shared.registry.release(&session.local, key);
            session.link.send_replace(Link::Over);
        }
        self.io.shutdown().await;
    }

    fn input(&mut self, input: Input) {
        if matches!(input, Input::Timeout) {
            self.holders.retain(|holder| !holder.is_closed());
            self.machine.set_held(!self.holders.is_empty());
        }
        // Only commands can be refused.
        let _ = self.machine.handle_input(self.shared.clock.now(), input);
    }

    fn execute(&mut self, command: Command) {
        let now = self.shared.clock.now();
        let (result, reply) = match command {
            Command::Input { input, reply } => (self.machine.handle_input(now, input), reply),
            Command::SendStreamed { input, message, wanted, reply } => {
                let result = self.machine.handle_input(now, input);
                if result.is_ok() {
                    self.streams.insert(message, wanted);
                }
                (result, reply)
            }
            Command::Request { input, request, answer, reply } => {
                let result = self.machine.handle_input(now, input);
                if result.is_ok() {
                    self.requests.insert(request, answer);
                }
                (result, reply)
            }
            Command::Attach { seat, reply } => (self.attach(*seat, true), reply),
            Command::Hold(holder) => {
                self.holders.push(holder);
                self.machine.set_held(true);
                return;
            }
            Command::Shutdown => return self.input(Input::Shutdown),
        };
        // Events come before the reply, so that a handle's caller finds them.
        self.drain();
        let _ = reply.send(result);
    }

    fn attach(&mut self, seat: Seat, active: bool) -> Result<(), CommandError> {
        let local = seat.config.local.clone();
        let config = Box::new(seat.config);
        let input = Input::Attach { session: seat.key, config, active };
        // Seated first: the machine goes on with what it had read.
        seat.link.send_replace(Link::Attached(self.own.clone()));
        let seated = Seated { local: local.clone(), events: seat.events, link: seat.link };
        self.sessions.insert(seat.key, seated);
        let result = self.machine.handle_input(self.shared.clock.now(), input);
        if result.is_err() {
            self.unseat(seat.key);
        }
        result
    }

    fn unseat(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.remove(&key) {
            self.shared.registry.release(&session.local, key);
            session.link.send_replace(Link::Over);
        }
    }

    fn drain(&mut self) {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(bytes) => self.io.push(bytes),
                Output::Event(event) => self.event(event),
                Output::Close => self.close = true,
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Lookup { to, .. } => match self.shared.registry.claim(&to) {
                Ok(seat) => {
                    let (key, local) = (seat.key, seat.config.local.clone());
                    if self.attach(seat, false).is_err() {
                        self.shared.registry.release(&local, key);
                    }
                }
                Err(code) => self.input(Input::NoSession(code)),
            },
            Event::Wanted { message, room, session } => match self.streams.get(&message) {
                // There is room: the machine asks for no more than twice at once.
                Some(wanted) => drop(wanted.try_send(room)),
                None => self.deliver(session, Event::Wanted { session, message, room }),
            },
            Event::Answered { request, code, comment, head } => {
                if let Some(answer) = self.requests.remove(&request) {
                    let _ = answer.send(Answer { code, comment, head });
                }
            }
            Event::Unanswered { request } => drop(self.requests.remove(&request)),
            Event::Bad { error } => tracing::debug!(%error, "a message that is wrong"),
            event => {
                if let Event::Delivery { message, is_final: true, .. } = event {
                    self.streams.remove(&message);
                }
                if let Some(session) = event.session() {
                    self.deliver(session, event);
                }
            }
        }
    }

    fn deliver(&mut self, key: SessionKey, event: Event) {
        let last = matches!(event, Event::Failed { .. } | Event::Closed { .. });
        let Some(session) = self.sessions.get(&key) else { return };
        if self.held.iter().any(|(held, _)| *held == key) {
            self.held.push_back((key, event));
        } else if let Err(mpsc::error::TrySendError::Full(event)) = session.events.try_send(event) {
            self.held.push_back((key, event));
        }
        if last {
            self.shared.registry.release(&session.local, key);
            session.link.send_replace(Link::Over);
            if !self.held.iter().any(|(held, _)| *held == key) {
                self.sessions.remove(&key);
            }
        }
    }

    fn flush_held(&mut self) {
        while let Some((key, event)) = self.held.pop_front() {
            let Some(session) = self.sessions.get(&key) else { continue };
            if let Err(mpsc::error::TrySendError::Full(event)) = session.events.try_send(event) {
                self.held.push_front((key, event));
                return;
            }
        }
    }

    /// Sessions whose events nobody reads any more end.
    fn detach_abandoned(&mut self) {
        let abandoned: Vec<SessionKey> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.events.is_closed())
            .map(|(key, _)| *key)
            .collect();
        for key in abandoned {
            self.held.retain(|(held, _)| *held != key);
            self.input(Input::Detach(key));
            self.unseat(key);
        }
        // Sessions that are over stay until their last event is taken.
        let over = |s: &Seated| matches!(*s.link.borrow(), Link::Over);
        let held = &self.held;
        self.sessions
            .retain(|key, session| !over(session) || held.iter().any(|(held, _)| held == key));
    }
}
