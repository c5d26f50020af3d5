//! The machine of one connection and the sessions on it (RFC 4975 §5 to §7).
//!
//! # Driving it
//!
//! [`Connection::handle_input`] takes the time and one [`Input`]: bytes that
//! came, how many bytes the transport took, a deadline that passed, or a
//! command. Then [`Connection::poll_output`] is called until it says
//! [`Output::Timeout`]; nothing else changes state. Only commands can fail, and
//! one that failed has changed nothing.
//!
//! The machine holds no more than [`OUTPUT_WINDOW`] bytes (and a slice) that
//! the transport has not taken: tell it with [`Input::Written`]. Feed it bytes
//! while [`Connection::wants_input`] says so, in pieces of at most 64 KiB or so;
//! then events and answers in memory are bounded by one piece.
//!
//! Keys of sessions, messages and requests are the caller's numbers, unique as
//! long as the thing lives. Keys of what comes in are the machine's.

mod command;
mod config;
mod event;
mod incoming;
mod outgoing;
mod receive;
mod responses;
mod schedule;
mod session;
mod timers;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::{Bytes, BytesMut};

pub use config::{
    ConnectionConfig, Matching, Outgoing, OutgoingBody, OutgoingRequest, ReceiveMode, ReportMode,
    SessionConfig,
};
pub use event::{Delivery, Event, Failure, IncomingFailure, IncomingInfo, SessionFailure};

use crate::header::StatusCode;
use crate::ids::{Ids, TransactionId};
use crate::parser::Parser;
use crate::writer::WriteError;
use session::Session;
use timers::{Timer, Timers};

/// How many bytes may wait for the transport before the machine stops making
/// more. What waits here can't be overtaken, so it is small.
pub const OUTPUT_WINDOW: usize = 64 * 1024;

/// How much of a chunk is written before the machine looks whether something
/// else waits.
pub const SLICE: usize = 16 * 1024;

/// Chunks of at most this many bytes are never interrupted (RFC 4975 §5.1).
pub const SMALL_CHUNK: usize = 2048;

/// Messages of at most this many bytes keep their order in a session; larger
/// and streamed ones share the connection among each other.
pub const TEXT_LIMIT: u64 = 64 * 1024;

/// How many bytes of answers may wait before the machine wants no more input.
const CONTROL_LIMIT: usize = 64 * 1024;

/// How many requests may wait for their answers. Then no more chunks are begun.
const MAX_TRANSACTIONS: usize = 4096;

/// Names a session; the caller's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub u64);

/// Names a message that is sent; the caller's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey(pub u64);

/// Names a request of another method that is sent; the caller's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestKey(pub u64);

/// Names a message that is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncomingKey(pub(crate) u64);

/// Names a request of another method that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncomingRequestKey(pub(crate) u64);

/// What happens to a connection.
#[derive(Debug)]
pub enum Input {
    /// The transport received bytes.
    Received(BytesMut),
    /// The transport took this many more bytes of [`Output::Transmit`].
    Written(usize),
    /// The deadline of [`Output::Timeout`] may have passed.
    Timeout,
    /// The transport ended, or failed.
    Lost,
    /// A session begins on this connection. As active endpoint it binds the
    /// connection with an empty SEND; as passive one it answers
    /// [`Event::Lookup`].
    Attach {
        /// The session's key.
        session: SessionKey,
        /// How it behaves.
        config: Box<SessionConfig>,
        /// Whether this side opened the connection for it.
        active: bool,
    },
    /// The session that [`Event::Lookup`] asks for is not to be had: 481, or
    /// 506 when it is bound to another connection.
    NoSession(StatusCode),
    /// Sends a message.
    Send {
        /// On which session.
        session: SessionKey,
        /// The message's key.
        message: MessageKey,
        /// The message.
        content: Box<Outgoing>,
    },
    /// Gives bytes to a message whose body is streamed, after [`Event::Wanted`].
    Provide {
        /// The message's session.
        session: SessionKey,
        /// The message.
        message: MessageKey,
        /// The next bytes.
        data: Bytes,
        /// Whether they are the last.
        last: bool,
    },
    /// Gives up a message that is being sent.
    Abort {
        /// The message's session.
        session: SessionKey,
        /// The message.
        message: MessageKey,
    },
    /// Refuses the rest of a message that is being received.
    Refuse {
        /// The message's session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// Why; usually 413.
        code: StatusCode,
    },
    /// Reports what became of a message, where the session's [`ReportMode`] is
    /// manual.
    Report {
        /// The message's session.
        session: SessionKey,
        /// The message.
        message: IncomingKey,
        /// 200 or an error.
        code: StatusCode,
        /// For people.
        comment: String,
    },
    /// Sends a request of another method.
    Request {
        /// The request's key.
        request: RequestKey,
        /// The request.
        content: Box<OutgoingRequest>,
    },
    /// Answers [`Event::Requested`].
    Respond {
        /// The request.
        request: IncomingRequestKey,
        /// The answer.
        code: StatusCode,
        /// For people.
        comment: String,
    },
    /// Ends a session when everything queued in it is sent and answered.
    Close(SessionKey),
    /// Ends a session now; what is queued fails.
    Detach(SessionKey),
    /// Ends all sessions as [`Input::Close`] does, and then the connection.
    Shutdown,
}

