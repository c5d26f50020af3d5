//! What a mixer refuses.

use super::port::PortId;

/// Why a command to a mixer could not be carried out: the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MixerError {
    /// The mixer has [`MAX_PORTS`](super::MAX_PORTS).
    #[error("the mixer has no room for another port")]
    TooManyPorts,
    /// The port has been removed, or was never in this mixer.
    #[error("the mixer has no port {0}")]
    NoSuchPort(PortId),
    /// A port can't be connected to itself.
    #[error("port {0} can't be connected to itself")]
    SamePort(PortId),
    /// The port has no input into the mixer, so nothing can be heard from it.
    #[error("port {0} has no input")]
    NoInput(PortId),
    /// The port has no output from the mixer, so it can't hear anything.
    #[error("port {0} has no output")]
    NoOutput(PortId),
    /// The port hears [`MAX_CONNECTIONS_PER_PORT`](super::MAX_CONNECTIONS_PER_PORT)
    /// others already; a bridge has no such limit.
    #[error("port {0} has too many connections")]
    TooManyConnections(PortId),
    /// The device's port belongs to the mixer.
    #[error("the device's port can't be removed")]
    DevicePort,
    /// A volume above [`MAX_VOLUME`](super::MAX_VOLUME) percent.
    #[error("volume of {0} percent")]
    VolumeTooHigh(u32),
}
