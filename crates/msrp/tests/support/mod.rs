//! Two machines joined by a wire that a test can look at, slow down and cut.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sipsimple_msrp::connection::*;
use sipsimple_msrp::{MsrpUri, StatusCode};

pub const ALICE: &str = "msrp://alice.example:7654/jshA7weztas;tcp";
pub const BOB: &str = "msrp://bob.example:12763/kjhd37s2s20w2a;tcp";
pub const SESSION: SessionKey = SessionKey(1);

pub fn uri(text: &str) -> MsrpUri {
    text.parse().expect(text)
}

pub fn config(local: &str, remote: &str) -> SessionConfig {
    SessionConfig::new(uri(local), uri(remote).into())
}

/// Gives at most so many bytes, and says whether they are the last.
pub type Source = Box<dyn FnMut(usize) -> (Bytes, bool)>;

/// One machine and what it said.
pub struct Side {
    pub machine: Connection,
    pub events: Vec<Event>,
    /// Bytes that are on their way to the other side.
    pub out: VecDeque<Bytes>,
    /// All bytes that were ever transmitted, where that is wanted.
    pub log: Option<Vec<u8>>,
    pub deadline: Option<Instant>,
    pub closed: bool,
    /// What lookups are answered with.
    pub sessions: Vec<(SessionKey, SessionConfig)>,
    /// Streamed messages are fed from here.
    pub source: Option<Source>,
}

impl Side {
    pub fn new(now: Instant, seed: u8, config: ConnectionConfig) -> Self {
        Self {
            machine: Connection::new(config, [seed; 32], now),
            events: Vec::new(),
            out: VecDeque::new(),
            log: None,
            deadline: None,
            closed: false,
            sessions: Vec::new(),
            source: None,
        }
    }

    pub fn input(&mut self, now: Instant, input: Input) {
        self.try_input(now, input).expect("a command that can be carried out");
    }

    pub fn try_input(&mut self, now: Instant, input: Input) -> Result<(), CommandError> {
        let result = self.machine.handle_input(now, input);
        self.drain(now);
        result
    }

