//! Building compound packets into a buffer (RFC 3550 §6.1).

use super::{NtpTime, ReportBlock, packet_type};
use crate::rtp::VERSION;

/// What a source says about itself in a sender report (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// The time of the report.
    pub ntp: NtpTime,
    /// The same time on the clock of its RTP timestamps.
    pub rtp: u32,
    /// RTP packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// Writes packets one after the other; what does not fit is left out whole.
#[derive(Debug)]
pub struct Builder<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Builder<'a> {
    /// A compound that starts at the start of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Adds a sender report, with at most 31 blocks.
    #[must_use]
    pub fn sender_report(self, ssrc: u32, info: &SenderInfo, blocks: &[ReportBlock]) -> Self {
        self.report(packet_type::SR, ssrc, Some(info), blocks)
    }

    /// Adds a receiver report, with at most 31 blocks.
    #[must_use]
    pub fn receiver_report(self, ssrc: u32, blocks: &[ReportBlock]) -> Self {
        self.report(packet_type::RR, ssrc, None, blocks)
    }

    /// Adds a source description with a canonical name, cut to 255 bytes.
    #[must_use]
    pub fn cname(self, ssrc: u32, cname: &str) -> Self {
        let mut end = cname.len().min(255);
        while !cname.is_char_boundary(end) {
            end -= 1;
        }
        let cname = &cname.as_bytes()[..end];
        // Chunks end with a null item, then up to the next word.
        let padded = (2 + cname.len() + 1).next_multiple_of(4);
        self.packet(1, packet_type::SDES, 4 + padded, |body| {
            body[..4].copy_from_slice(&ssrc.to_be_bytes());
            body[4] = 1;
            body[5] = cname.len() as u8;
            body[6..6 + cname.len()].copy_from_slice(cname);
            body[6 + cname.len()..].fill(0);
        })
    }

    /// Adds a BYE.
    #[must_use]
    pub fn bye(self, ssrc: u32) -> Self {
        self.packet(1, packet_type::BYE, 4, |body| body.copy_from_slice(&ssrc.to_be_bytes()))
    }

    /// How many bytes have been written.
    pub fn finish(self) -> usize {
        self.len
    }

    fn report(
        self,
        packet_type: u8,
        ssrc: u32,
        info: Option<&SenderInfo>,
        blocks: &[ReportBlock],
    ) -> Self {
        let blocks = &blocks[..blocks.len().min(31)];
        let fixed = if info.is_some() { 24 } else { 4 };
        let len = fixed + blocks.len() * ReportBlock::LEN;
        self.packet(blocks.len() as u8, packet_type, len, |body| {
            body[..4].copy_from_slice(&ssrc.to_be_bytes());
            if let Some(info) = info {
                body[4..12].copy_from_slice(&info.ntp.0.to_be_bytes());
                body[12..16].copy_from_slice(&info.rtp.to_be_bytes());
                body[16..20].copy_from_slice(&info.packets.to_be_bytes());
                body[20..24].copy_from_slice(&info.octets.to_be_bytes());
            }
            for (block, out) in blocks.iter().zip(body[fixed..].chunks_exact_mut(24)) {
                let loss = u32::from(block.fraction_lost) << 24
                    | block.cumulative_lost as u32 & 0x00ff_ffff;
                let words = [
                    block.ssrc,
                    loss,
                    block.extended_highest,
                    block.jitter,
                    block.last_sr,
                    block.delay,
                ];
                for (word, out) in words.iter().zip(out.chunks_exact_mut(4)) {
                    out.copy_from_slice(&word.to_be_bytes());
                }
            }
        })
    }

    fn packet(
        mut self,
        count: u8,
        packet_type: u8,
        body_len: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Self {
        let start = self.len;
        let Some(packet) = self.out.get_mut(start..start + 4 + body_len) else { return self };
        packet[0] = VERSION << 6 | count;
        packet[1] = packet_type;
        packet[2..4].copy_from_slice(&((body_len / 4) as u16).to_be_bytes());
        write(&mut packet[4..]);
        self.len += 4 + body_len;
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Compound, Packet, RtcpError};
    use super::*;

    fn block() -> impl Strategy<Value = ReportBlock> {
        (any::<[u32; 5]>(), any::<u8>(), -0x80_0000..0x80_0000i32).prop_map(
            |(words, fraction_lost, cumulative_lost)| ReportBlock {
                ssrc: words[0],
                fraction_lost,
                cumulative_lost,
                extended_highest: words[1],
                jitter: words[2],
                last_sr: words[3],
                delay: words[4],
            },
        )
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(compound) = Compound::parse(&bytes) {
                for packet in compound.packets() {
                    if let Packet::SourceDescription(items) = packet {
                        prop_assert!(items.count() <= bytes.len());
                    }
                }
            }
        }

        #[test]
        fn almost_rtcp_never_panics(
            mut bytes in proptest::collection::vec(any::<u8>(), 4..400),
            packet_type in 200u8..206,
            first: u8,
        ) {
            bytes[0] = 0x80 | first & 0x3f;
            bytes[1] = packet_type;
            let words = bytes.len() / 4;
            bytes[2..4].copy_from_slice(&(words as u16 - 1).to_be_bytes());
            if let Ok(compound) = Compound::parse(&bytes[..words * 4]) {
                for packet in compound.packets() {
                    match packet {
                        Packet::SenderReport { blocks, .. } => drop(blocks.iter().count()),
                        Packet::SourceDescription(items) => drop(items.count()),
                        _ => {}
                    }
                }
            }
        }

        #[test]
        fn round_trip(
            ssrc: u32, words: [u32; 3], ntp: u64,
            blocks in proptest::collection::vec(block(), 0..32),
            name in "\\PC{0,300}",
        ) {
            let info = SenderInfo {
                ntp: NtpTime(ntp), rtp: words[0], packets: words[1], octets: words[2],
            };
            let mut out = [0xaa; 2000];
            let len = Builder::new(&mut out)
                .sender_report(ssrc, &info, &blocks)
                .receiver_report(ssrc, &blocks)
                .cname(ssrc, &name)
                .bye(ssrc)
                .finish();
            let compound = Compound::parse(&out[..len]).unwrap();
            let packets: Vec<_> = compound.packets().collect();
            prop_assert_eq!(packets.len(), 4);
            match packets[0] {
                Packet::SenderReport { ssrc: from, info: read, blocks: read_blocks } => {
                    prop_assert_eq!((from, read), (ssrc, info));
                    prop_assert_eq!(read_blocks.iter().collect::<Vec<_>>(), blocks.clone());
                }
                other => prop_assert!(false, "{:?}", other),
            }
            match packets[1] {
                Packet::ReceiverReport { ssrc: from, blocks: read_blocks } => {
                    prop_assert_eq!(from, ssrc);
                    prop_assert_eq!(read_blocks.iter().collect::<Vec<_>>(), blocks);
                }
                other => prop_assert!(false, "{:?}", other),
            }
            match packets[2] {
                Packet::SourceDescription(mut items) => {
                    let item = items.next().unwrap();
                    prop_assert_eq!((item.ssrc, item.kind), (ssrc, 1));
                    prop_assert!(name.as_bytes().starts_with(item.text));
                    prop_assert!(item.text.len() == name.len() || item.text.len() > 251);
                    prop_assert_eq!(items.next(), None);
                }
                other => prop_assert!(false, "{:?}", other),
            }
            prop_assert_eq!(packets[3], Packet::Bye { ssrc: Some(ssrc) });
        }
    }

    #[test]
    fn lengths_are_checked() {
        let mut out = [0; 64];
        let len = Builder::new(&mut out).receiver_report(1, &[]).cname(1, "a@b").finish();
        assert_eq!(Compound::parse(&out[..len - 1]), Err(RtcpError::Truncated { offset: 8 }));
        assert_eq!(Compound::parse(&[]), Err(RtcpError::Truncated { offset: 0 }));
        let mut padded = out;
        padded[0] |= 0x20;
        assert_eq!(Compound::parse(&padded[..len]), Err(RtcpError::Padding { offset: 0 }));
        out[8] = 0;
        assert_eq!(Compound::parse(&out[..len]), Err(RtcpError::Version { offset: 8, version: 0 }));
        // Half a sender report.
        assert_eq!(
            Compound::parse(&[0x80, 200, 0, 1, 0, 0, 0, 1]),
            Err(RtcpError::Truncated { offset: 0 })
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut out = [0; 20];
        let len = Builder::new(&mut out).receiver_report(1, &[]).cname(1, "too-long").bye(1);
        assert_eq!(len.finish(), 16);
    }
}
