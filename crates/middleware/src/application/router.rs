//! Brings the engine's events to the task that waits for them.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

/// Events that wait for one task. A call that lets more pile up is stuck.
const ROUTE_CAPACITY: usize = 64;

/// Events kept for keys that nobody knows yet: the engine may report on a call
/// before whoever made it has been told its key.
const ORPHAN_CAPACITY: usize = 256;

/// Where the events of each key go.
pub(crate) struct Router<K, E> {
    table: Arc<Mutex<Table<K, E>>>,
}

struct Table<K, E> {
    routes: HashMap<K, mpsc::Sender<E>>,
    orphans: VecDeque<(K, E)>,
}

/// The receiving end of one key; dropping it ends the route.
pub(crate) struct Route<K: Copy + Eq + Hash, E> {
    key: K,
    events: mpsc::Receiver<E>,
    table: Arc<Mutex<Table<K, E>>>,
}

/// The receiver of this key takes nothing any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stuck;

impl<K: Copy + Eq + Hash, E> Router<K, E> {
    pub(crate) fn new() -> Self {
        let table = Table { routes: HashMap::new(), orphans: VecDeque::new() };
        Self { table: Arc::new(Mutex::new(table)) }
    }

    /// A route for `key`, with what has come for it already.
    pub(crate) fn open(&self, key: K) -> Route<K, E> {
        let (sender, events) = mpsc::channel(ROUTE_CAPACITY);
        let mut table = lock(&self.table);
        let orphans = std::mem::take(&mut table.orphans);
        for (other, event) in orphans {
            if other == key {
                // It is empty, and smaller numbers of events wait than it holds.
                let _ = sender.try_send(event);
            } else {
                table.orphans.push_back((other, event));
            }
        }
        table.routes.insert(key, sender);
        drop(table);
        Route { key, events, table: Arc::clone(&self.table) }
    }

    /// Brings an event to its route. Never waits.
    pub(crate) fn send(&self, key: K, event: E) -> Result<(), Stuck> {
        let mut table = lock(&self.table);
        let Some(route) = table.routes.get(&key) else {
            if table.orphans.len() == ORPHAN_CAPACITY {
                table.orphans.pop_front();
            }
            table.orphans.push_back((key, event));
            return Ok(());
        };
        match route.try_send(event) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Stuck),
            // Closed: the task has ended and does not care.
            _ => Ok(()),
        }
    }
}

impl<K: Copy + Eq + Hash, E> Route<K, E> {
    pub(crate) fn key(&self) -> K {
        self.key
    }

    /// The next event. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<E> {
        self.events.recv().await
    }
}

impl<K: Copy + Eq + Hash, E> Drop for Route<K, E> {
    fn drop(&mut self) {
        lock(&self.table).routes.remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_came_before_the_route_is_kept() {
        let router = Router::new();
        router.send(1, "early").unwrap();
        router.send(2, "other").unwrap();
        let mut route = router.open(1);
        router.send(1, "late").unwrap();
        assert_eq!(route.next().await, Some("early"));
        assert_eq!(route.next().await, Some("late"));
        assert_eq!(router.open(2).next().await, Some("other"));
    }

    #[tokio::test]
    async fn a_stuck_task_is_noticed() {
        let router = Router::new();
        let route = router.open(1);
        for _ in 0..ROUTE_CAPACITY {
            router.send(1, ()).unwrap();
        }
        assert_eq!(router.send(1, ()), Err(Stuck));
        drop(route);
        assert_eq!(router.send(1, ()), Ok(()));
    }
}