/// What a connection wants.
#[derive(Debug)]
pub enum Output {
    /// Bytes for the transport, in order.
    Transmit(Bytes),
    /// Something to know.
    Event(Event),
    /// Close the transport when all bytes are written.
    Close,
    /// Nothing more now. Call again after the next input, and at this time with
    /// [`Input::Timeout`].
    Timeout(Option<Instant>),
}

/// Why a command could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No session has this key.
    #[error("no such session")]
    NoSuchSession,
    /// The key is in use.
    #[error("the key is in use")]
    KeyInUse,
    /// No message or request has this key, or it is over.
    #[error("no such message or request")]
    NoSuchMessage,
    /// The session or the connection is closing.
    #[error("closing")]
    Closing,
    /// The queue of the session is full.
    #[error("the queue is full")]
    QueueFull,
    /// The message is not streamed, or more was given than was wanted.
    #[error("these bytes are not wanted")]
    NotWanted,
    /// A value can't be written.
    #[error(transparent)]
    Value(#[from] WriteError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Closes when the last session is gone.
    ShuttingDown,
    /// The transport is to be closed, or is gone.
    Dead,
}

/// The machine of one connection.
#[derive(Debug)]
pub struct Connection {
    config: ConnectionConfig,
    state: State,
    ids: Ids,
    parser: Parser,
    /// The message that is being received.
    inbound: receive::Inbound,
    sessions: BTreeMap<SessionKey, Session>,
    /// Sessions that have something to send, the next one first.
    runnable: VecDeque<SessionKey>,
    chunk: Option<schedule::Chunk>,
    /// Answers, reports and bodiless requests: they go before all chunks.
    control: VecDeque<schedule::Control>,
    control_bytes: usize,
    transactions: BTreeMap<TransactionId, responses::Transaction>,
    requests: BTreeMap<IncomingRequestKey, receive::PendingRequest>,
    timers: Timers,
    /// When something was sent or received last.
    active_at: Instant,
    next_key: u64,
    events: VecDeque<Event>,
    output: VecDeque<Bytes>,
    close: bool,
    held: bool,
    /// Bytes made, and bytes the transport took, since the beginning.
    made: u64,
    written: u64,
    /// Where in the bytes made requests end.
    marks: VecDeque<(u64, TransactionId)>,
    /// The same for chunks that nobody answers.
    untracked: VecDeque<(u64, SessionKey, MessageKey, u64)>,
    /// Sessions that end when they have nothing left.
    closing: Vec<SessionKey>,
    /// The last To-Path that was looked up.
    last_match: Option<(String, SessionKey)>,
}

impl Connection {
    /// The machine of a connection that was just opened, or accepted. `seed`
    /// must be random: ids that nobody may guess are made of it.
    pub fn new(config: ConnectionConfig, seed: [u8; 32], now: Instant) -> Self {
        let mut timers = Timers::default();
        timers.set(now + config.unbound_timeout, Timer::Unbound);
        if let Some(interval) = config.keep_alive {
            timers.set(now + interval, Timer::KeepAlive);
        }
        Self {
            config,
            state: State::Open,
            ids: Ids::new(seed),
            parser: Parser::new(),
            inbound: receive::Inbound::None,
            sessions: BTreeMap::new(),
            runnable: VecDeque::new(),
            chunk: None,
            control: VecDeque::new(),
            control_bytes: 0,
            transactions: BTreeMap::new(),
            requests: BTreeMap::new(),
            timers,
            active_at: now,
            next_key: 0,
            events: VecDeque::new(),
            output: VecDeque::new(),
            close: false,
            held: false,
            made: 0,
            written: 0,
            marks: VecDeque::new(),
            untracked: VecDeque::new(),
            closing: Vec::new(),
            last_match: None,
        }
    }

