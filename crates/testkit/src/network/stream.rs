//! TCP connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use sipsimple_net::ByteStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::datagram;
use super::pipe::{Found, Pipe};
use super::world::{Connection, HostId, Shared, bound};

/// The waits between SYNs that nobody answers; they end after 127 s, as on Linux.
const SYN_WAITS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// One end of a connection.
pub(super) struct SimStream {
    shared: Arc<Shared>,
    connection: u64,
    /// 0 is the caller's, 1 the listener's.
    end: usize,
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Opens a connection in one round trip.
pub(super) async fn connect(
    shared: Arc<Shared>,
    host: HostId,
    local: Option<IpAddr>,
    remote: SocketAddr,
) -> io::Result<Box<dyn ByteStream>> {
    let local = {
        let world = shared.world();
        match local {
            Some(ip) if ip.is_ipv4() != remote.is_ipv4() => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            Some(ip) if !ip.is_unspecified() && !world.addresses(host).contains(&ip) => {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            Some(ip) if !ip.is_unspecified() => ip,
            _ => world.source_for(host, remote.ip())?,
        }
    };
    let mut waits = SYN_WAITS.into_iter();
    loop {
        let arrival = {
            let mut world = shared.world();
            let reachable = world.reachable(local, remote.ip());
            reachable.then(|| world.stream_arrival(local, remote.ip(), Instant::now()))
        };
        if let Some(arrival) = arrival {
            sleep_until(arrival).await;
            break;
        }
        match waits.next() {
            Some(wait) => sleep(Duration::from_secs(wait)).await,
            None => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
    let connected = arrive(&shared, host, local, remote);
    let back = shared.world().stream_arrival(remote.ip(), local, Instant::now());
    sleep_until(back).await;
    Ok(Box::new(connected?))
}

/// The SYN is there: puts one end into the listener's queue, returns the other.
fn arrive(
    shared: &Arc<Shared>,
    host: HostId,
    local: IpAddr,
    remote: SocketAddr,
) -> io::Result<SimStream> {
    let (backlog, ours, theirs) = {
        let mut world = shared.world();
        let owner = world.owner(remote.ip());
        let found = owner.and_then(|id| bound(&world.listeners, id, remote).map(|b| (id, b)));
        let Some((listening, backlog)) = found else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let caller = world.choose(host, SocketAddr::new(local, 0), |world, local| {
            world.stream_port_taken(host, local)
        })?;
        let pipes = [Arc::new(Pipe::new(caller, remote)), Arc::new(Pipe::new(remote, caller))];
        let [there, back] = pipes.clone();
        let ends = [Some(host), Some(listening)];
        let connection = world.add_connection(Connection { pipes, ends, caller });
        let end = |end, incoming: &Arc<Pipe>, outgoing: &Arc<Pipe>| SimStream {
            shared: shared.clone(),
            connection,
            end,
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
            timer: None,
        };
        (backlog, end(0, &back, &there), end(1, &there, &back))
    };
    backlog.push(theirs)?;
    Ok(ours)
}

impl SimStream {
    pub(super) fn reset(&self) {
        self.incoming.reset();
        self.outgoing.reset();
    }

    fn arrival(&self) -> Instant {
        let (from, to) = (self.outgoing.from.ip(), self.outgoing.to.ip());
        self.shared.world().stream_arrival(from, to, Instant::now())
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let (from, to) = (this.incoming.from.ip(), this.incoming.to.ip());
            let open = this.shared.world().reachable(from, to);
            match this.incoming.read(open, buf, cx) {
                Found::Ready(result) => return Poll::Ready(result),
                Found::Nothing => return Poll::Pending,
                Found::At(at) => ready!(datagram::sleep_until(&mut this.timer, at, cx)),
            }
        }
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (chunk, at) = ready!(self.outgoing.write(bytes, self.arrival(), cx))?;
        let len = chunk.len();
        self.shared.record_stream(self.outgoing.from, self.outgoing.to, chunk, at);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.finish(self.arrival());
        Poll::Ready(Ok(()))
    }
}

impl ByteStream for SimStream {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.outgoing.from)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.outgoing.to)
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.outgoing.finish(self.arrival());
        self.incoming.abandon();
        self.shared.world().leave_connection(self.connection, self.end);
    }
}
