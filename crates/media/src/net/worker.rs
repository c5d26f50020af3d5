//! A media worker: one tick every 10 ms steps all its streams.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use super::MediaError;
use super::audio::Resamplers;
use super::call::Call;
use super::pacer::{Pacer, PacerGuard};
use crate::stream::AudioConfig;
use crate::telephone_event::Digit;

/// Commands that wait for a worker's next tick; more are refused.
pub const MAX_WAITING_COMMANDS: usize = 1024;

/// Ticks without a stream after which a worker ends: five seconds.
const IDLE_TICKS: u32 = 500;
/// The load of a worker that has ended.
const ENDED: usize = usize::MAX;
/// Room for any UDP datagram that a path with an MTU of 9000 carries.
const MAX_DATAGRAM: usize = 9216;

pub(super) enum Command {
    Start(Box<Call>),
    Update { id: u64, change: Box<(AudioConfig, Resamplers)> },
    Digit { id: u64, digit: Digit },
}

/// The sending end of a worker's command queue.
#[derive(Clone)]
pub(super) struct Commands {
    queue: SyncSender<Command>,
}

impl Commands {
    pub(super) fn send(&self, command: Command) -> Result<(), MediaError> {
        self.queue.try_send(command).map_err(|e| match e {
            TrySendError::Full(_) => MediaError::Busy,
            TrySendError::Disconnected(_) => MediaError::Ended,
        })
    }
}

/// A worker as the engine sees it.
pub(super) struct WorkerHandle {
    commands: Commands,
    /// Streams, or [`ENDED`].
    load: Arc<AtomicUsize>,
    _guard: PacerGuard,
}

impl WorkerHandle {
    pub(super) fn start(pacer: &dyn Pacer, name: &str) -> Self {
        let (queue, commands) = sync_channel(MAX_WAITING_COMMANDS);
        let load = Arc::new(AtomicUsize::new(0));
        let mut worker = Worker {
            commands,
            calls: Vec::new(),
            load: Arc::clone(&load),
            idle: 0,
            buffer: vec![0; MAX_DATAGRAM].into(),
        };
        let guard = pacer.start(name, Box::new(move |now| worker.tick(now)));
        Self { commands: Commands { queue }, load, _guard: guard }
    }

    /// How many streams it has; `None` when it has ended.
    pub(super) fn load(&self) -> Option<usize> {
        Some(self.load.load(Ordering::Acquire)).filter(|load| *load != ENDED)
    }

    /// Gives it a stream. `Err` gives it back: the worker has just ended, or is
    /// behind.
    pub(super) fn add(&self, call: Box<Call>) -> Result<Commands, (Box<Call>, MediaError)> {
        let grow = |load| (load != ENDED).then(|| load + 1);
        if self.load.fetch_update(Ordering::AcqRel, Ordering::Acquire, grow).is_err() {
            return Err((call, MediaError::Ended));
        }
        match self.commands.queue.try_send(Command::Start(call)) {
            Ok(()) => Ok(self.commands.clone()),
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => {
                self.load.fetch_sub(1, Ordering::AcqRel);
                let Command::Start(call) = command else { unreachable!("what was sent") };
                Err((call, MediaError::Busy))
            }
        }
    }
}

struct Worker {
    commands: Receiver<Command>,
    #[allow(clippy::vec_box, reason = "they arrive boxed and are large")]
    calls: Vec<Box<Call>>,
    load: Arc<AtomicUsize>,
    idle: u32,
    buffer: Box<[u8]>,
}

impl Worker {
    fn tick(&mut self, now: Instant) -> ControlFlow<()> {
        while let Ok(command) = self.commands.try_recv() {
            self.command(now, command);
        }
        let before = self.calls.len();
        self.calls.retain_mut(|call| call.tick(now, &mut self.buffer).is_continue());
        let ended = before - self.calls.len();
        if ended > 0 {
            self.load.fetch_sub(ended, Ordering::AcqRel);
        }
        self.idle = if self.calls.is_empty() { self.idle + 1 } else { 0 };
        if self.idle >= IDLE_TICKS
            && self.load.compare_exchange(0, ENDED, Ordering::AcqRel, Ordering::Acquire).is_ok()
        {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Start(mut call) => {
                call.begin(now, &mut self.buffer);
                self.calls.push(call);
            }
            Command::Update { id, change } => {
                if let Some(call) = self.call(id) {
                    let (config, resamplers) = *change;
                    call.update(now, &config, resamplers);
                }
            }
            Command::Digit { id, digit } => {
                if let Some(call) = self.call(id) {
                    call.digit(now, digit);
                }
            }
        }
    }

    fn call(&mut self, id: u64) -> Option<&mut Box<Call>> {
        self.calls.iter_mut().find(|call| call.id() == id)
    }
}