    /// Takes one input.
    ///
    /// # Errors
    ///
    /// When a command can't be carried out. Input from the network never fails.
    pub fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), CommandError> {
        let result = match input {
            Input::Received(data) => {
                if self.state != State::Dead {
                    self.active_at = now;
                    self.parser.push(data);
                    self.parse(now);
                }
                Ok(())
            }
            Input::Written(bytes) => {
                self.active_at = now;
                self.written(now, bytes as u64);
                Ok(())
            }
            Input::Timeout => {
                self.fire_timers(now);
                Ok(())
            }
            Input::Lost => {
                self.die(now, SessionFailure::ConnectionLost);
                Ok(())
            }
            command => self.command(now, command),
        };
        self.fill(now);
        self.settle(now);
        result
    }

    /// The next thing that the machine wants.
    pub fn poll_output(&mut self) -> Output {
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        if let Some(bytes) = self.output.pop_front() {
            return Output::Transmit(bytes);
        }
        if std::mem::take(&mut self.close) {
            return Output::Close;
        }
        Output::Timeout(if self.state == State::Dead { None } else { self.timers.next() })
    }

    /// Whether bytes should be read from the transport now. When not, the
    /// peer's own window stops it.
    pub fn wants_input(&self) -> bool {
        self.state != State::Dead
            && self.control_bytes < CONTROL_LIMIT
            && !matches!(self.inbound, receive::Inbound::Lookup { .. })
    }

    /// Whether the connection is kept though no session is on it: one to a relay.
    pub fn set_held(&mut self, held: bool) {
        self.held = held;
    }

    /// How many sessions are on the connection.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    fn fresh_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn fire_timers(&mut self, now: Instant) {
        while let Some(timer) = self.timers.pop(now) {
            match timer {
                Timer::Transaction(id) => self.transaction_timed_out(now, id),
                Timer::Report(session, message) => self.report_overdue(now, session, message),
                Timer::Incoming(session, message) => self.incoming_timeout(now, session, message),
                Timer::Closing(session) => self.close_overdue(now, session),
                Timer::Unbound => self.unbound_timeout(now),
                Timer::KeepAlive => self.keep_alive(now),
            }
        }
    }

    fn unbound_timeout(&mut self, now: Instant) {
        let deadline = self.active_at + self.config.unbound_timeout;
        if self.held {
            self.timers.set(now + self.config.unbound_timeout, Timer::Unbound);
        } else if self.sessions.is_empty() && now >= deadline {
            self.die(now, SessionFailure::ConnectionLost);
        } else {
            let at =
                if self.sessions.is_empty() { deadline } else { now + self.config.unbound_timeout };
            self.timers.set(at, Timer::Unbound);
        }
    }

    /// Ends sessions that have nothing left, and the connection after them.
    fn settle(&mut self, now: Instant) {
        let is_done = |key: &SessionKey| {
            self.sessions.get(key).is_none_or(|session| session.messages.is_empty())
        };
        let done: Vec<SessionKey> = self.closing.iter().copied().filter(is_done).collect();
        for key in done {
            self.remove_session(now, key);
            self.events.push_back(Event::Closed { session: key });
        }
        let quiet = self.sessions.is_empty() && self.control.is_empty() && self.chunk.is_none();
        if self.state == State::ShuttingDown && quiet {
            self.state = State::Dead;
            self.close = true;
        }
    }

    /// The connection is over: everything on it fails.
    fn die(&mut self, now: Instant, failure: SessionFailure) {
        if self.state == State::Dead {
            return;
        }
        self.state = State::Dead;
        self.close = true;
        self.chunk = None;
        let keys: Vec<SessionKey> = self.sessions.keys().copied().collect();
        for key in keys {
            self.fail_session(now, key, failure.clone());
        }
        for (_, transaction) in std::mem::take(&mut self.transactions) {
            if let responses::Transaction::Request { request, .. } = transaction {
                self.events.push_back(Event::Unanswered { request });
            }
        }
        self.control.clear();
        self.control_bytes = 0;
    }
}
