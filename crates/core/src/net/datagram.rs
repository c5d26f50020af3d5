//! Receiving from all UDP sockets of an engine.

use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use sipsimple_net::DatagramSocket;
use tokio::io::ReadBuf;

use crate::stack::EndpointId;

/// The longest UDP payload.
const MAX_DATAGRAM: usize = 65_535;

/// A received datagram.
pub(super) struct Received {
    pub endpoint: EndpointId,
    pub from: SocketAddr,
    pub bytes: Bytes,
}

/// The UDP sockets, polled in turn so that none starves the others.
pub(super) struct Datagrams {
    sockets: Vec<(EndpointId, SocketAddr, Box<dyn DatagramSocket>)>,
    buffer: Box<[u8]>,
    turn: usize,
}

impl Datagrams {
    pub(super) fn new() -> Self {
        Self { sockets: Vec::new(), buffer: vec![0; MAX_DATAGRAM].into(), turn: 0 }
    }

    pub(super) fn add(
        &mut self,
        endpoint: EndpointId,
        local: SocketAddr,
        socket: Box<dyn DatagramSocket>,
    ) {
        self.sockets.push((endpoint, local, socket));
    }

    /// The next datagram of any socket.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        for _ in 0..self.sockets.len() {
            self.turn = (self.turn + 1) % self.sockets.len();
            let (endpoint, _, socket) = &self.sockets[self.turn];
            loop {
                let mut buffer = ReadBuf::new(&mut self.buffer);
                match socket.poll_recv_from(cx, &mut buffer) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(from)) => {
                        let bytes = Bytes::copy_from_slice(buffer.filled());
                        return Poll::Ready(Received { endpoint: *endpoint, from, bytes });
                    }
                    // An ICMP error of an earlier send surfaces here; the
                    // transaction's own timer deals with the silence.
                    Poll::Ready(Err(e)) => tracing::debug!("receiving a datagram failed: {e}"),
                }
            }
        }
        Poll::Pending
    }

    /// Sends, or drops: a full socket buffer is a lost datagram.
    pub(super) fn send(&self, endpoint: EndpointId, bytes: &[u8], to: SocketAddr) {
        if let Some((_, _, socket)) = self.sockets.iter().find(|(id, _, _)| *id == endpoint)
            && let Err(e) = socket.try_send_to(bytes, to)
        {
            tracing::debug!("sending a datagram to {to} failed: {e}");
        }
    }

    /// The address that an endpoint is bound to.
    pub(super) fn local(&self, endpoint: EndpointId) -> Option<SocketAddr> {
        self.sockets.iter().find(|(id, _, _)| *id == endpoint).map(|(_, local, _)| *local)
    }
}
