//! TCP.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::{BoxFuture, ByteStream, StreamListener};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;

impl ByteStream for TcpStream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpStream::local_addr(self)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        TcpStream::peer_addr(self)
    }
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

pub(super) async fn connect(
    local: Option<IpAddr>,
    remote: SocketAddr,
) -> io::Result<Box<dyn ByteStream>> {
    let socket = socket_for(remote)?;
    if let Some(local) = local {
        socket.bind((local, 0).into())?;
    }
    let stream = socket.connect(remote).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

pub(super) struct TokioListener(TcpListener);

impl TokioListener {
    pub(super) fn bind(local: SocketAddr) -> io::Result<Self> {
        let socket = socket_for(local)?;
        // Without this a restarted program finds its own port in TIME_WAIT.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(local)?;
        socket.listen(BACKLOG).map(Self)
    }
}

impl StreamListener for TokioListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            loop {
                match self.0.accept().await {
                    Ok((stream, _)) => {
                        // It fails when the peer is gone again; reading tells.
                        let _ = stream.set_nodelay(true);
                        return Ok(Box::new(stream) as Box<dyn ByteStream>);
                    }
                    // The peer's trouble, not the listener's.
                    Err(e) if is_of_the_peer(&e) => {}
                    Err(e) => return Err(e),
                }
            }
        })
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
