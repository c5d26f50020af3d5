//! Opening the listeners, and the task that accepts connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use sipsimple_net::tls::Tls;
use sipsimple_net::{ByteStream, DatagramSocket, Network, StreamListener};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::driver::Signal;
use super::{EngineError, Listener, MAX_HANDSHAKES, MAX_HANDSHAKES_PER_ADDRESS};
use crate::stack::{Endpoint, Transport};

/// What listens at an endpoint.
pub(super) enum Socket {
    Datagram(Box<dyn DatagramSocket>),
    Stream(Box<dyn StreamListener>),
}

/// Opens all listeners, or none.
pub(super) fn open(
    listeners: &[Listener],
    network: &dyn Network,
) -> Result<Vec<(Endpoint, Socket)>, EngineError> {
    if listeners.is_empty() {
        return Err(EngineError::NoListener);
    }
    listeners
        .iter()
        .map(|listener| {
            let opened = match listener.transport {
                Transport::Udp => network
                    .bind_datagram(listener.address)
                    .and_then(|socket| Ok((socket.local_addr()?, Socket::Datagram(socket)))),
                Transport::Tcp | Transport::Tls => network
                    .listen_stream(listener.address)
                    .and_then(|socket| Ok((socket.local_addr()?, Socket::Stream(socket)))),
                Transport::Ws | Transport::Wss => Err(std::io::ErrorKind::Unsupported.into()),
            };
            let (address, socket) =
                opened.map_err(|source| EngineError::Listen { listener: *listener, source })?;
            Ok((Endpoint { transport: listener.transport, address }, socket))
        })
        .collect()
}

/// The pause after a failed accept, for example when file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the engine is gone; over TLS, those whose
/// handshake succeeds.
pub(super) async fn accept(
    mut listener: Box<dyn StreamListener>,
    tls: Option<Tls>,
    signals: mpsc::Sender<Signal>,
) {
    let mut handshakes = Handshakes::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = handshakes.tasks.join_next() => {
                handshakes.forget(ended.ok());
                continue;
            }
        };
        match accepted {
            Ok(stream) => match &tls {
                Some(tls) => handshakes.start(stream, tls.clone(), signals.clone()),
                None => {
                    let accepted = Signal::Accepted { transport: Transport::Tcp, stream };
                    if signals.send(accepted).await.is_err() {
                        return;
                    }
                }
            },
            Err(e) => {
                tracing::warn!("accepting a connection failed: {e}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Handshakes that run beside each other: a slow one delays nobody, and the
/// slow ones of one address leave room for others.
#[derive(Default)]
struct Handshakes {
    tasks: JoinSet<IpAddr>,
    running: HashMap<IpAddr, usize>,
}

impl Handshakes {
    /// Starts one, or closes the connection where there are too many.
    fn start(&mut self, stream: Box<dyn ByteStream>, tls: Tls, signals: mpsc::Sender<Signal>) {
        let Ok(peer) = stream.peer_addr().map(|peer| peer.ip()) else { return };
        let running = self.running.get(&peer).copied().unwrap_or(0);
        if running >= MAX_HANDSHAKES_PER_ADDRESS || self.tasks.len() >= MAX_HANDSHAKES {
            tracing::debug!(%peer, "too many handshakes at once");
            return;
        }
        self.running.insert(peer, running + 1);
        self.tasks.spawn(async move {
            match tls.accept(stream).await {
                Ok(stream) => {
                    let stream = Box::new(stream);
                    let accepted = Signal::Accepted { transport: Transport::Tls, stream };
                    let _ = signals.send(accepted).await;
                }
                Err(error) => tracing::debug!(%peer, %error, "no TLS connection"),
            }
            peer
        });
    }

    fn forget(&mut self, peer: Option<IpAddr>) {
        let Some(peer) = peer else { return };
        if let Some(running) = self.running.get_mut(&peer) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&peer);
            }
        }
    }
}
