//! UDP for media threads.

#[cfg_attr(target_os = "linux", path = "media/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "media/portable.rs")]
mod receive;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use crate::{Clock, MediaSocket, Received, TokioClock};

/// Room for a second of audio with several packets a quantum.
const RECEIVE_BUFFER: usize = 256 << 10;

/// No packet is believed to have waited longer than this: then the wall clock
/// was set meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

pub(super) struct SystemMediaSocket {
    socket: UdpSocket,
    receiver: receive::Receiver,
    clock: TokioClock,
    /// When the last packet came: time stamps never go back.
    last: Option<Instant>,
}

impl SystemMediaSocket {
    pub(super) fn bind(local: SocketAddr) -> io::Result<Self> {
        let socket = super::bind_udp(local, RECEIVE_BUFFER)?;
        let receiver = receive::Receiver::new(&socket);
        Ok(Self { socket, receiver, clock: TokioClock::new(), last: None })
    }
}

impl MediaSocket for SystemMediaSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn try_recv_from(&mut self, buf: &mut [u8]) -> io::Result<Received> {
        let (len, from, stamp) = self.receiver.receive(&self.socket, buf)?;
        let now = self.clock.now();
        let at = stamp.map_or(now, |stamp| arrival(stamp, now, system_time()));
        let at = self.last.map_or(at, |last| at.max(last));
        self.last = Some(at);
        Ok(Received { len, from, at })
    }

    fn try_send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.send_to(bytes, to)
    }
}

/// The kernel stamps with the wall clock: what counts is how long ago that was.
fn arrival(stamp: SystemTime, now: Instant, wall: SystemTime) -> Instant {
    let waited = wall.duration_since(stamp).unwrap_or_default().min(LONGEST_WAIT);
    now.checked_sub(waited).unwrap_or(now)
}

#[allow(clippy::disallowed_methods, reason = "compared with the kernel's stamps only")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_become_instants_within_a_second() {
        let now = TokioClock::new().now() + Duration::from_secs(10);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let ms = Duration::from_millis;
        assert_eq!(arrival(wall - ms(7), now, wall), now - ms(7));
        assert_eq!(arrival(wall, now, wall), now);
        assert_eq!(arrival(wall + ms(7), now, wall), now, "from the future");
        assert_eq!(arrival(wall - ms(3_600_000), now, wall), now - ms(1000), "the clock was set");
    }
}
