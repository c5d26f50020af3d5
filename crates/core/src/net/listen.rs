//! Opening the listeners, and the task that accepts connections.

use std::time::Duration;

use sipsimple_net::{ByteStream, DatagramSocket, Network, StreamListener};
use tokio::sync::mpsc;

use super::driver::Signal;
use super::{EngineError, Listener};
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
                Transport::Tcp => network
                    .listen_stream(listener.address)
                    .and_then(|socket| Ok((socket.local_addr()?, Socket::Stream(socket)))),
                Transport::Tls | Transport::Ws | Transport::Wss => {
                    Err(std::io::ErrorKind::Unsupported.into())
                }
            };
            let (address, socket) =
                opened.map_err(|source| EngineError::Listen { listener: *listener, source })?;
            Ok((Endpoint { transport: listener.transport, address }, socket))
        })
        .collect()
}

/// The pause after a failed accept, for example when file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the engine is gone.
pub(super) async fn accept(mut listener: Box<dyn StreamListener>, signals: mpsc::Sender<Signal>) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                let stream: Box<dyn ByteStream> = stream;
                if signals.send(Signal::Accepted(stream)).await.is_err() {
                    return;
                }
            }
            Err(e) => {
                tracing::warn!("accepting a connection failed: {e}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
