//! [`MediaEngine`]: opens RTP sockets and runs streams on media workers.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sipsimple_net::{Clock, Network};
use tokio::sync::mpsc;

use super::MediaError;
use super::audio::{
    AudioEvents, AudioHandle, MAX_WAITING_EVENTS, Resamplers, Shared, Snapshot, check,
};
use super::call::{CAPTURE_RING, Call};
use super::cushion::MOST_AHEAD;
use super::pacer::Pacer;
use super::ports::PortPool;
use super::transport::RtpTransport;
use super::worker::WorkerHandle;
use crate::mixer::{AudioMixer, Port};
use crate::stream::{AudioConfig, RtpStream, Start};

/// What a [`MediaEngine`] stands on.
#[derive(Clone)]
pub struct MediaConfig {
    /// Opens the sockets.
    pub network: Arc<dyn Network>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Drives the workers: threads, or tasks in virtual time.
    pub pacer: Arc<dyn Pacer>,
    /// Where RTP ports are taken from.
    pub port_range: RangeInclusive<u16>,
    /// Media workers, at least one. Streams are spread over them.
    pub workers: usize,
    /// Where SSRCs and the like come from. Never twice the same.
    pub seed: [u8; 32],
}

impl MediaConfig {
    /// The port range of the SDK's default settings.
    pub const DEFAULT_PORTS: RangeInclusive<u16> = 50_000..=50_500;
}

/// Runs RTP streams. Cheap to clone; the workers end with the last clone and
/// the streams with them.
#[derive(Clone)]
pub struct MediaEngine {
    inner: Arc<Inner>,
}

struct Inner {
    network: Arc<dyn Network>,
    clock: Arc<dyn Clock>,
    pacer: Arc<dyn Pacer>,
    ports: Arc<PortPool>,
    next_id: AtomicU64,
    control: Mutex<Control>,
}

struct Control {
    random: ChaCha12Rng,
    /// One per worker; `None` until it is needed.
    workers: Vec<Option<WorkerHandle>>,
}

impl MediaEngine {
    /// An engine that does nothing yet. Workers start with the first stream.
    ///
    /// # Errors
    ///
    /// When the port range has no even port with its neighbour.
    pub fn new(config: MediaConfig) -> Result<Self, MediaError> {
        let mut random = ChaCha12Rng::from_seed(config.seed);
        let ports = PortPool::new(&config.port_range, random.next_u32())?;
        let workers = (0..config.workers.max(1)).map(|_| None).collect();
        Ok(Self {
            inner: Arc::new(Inner {
                network: config.network,
                clock: config.clock,
                pacer: config.pacer,
                ports,
                next_id: AtomicU64::new(1),
                control: Mutex::new(Control { random, workers }),
            }),
        })
    }

    /// Binds a pair of ports on a local address.
    ///
    /// # Errors
    ///
    /// When all are in use, or the address can't be bound.
    pub fn open_transport(&self, local_ip: IpAddr) -> Result<RtpTransport, MediaError> {
        RtpTransport::open(&*self.inner.network, &self.inner.ports, local_ip)
    }

    /// Starts a stream between the network and a new port of `mixer`. Connect
    /// the port ([`AudioHandle::port`]) to hear it and to be heard.
    ///
    /// # Errors
    ///
    /// When the configuration can't be used or the mixer has no room; the
    /// transport is closed then.
    pub fn start_audio(
        &self,
        transport: RtpTransport,
        config: AudioConfig,
        mixer: &AudioMixer,
    ) -> Result<(AudioHandle, AudioEvents), MediaError> {
        check(&config)?;
        let mixer_rate = mixer.sample_rate().hz();
        let resamplers = Resamplers::new(&config, mixer_rate)?;
        let Port { input, output, .. } = mixer.add_port_with_rings(MOST_AHEAD, CAPTURE_RING)?;
        let shared = Arc::new(Shared {
            id: self.inner.next_id.fetch_add(1, Ordering::Relaxed),
            snapshot: Mutex::new(Snapshot::default()),
            stopping: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            lost_events: AtomicU64::new(0),
            takes_digits: AtomicBool::new(config.telephone_event_send.is_some()),
            control: input.control().clone(),
            mixer_rate,
            local: transport.local_rtp(),
        });
        let (sender, events) = mpsc::channel(MAX_WAITING_EVENTS);
        let mut control = self.inner.control.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seed = [0; 32];
        control.random.fill_bytes(&mut seed);
        let (now, wall) = (self.inner.clock.now(), self.inner.clock.wall());
        let stream = RtpStream::new(Start { now, wall, seed }, config);
        let ports = (input, output);
        let call = Call::new(Arc::clone(&shared), sender, stream, transport, ports, resamplers);
        let commands = control.place(Box::new(call), &*self.inner.pacer)?;
        Ok((AudioHandle::new(shared, commands), AudioEvents { events }))
    }
}

impl Control {
    /// Gives a stream to the worker that has the fewest.
    fn place(
        &mut self,
        mut call: Box<Call>,
        pacer: &dyn Pacer,
    ) -> Result<super::worker::Commands, MediaError> {
        loop {
            let loads = self.workers.iter().enumerate();
            let least = loads.min_by_key(|(_, worker)| {
                worker.as_ref().and_then(WorkerHandle::load).unwrap_or(0)
            });
            let Some(least) = least.map(|(at, _)| at) else { return Err(MediaError::Busy) };
            let worker = match &mut self.workers[least] {
                Some(worker) if worker.load().is_some() => worker,
                ended => ended.insert(WorkerHandle::start(pacer, &format!("media-{least}"))),
            };
            match worker.add(call) {
                Ok(commands) => return Ok(commands),
                // It has ended between the question and the answer.
                Err((returned, MediaError::Ended)) => call = returned,
                Err((_, e)) => return Err(e),
            }
        }
    }
}

impl std::fmt::Debug for MediaEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaEngine").field("ports", &self.inner.ports).finish_non_exhaustive()
    }
}
