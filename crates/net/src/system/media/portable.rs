//! Receives without time stamps.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::SystemTime;

pub(super) struct Receiver;

impl Receiver {
    pub(super) fn new(_socket: &UdpSocket) -> Self {
        Self
    }

    /// The length, the sender, and no time.
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        buf: &mut [u8],
    ) -> io::Result<(usize, SocketAddr, Option<SystemTime>)> {
        let (len, from) = socket.recv_from(buf)?;
        Ok((len, from, None))
    }
}
