//! UDP for tasks.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::DatagramSocket;

/// Room for bursts of signalling: about 2,000 messages.
const RECEIVE_BUFFER: usize = 4 << 20;

pub(super) struct TokioDatagram(UdpSocket);

impl TokioDatagram {
    pub(super) fn bind(local: SocketAddr) -> io::Result<Self> {
        UdpSocket::from_std(super::bind_udp(local, RECEIVE_BUFFER)?).map(Self)
    }
}

impl DatagramSocket for TokioDatagram {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        self.0.poll_recv_from(cx, buf)
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        // tokio's own `try_send_to` says `WouldBlock` until its driver has seen
        // the socket writable, so the first datagram after a bind would be lost.
        SockRef::from(&self.0).send_to(bytes, &to.into())
    }
}
