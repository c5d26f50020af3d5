//! UDP sockets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use sipsimple_net::{DatagramSocket, MediaSocket, Received};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use super::Protocol;
use super::world::{HostId, Shared, clashes};

/// How many datagrams a socket holds until they are received.
const INBOX_CAPACITY: usize = 4096;

/// What has arrived at a socket and what is on its way there.
#[derive(Default)]
pub(super) struct Inbox(Mutex<Arrivals>);

#[derive(Default)]
struct Arrivals {
    queue: BinaryHeap<Reverse<Arrival>>,
    next: u64,
    waker: Option<Waker>,
}

/// Ordered by time of arrival, then by order of sending.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Arrival {
    at: Instant,
    number: u64,
    from: SocketAddr,
    bytes: Bytes,
}

impl Inbox {
    /// Lets a datagram arrive at `at`; false when there is no room for it.
    pub(super) fn push(&self, at: Instant, from: SocketAddr, bytes: Bytes) -> bool {
        let waker = {
            let mut arrivals = self.lock();
            if arrivals.queue.len() == INBOX_CAPACITY {
                return false;
            }
            let number = arrivals.next;
            arrivals.next += 1;
            arrivals.queue.push(Reverse(Arrival { at, number, from, bytes }));
            arrivals.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    pub(super) fn lose_what_is_on_its_way(&self) {
        let now = Instant::now();
        self.lock().queue.retain(|Reverse(arrival)| arrival.at <= now);
    }

    /// What has arrived, or when the next one will.
    fn take(&self, now: Instant) -> Result<Arrival, Option<Instant>> {
        let mut arrivals = self.lock();
        match arrivals.queue.peek() {
            None => Err(None),
            Some(Reverse(next)) if next.at > now => Err(Some(next.at)),
            Some(_) => arrivals.queue.pop().map(|Reverse(arrival)| arrival).ok_or(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arrivals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What both kinds of UDP sockets are.
pub(super) struct UdpSocket {
    shared: Arc<Shared>,
    host: HostId,
    local: SocketAddr,
    protocol: Protocol,
    inbox: Arc<Inbox>,
}

impl UdpSocket {
    pub(super) fn bind(
        shared: &Arc<Shared>,
        host: HostId,
        local: SocketAddr,
        protocol: Protocol,
    ) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let mut world = shared.world();
        let local =
            world.choose(host, local, |world, local| clashes(&world.datagrams, host, local))?;
        world.datagrams.insert((host, local), inbox.clone());
        drop(world);
        Ok(Self { shared: shared.clone(), host, local, protocol, inbox })
    }

    fn send(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        if to.is_ipv4() != self.local.is_ipv4() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut from = self.local;
        if from.ip().is_unspecified() {
            from.set_ip(self.shared.world().source_for(self.host, to.ip())?);
        }
        self.shared.send(self.protocol, from, to, bytes)
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        self.shared.world().datagrams.remove(&(self.host, self.local));
    }
}

/// A UDP socket for a task.
pub(super) struct SimDatagram {
    socket: UdpSocket,
    timer: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl SimDatagram {
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self { socket, timer: Mutex::new(None) }
    }
}

impl DatagramSocket for SimDatagram {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.socket.local)
    }

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let mut timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            self.socket.inbox.lock().waker = Some(cx.waker().clone());
            match self.socket.inbox.take(Instant::now()) {
                Ok(Arrival { from, bytes, .. }) => {
                    buf.put_slice(&bytes[..bytes.len().min(buf.remaining())]);
                    return Poll::Ready(Ok(from));
                }
                Err(None) => return Poll::Pending,
                Err(Some(at)) => ready!(sleep_until(&mut timer, at, cx)),
            }
        }
    }

    fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.send(bytes, to)
    }
}

/// Polls a timer that is made when it is first needed.
pub(super) fn sleep_until(
    timer: &mut Option<Pin<Box<Sleep>>>,
    at: Instant,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
    if timer.deadline() != at {
        timer.as_mut().reset(at);
    }
    timer.as_mut().poll(cx)
}

/// A UDP socket that is polled.
pub(super) struct SimMedia(pub(super) UdpSocket);

impl MediaSocket for SimMedia {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.local)
    }

    fn try_recv_from(&mut self, buf: &mut [u8]) -> io::Result<Received> {
        let Ok(arrival) = self.0.inbox.take(Instant::now()) else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let len = arrival.bytes.len().min(buf.len());
        buf[..len].copy_from_slice(&arrival.bytes[..len]);
        Ok(Received { len, from: arrival.from, at: arrival.at.into_std() })
    }

    fn try_send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.send(bytes, to)
    }
}
