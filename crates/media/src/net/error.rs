//! What a media engine refuses, and why.

use std::io;
use std::net::SocketAddr;

use crate::mixer::MixerError;
use crate::resample::ResampleError;

/// Why a command to a media engine could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The port range has no pair of ports: the configuration's fault.
    #[error("RTP port range {first}-{last} has no pair of ports")]
    PortRange {
        /// The first port of the range.
        first: u16,
        /// The last port of the range.
        last: u16,
    },
    /// All ports of the range are in use.
    #[error("no free pair of RTP ports is left")]
    PortsExhausted,
    /// The system would not bind a socket.
    #[error("could not bind {address}: {source}")]
    Bind {
        /// The address to bind.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The mixer has no room for a port.
    #[error(transparent)]
    Mixer(#[from] MixerError),
    /// The codec's rate can't be converted to the mixer's.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// No payload type that is sent or accepted, or one above 127.
    #[error("unusable payload type {0}")]
    PayloadType(u8),
    /// The peer takes no telephone-events.
    #[error("the peer takes no telephone-events")]
    NoTelephoneEvent,
    /// More commands wait than the media worker's queue holds.
    #[error("the media worker is behind with its commands")]
    Busy,
    /// The stream has ended.
    #[error("the stream has ended")]
    Ended,
}
