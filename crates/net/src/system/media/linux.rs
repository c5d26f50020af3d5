//! Receives with the kernel's time stamps (`SO_TIMESTAMPNS`).

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime};

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;

pub(super) struct Receiver {
    /// Room for one time stamp, so that receiving never allocates.
    control: Vec<u8>,
}

impl Receiver {
    pub(super) fn new(socket: &UdpSocket) -> Self {
        // Without stamps (a sandbox may forbid them) the time of the call serves.
        let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
        Self { control: nix::cmsg_space!(TimeSpec) }
    }

    /// The length, the sender, and when the kernel got it.
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        buf: &mut [u8],
    ) -> io::Result<(usize, SocketAddr, Option<SystemTime>)> {
        let mut slices = [IoSliceMut::new(buf)];
        let received = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut slices,
            Some(&mut self.control),
            MsgFlags::empty(),
        )?;
        let from = received.address.as_ref().and_then(socket_addr);
        let from = from.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let stamp = received.cmsgs().ok().and_then(|mut messages| {
            messages.find_map(|message| match message {
                ControlMessageOwned::ScmTimestampns(stamp) => system_time(&stamp),
                _ => None,
            })
        });
        Ok((received.bytes, from, stamp))
    }
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = || address.as_sockaddr_in().map(|v4| SocketAddrV4::from(*v4).into());
    v4().or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6).into()))
}

fn system_time(stamp: &TimeSpec) -> Option<SystemTime> {
    let seconds = u64::try_from(stamp.tv_sec()).ok()?;
    let nanos = u32::try_from(stamp.tv_nsec()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}
