//! RTP packets: reading and building without allocation (RFC 3550 §5.1, §5.3.1).

/// Bytes of the fixed header, before CSRCs and extension.
pub const HEADER_LEN: usize = 12;

/// The version field of every RTP and RTCP packet.
pub(crate) const VERSION: u8 = 2;

/// Why bytes are not an RTP packet. The sender is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RtpError {
    /// The packet ends inside the part that `needed` bytes are needed for.
    #[error("packet of {len} bytes is shorter than the {needed} its header asks for")]
    Truncated {
        /// Bytes that are there.
        len: usize,
        /// Bytes that the header asks for.
        needed: usize,
    },
    /// The version field is not 2.
    #[error("RTP version {version}, not 2")]
    Version {
        /// What the field says.
        version: u8,
    },
    /// The last byte counts no padding, or more than there is.
    #[error("padding of {padding} bytes in {available}")]
    Padding {
        /// What the last byte says.
        padding: usize,
        /// Bytes behind the header.
        available: usize,
    },
    /// The payload type is one of 72 to 76, which RTCP packets look like (RFC 5761 §4).
    #[error("looks like RTCP")]
    Rtcp,
}

/// An RTP packet that borrows the datagram it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The marker bit: for audio, the start of a talk spurt.
    pub marker: bool,
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp, in units of the payload's clock rate.
    pub timestamp: u32,
    /// The synchronization source.
    pub ssrc: u32,
    /// The header extension: its profile-defined number and its data.
    pub extension: Option<(u16, &'a [u8])>,
    /// The payload, without padding.
    pub payload: &'a [u8],
    csrc: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads one datagram.
    ///
    /// # Errors
    ///
    /// When the header's lengths don't fit the datagram or it is not RTP.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let truncated = |needed| RtpError::Truncated { len: bytes.len(), needed };
        let Some((header, mut rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Err(truncated(HEADER_LEN));
        };
        let version = header[0] >> 6;
        if version != VERSION {
            return Err(RtpError::Version { version });
        }
        if (192..=223).contains(&header[1]) {
            return Err(RtpError::Rtcp);
        }
        let csrc_len = usize::from(header[0] & 0x0f) * 4;
        let Some((csrc, after)) = rest.split_at_checked(csrc_len) else {
            return Err(truncated(HEADER_LEN + csrc_len));
        };
        rest = after;
        let mut extension = None;
        if header[0] & 0x10 != 0 {
            let before = bytes.len() - rest.len();
            let Some((head, after)) = rest.split_first_chunk::<4>() else {
                return Err(truncated(before + 4));
            };
            let len = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
            let Some((data, after)) = after.split_at_checked(len) else {
                return Err(truncated(before + 4 + len));
            };
            extension = Some((u16::from_be_bytes([head[0], head[1]]), data));
            rest = after;
        }
        if header[0] & 0x20 != 0 {
            let padding = usize::from(rest.last().copied().unwrap_or(0));
            let available = rest.len();
            if padding == 0 || padding > available {
                return Err(RtpError::Padding { padding, available });
            }
            rest = &rest[..available - padding];
        }
        Ok(Self {
            marker: header[1] & 0x80 != 0,
            payload_type: header[1] & 0x7f,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            extension,
            payload: rest,
            csrc,
        })
    }

    /// The contributing sources, at most 15.
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = u32> + 'a {
        self.csrc.as_chunks::<4>().0.iter().map(|c| u32::from_be_bytes(*c))
    }
}

/// What the header of a packet to be sent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RtpHeader<'a> {
    /// The marker bit.
    pub marker: bool,
    /// The payload type; its upper bit is cut.
    pub payload_type: u8,
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp.
    pub timestamp: u32,
    /// The synchronization source.
    pub ssrc: u32,
    /// Contributing sources; those after the 15th are left out.
    pub csrcs: &'a [u32],
    /// The header extension, its data cut to whole words.
    pub extension: Option<(u16, &'a [u8])>,
}

