//! Reading compound packets (RFC 3550 §6.4 to §6.6, appendix A.2; reduced
//! size is accepted, RFC 5506).

use super::{MAX_PACKETS, NtpTime, ReportBlock, SenderInfo, packet_type};
use crate::rtp::VERSION;

/// Why bytes are not RTCP. The sender is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RtcpError {
    /// A packet ends after the datagram, or inside its own fixed part.
    #[error("RTCP packet at offset {offset} is cut off")]
    Truncated {
        /// Where the packet starts.
        offset: usize,
    },
    /// The version field is not 2.
    #[error("RTCP version {version} at offset {offset}, not 2")]
    Version {
        /// Where the packet starts.
        offset: usize,
        /// What the field says.
        version: u8,
    },
    /// Padding in a packet that is not the last, or longer than its packet.
    #[error("wrong padding of the RTCP packet at offset {offset}")]
    Padding {
        /// Where the packet starts.
        offset: usize,
    },
}

/// A datagram of RTCP packets whose lengths have been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compound<'a> {
    bytes: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Checks one datagram.
    ///
    /// # Errors
    ///
    /// When a packet's length doesn't fit, or something else is not RTCP.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtcpError> {
        let mut offset = 0;
        loop {
            let rest = &bytes[offset..];
            let Some(header) = rest.first_chunk::<4>() else {
                return Err(RtcpError::Truncated { offset });
            };
            let version = header[0] >> 6;
            if version != VERSION {
                return Err(RtcpError::Version { offset, version });
            }
            let len = packet_len(header);
            let Some(packet) = rest.get(..len) else {
                return Err(RtcpError::Truncated { offset });
            };
            let last = len == rest.len();
            if header[0] & 0x20 != 0 {
                let padding = packet[len - 1];
                let fits = padding != 0 && padding % 4 == 0 && usize::from(padding) <= len - 4;
                if !last || !fits {
                    return Err(RtcpError::Padding { offset });
                }
            }
            if fixed_len(header[1]) > len {
                return Err(RtcpError::Truncated { offset });
            }
            if last {
                return Ok(Self { bytes });
            }
            offset += len;
        }
    }

    /// The packets, at most [`MAX_PACKETS`].
    pub fn packets(&self) -> impl Iterator<Item = Packet<'a>> + use<'a> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let header = rest.first_chunk::<4>()?;
            let (packet, after) = rest.split_at_checked(packet_len(header))?;
            rest = after;
            Some(Packet::of(packet))
        })
        .take(MAX_PACKETS)
    }
}

/// One RTCP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// SR: what a source has sent, and what it has received.
    SenderReport {
        /// The sender of the report.
        ssrc: u32,
        /// What it has sent.
        info: SenderInfo,
        /// What it has received.
        blocks: ReportBlocks<'a>,
    },
    /// RR: what a participant that has not sent lately has received.
    ReceiverReport {
        /// The sender of the report.
        ssrc: u32,
        /// What it has received.
        blocks: ReportBlocks<'a>,
    },
    /// SDES: who sources are.
    SourceDescription(SdesItems<'a>),
    /// BYE: a source leaves. The first of the sources that it names.
    Bye {
        /// The source, if one is named.
        ssrc: Option<u32>,
    },
    /// Something else: its packet type.
    Other(u8),
}

impl<'a> Packet<'a> {
    fn of(packet: &'a [u8]) -> Self {
        let count = usize::from(packet[0] & 0x1f);
        let mut body = &packet[4..];
        if packet[0] & 0x20 != 0 {
            let padding = usize::from(body.last().copied().unwrap_or(0));
            body = &body[..body.len().saturating_sub(padding)];
        }
        let blocks = |body: &'a [u8]| {
            let blocks = body.as_chunks::<{ ReportBlock::LEN }>().0;
            ReportBlocks { blocks: &blocks[..count.min(blocks.len())] }
        };
        match packet[1] {
            packet_type::SR if body.len() >= 24 => Self::SenderReport {
                ssrc: word(body, 0),
                info: SenderInfo {
                    ntp: NtpTime(u64::from(word(body, 4)) << 32 | u64::from(word(body, 8))),
                    rtp: word(body, 12),
                    packets: word(body, 16),
                    octets: word(body, 20),
                },
                blocks: blocks(&body[24..]),
            },
            packet_type::RR if body.len() >= 4 => {
                Self::ReceiverReport { ssrc: word(body, 0), blocks: blocks(&body[4..]) }
            }
            packet_type::SDES => Self::SourceDescription(SdesItems { rest: body, ssrc: None }),
            packet_type::BYE => {
                Self::Bye { ssrc: (count > 0 && body.len() >= 4).then(|| word(body, 0)) }
            }
            other => Self::Other(other),
        }
    }
}

/// The report blocks of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    blocks: &'a [[u8; ReportBlock::LEN]],
}

impl ReportBlocks<'_> {
    /// Each block, at most 31.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ReportBlock> + '_ {
        self.blocks.iter().map(|block| {
            let loss = word(block, 4);
            ReportBlock {
                ssrc: word(block, 0),
                fraction_lost: (loss >> 24) as u8,
                // Sign-extends the 24 bits.
                cumulative_lost: (loss << 8) as i32 >> 8,
                extended_highest: word(block, 8),
                jitter: word(block, 12),
                last_sr: word(block, 16),
                delay: word(block, 20),
            }
        })
    }
}

/// One item of a source description (RFC 3550 §6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SdesItem<'a> {
    /// The source it describes.
    pub ssrc: u32,
    /// What it says: 1 is the canonical name.
    pub kind: u8,
    /// Its text, meant to be UTF-8.
    pub text: &'a [u8],
}

/// The items of a source description packet; ends at the first malformed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SdesItems<'a> {
    rest: &'a [u8],
    ssrc: Option<u32>,
}

impl<'a> Iterator for SdesItems<'a> {
    type Item = SdesItem<'a>;

    fn next(&mut self) -> Option<SdesItem<'a>> {
        loop {
            let Some(ssrc) = self.ssrc else {
                let (ssrc, rest) = self.rest.split_first_chunk::<4>()?;
                self.rest = rest;
                self.ssrc = Some(u32::from_be_bytes(*ssrc));
                continue;
            };
            let (&kind, rest) = self.rest.split_first()?;
            if kind == 0 {
                // The chunk ends at the next word: count from the packet's end.
                self.rest = &rest[rest.len() % 4..];
                self.ssrc = None;
                continue;
            }
            let (&len, rest) = rest.split_first()?;
            let (text, rest) = rest.split_at_checked(len.into())?;
            self.rest = rest;
            return Some(SdesItem { ssrc, kind, text });
        }
    }
}

fn packet_len(header: &[u8; 4]) -> usize {
    4 + usize::from(u16::from_be_bytes([header[2], header[3]])) * 4
}

fn fixed_len(packet_type: u8) -> usize {
    match packet_type {
        packet_type::SR => 28,
        packet_type::RR => 8,
        _ => 4,
    }
}

/// The word at `offset`, which the caller has checked to be there.
fn word(bytes: &[u8], offset: usize) -> u32 {
    bytes[offset..].first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}