    pub fn drain(&mut self, now: Instant) {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(bytes) => {
                    if let Some(log) = &mut self.log {
                        log.extend_from_slice(&bytes);
                    }
                    self.out.push_back(bytes);
                }
                Output::Event(Event::Lookup { to, .. }) => {
                    let found = self.sessions.iter().position(|(_, c)| c.local.equivalent(&to));
                    let answer = match found {
                        Some(at) => {
                            let (session, config) = self.sessions.remove(at);
                            Input::Attach { session, config: Box::new(config), active: false }
                        }
                        None => Input::NoSession(StatusCode::NO_SUCH_SESSION),
                    };
                    self.machine.handle_input(now, answer).expect("attach");
                }
                Output::Event(Event::Wanted { session, message, room })
                    if self.source.is_some() =>
                {
                    let source = self.source.as_mut().expect("checked");
                    let (data, last) = source(room);
                    let input = Input::Provide { session, message, data, last };
                    self.machine.handle_input(now, input).expect("wanted");
                }
                Output::Event(event) => self.events.push(event),
                Output::Close => self.closed = true,
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
            }
        }
    }

    pub fn waiting(&self) -> usize {
        self.out.iter().map(Bytes::len).sum()
    }

    /// Takes at most `limit` bytes off the wire and tells the machine.
    pub fn take(&mut self, now: Instant, limit: usize) -> BytesMut {
        let mut taken = BytesMut::new();
        while taken.len() < limit
            && let Some(front) = self.out.front_mut()
        {
            let n = front.len().min(limit - taken.len());
            taken.extend_from_slice(&front.split_to(n));
            if front.is_empty() {
                self.out.pop_front();
            }
        }
        if !taken.is_empty() {
            self.input(now, Input::Written(taken.len()));
        }
        taken
    }

    pub fn send(&mut self, now: Instant, key: u64, content: Outgoing) -> MessageKey {
        let message = MessageKey(key);
        self.input(now, Input::Send { session: SESSION, message, content: Box::new(content) });
        message
    }

    /// The states that a message went through; `true` for a final one.
    pub fn states(&self, key: u64) -> Vec<(Delivery, bool)> {
        let wanted = MessageKey(key);
        let of = |event: &Event| match event {
            Event::Delivery { message, state, is_final, .. } if *message == wanted => {
                Some((state.clone(), *is_final))
            }
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// The bodies of the messages that came whole.
    pub fn bodies(&self) -> Vec<Bytes> {
        let body = |event: &Event| match event {
            Event::Message { body, .. } => Some(body.clone()),
            _ => None,
        };
        self.events.iter().filter_map(body).collect()
    }
}

/// Alice, who is active, and Bob.
pub struct Pair {
    pub now: Instant,
    pub a: Side,
    pub b: Side,
    /// How many bytes move in one step.
    pub step: usize,
}

#[allow(clippy::disallowed_methods, reason = "an arbitrary beginning of virtual time")]
pub fn beginning() -> Instant {
    Instant::now()
}

impl Pair {
    pub fn new() -> Self {
        Self::with(config(ALICE, BOB), config(BOB, ALICE), ConnectionConfig::default())
    }

    pub fn with(alice: SessionConfig, bob: SessionConfig, connection: ConnectionConfig) -> Self {
        let now = beginning();
        let mut pair = Self {
            now,
            a: Side::new(now, 1, connection.clone()),
            b: Side::new(now, 2, connection),
            step: 64 * 1024,
        };
        pair.b.sessions.push((SESSION, bob));
        let config = Box::new(alice);
        pair.a.input(now, Input::Attach { session: SESSION, config, active: true });
        pair
    }

    /// A pair whose session is bound and that has nothing to say.
    pub fn bound() -> Self {
        let mut pair = Self::new();
        pair.run();
        pair.a.events.clear();
        pair.b.events.clear();
        pair
    }

    /// Moves bytes in both directions once; whether there were any.
    pub fn tick(&mut self) -> bool {
        let there = carry(self.now, self.step, &mut self.a, &mut self.b);
        let back = carry(self.now, self.step, &mut self.b, &mut self.a);
        there || back
    }

    /// Moves bytes until there are none.
    pub fn run(&mut self) {
        while self.tick() {}
    }

    /// Lets time pass, deadline by deadline.
    pub fn sleep(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.run();
            let next = [self.a.deadline, self.b.deadline].into_iter().flatten().min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            self.a.input(self.now, Input::Timeout);
            self.b.input(self.now, Input::Timeout);
        }
        self.now = end;
    }
}

fn carry(now: Instant, step: usize, from: &mut Side, to: &mut Side) -> bool {
    if !to.machine.wants_input() {
        return false;
    }
    let bytes = from.take(now, step);
    if bytes.is_empty() {
        return false;
    }
    to.input(now, Input::Received(bytes));
    true
}

/// A machine whose peer is written by hand.
pub struct Scripted {
    pub now: Instant,
    pub side: Side,
}

impl Scripted {
    /// Bob, passive, waiting for Alice.
    pub fn bob(config: SessionConfig) -> Self {
        let now = beginning();
        let mut side = Side::new(now, 2, ConnectionConfig::default());
        side.sessions.push((SESSION, config));
        Self { now, side }
    }

    /// The peer says this; what the machine answers.
    pub fn say(&mut self, text: &str) -> String {
        self.side.input(self.now, Input::Received(BytesMut::from(text)));
        self.hear()
    }

    pub fn hear(&mut self) -> String {
        let bytes = self.side.take(self.now, usize::MAX);
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    /// A SEND of Alice.
    pub fn chunk(&mut self, id: &str, range: &str, body: &str, flag: char) -> String {
        self.chunk_with(id, range, "", body, flag)
    }

    pub fn chunk_with(
        &mut self,
        id: &str,
        range: &str,
        extra: &str,
        body: &str,
        flag: char,
    ) -> String {
        self.say(&format!(
            "MSRP {id} SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: 87652491\r\n\
             Byte-Range: {range}\r\n{extra}Content-Type: text/plain\r\n\r\n{body}\r\n-------{id}{flag}\r\n"
        ))
    }
}

/// The codes and methods of the messages in a text.
pub fn starts(text: &str) -> Vec<String> {
    text.split("\r\n")
        .filter_map(|line| line.strip_prefix("MSRP "))
        .map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect()
}
