//! Pacing on a thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use super::{Deadlines, Pacer, PacerGuard, Tick};

/// Each tick on a named thread of its own, in real time.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadPacer;

impl Pacer for ThreadPacer {
    /// # Panics
    ///
    /// When the operating system has no thread to give.
    fn start(&self, name: &str, tick: Tick) -> PacerGuard {
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = {
            let stopped = Arc::clone(&stopped);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || run(&stopped, tick))
                .expect("the operating system gives a thread")
        };
        let name = name.to_owned();
        PacerGuard::new(move || {
            stopped.store(true, Ordering::Release);
            thread.thread().unpark();
            // A tick that drops its own guard can't wait for itself.
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!(name, "a paced thread panicked");
            }
        })
    }
}

#[allow(clippy::disallowed_methods, reason = "this driver is where media reads the clock")]
fn run(stopped: &AtomicBool, mut tick: Tick) {
    let mut deadlines = Deadlines::starting_at(Instant::now());
    while !stopped.load(Ordering::Acquire) {
        let now = Instant::now();
        for _ in 0..deadlines.take_due(now) {
            if stopped.load(Ordering::Acquire) || tick(Instant::now()).is_break() {
                return;
            }
        }
        let wait = deadlines.next().saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            thread::park_timeout(wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn ticks_on_a_named_thread_until_the_guard_is_dropped() {
        let (sender, receiver) = mpsc::channel();
        let guard = ThreadPacer.start(
            "paced",
            Box::new(move |now| {
                let name = thread::current().name().map(str::to_owned);
                sender.send((now, name)).ok();
                ControlFlow::Continue(())
            }),
        );
        let (first, name) = receiver.recv().expect("a first tick");
        assert_eq!(name.as_deref(), Some("paced"));
        let (second, _) = receiver.recv().expect("a second tick");
        assert!(second > first);
        drop(guard);
        // The thread has ended: its sender is gone.
        while receiver.try_recv().is_ok() {}
        assert_eq!(receiver.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_tick_ends_itself() {
        let (sender, receiver) = mpsc::channel();
        let _guard = ThreadPacer.start(
            "once",
            Box::new(move |_| {
                sender.send(()).ok();
                ControlFlow::Break(())
            }),
        );
        assert_eq!(receiver.iter().count(), 1);
    }
}
