//! Work that is started and stopped from outside, and paced in between.
//!
//! The work belongs to its tick while it runs, so a command never waits for
//! a disk; between runs it is parked for the next tick to take.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pacer::{Pacer, PacerGuard};

/// Something that runs now and then, for a while.
pub(super) trait Work: Send + 'static {
    /// How a run has come to its end.
    type End;

    /// A run begins.
    fn begin(&mut self) {}

    /// 10 ms have passed; `Break` when the run has come to its end.
    fn step(&mut self) -> ControlFlow<Self::End>;

    /// The run has ended, and another can be started.
    fn ended(&mut self, end: Self::End);

    /// The run has been stopped from outside.
    fn stopped(&mut self);

    /// Whether there is something to do again after an end.
    fn has_more(&self) -> bool {
        false
    }
}

/// Starts and stops a [`Work`]; dropping it drops the work.
pub(super) struct Runner<W: Work> {
    name: &'static str,
    pacer: Arc<dyn Pacer>,
    shared: Arc<Shared<W>>,
    guard: Mutex<Option<PacerGuard>>,
}

struct Shared<W> {
    phase: Mutex<Phase>,
    parked: Mutex<Option<W>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// After so many runs.
    Idle(u64),
    /// In the run of this number.
    Active(u64),
}

impl<W: Work> Runner<W> {
    pub(super) fn new(name: &'static str, pacer: Arc<dyn Pacer>, work: W) -> Self {
        let shared = Shared { phase: Mutex::new(Phase::Idle(0)), parked: Mutex::new(Some(work)) };
        Self { name, pacer, shared: Arc::new(shared), guard: Mutex::new(None) }
    }

    /// Begins a run; false when one is going on.
    pub(super) fn start(&self) -> bool {
        let run = {
            let mut phase = lock(&self.shared.phase);
            let Phase::Idle(runs) = *phase else { return false };
            *phase = Phase::Active(runs + 1);
            runs + 1
        };
        let mut ticking =
            Ticking { run, work: None, ended: false, shared: Arc::clone(&self.shared) };
        let guard = self.pacer.start(self.name, Box::new(move |_| ticking.tick()));
        let old = lock(&self.guard).replace(guard);
        // The old run has ended or is about to; dropped without any lock.
        drop(old);
        true
    }

    /// Ends a run; false when none is going on.
    pub(super) fn stop(&self) -> bool {
        let mut phase = lock(&self.shared.phase);
        let Phase::Active(run) = *phase else { return false };
        *phase = Phase::Idle(run);
        true
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(*lock(&self.shared.phase), Phase::Active(_))
    }
}

/// A run, as the pacer holds it; parks the work when it is dropped.
struct Ticking<W: Work> {
    run: u64,
    work: Option<W>,
    /// The work has ended the run itself.
    ended: bool,
    shared: Arc<Shared<W>>,
}

impl<W: Work> Ticking<W> {
    fn tick(&mut self) -> ControlFlow<()> {
        if *lock(&self.shared.phase) != Phase::Active(self.run) {
            return ControlFlow::Break(());
        }
        let work = match &mut self.work {
            Some(work) => work,
            None => {
                // The run before may not have let go of it yet.
                let Some(work) = lock(&self.shared.parked).take() else {
                    return ControlFlow::Continue(());
                };
                let work = self.work.insert(work);
                work.begin();
                work
            }
        };
        let ControlFlow::Break(end) = work.step() else { return ControlFlow::Continue(()) };
        // No start gets lost here: it comes before this lock, and then there
        // is more to do, or it comes after it, and then it begins a new run.
        let mut phase = lock(&self.shared.phase);
        if *phase == Phase::Active(self.run) {
            if work.has_more() {
                return ControlFlow::Continue(());
            }
            *phase = Phase::Idle(self.run);
        }
        drop(phase);
        self.ended = true;
        work.ended(end);
        ControlFlow::Break(())
    }
}

impl<W: Work> Drop for Ticking<W> {
    fn drop(&mut self) {
        if let Some(mut work) = self.work.take() {
            if !self.ended {
                work.stopped();
            }
            *lock(&self.shared.parked) = Some(work);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
