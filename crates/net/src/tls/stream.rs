//! [`TlsStream`]: an encrypted stream is a stream.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::ByteStream;

/// A stream whose handshake is done.
pub struct TlsStream {
    inner: tokio_rustls::TlsStream<Gather>,
}

impl TlsStream {
    pub(super) fn new(inner: tokio_rustls::TlsStream<Gather>) -> Self {
        Self { inner }
    }

    /// The peer's certificate, DER, where it has shown one.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        let (_, connection) = self.inner.get_ref();
        connection.peer_certificates().and_then(|chain| chain.first()).map(AsRef::as_ref)
    }
}

impl ByteStream for TlsStream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().0.0.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().0.0.peer_addr()
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Writes several pieces at once. After a failed handshake rustls' alert, and
/// what has to stand before it, get one write to be told in.
pub(super) struct Gather(pub(super) Box<dyn ByteStream>);

/// The most that is gathered: one record of TLS with what belongs to it.
const GATHERED: usize = 18 * 1024;

impl AsyncRead for Gather {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Gather {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [piece] = pieces {
            return Pin::new(&mut self.0).poll_write(cx, piece);
        }
        let mut gathered = Vec::new();
        for piece in pieces {
            let room = GATHERED - gathered.len();
            gathered.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        Pin::new(&mut self.0).poll_write(cx, &gathered)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl std::fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream").field("peer", &self.peer_addr().ok()).finish_non_exhaustive()
    }
}
