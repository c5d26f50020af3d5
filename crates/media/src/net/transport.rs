//! A pair of sockets from the port pool.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sipsimple_net::{MediaSocket, Network};

use super::MediaError;
use super::ports::{PortLease, PortPool};

/// An RTP and an RTCP socket on neighbouring ports, bound but not read yet.
///
/// Dropping it closes them and returns the ports.
pub struct RtpTransport {
    pub(super) rtp: Box<dyn MediaSocket>,
    pub(super) rtcp: Box<dyn MediaSocket>,
    local_ip: IpAddr,
    lease: PortLease,
}

impl RtpTransport {
    /// Binds the next pair of ports that is free; one that some other program
    /// uses is skipped.
    pub(super) fn open(
        network: &dyn Network,
        pool: &Arc<PortPool>,
        local_ip: IpAddr,
    ) -> Result<Self, MediaError> {
        // Busy pairs stay taken until the end, so that none is tried twice.
        let mut busy = Vec::new();
        while busy.len() < pool.len() {
            let lease = pool.take().ok_or(MediaError::PortsExhausted)?;
            let bind = |port| {
                let address = SocketAddr::new(local_ip, port);
                network.bind_media(address).map_err(|source| (address, source))
            };
            match bind(lease.rtp).and_then(|rtp| Ok((rtp, bind(lease.rtp + 1)?))) {
                Ok((rtp, rtcp)) => return Ok(Self { rtp, rtcp, local_ip, lease }),
                Err((_, source)) if source.kind() == io::ErrorKind::AddrInUse => busy.push(lease),
                Err((address, source)) => return Err(MediaError::Bind { address, source }),
            }
        }
        Err(MediaError::PortsExhausted)
    }

    /// Where RTP is received.
    pub fn local_rtp(&self) -> SocketAddr {
        SocketAddr::new(self.local_ip, self.lease.rtp)
    }

    /// Where RTCP is received: the next port.
    pub fn local_rtcp(&self) -> SocketAddr {
        SocketAddr::new(self.local_ip, self.lease.rtp + 1)
    }
}

impl std::fmt::Debug for RtpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RtpTransport").field(&self.local_rtp()).finish()
    }
}
