//! What the parts of an application share.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng;
use sipsimple_core::net::Engine;
use sipsimple_core::stack::{CallEvent, CallKey, RegistrationEvent, RegistrationKey};
use sipsimple_core::uri::SipUri;
use sipsimple_media::net::MediaEngine;
use sipsimple_media::net::pacer::Pacer;
use sipsimple_net::{Clock, Network, Resolver};
use tokio::task::JoinSet;

use super::router::Router;
use super::voice::Voice;
use crate::account::Account;
use crate::configuration::ConfigurationManager;
use crate::notification::{Bus, SessionId, StreamId};
use crate::session::SessionTable;
use crate::stream::MediaStreamRegistry;

/// The application, as its parts see it. Sessions, streams and accounts hold
/// it weakly; tasks hold it strongly and end with it.
pub(crate) struct Context {
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) pacer: Arc<dyn Pacer>,
    pub(crate) registry: MediaStreamRegistry,
    pub(crate) sessions: SessionTable,
    pub(crate) accounts: Mutex<Vec<Account>>,
    pub(crate) calls: Router<CallKey, CallEvent>,
    pub(crate) registrations: Router<RegistrationKey, RegistrationEvent>,
    pub(crate) phase: Mutex<Phase>,
    random: Mutex<ChaCha12Rng>,
    next_session: AtomicU64,
    next_stream: AtomicU64,
    next_player: AtomicU64,
    tasks: Mutex<JoinSet<()>>,
}

/// Where an application is in its life.
pub(crate) enum Phase {
    /// Not started yet, or its configuration could not be used.
    Idle,
    /// Being started.
    Starting,
    /// Started.
    Running(Arc<Running>),
    /// Being stopped: what runs still may use the engine.
    Stopping(Arc<Running>),
    /// Over for good.
    Stopped,
}

/// What exists only while an application runs.
pub(crate) struct Running {
    pub(crate) configuration: ConfigurationManager,
    pub(crate) engine: Engine,
    pub(crate) media: MediaEngine,
    pub(crate) voice: Voice,
}

impl Context {
    #[allow(clippy::too_many_arguments, reason = "one call, from the builder")]
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        network: Arc<dyn Network>,
        resolver: Arc<dyn Resolver>,
        pacer: Arc<dyn Pacer>,
        registry: MediaStreamRegistry,
        random: ChaCha12Rng,
    ) -> Self {
        Self {
            bus: Bus::new(Arc::clone(&clock)),
            clock,
            network,
            resolver,
            pacer,
            registry,
            sessions: SessionTable::default(),
            accounts: Mutex::default(),
            calls: Router::new(),
            registrations: Router::new(),
            phase: Mutex::new(Phase::Idle),
            random: Mutex::new(random),
            next_session: AtomicU64::new(1),
            next_stream: AtomicU64::new(1),
            next_player: AtomicU64::new(1),
            tasks: Mutex::default(),
        }
    }

    /// What runs; `None` before the start and after the stop.
    pub(crate) fn running(&self) -> Option<Arc<Running>> {
        match &*lock(&self.phase) {
            Phase::Running(running) | Phase::Stopping(running) => Some(Arc::clone(running)),
            Phase::Idle | Phase::Starting | Phase::Stopped => None,
        }
    }

    /// Whether new calls may be made and taken.
    pub(crate) fn takes_calls(&self) -> bool {
        matches!(&*lock(&self.phase), Phase::Running(_))
    }

    pub(crate) fn next_session(&self) -> SessionId {
        SessionId(self.next_session.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn next_stream(&self) -> StreamId {
        StreamId(self.next_stream.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn next_player(&self) -> u64 {
        self.next_player.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn random(&self) -> u64 {
        lock(&self.random).next_u64()
    }

    pub(crate) fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        lock(&self.random).fill_bytes(&mut seed);
        seed
    }

    /// Runs a task that ends with the application at the latest.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Ends every task, and waits until none is left.
    pub(crate) async fn end_tasks(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }

    /// Ends every task as soon as the runtime gets to it.
    pub(crate) fn abort_tasks(&self) {
        lock(&self.tasks).abort_all();
    }

    /// Our own address on the way to `uri`.
    pub(crate) async fn local_address_to(&self, uri: &SipUri) -> Option<IpAddr> {
        let running = self.running()?;
        let listening = running.engine.endpoints().first().map(|e| e.address.ip());
        if let Some(ip) = listening.filter(|ip| !ip.is_unspecified()) {
            return Some(ip);
        }
        let remote = match uri.host().ip() {
            Some(ip) => Some(ip),
            None => {
                let name = uri.host().to_string();
                // A name without addresses is the engine's to report: here it
                // only means that any of our addresses will do.
                let found = self.resolver.addresses(&name).await;
                let found = found.map(|answer| answer.records).unwrap_or_default();
                let same_family =
                    |ip: &&IpAddr| listening.is_none_or(|ours| ours.is_ipv4() == ip.is_ipv4());
                found.iter().find(same_family).or_else(|| found.first()).copied()
            }
        };
        let loopback = match listening {
            Some(IpAddr::V6(_)) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let Some(remote) = remote else { return Some(loopback) };
        self.network.local_address_for(remote).ok()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
