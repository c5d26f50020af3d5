//! Rules that single out datagrams: "lose the first 200".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::Packet;

/// Which of the matching datagrams a rule acts on, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// The first so many.
    First(u32),
    /// Only this one.
    Nth(u32),
    /// All.
    Always,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The datagram is lost.
    Drop,
    /// It comes this much later; others overtake it.
    Delay(Duration),
    /// It arrives twice.
    Duplicate,
}

type Predicate = Box<dyn Fn(&Packet) -> bool + Send + Sync>;

/// A rule of a network: it stays until it is removed.
#[derive(Clone)]
pub struct Rule(Arc<State>);

struct State {
    occurrence: Occurrence,
    matches: Predicate,
    action: Action,
    seen: AtomicU32,
    hits: AtomicU32,
    removed: AtomicBool,
}

impl Rule {
    pub(super) fn new(occurrence: Occurrence, matches: Predicate, action: Action) -> Self {
        Self(Arc::new(State {
            occurrence,
            matches,
            action,
            seen: AtomicU32::new(0),
            hits: AtomicU32::new(0),
            removed: AtomicBool::new(false),
        }))
    }

    /// How many datagrams it acted on.
    pub fn hits(&self) -> u32 {
        self.0.hits.load(Relaxed)
    }

    /// Takes it back.
    pub fn remove(&self) {
        self.0.removed.store(true, Relaxed);
    }

    pub(super) fn is_removed(&self) -> bool {
        self.0.removed.load(Relaxed)
    }

    /// What to do with this datagram.
    pub(super) fn judge(&self, packet: &Packet) -> Option<Action> {
        if self.is_removed() || !(self.0.matches)(packet) {
            return None;
        }
        let count = self.0.seen.fetch_add(1, Relaxed) + 1;
        let acts = match self.0.occurrence {
            Occurrence::First(first) => count <= first,
            Occurrence::Nth(nth) => count == nth,
            Occurrence::Always => true,
        };
        acts.then(|| {
            self.0.hits.fetch_add(1, Relaxed);
            self.0.action
        })
    }
}
