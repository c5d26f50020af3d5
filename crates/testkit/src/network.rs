//! An in-memory [`Network`](sipsimple_net::Network) in virtual time.
//!
//! No task runs behind it: what is on its way lies in the receiver's inbox
//! with its time of arrival, and whoever polls sleeps until then.

mod datagram;
mod host;
mod link;
mod listener;
mod pipe;
mod rule;
mod stream;
mod trace;
mod world;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sipsimple_net::DatagramSocket;
use tokio::io::ReadBuf;

pub use host::SimHost;
pub use link::Link;
pub use pipe::STREAM_BUFFER;
pub use rule::{Action, Occurrence, Rule};
pub use trace::{Fate, Packet, Protocol, TRACE_CAPACITY, Traced};
use world::Shared;

/// A network of simulated hosts. Clones are the same network.
#[derive(Clone)]
pub struct SimNetwork(Arc<Shared>);

/// Open sockets, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Open {
    /// UDP sockets, those of media too.
    pub datagrams: usize,
    /// Listening TCP sockets.
    pub listeners: usize,
    /// Ends of TCP connections.
    pub streams: usize,
}

impl Open {
    /// Whether nothing is open.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl SimNetwork {
    /// A network without hosts, its links [`Link::default`]. To be called
    /// inside a tokio runtime whose clock is paused.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Shared::new(seed)))
    }

    /// The host with this address, made if there is none. It is the
    /// [`Network`](sipsimple_net::Network) of what runs there.
    ///
    /// # Panics
    ///
    /// When `address` is not an IP address.
    pub fn host(&self, address: &str) -> Arc<SimHost> {
        self.host_with([address])
    }

    /// The host with the first of these addresses, made if there is none,
    /// with all of them.
    ///
    /// # Panics
    ///
    /// When one is not an IP address, belongs to another host, or none is given.
    pub fn host_with<'a>(&self, addresses: impl IntoIterator<Item = &'a str>) -> Arc<SimHost> {
        let addresses: Vec<IpAddr> = addresses
            .into_iter()
            .map(|text| text.parse().unwrap_or_else(|_| panic!("{text} is no IP address")))
            .collect();
        let (id, interfaces) = self.0.world().host(&addresses);
        Arc::new(SimHost::new(self.0.clone(), id, interfaces))
    }

    /// Sets all links that have no setting of their own, from now on.
    pub fn set_link(&self, link: Link) {
        self.0.world().default_link = link;
    }

    /// Sets one direction between two addresses, from now on.
    pub fn set_link_between(&self, from: IpAddr, to: IpAddr, link: Link) {
        self.0.world().links.insert((from, to), link);
    }

    /// Cuts the way between two addresses, both ways: datagrams are lost, TCP
    /// data waits.
    pub fn cut(&self, one: IpAddr, other: IpAddr) {
        let mut world = self.0.world();
        world.cut.insert((one, other));
        world.cut.insert((other, one));
    }

    /// Joins what [`cut`](Self::cut) has cut.
    pub fn heal(&self, one: IpAddr, other: IpAddr) {
        {
            let mut world = self.0.world();
            world.cut.remove(&(one, other));
            world.cut.remove(&(other, one));
        }
        self.0.wake_streams();
    }

    /// Does `action` to some of the datagrams that `matches` says yes to. A
    /// datagram meets the rules in the order in which they were made; the
    /// first that acts on it counts. Each rule sees each datagram once.
    pub fn rule(
        &self,
        occurrence: Occurrence,
        matches: impl Fn(&Packet) -> bool + Send + Sync + 'static,
        action: Action,
    ) -> Rule {
        let rule = Rule::new(occurrence, Box::new(matches), action);
        let mut world = self.0.world();
        world.rules.retain(|rule| !rule.is_removed());
        world.rules.push(rule.clone());
        rule
    }

    /// Loses the first `count` datagrams that `matches` says yes to.
    pub fn drop_first(
        &self,
        count: u32,
        matches: impl Fn(&Packet) -> bool + Send + Sync + 'static,
    ) -> Rule {
        self.rule(Occurrence::First(count), matches, Action::Drop)
    }

    /// Loses the `nth` (from 1) datagram that `matches` says yes to.
    pub fn drop_nth(
        &self,
        nth: u32,
        matches: impl Fn(&Packet) -> bool + Send + Sync + 'static,
    ) -> Rule {
        self.rule(Occurrence::Nth(nth), matches, Action::Drop)
    }

    /// Loses all datagrams that `matches` says yes to.
    pub fn drop_all(&self, matches: impl Fn(&Packet) -> bool + Send + Sync + 'static) -> Rule {
        self.rule(Occurrence::Always, matches, Action::Drop)
    }

    /// Resets every TCP connection that has an end on the host with this
    /// address, at once, on both sides.
    pub fn reset_streams(&self, address: IpAddr) {
        let pipes = {
            let world = self.0.world();
            world.owner(address).map(|host| world.pipes_of(host)).unwrap_or_default()
        };
        for pipe in pipes {
            pipe.reset();
        }
    }

    /// The datagrams of signalling and the pieces of streams so far, in the
    /// order of sending; the last [`TRACE_CAPACITY`] of them.
    pub fn trace(&self) -> Vec<Traced> {
        self.0.world().trace.to_vec()
    }

    /// The same for the sockets of media.
    pub fn media_trace(&self) -> Vec<Traced> {
        self.0.world().media_trace.to_vec()
    }

    /// Forgets what the traces hold.
    pub fn clear_traces(&self) {
        let mut world = self.0.world();
        world.trace.clear();
        world.media_trace.clear();
    }

    /// The trace as text, one packet a line, for a person.
    pub fn render_trace(&self) -> String {
        self.trace().iter().map(|traced| format!("{traced}\n")).collect()
    }

    /// What is open on all hosts together.
    pub fn open(&self) -> Open {
        self.0.world().open(None)
    }

    /// Time since the network was made.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Receives the next datagram of a socket.
///
/// # Errors
///
/// What the socket says.
pub async fn receive(socket: &dyn DatagramSocket) -> io::Result<(Bytes, SocketAddr)> {
    let mut room = vec![0; link::MAX_DATAGRAM];
    let mut buf = ReadBuf::new(&mut room);
    let from = std::future::poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)).await?;
    Ok((Bytes::copy_from_slice(buf.filled()), from))
}
