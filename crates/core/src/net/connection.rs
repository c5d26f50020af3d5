//! The task of one TCP connection: connects if need be, then reads and writes
//! at the same time, so that neither waits for the other.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sipsimple_net::{ByteStream, Network};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::driver::Signal;
use super::{CLOSE_TIMEOUT, CONNECT_TIMEOUT};
use crate::stack::ConnectionId;

/// Room for one read.
const READ_SIZE: usize = 8 * 1024;

/// Connects and then runs the connection.
pub(super) async fn open(
    id: ConnectionId,
    network: Arc<dyn Network>,
    local: Option<IpAddr>,
    remote: SocketAddr,
    outgoing: mpsc::Receiver<Bytes>,
    signals: mpsc::Sender<Signal>,
) {
    let connecting = network.connect_stream(local, remote);
    let connected = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => stream.local_addr().map(|local| (stream, local)),
        Ok(Err(e)) => Err(e),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    match connected {
        Ok((stream, local)) => {
            if signals.send(Signal::Opened { id, local, remote }).await.is_ok() {
                run(id, stream, outgoing, signals).await;
            }
        }
        Err(e) => {
            let _ = signals.send(Signal::Failed { id, reason: e.to_string().into() }).await;
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
