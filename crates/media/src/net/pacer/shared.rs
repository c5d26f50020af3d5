//! Many ticks on one thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cell::TickCell;
use super::{Pacer, PacerGuard, Tick};

/// A pacer whose ticks all run one after the other on one thread or task of
/// another pacer: for players and recorders, which wait for disks and so
/// belong neither on an RTP worker nor on threads of their own by the
/// hundred.
///
/// Cheap to clone. The thread ends when the pacer and all its ticks are gone.
#[derive(Clone)]
pub struct SharedPacer {
    ticks: Arc<Ticks>,
    thread: Arc<PacerGuard>,
}

#[derive(Default)]
struct Ticks(Mutex<Vec<Arc<TickCell>>>);

impl Ticks {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<TickCell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, cell: &Arc<TickCell>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, cell));
    }
}

impl SharedPacer {
    /// Starts the one tick of `pacer` that serves all others, under `name`.
    pub fn new(pacer: &dyn Pacer, name: &str) -> Self {
        let ticks = Arc::new(Ticks::default());
        let served = Arc::clone(&ticks);
        let thread = pacer.start(
            name,
            Box::new(move |now| {
                // The ticks run without the lock: they may start others.
                let cells = served.lock().clone();
                for cell in cells {
                    if !cell.call(now) {
                        served.remove(&cell);
                    }
                }
                std::ops::ControlFlow::Continue(())
            }),
        );
        Self { ticks, thread: Arc::new(thread) }
    }
}

impl Pacer for SharedPacer {
    fn start(&self, _name: &str, tick: Tick) -> PacerGuard {
        let cell = Arc::new(TickCell::new(tick));
        self.ticks.lock().push(Arc::clone(&cell));
        let (ticks, thread) = (Arc::clone(&self.ticks), Arc::clone(&self.thread));
        PacerGuard::new(move || {
            cell.stop();
            ticks.remove(&cell);
            drop(thread);
        })
    }
}

impl std::fmt::Debug for SharedPacer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedPacer").field("ticks", &self.ticks.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::time::Duration;

    use super::*;
    use crate::net::pacer::{TaskPacer, ThreadPacer};

    #[tokio::test(start_paused = true)]
    async fn ticks_come_and_go_on_their_own() {
        let shared = SharedPacer::new(&TaskPacer::new(), "files");
        let count = Arc::new(Mutex::new((0, 0)));
        let start = |end: Option<u32>| {
            let count = Arc::clone(&count);
            shared.start(
                "one",
                Box::new(move |_| {
                    let mut count = count.lock().unwrap();
                    let Some(end) = end else {
                        count.0 += 1;
                        return ControlFlow::Continue(());
                    };
                    count.1 += 1;
                    if count.1 == end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                }),
            )
        };
        let forever = start(None);
        let _three = start(Some(3));
        tokio::time::sleep(Duration::from_millis(101)).await;
        assert_eq!(*count.lock().unwrap(), (10, 3));
        drop(forever);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(*count.lock().unwrap(), (10, 3));
        assert!(shared.ticks.lock().is_empty());
        assert_eq!(Arc::strong_count(&count), 1, "ticks are dropped when they end");
    }

    #[test]
    fn a_tick_may_drop_the_pacer_that_runs_it() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let shared = SharedPacer::new(&ThreadPacer, "files");
        let slot = Arc::new(Mutex::new(None));
        let own = Arc::clone(&slot);
        let mut pacer = Some(shared.clone());
        let mut slot = slot.lock().unwrap();
        *slot = Some(shared.start(
            "last",
            Box::new(move |_| {
                let guard: Option<PacerGuard> = own.lock().unwrap().take();
                drop(guard);
                drop(pacer.take());
                sender.send(()).ok();
                ControlFlow::Continue(())
            }),
        ));
        drop(shared);
        drop(slot);
        assert_eq!(receiver.iter().count(), 1, "called once, and then dropped");
    }
}
