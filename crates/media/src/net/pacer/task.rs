//! Pacing on the tokio runtime's clock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use tokio::runtime::Handle;
use tokio::time;

use super::{Deadlines, Pacer, PacerGuard, Tick};

/// Each tick in a tokio task: for scenarios in virtual time, and for
/// programs that would rather have jitter than threads.
#[derive(Debug, Clone)]
pub struct TaskPacer {
    runtime: Handle,
}

impl TaskPacer {
    /// A pacer on the current runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[allow(clippy::new_without_default, reason = "it depends on where it is called")]
    pub fn new() -> Self {
        Self { runtime: Handle::current() }
    }

    /// A pacer on `runtime`, whose time driver has to be enabled.
    pub fn on(runtime: Handle) -> Self {
        Self { runtime }
    }
}

impl Pacer for TaskPacer {
    fn start(&self, _name: &str, tick: Tick) -> PacerGuard {
        let cell = Arc::new(TickCell::new(tick));
        let task = self.runtime.spawn(run(Arc::clone(&cell)));
        PacerGuard::new(move || {
            cell.stop();
            task.abort();
        })
    }
}

async fn run(cell: Arc<TickCell>) {
    let mut deadlines = Deadlines::starting_at(time::Instant::now().into_std());
    loop {
        time::sleep_until(deadlines.next().into()).await;
        for _ in 0..deadlines.take_due(time::Instant::now().into_std()) {
            if !cell.call() {
                return;
            }
        }
    }
}

/// The tick of a task, which its guard can take away at once: on a runtime
/// with one thread nobody can wait for the task's end.
struct TickCell {
    state: Mutex<State>,
    ended: Condvar,
}

enum State {
    Idle(Tick),
    Running(ThreadId),
    Stopped,
}

impl TickCell {
    fn new(tick: Tick) -> Self {
        Self { state: Mutex::new(State::Idle(tick)), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the tick, without the lock; false when it has ended.
    fn call(&self) -> bool {
        let running = State::Running(thread::current().id());
        let mut tick = {
            let mut state = self.lock();
            match std::mem::replace(&mut *state, running) {
                State::Idle(tick) => tick,
                other => {
                    *state = other;
                    return false;
                }
            }
        };
        // Marks the end also when the tick panics.
        let mut end = EndOfCall { cell: self, tick: None };
        if tick(time::Instant::now().into_std()).is_continue() {
            end.tick = Some(tick);
        }
        drop(end);
        !matches!(*self.lock(), State::Stopped)
    }

    fn stop(&self) {
        let mut state = self.lock();
        while let State::Running(by) = *state {
            if by == thread::current().id() {
                break;
            }
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let old = std::mem::replace(&mut *state, State::Stopped);
        drop(state);
        drop(old);
    }
}

struct EndOfCall<'a> {
    cell: &'a TickCell,
    tick: Option<Tick>,
}

impl Drop for EndOfCall<'_> {
    fn drop(&mut self) {
        let mut tick = self.tick.take();
        let mut state = self.cell.lock();
        if matches!(*state, State::Running(_))
            && let Some(tick) = tick.take()
        {
            *state = State::Idle(tick);
        } else {
            *state = State::Stopped;
        }
        drop(state);
        drop(tick);
        self.cell.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::time::Duration;

    use super::*;

    fn counting(count: &Arc<Mutex<u32>>) -> Tick {
        let count = Arc::clone(count);
        Box::new(move |_| {
            *count.lock().unwrap() += 1;
            ControlFlow::Continue(())
        })
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_in_virtual_time_until_the_guard_is_dropped() {
        let count = Arc::new(Mutex::new(0));
        let guard = TaskPacer::new().start("virtual", counting(&count));
        time::sleep(Duration::from_millis(1_005)).await;
        assert_eq!(*count.lock().unwrap(), 100);
        drop(guard);
        assert_eq!(Arc::strong_count(&count), 1, "the tick is dropped with its guard");
        time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*count.lock().unwrap(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_pause_is_caught_up_within_bounds() {
        let count = Arc::new(Mutex::new(0));
        let _guard = TaskPacer::new().start("virtual", counting(&count));
        tokio::task::yield_now().await;
        time::advance(Duration::from_secs(60)).await;
        tokio::task::yield_now().await;
        assert_eq!(*count.lock().unwrap(), super::super::MAX_CATCH_UP);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_may_drop_its_own_guard() {
        let slot = Arc::new(Mutex::new(None));
        let count = Arc::new(Mutex::new(0));
        let tick: Tick = {
            let (slot, count) = (Arc::clone(&slot), Arc::clone(&count));
            Box::new(move |_| {
                *count.lock().unwrap() += 1;
                let guard: Option<PacerGuard> = slot.lock().unwrap().take();
                drop(guard);
                ControlFlow::Continue(())
            })
        };
        *slot.lock().unwrap() = Some(TaskPacer::new().start("own", tick));
        time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*count.lock().unwrap(), 1);
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
