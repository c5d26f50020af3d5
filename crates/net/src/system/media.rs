//! UDP for media threads.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::{Clock, MediaSocket, Received, TokioClock};

/// Room for a second of audio with several packets a quantum.
const RECEIVE_BUFFER: usize = 256 << 10;

pub(super) struct SystemMediaSocket {
    socket: UdpSocket,
    clock: TokioClock,
}

impl SystemMediaSocket {
    pub(super) fn bind(local: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket: super::bind_udp(local, RECEIVE_BUFFER)?, clock: TokioClock::new() })
    }
}

impl MediaSocket for SystemMediaSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn try_recv_from(&mut self, buf: &mut [u8]) -> io::Result<Received> {
        let (len, from) = self.socket.recv_from(buf)?;
        Ok(Received { len, from, at: self.clock.now() })
    }

    fn try_send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.send_to(bytes, to)
    }
}
