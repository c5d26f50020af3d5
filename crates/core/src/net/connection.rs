//! The task of one TCP or TLS connection: connects if need be, then reads and writes
//! at the same time, so that neither waits for the other.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sipsimple_net::tls::{PeerName, Tls};
use sipsimple_net::{ByteStream, Network};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::driver::Signal;
use super::{CLOSE_TIMEOUT, CONNECT_TIMEOUT};
use crate::stack::{ConnectionId, Transport};

/// Room for one read.
const READ_SIZE: usize = 8 * 1024;

/// A connection to make.
pub(super) struct Opening {
    pub(super) network: Arc<dyn Network>,
    /// What to encrypt it with, and whose certificate the peer must show.
    pub(super) tls: Option<(Tls, Box<str>)>,
    pub(super) local: Option<IpAddr>,
    pub(super) remote: SocketAddr,
}

impl Opening {
    async fn connect(&self) -> Result<(Box<dyn ByteStream>, SocketAddr), Box<str>> {
        let reason = |e: io::Error| e.to_string().into_boxed_str();
        let connecting = self.network.connect_stream(self.local, self.remote);
        let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected.map_err(reason)?,
            Err(_) => return Err(reason(io::ErrorKind::TimedOut.into())),
        };
        let local = stream.local_addr().map_err(reason)?;
        let Some((tls, peer)) = &self.tls else { return Ok((stream, local)) };
        let name = PeerName::parse(peer)
            .ok_or_else(|| format!("{peer:?} is no name that a certificate can be for"))?;
        let stream = tls.connect(stream, &name).await.map_err(|e| e.to_string())?;
        Ok((Box::new(stream), local))
    }
}

/// Connects and then runs the connection.
pub(super) async fn open(
    id: ConnectionId,
    opening: Opening,
    outgoing: mpsc::Receiver<Bytes>,
    signals: mpsc::Sender<Signal>,
) {
    let transport = if opening.tls.is_some() { Transport::Tls } else { Transport::Tcp };
    match opening.connect().await {
        Ok((stream, local)) => {
            let opened = Signal::Opened { id, transport, local, remote: opening.remote };
            drop(opening);
            if signals.send(opened).await.is_ok() {
                run(id, stream, outgoing, signals).await;
            }
        }
        Err(reason) => {
            let _ = signals.send(Signal::Failed { id, reason }).await;
        }
    }
}

/// Runs an open connection until it is closed by either side.
pub(super) async fn run(
    id: ConnectionId,
    stream: Box<dyn ByteStream>,
    outgoing: mpsc::Receiver<Bytes>,
    signals: mpsc::Sender<Signal>,
) {
    let (reader, writer) = tokio::io::split(stream);
    let mut written = std::pin::pin!(write(writer, outgoing));
    tokio::select! {
        _ = read(id, reader, &signals) => {}
        _ = &mut written => {}
    }
    let _ = signals.send(Signal::Closed { id }).await;
}

async fn read(
    id: ConnectionId,
    mut reader: ReadHalf<Box<dyn ByteStream>>,
    signals: &mpsc::Sender<Signal>,
) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ_SIZE);
        if reader.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let bytes = buffer.split().freeze();
        if signals.send(Signal::Data { id, bytes }).await.is_err() {
            return Ok(());
        }
    }
}

/// Writes what comes until the queue is closed, then closes the connection.
async fn write(
    mut writer: WriteHalf<Box<dyn ByteStream>>,
    mut outgoing: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    while let Some(bytes) = outgoing.recv().await {
        if outgoing.is_closed() {
            // The engine has let go: what is left must not take for ever.
            return tokio::time::timeout(CLOSE_TIMEOUT, async {
                writer.write_all(&bytes).await?;
                while let Some(bytes) = outgoing.recv().await {
                    writer.write_all(&bytes).await?;
                }
                writer.shutdown().await
            })
            .await?;
        }
        writer.write_all(&bytes).await?;
        writer.flush().await?;
    }
    writer.shutdown().await
}
