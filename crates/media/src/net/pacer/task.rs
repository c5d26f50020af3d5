//! Pacing on the tokio runtime's clock.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time;

use super::cell::TickCell;
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
        let now = time::Instant::now().into_std();
        for _ in 0..deadlines.take_due(now) {
            if !cell.call(now) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Mutex;
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
