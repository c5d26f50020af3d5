//! What an application stands on.

use std::net::SocketAddr;
use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sipsimple_core::net::Listener;
use sipsimple_media::net::device::{AudioDevice, NullDevice};
use sipsimple_media::net::pacer::{Pacer, ThreadPacer};
use sipsimple_net::{Clock, Network, Resolver, SystemResolver, TokioClock, TokioNetwork};

use super::{Context, Handle, SipApplication};
use crate::account::sip_transport;
use crate::configuration::Transport;
use crate::stream::MediaStreamRegistry;

/// How many media threads an application has.
const MEDIA_WORKERS: usize = 2;

/// Makes an application that stands on a network, clock, resolver, pacer or
/// device of its own: in tests those of a simulation.
#[must_use = "build() makes the application"]
pub struct SipApplicationBuilder {
    network: Option<Arc<dyn Network>>,
    clock: Option<Arc<dyn Clock>>,
    resolver: Option<Arc<dyn Resolver>>,
    pacer: Option<Arc<dyn Pacer>>,
    device: Option<Arc<dyn AudioDevice>>,
    registry: MediaStreamRegistry,
    listeners: Vec<Listener>,
    media_workers: usize,
    seed: Option<[u8; 32]>,
}

/// What is needed only when the application starts.
pub(super) struct Plan {
    pub(super) device: Arc<dyn AudioDevice>,
    pub(super) listeners: Vec<Listener>,
    pub(super) media_workers: usize,
}

impl SipApplicationBuilder {
    pub(super) fn new() -> Self {
        Self {
            network: None,
            clock: None,
            resolver: None,
            pacer: None,
            device: None,
            registry: MediaStreamRegistry::standard(),
            listeners: Vec::new(),
            media_workers: MEDIA_WORKERS,
            seed: None,
        }
    }

    /// Opens all sockets through `network`. Default: the operating system's.
    pub fn network(mut self, network: Arc<dyn Network>) -> Self {
        self.network = Some(network);
        self
    }

    /// Reads the time from `clock`. Default: tokio's, which tests can pause.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Asks `resolver` for addresses. Default: the operating system's.
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Runs media on `pacer`. Default: threads.
    pub fn pacer(mut self, pacer: Arc<dyn Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Hears and speaks through `device`. Default: one without sound.
    pub fn voice_device(mut self, device: Arc<dyn AudioDevice>) -> Self {
        self.device = Some(device);
        self
    }

    /// Takes these types of streams. Default:
    /// [`MediaStreamRegistry::standard`].
    pub fn registry(mut self, registry: MediaStreamRegistry) -> Self {
        self.registry = registry;
        self
    }

    /// Listens at this address too. Without any, the `sip.*` settings say
    /// where: at all addresses of IPv4. Port 0 picks one.
    pub fn listen(mut self, transport: Transport, address: SocketAddr) -> Self {
        self.listeners.push(Listener { transport: sip_transport(transport), address });
        self
    }

    /// Runs media on this many threads, at least one. Default: 2.
    pub fn media_workers(mut self, workers: usize) -> Self {
        self.media_workers = workers.max(1);
        self
    }

    /// Takes all randomness from `seed`, so that a test can be repeated. Never
    /// use one twice elsewhere. Default: the operating system's.
    pub fn seed(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The application. Nothing runs before it is started.
    pub fn build(self) -> SipApplication {
        let clock = self.clock.unwrap_or_else(|| Arc::new(TokioClock::new()));
        let pacer = self.pacer.unwrap_or_else(|| Arc::new(ThreadPacer));
        let device = self.device.unwrap_or_else(|| Arc::new(NullDevice::new(Arc::clone(&pacer))));
        let seed = self.seed.unwrap_or_else(sipsimple_net::random_seed);
        let context = Context::new(
            clock,
            self.network.unwrap_or_else(|| Arc::new(TokioNetwork)),
            self.resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
            pacer,
            self.registry,
            ChaCha12Rng::from_seed(seed),
        );
        let plan = Plan { device, listeners: self.listeners, media_workers: self.media_workers };
        SipApplication { handle: Arc::new(Handle { context: Arc::new(context), plan }) }
    }
}
