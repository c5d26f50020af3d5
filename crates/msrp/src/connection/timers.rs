//! The deadlines of a connection.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{IncomingKey, MessageKey, SessionKey};
use crate::ids::TransactionId;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// A request waits for its response (RFC 4975 §7.1.1: 30 seconds).
    Transaction(TransactionId),
    /// A message waits for reports of success.
    Report(SessionKey, MessageKey),
    /// A message that is received misses bytes.
    Incoming(SessionKey, IncomingKey),
    /// A session that closes waits for its last messages.
    Closing(SessionKey),
    /// A connection without sessions waits for one.
    Unbound,
    /// A quiet connection is to be used.
    KeepAlive,
}

/// Names a timer that is set.
pub(super) type TimerKey = (Instant, u64);

/// Timers in the order of their deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers {
    set: BTreeMap<TimerKey, Timer>,
    counter: u64,
}

impl Timers {
    pub(super) fn set(&mut self, at: Instant, timer: Timer) -> TimerKey {
        self.counter += 1;
        self.set.insert((at, self.counter), timer);
        (at, self.counter)
    }

    pub(super) fn cancel(&mut self, key: Option<TimerKey>) {
        if let Some(key) = key {
            self.set.remove(&key);
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.set.first_key_value().map(|(key, _)| key.0)
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.set.pop_first().map(|(_, timer)| timer)
    }
}
