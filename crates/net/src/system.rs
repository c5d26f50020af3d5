//! [`TokioNetwork`]: real sockets.

mod datagram;
mod media;
mod stream;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use crate::{BoxFuture, ByteStream, DatagramSocket, MediaSocket, Network, StreamListener};

/// The real network. Sockets must be opened inside a tokio runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioNetwork;

impl Network for TokioNetwork {
    fn bind_datagram(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        Ok(Box::new(datagram::TokioDatagram::bind(local)?))
    }

    fn bind_media(&self, local: SocketAddr) -> io::Result<Box<dyn MediaSocket>> {
        Ok(Box::new(media::SystemMediaSocket::bind(local)?))
    }

    fn connect_stream(
        &self,
        local: Option<IpAddr>,
        remote: SocketAddr,
    ) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(stream::connect(local, remote))
    }

    fn listen_stream(&self, local: SocketAddr) -> io::Result<Box<dyn StreamListener>> {
        Ok(Box::new(stream::TokioListener::bind(local)?))
    }

    fn local_address_for(&self, remote: IpAddr) -> io::Result<IpAddr> {
        let any: IpAddr = match remote {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // Connecting a UDP socket sends nothing: the kernel only picks a route.
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((remote, 9))?;
        Ok(socket.local_addr()?.ip())
    }
}

/// A non-blocking UDP socket with receive room for a burst.
fn bind_udp(local: SocketAddr, receive_buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    if local.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // The kernel may grant less; that is no reason to fail.
    let _ = socket.set_recv_buffer_size(receive_buffer);
    socket.set_nonblocking(true)?;
    socket.bind(&local.into())?;
    Ok(socket.into())
}
