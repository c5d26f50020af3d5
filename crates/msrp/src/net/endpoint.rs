//! Opens and accepts connections.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sipsimple_net::{ByteStream, Clock, Network, ResolveError, Resolver, StreamListener};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::driver::{self, Command};
use super::registry::{Registry, Seat};
use super::session::{EVENT_QUEUE, Link, Session, SessionEvents};
use crate::connection::{CommandError, ConnectionConfig, SessionConfig, SessionKey};
use crate::ids::Ids;
use crate::uri::{MsrpUri, Scheme, UriError};

/// How many connections may be accepted and not yet have a session.
const MAX_CONNECTIONS: usize = 4096;

/// How an endpoint behaves.
#[derive(Debug, Clone, Default)]
pub struct EndpointConfig {
    /// How its connections behave.
    pub connection: ConnectionConfig,
}

/// Why a session could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The session-id of the local URI is in use, or there is none.
    #[error("the session-id is in use")]
    SessionIdInUse,
    /// The scheme or transport is not supported.
    #[error("{uri} asks for a transport that is not supported")]
    Unsupported {
        /// The URI.
        uri: MsrpUri,
    },
    /// The URI has no port to connect to.
    #[error("{uri} has no port")]
    NoPort {
        /// The URI.
        uri: MsrpUri,
    },
    /// The host name can't be resolved.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// No address of the host could be connected to.
    #[error("can't connect to {uri}: {source}")]
    Connect {
        /// The URI.
        uri: MsrpUri,
        /// What the last address said.
        source: io::Error,
    },
    /// The connection ended before the session was on it.
    #[error("the connection is closing")]
    Closing,
    /// The machine refused.
    #[error(transparent)]
    Refused(#[from] CommandError),
}

type Peer = (Scheme, String, u16);

pub(super) struct Shared {
    pub(super) config: EndpointConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) registry: Registry,
    network: Arc<dyn Network>,
    resolver: Arc<dyn Resolver>,
    random: Mutex<ChaCha12Rng>,
    keys: AtomicU64,
    /// Connections that this side opened, to be used again.
    connections: Mutex<HashMap<Peer, mpsc::Sender<Command>>>,
    listeners: Mutex<Vec<JoinHandle<()>>>,
    /// All connections, to be ended.
    drivers: Mutex<Vec<mpsc::WeakSender<Command>>>,
}

impl Shared {
    fn note_driver(&self, commands: &mpsc::Sender<Command>) {
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        drivers.retain(|driver| driver.upgrade().is_some_and(|driver| !driver.is_closed()));
        drivers.push(commands.downgrade());
    }

    pub(super) fn fresh_key(&self) -> u64 {
        self.keys.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn fresh_seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut seed);
        seed
    }

    fn remember(&self, peer: Peer, commands: &mpsc::Sender<Command>) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.insert(peer, commands.clone());
    }

    fn open_connection(&self, peer: &Peer) -> Option<mpsc::Sender<Command>> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|_, commands| !commands.is_closed());
        connections.get(peer).cloned()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for listener in self.listeners.get_mut().unwrap_or_else(PoisonError::into_inner) {
            listener.abort();
        }
    }
}

/// Everything MSRP of one application: its listeners, connections and sessions.
/// Clones are handles of the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    pub(super) shared: Arc<Shared>,
}

impl Endpoint {
    /// An endpoint without listeners. `seed` must be random.
    pub fn new(
        config: EndpointConfig,
        network: Arc<dyn Network>,
        resolver: Arc<dyn Resolver>,
        clock: Arc<dyn Clock>,
        seed: [u8; 32],
    ) -> Self {
        let shared = Shared {
            config,
            clock,
            registry: Registry::default(),
            network,
            resolver,
            random: Mutex::new(ChaCha12Rng::from_seed(seed)),
            keys: AtomicU64::new(1),
            connections: Mutex::default(),
            listeners: Mutex::default(),
            drivers: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A URI with a new session-id that nobody can guess.
    ///
    /// # Errors
    ///
    /// When `host` can't be in a URI.
    pub fn new_uri(&self, scheme: Scheme, host: &str, port: u16) -> Result<MsrpUri, UriError> {
        let session_id = Ids::new(self.shared.fresh_seed()).text();
        MsrpUri::new(scheme, host, port, &session_id)
    }

    /// Listens for connections, for all sessions of the endpoint. Returns the
    /// bound address.
    ///
    /// # Errors
    ///
    /// When the address can't be bound.
    pub fn listen(&self, local: SocketAddr) -> io::Result<SocketAddr> {
        let listener = self.shared.network.listen_stream(local)?;
        let bound = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::downgrade(&self.shared)));
        self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        Ok(bound)
    }

    /// A session as passive endpoint: the peer connects to one of the listeners.
    ///
    /// # Errors
    ///
    /// When the session-id of the local URI is in use.
    pub fn accept(&self, config: SessionConfig) -> Result<(Session, SessionEvents), ConnectError> {
        let (seat, session, events) = self.seat(config);
        if !self.shared.registry.wait(seat) {
            return Err(ConnectError::SessionIdInUse);
        }
        Ok((session, events))
    }

