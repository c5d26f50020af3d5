//! A host: the [`Network`] of what runs there.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sipsimple_net::{
    BoxFuture, ByteStream, DatagramSocket, InterfaceWatcher, MediaSocket, Network, StreamListener,
};

use super::datagram::{SimDatagram, SimMedia, UdpSocket};
use super::listener::SimListener;
use super::stream;
use super::world::{HostId, Shared};
use super::{Open, Protocol};
use crate::SimInterfaces;

/// One host of a [`SimNetwork`](super::SimNetwork), with one or more addresses.
pub struct SimHost {
    shared: Arc<Shared>,
    id: HostId,
    interfaces: Arc<SimInterfaces>,
}

impl SimHost {
    pub(super) fn new(shared: Arc<Shared>, id: HostId, interfaces: Arc<SimInterfaces>) -> Self {
        Self { shared, id, interfaces }
    }

    /// Its addresses, the first one first.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.shared.world().addresses(self.id).to_vec()
    }

    /// Its first address.
    ///
    /// # Panics
    ///
    /// When all were taken away.
    pub fn ip(&self) -> IpAddr {
        self.addresses()[0]
    }

    /// Gives it other addresses: it has moved to another network. Sockets
    /// that are bound to an address which is gone hear nothing any more.
    ///
    /// # Panics
    ///
    /// When one belongs to another host.
    pub fn set_addresses(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        self.shared.world().set_addresses(self.id, addresses.into_iter().collect());
        self.shared.wake_streams();
    }

    /// What says when its addresses change.
    pub fn interfaces(&self) -> Arc<dyn InterfaceWatcher> {
        self.interfaces.clone()
    }

    /// Pulls its plug out: datagrams from it, to it and on their way to it are
    /// lost, TCP data waits, new connections time out.
    pub fn down(&self) {
        let inboxes = {
            let mut world = self.shared.world();
            world.set_up(self.id, false);
            world.inboxes_of(self.id)
        };
        for inbox in inboxes {
            inbox.lose_what_is_on_its_way();
        }
    }

    /// Puts the plug in again.
    pub fn up(&self) {
        self.shared.world().set_up(self.id, true);
        self.shared.wake_streams();
    }

    /// What is open on it.
    pub fn open(&self) -> Open {
        self.shared.world().open(Some(self.id))
    }
}

impl Network for SimHost {
    fn bind_datagram(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let socket = UdpSocket::bind(&self.shared, self.id, local, Protocol::Datagram)?;
        Ok(Box::new(SimDatagram::new(socket)))
    }

    fn bind_media(&self, local: SocketAddr) -> io::Result<Box<dyn MediaSocket>> {
        let socket = UdpSocket::bind(&self.shared, self.id, local, Protocol::Media)?;
        Ok(Box::new(SimMedia(socket)))
    }

    fn connect_stream(
        &self,
        local: Option<IpAddr>,
        remote: SocketAddr,
    ) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(stream::connect(self.shared.clone(), self.id, local, remote))
    }

    fn listen_stream(&self, local: SocketAddr) -> io::Result<Box<dyn StreamListener>> {
        Ok(Box::new(SimListener::bind(&self.shared, self.id, local)?))
    }

    fn local_address_for(&self, remote: IpAddr) -> io::Result<IpAddr> {
        self.shared.world().source_for(self.id, remote)
    }
}