impl RtpHeader<'_> {
    /// The bytes that [`write`](Self::write) needs.
    pub fn len(&self) -> usize {
        let extension = self.extension.map_or(0, |(_, data)| 4 + data.len() / 4 * 4);
        HEADER_LEN + self.csrcs.len().min(15) * 4 + extension
    }

    /// Never: a header has at least [`HEADER_LEN`] bytes.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Writes the header to the start of `out` and says how long it is, or
    /// `None` when it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let len = self.len();
        let out = out.get_mut(..len)?;
        let csrcs = &self.csrcs[..self.csrcs.len().min(15)];
        out[0] = VERSION << 6 | u8::from(self.extension.is_some()) << 4 | csrcs.len() as u8;
        out[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        let mut rest = &mut out[HEADER_LEN..];
        for csrc in csrcs {
            let (word, after) = rest.split_at_mut(4);
            word.copy_from_slice(&csrc.to_be_bytes());
            rest = after;
        }
        if let Some((profile, data)) = self.extension {
            let words = (data.len() / 4) as u16;
            rest[..2].copy_from_slice(&profile.to_be_bytes());
            rest[2..4].copy_from_slice(&words.to_be_bytes());
            rest[4..].copy_from_slice(&data[..usize::from(words) * 4]);
        }
        Some(len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: [u8; 14] = [0x80, 0x80, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4, 0xd5, 0x55];

    #[test]
    fn reads_a_plain_packet() {
        let packet = RtpPacket::parse(&PLAIN).unwrap();
        assert!(packet.marker);
        assert_eq!(packet.payload_type, 0);
        assert_eq!(packet.sequence, 7);
        assert_eq!(packet.timestamp, 160);
        assert_eq!(packet.ssrc, 0x0102_0304);
        assert_eq!(packet.payload, [0xd5, 0x55]);
        assert_eq!(packet.csrcs().len(), 0);
    }

    #[test]
    fn padding_is_cut_and_checked() {
        let mut padded = PLAIN.to_vec();
        padded[0] |= 0x20;
        padded.extend([0, 0, 3]);
        assert_eq!(RtpPacket::parse(&padded).unwrap().payload, [0xd5, 0x55]);
        *padded.last_mut().unwrap() = 0;
        assert!(matches!(RtpPacket::parse(&padded), Err(RtpError::Padding { padding: 0, .. })));
        *padded.last_mut().unwrap() = 6;
        assert!(matches!(RtpPacket::parse(&padded), Err(RtpError::Padding { .. })));
        let mut empty = PLAIN[..12].to_vec();
        empty[0] |= 0x20;
        assert!(matches!(RtpPacket::parse(&empty), Err(RtpError::Padding { .. })));
    }

    #[test]
    fn what_is_not_rtp_is_refused() {
        assert!(matches!(RtpPacket::parse(&[]), Err(RtpError::Truncated { needed: 12, .. })));
        let mut bad = PLAIN;
        bad[0] = 0x40;
        assert_eq!(RtpPacket::parse(&bad), Err(RtpError::Version { version: 1 }));
        bad[0] = 0x8f;
        assert!(matches!(RtpPacket::parse(&bad), Err(RtpError::Truncated { needed: 72, .. })));
        bad[0] = 0x90;
        assert!(matches!(RtpPacket::parse(&bad), Err(RtpError::Truncated { needed: 16, .. })));
        bad[0] = 0x80;
        bad[1] = 200;
        assert_eq!(RtpPacket::parse(&bad), Err(RtpError::Rtcp));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = RtpPacket::parse(&bytes) {
                prop_assert!(packet.payload.len() <= bytes.len() - HEADER_LEN);
                prop_assert!(packet.csrcs().len() <= 15);
            }
        }

        #[test]
        fn round_trip(
            marker: bool,
            payload_type in (0u8..128).prop_filter("RTCP", |p| !(64..96).contains(p)),
            sequence: u16, timestamp: u32, ssrc: u32,
            csrcs in proptest::collection::vec(any::<u32>(), 0..16),
            profile: u16,
            words in proptest::option::of(proptest::collection::vec(any::<[u8; 4]>(), 0..9)),
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let data = words.as_ref().map(|w| w.concat());
            let extension = data.as_deref().map(|d| (profile, d));
            let header = RtpHeader {
                marker, payload_type, sequence, timestamp, ssrc, csrcs: &csrcs, extension,
            };
            let mut bytes = vec![0; header.len() + payload.len()];
            let len = header.write(&mut bytes).unwrap();
            bytes[len..].copy_from_slice(&payload);
            let packet = RtpPacket::parse(&bytes).unwrap();
            prop_assert_eq!(packet.marker, marker);
            prop_assert_eq!(packet.payload_type, payload_type);
            prop_assert_eq!(packet.sequence, sequence);
            prop_assert_eq!(packet.timestamp, timestamp);
            prop_assert_eq!(packet.ssrc, ssrc);
            prop_assert_eq!(packet.csrcs().collect::<Vec<_>>(), csrcs.clone());
            prop_assert_eq!(packet.extension, extension);
            prop_assert_eq!(packet.payload, &payload[..]);
            prop_assert_eq!(header.write(&mut bytes[..len - 1]), None);
        }
    }
}
