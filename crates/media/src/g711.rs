//! G.711 µ-law and A-law (ITU-T G.711; payload formats in RFC 3551 §4.5.14).
//!
//! Expansion is bit-exact to the tables of the Recommendation. Compression
//! picks the interval that the sample lies in, counting a negative sample on a
//! decision value to the smaller magnitude, as the ITU's software tools do.

/// Compresses one sample to µ-law.
pub const fn encode_ulaw(sample: i16) -> u8 {
    let negative = sample < 0;
    let magnitude = (if negative { !sample } else { sample } as u16 >> 2) + 33;
    let magnitude = if magnitude > 0x1fff { 0x1fff } else { magnitude };
    // 33 has its top bit at 5: segment 0.
    let segment = 10 - magnitude.leading_zeros() as u16;
    let code = segment << 4 | (magnitude >> (segment + 1)) & 0x0f;
    !(code as u8 | (negative as u8) << 7)
}

/// Expands one µ-law code.
pub const fn decode_ulaw(code: u8) -> i16 {
    let code = !code;
    let segment = (code >> 4) & 7;
    let magnitude = (((((code & 0x0f) as i16) << 3) + 0x84) << segment) - 0x84;
    if code & 0x80 != 0 { -magnitude } else { magnitude }
}

/// Compresses one sample to A-law.
pub const fn encode_alaw(sample: i16) -> u8 {
    let negative = sample < 0;
    let magnitude = if negative { !sample } else { sample } as u16 >> 4;
    let code = if magnitude < 32 {
        magnitude
    } else {
        // 32 has its top bit at 5: segment 2.
        let segment = 12 - magnitude.leading_zeros() as u16;
        segment << 4 | (magnitude >> (segment - 1)) & 0x0f
    };
    (code as u8 | (!negative as u8) << 7) ^ 0x55
}

/// Expands one A-law code.
pub const fn decode_alaw(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = ((code & 0x0f) as i16) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

/// Every µ-law code, expanded.
pub static ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = decode_ulaw(code as u8);
        code += 1;
    }
    table
};

/// Every A-law code, expanded.
pub static ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = decode_alaw(code as u8);
        code += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(text: &str) -> Vec<i16> {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split_whitespace().map(|value| value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn expansion_is_the_standards() {
        let ulaw = include_str!("../../../fixtures/media/g711/ulaw-expanded.txt");
        let alaw = include_str!("../../../fixtures/media/g711/alaw-expanded.txt");
        assert_eq!(fixture(ulaw), ULAW);
        assert_eq!(fixture(alaw), ALAW);
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for code in 0..=255u8 {
            assert_eq!(encode_alaw(decode_alaw(code)), code);
            // µ-law has two zeros; the positive one is sent.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(encode_ulaw(decode_ulaw(code)), expected);
        }
    }

    /// G.711 table 2a: the decision values of a segment are its start plus
    /// steps, the expanded value lies in the middle.
    #[test]
    fn compression_picks_the_interval_around_the_sample() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(sample).abs();
            let ulaw = i32::from(decode_ulaw(encode_ulaw(sample)));
            assert!(ulaw == 0 || (ulaw < 0) == (sample < 0), "{sample}");
            if magnitude < 32_636 {
                let half = (4 << ((magnitude / 4 + 33).ilog2() - 5)).max(4);
                assert!((ulaw - i32::from(sample)).abs() <= half, "µ-law {sample} -> {ulaw}");
            }
            let alaw = i32::from(decode_alaw(encode_alaw(sample)));
            assert_eq!(alaw < 0, sample < 0, "{sample}");
            let half = 8 << ((magnitude / 16).max(16).ilog2() - 4);
            assert!((alaw - i32::from(sample)).abs() <= half, "A-law {sample} -> {alaw}");
        }
    }

    #[test]
    fn compression_is_monotonic() {
        for sample in i16::MIN..i16::MAX {
            assert!(decode_ulaw(encode_ulaw(sample)) <= decode_ulaw(encode_ulaw(sample + 1)));
            assert!(decode_alaw(encode_alaw(sample)) <= decode_alaw(encode_alaw(sample + 1)));
        }
    }
}
