//! RTCP: compound packets read and built, and when to send them (RFC 3550 §6).

mod build;
mod ntp;
mod parse;
mod schedule;

pub use build::{Builder, SenderInfo};
pub use ntp::NtpTime;
pub use parse::{Compound, Packet, ReportBlocks, RtcpError, SdesItem, SdesItems};
pub use schedule::{Schedule, interval};

/// Packets of one compound that are looked at; the rest is ignored.
pub const MAX_PACKETS: usize = 32;

/// Packet types (RFC 3550 §12.1).
pub(crate) mod packet_type {
    pub(crate) const SR: u8 = 200;
    pub(crate) const RR: u8 = 201;
    pub(crate) const SDES: u8 = 202;
    pub(crate) const BYE: u8 = 203;
}

/// What one receiver reports about one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Packets lost since the last report, in 256ths of those expected.
    pub fraction_lost: u8,
    /// Packets lost since the start, 24 bits; negative with duplicates.
    pub cumulative_lost: i32,
    /// The highest sequence number received, with its wraps in the upper half.
    pub extended_highest: u32,
    /// Interarrival jitter in units of the RTP clock.
    pub jitter: u32,
    /// The middle of the NTP time of the source's last sender report, or 0.
    pub last_sr: u32,
    /// How long ago that report came, in 65,536ths of a second.
    pub delay: u32,
}

impl ReportBlock {
    /// Bytes on the wire.
    pub const LEN: usize = 24;
}
