//! What an Opus packet says about itself before it is decoded (RFC 6716 §3).

/// The most that a packet may last: 120 ms, in samples at 48 kHz.
const LONGEST: usize = 5760;

/// How many samples a packet lasts, at 48 kHz.
pub(super) fn samples(packet: &[u8]) -> Option<usize> {
    let toc = *packet.first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => usize::from(packet.get(1)? & 0x3f),
    };
    let samples = frames * frame_samples(toc);
    (1..=LONGEST).contains(&samples).then_some(samples)
}

/// How much of the audio just before it a packet carries a copy of, in samples
/// at 48 kHz: one frame or nothing. The copy is of the part of a frame that is
/// coded as speech, and flags at its start tell of it (§4.2.4).
pub(super) fn redundancy(packet: &[u8]) -> usize {
    let Some(&toc) = packet.first() else { return 0 };
    let Some(&flags) = first_frame(packet).and_then(<[u8]>::first) else { return 0 };
    let speech = toc & 0x80 == 0;
    let frame = frame_samples(toc);
    // Speech flags of each 20 ms, then the flag of the copy; the same again
    // for the second channel.
    let parts = (frame / 960).max(1);
    let mut copy = flags >> (7 - parts) & 1;
    if toc & 4 != 0 {
        copy |= flags.checked_shr(6u32.saturating_sub(2 * parts as u32)).unwrap_or(0) & 1;
    }
    if speech && copy == 1 && samples(packet).is_some() { frame } else { 0 }
}

/// How many samples a frame lasts, at 48 kHz (table 2).
fn frame_samples(toc: u8) -> usize {
    let configuration = toc >> 3;
    match configuration {
        0..12 => [480, 960, 1920, 2880][usize::from(configuration & 3)],
        12..16 => [480, 960][usize::from(configuration & 1)],
        _ => [120, 240, 480, 960][usize::from(configuration & 3)],
    }
}

/// The bytes from the first frame on.
fn first_frame(packet: &[u8]) -> Option<&[u8]> {
    let (toc, rest) = packet.split_first()?;
    match toc & 3 {
        0 | 1 => Some(rest),
        2 => length(rest).map(|(_, rest)| rest),
        _ => {
            let (count, mut rest) = rest.split_first()?;
            if count & 0x40 != 0 {
                // Padding is announced here; it stands at the end.
                while let (255, more) = rest.split_first().map(|(n, more)| (*n, more))? {
                    rest = more;
                }
                rest = &rest[1..];
            }
            if count & 0x80 != 0 {
                for _ in 1..count & 0x3f {
                    rest = length(rest)?.1;
                }
            }
            Some(rest)
        }
    }
}

/// The length of a frame, in one byte or two (§3.2.1).
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 252 {
        return Some((first.into(), rest));
    }
    let (&second, rest) = rest.split_first()?;
    Some((usize::from(first) + 4 * usize::from(second), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_table() {
        // SILK 10 and 60 ms, hybrid 20 ms, CELT 2.5 and 20 ms.
        for (configuration, expected) in [(0, 480), (3, 2880), (13, 960), (16, 120), (31, 960)] {
            assert_eq!(samples(&[configuration << 3]), Some(expected));
            assert_eq!(samples(&[configuration << 3 | 1, 0]), Some(expected * 2));
        }
        assert_eq!(samples(&[]), None);
        assert_eq!(samples(&[31 << 3 | 3, 0]), None);
        assert_eq!(samples(&[31 << 3 | 3, 6]), Some(5760));
        assert_eq!(samples(&[31 << 3 | 3, 7]), None);
    }

    #[test]
    fn the_flag_of_the_copy_is_found() {
        // SILK 20 ms, mono: one speech flag, then the copy's.
        assert_eq!(redundancy(&[1 << 3, 0b0100_0000]), 960);
        assert_eq!(redundancy(&[1 << 3, 0b1011_1111]), 0);
        // 60 ms: three speech flags before it.
        assert_eq!(redundancy(&[3 << 3, 0b0001_0000]), 2880);
        // CELT has none.
        assert_eq!(redundancy(&[31 << 3, 0xff]), 0);
        // Two frames with a length, and three with padding and lengths.
        assert_eq!(redundancy(&[1 << 3 | 2, 1, 0b0100_0000, 0]), 960);
        assert_eq!(redundancy(&[1 << 3 | 3, 0xc3, 255, 1, 1, 1, 0b0100_0000]), 960);
        for end in 0..7 {
            redundancy(&[1 << 3 | 3, 0xc3, 255, 1, 1, 1, 0b0100_0000][..end]);
        }
    }
}
