//! A tick that its guard can take away at once, whoever runs it: on a runtime
//! with one thread nobody could wait for a task's end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::Tick;

pub(super) struct TickCell {
    state: Mutex<State>,
    ended: Condvar,
}

enum State {
    Idle(Tick),
    Running(ThreadId),
    Stopped,
}

impl TickCell {
    pub(super) fn new(tick: Tick) -> Self {
        Self { state: Mutex::new(State::Idle(tick)), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the tick, without the lock; false when it has ended.
    pub(super) fn call(&self, now: Instant) -> bool {
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
        if tick(now).is_continue() {
            end.tick = Some(tick);
        }
        drop(end);
        !matches!(*self.lock(), State::Stopped)
    }

    pub(super) fn stop(&self) {
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
