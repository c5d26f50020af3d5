//! Who has to be woken when: one heap for the whole stack.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::clients::RequestId;
use super::servers::ServerId;
use super::{CallKey, ConnectionId, RegistrationKey};

/// A heap with room for fewer entries is left as it is.
const SMALL_HEAP: usize = 64;

/// Something with a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleeper {
    Client(RequestId),
    Server(ServerId),
    Call(CallKey),
    Registration(RegistrationKey),
    Connection(ConnectionId),
}

/// Entries are never removed before their time: a sleeper that is gone or has
/// another deadline by then is woken for nothing. Each keeps in its
/// [`Alarm`] what the heap already knows, so that it has few entries.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Reverse<Entry>>,
    count: u64,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    /// Keeps sleepers of the same instant in order.
    order: u64,
    sleeper: Sleeper,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The earliest entry that a sleeper has in the heap.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Alarm(Option<Instant>);

impl Deadlines {
    /// Makes sure that the sleeper is woken at its deadline.
    pub(crate) fn arm(&mut self, alarm: &mut Alarm, deadline: Option<Instant>, sleeper: Sleeper) {
        let Some(at) = deadline else { return };
        if alarm.0.is_some_and(|armed| armed <= at) {
            return;
        }
        alarm.0 = Some(at);
        self.count += 1;
        self.heap.push(Reverse(Entry { at, order: self.count, sleeper }));
    }

    /// The next one to wake. Its alarm is to be reset with [`Alarm::rang`].
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Sleeper, Instant)> {
        if self.heap.peek()?.0.at > now {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        // Many calls at once leave nothing behind.
        if self.heap.capacity() > SMALL_HEAP && self.heap.len() < self.heap.capacity() / 8 {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        Some((entry.sleeper, entry.at))
    }

    /// When to come back.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }
}

impl Alarm {
    /// The entry for this instant has left the heap.
    pub(crate) fn rang(&mut self, at: Instant) {
        if self.0 == Some(at) {
            self.0 = None;
        }
    }
}