    /// A session as active endpoint: connects to the first URI of the remote
    /// path, or uses a connection that is open to it.
    ///
    /// # Errors
    ///
    /// When there is no connection to be had.
    pub async fn connect(
        &self,
        config: SessionConfig,
    ) -> Result<(Session, SessionEvents), ConnectError> {
        let (seat, session, events) = self.seat(config);
        if !self.shared.registry.bind(&seat.config.local, seat.key) {
            return Err(ConnectError::SessionIdInUse);
        }
        let (key, local) = (seat.key, seat.config.local.clone());
        let attached = self.attach(seat).await;
        if attached.is_err() {
            self.shared.registry.release(&local, key);
        }
        attached.map(|()| (session, events))
    }

    /// Ends the listeners, all sessions when what they have queued is sent and
    /// answered, and then the connections. Returns when the connections are gone.
    pub async fn shutdown(&self) {
        for listener in
            self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner).drain(..)
        {
            listener.abort();
        }
        let drivers = std::mem::take(
            &mut *self.shared.drivers.lock().unwrap_or_else(PoisonError::into_inner),
        );
        let drivers: Vec<_> = drivers.iter().filter_map(mpsc::WeakSender::upgrade).collect();
        for driver in &drivers {
            // One that is gone needs no shutdown.
            let _ = driver.send(Command::Shutdown).await;
        }
        for driver in drivers {
            driver.closed().await;
        }
    }

    fn seat(&self, config: SessionConfig) -> (Seat, Session, SessionEvents) {
        let key = SessionKey(self.shared.fresh_key());
        let (events_in, events) = mpsc::channel(EVENT_QUEUE);
        let (link_in, link) = watch::channel(Link::Waiting);
        let (local, remote) = (config.local.clone(), config.remote.clone());
        let shared = self.shared.clone();
        let session = Session { key, local: local.clone(), remote, link, shared: shared.clone() };
        let events = SessionEvents { key, local, events, shared };
        (Seat { key, config, events: events_in, link: link_in }, session, events)
    }

    async fn attach(&self, seat: Seat) -> Result<(), ConnectError> {
        let commands = self.connection_to(seat.config.remote.first()).await?;
        let (reply, done) = oneshot::channel();
        let command = Command::Attach { seat: Box::new(seat), reply };
        commands.send(command).await.map_err(|_| ConnectError::Closing)?;
        Ok(done.await.map_err(|_| ConnectError::Closing)??)
    }

    /// Keeps a connection that has no session, until what is returned is dropped.
    pub(super) async fn hold(&self, commands: &mpsc::Sender<Command>) -> oneshot::Receiver<()> {
        let (holder, held) = oneshot::channel();
        // A connection that is gone can't be held.
        let _ = commands.send(Command::Hold(holder)).await;
        held
    }

    /// Sessions for another URI use this connection too.
    pub(super) fn alias(&self, uri: &MsrpUri, commands: &mpsc::Sender<Command>) {
        if let Some(peer) = peer_of(uri) {
            self.shared.remember(peer, commands);
        }
    }

    pub(super) async fn connection_to(
        &self,
        uri: &MsrpUri,
    ) -> Result<mpsc::Sender<Command>, ConnectError> {
        let peer = peer_of(uri).ok_or_else(|| ConnectError::NoPort { uri: uri.clone() })?;
        let port = peer.2;
        if let Some(commands) = self.shared.open_connection(&peer) {
            return Ok(commands);
        }
        if uri.is_secure() || !uri.transport().eq_ignore_ascii_case("tcp") {
            return Err(ConnectError::Unsupported { uri: uri.clone() });
        }
        let stream = self.open(uri, port).await?;
        let commands = driver::spawn(&self.shared, stream);
        self.shared.note_driver(&commands);
        self.shared.remember(peer, &commands);
        Ok(commands)
    }

    /// Tries the addresses of a host in their order (RFC 4975 §6.2).
    async fn open(&self, uri: &MsrpUri, port: u16) -> Result<Box<dyn ByteStream>, ConnectError> {
        let addresses = match uri.host().parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.shared.resolver.addresses(uri.host()).await?.records,
        };
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            let remote = SocketAddr::new(address, port);
            match self.shared.network.connect_stream(None, remote).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(ConnectError::Connect { uri: uri.clone(), source: last })
    }
}

fn peer_of(uri: &MsrpUri) -> Option<Peer> {
    uri.port().map(|port| (uri.scheme(), uri.host().to_ascii_lowercase(), port))
}

async fn accept(mut listener: Box<dyn StreamListener>, shared: std::sync::Weak<Shared>) {
    let mut connections: Vec<mpsc::WeakSender<Command>> = Vec::new();
    loop {
        let accepted = listener.accept().await;
        let Some(shared) = shared.upgrade() else { return };
        match accepted {
            Ok(stream) => {
                connections.retain(|commands| commands.strong_count() > 0);
                if connections.len() < MAX_CONNECTIONS {
                    let commands = driver::spawn(&shared, stream);
                    connections.push(commands.downgrade());
                    shared.note_driver(&commands);
                }
            }
            Err(error) => {
                // Out of descriptors, most likely: others have to go first.
                tracing::warn!(%error, "can't accept an MSRP connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}
