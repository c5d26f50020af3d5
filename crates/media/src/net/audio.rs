//! What a started stream is held by: its handle and its events.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::MediaError;
use super::worker::{Command, Commands};
use crate::mixer::{PortControl, PortId};
use crate::resample::Resampler;
use crate::stream::{AudioConfig, AudioEvent, Statistics};
use crate::telephone_event::Digit;

/// Events that wait for [`AudioEvents::next`]; more are dropped and counted.
pub const MAX_WAITING_EVENTS: usize = 64;

/// What the worker tells its handles.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Snapshot {
    pub(super) statistics: Statistics,
    pub(super) remote: Option<SocketAddr>,
}

/// What the handles and the worker share.
pub(super) struct Shared {
    pub(super) id: u64,
    /// The worker only ever tries to lock it.
    pub(super) snapshot: Mutex<Snapshot>,
    pub(super) stopping: AtomicBool,
    pub(super) ended: AtomicBool,
    pub(super) lost_events: AtomicU64,
    /// Whether the peer takes telephone-events.
    pub(super) takes_digits: AtomicBool,
    pub(super) control: PortControl,
    pub(super) mixer_rate: u32,
    pub(super) local: SocketAddr,
}

/// Commands one stream. Cheap to clone; the stream stops when the last clone
/// is dropped, or by [`stop`](Self::stop).
#[derive(Clone)]
pub struct AudioHandle {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    commands: Commands,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
    }
}

impl AudioHandle {
    pub(super) fn new(shared: Arc<Shared>, commands: Commands) -> Self {
        Self { inner: Arc::new(Inner { shared, commands }) }
    }

    /// Changes the stream to what the two sides have now agreed on: hold, a new
    /// address, another codec. Packets keep their SSRC and sequence.
    ///
    /// # Errors
    ///
    /// When the configuration can't be used, the worker is behind, or the
    /// stream has ended. Nothing has changed then.
    pub fn update(&self, config: AudioConfig) -> Result<(), MediaError> {
        check(&config)?;
        let shared = &self.inner.shared;
        let takes_digits = config.telephone_event_send.is_some();
        let resamplers = Resamplers::new(&config, shared.mixer_rate)?;
        self.send(Command::Update { id: shared.id, change: Box::new((config, resamplers)) })?;
        shared.takes_digits.store(takes_digits, Ordering::Relaxed);
        Ok(())
    }

    /// Sends a DTMF digit, after those that wait already.
    ///
    /// # Errors
    ///
    /// When the peer takes none, the worker is behind, or the stream has ended.
    pub fn send_dtmf(&self, digit: Digit) -> Result<(), MediaError> {
        let shared = &self.inner.shared;
        if !shared.takes_digits.load(Ordering::Relaxed) {
            return Err(MediaError::NoTelephoneEvent);
        }
        self.send(Command::Digit { id: shared.id, digit })
    }

    /// Counters and times, as of at most 100 ms ago.
    pub fn statistics(&self) -> Statistics {
        self.snapshot().statistics
    }

    /// The address that packets are heard from, once any are.
    pub fn remote_rtp(&self) -> Option<SocketAddr> {
        self.snapshot().remote
    }

    /// Where RTP is received.
    pub fn local_rtp(&self) -> SocketAddr {
        self.inner.shared.local
    }

    /// The stream's port in the mixer.
    pub fn port(&self) -> PortId {
        self.inner.shared.control.id()
    }

    /// Volumes, mute and levels of the stream's port.
    pub fn control(&self) -> &PortControl {
        &self.inner.shared.control
    }

    /// Events that were dropped because nobody took them.
    pub fn lost_events(&self) -> u64 {
        self.inner.shared.lost_events.load(Ordering::Relaxed)
    }

    /// Ends the stream within a few ticks: says goodbye, closes the sockets,
    /// returns the ports, removes the mixer's port. [`AudioEvents::next`] gives
    /// `None` when that is done.
    pub fn stop(&self) {
        self.inner.shared.stopping.store(true, Ordering::Release);
    }

    /// Whether the stream has ended.
    pub fn has_ended(&self) -> bool {
        self.inner.shared.ended.load(Ordering::Acquire)
    }

    fn snapshot(&self) -> Snapshot {
        *self.inner.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, command: Command) -> Result<(), MediaError> {
        if self.has_ended() || self.inner.shared.stopping.load(Ordering::Acquire) {
            return Err(MediaError::Ended);
        }
        self.inner.commands.send(command)
    }
}

impl std::fmt::Debug for AudioHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioHandle")
            .field("port", &self.port())
            .field("local_rtp", &self.local_rtp())
            .finish_non_exhaustive()
    }
}

/// The events of one stream, in order.
#[derive(Debug)]
pub struct AudioEvents {
    pub(super) events: mpsc::Receiver<AudioEvent>,
}

impl AudioEvents {
    /// The next event; `None` once the stream has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<AudioEvent> {
        self.events.recv().await
    }

    /// The next event, if one waits.
    pub fn try_next(&mut self) -> Option<AudioEvent> {
        self.events.try_recv().ok()
    }
}

/// Between the codec's rate and the mixer's.
#[derive(Debug)]
pub(super) struct Resamplers {
    pub(super) to_mixer: Resampler,
    pub(super) to_codec: Resampler,
}

impl Resamplers {
    pub(super) fn new(config: &AudioConfig, mixer_rate: u32) -> Result<Self, MediaError> {
        let rate = config.send.info().sample_rate;
        Ok(Self {
            to_mixer: Resampler::new(rate, mixer_rate)?,
            to_codec: Resampler::new(mixer_rate, rate)?,
        })
    }
}

/// Payload types have seven bits, and some look like RTCP (RFC 5761 §4).
pub(super) fn check(config: &AudioConfig) -> Result<(), MediaError> {
    let receive = config.receive.iter().map(|format| format.payload_type);
    let events = [config.telephone_event_send, config.telephone_event_receive];
    let all = receive.chain([config.send.payload_type]).chain(events.into_iter().flatten());
    match all.into_iter().find(|payload_type| matches!(payload_type, 64..=95 | 128..)) {
        Some(payload_type) => Err(MediaError::PayloadType(payload_type)),
        None => Ok(()),
    }
}
