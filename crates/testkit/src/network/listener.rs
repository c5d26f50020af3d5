//! Listening TCP sockets.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use sipsimple_net::{BoxFuture, ByteStream, StreamListener};

use super::stream::SimStream;
use super::world::{HostId, Shared};

/// Connections that wait to be accepted; more are refused.
const BACKLOG: usize = 128;

/// Connections that nobody has accepted yet.
#[derive(Default)]
pub(super) struct Backlog(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    streams: VecDeque<SimStream>,
    waker: Option<Waker>,
}

impl Backlog {
    pub(super) fn push(&self, stream: SimStream) -> io::Result<()> {
        let waker = {
            let mut queue = self.lock();
            if queue.streams.len() == BACKLOG {
                drop(queue);
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            queue.streams.push_back(stream);
            queue.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn poll_accept(&self, cx: &Context<'_>) -> Poll<SimStream> {
        let mut queue = self.lock();
        match queue.streams.pop_front() {
            Some(stream) => Poll::Ready(stream),
            None => {
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listening socket.
pub(super) struct SimListener {
    shared: Arc<Shared>,
    host: HostId,
    local: SocketAddr,
    backlog: Arc<Backlog>,
}

impl SimListener {
    pub(super) fn bind(shared: &Arc<Shared>, host: HostId, local: SocketAddr) -> io::Result<Self> {
        let backlog = Arc::new(Backlog::default());
        let mut world = shared.world();
        let local =
            world.choose(host, local, |world, local| world.stream_port_taken(host, local))?;
        world.listeners.insert((host, local), backlog.clone());
        drop(world);
        Ok(Self { shared: shared.clone(), host, local, backlog })
    }
}

impl StreamListener for SimListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async {
            let stream = std::future::poll_fn(|cx| self.backlog.poll_accept(cx)).await;
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.shared.world().listeners.remove(&(self.host, self.local));
        let waiting = std::mem::take(&mut self.backlog.lock().streams);
        for stream in waiting {
            stream.reset();
        }
    }
}
