//! The sockets an application needs, as traits: [`Network`] opens them.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A boxed future, so that the traits here stay dyn-compatible.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens sockets. An application takes one and opens everything through it.
pub trait Network: Send + Sync + 'static {
    /// Binds a UDP socket. Port 0 picks a free one.
    fn bind_datagram(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>>;

    /// Binds a UDP socket that is polled by a media thread.
    fn bind_media(&self, local: SocketAddr) -> io::Result<Box<dyn MediaSocket>>;

    /// Opens a TCP connection, from `local` if it is given.
    fn connect_stream(
        &self,
        local: Option<IpAddr>,
        remote: SocketAddr,
    ) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>>;

    /// Listens for TCP connections. Port 0 picks a free one.
    fn listen_stream(&self, local: SocketAddr) -> io::Result<Box<dyn StreamListener>>;

    /// The local address that packets to `remote` would leave from.
    fn local_address_for(&self, remote: IpAddr) -> io::Result<IpAddr>;
}

/// A UDP socket driven by a task.
pub trait DatagramSocket: Send + Sync {
    /// The bound address.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Receives one datagram into `buf`; a longer datagram is cut to its room.
    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>>;

    /// Sends one datagram, or says `WouldBlock`: a datagram is never queued here.
    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize>;
}

/// A UDP socket read by a media thread: it never waits.
pub trait MediaSocket: Send {
    /// The bound address.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Receives one datagram, or says `WouldBlock`.
    fn try_recv_from(&mut self, buf: &mut [u8]) -> io::Result<Received>;

    /// Sends one datagram, or says `WouldBlock`.
    fn try_send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize>;
}

/// What [`MediaSocket::try_recv_from`] received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes written to the buffer.
    pub len: usize,
    /// The sender's address.
    pub from: SocketAddr,
    /// When the datagram reached this machine: the kernel's time stamp where
    /// there is one, else the time of the call.
    pub at: Instant,
}

/// A TCP connection (or what stands on one).
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {
    /// The local end.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// The remote end.
    fn peer_addr(&self) -> io::Result<SocketAddr>;
}

/// A listening TCP socket.
pub trait StreamListener: Send {
    /// The bound address.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// The next connection. Cancel-safe.
    ///
    /// An error is the machine's (no descriptors left, say), not a peer's:
    /// wait a little, then go on accepting.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>>;
}
