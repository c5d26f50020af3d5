//! G.722 at 64 kbit/s (ITU-T G.722 (09/2012), mode 1; as RTP in RFC 3551 §4.5.2).
//!
//! Two samples at 16 kHz become one byte. A filter bank splits them into one
//! sample of the lower band and one of the upper; each band predicts its
//! sample and codes the difference, in 6 and in 2 bits, with a step that
//! follows the signal ([`band`]). Bit-exact to the Recommendation.

mod band;
mod filter_bank;

use band::{Band, scaled};
use filter_bank::FilterBank;

/// Decision levels of the lower band's quantizer, in steps/4096 (table 14).
const LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// The decision level of the upper band's quantizer.
const UPPER_LEVEL: i32 = 564;

/// What the 4-bit core of a lower code stands for, in steps/32768.
const COARSE: [i16; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];
/// What a whole lower code stands for, in steps/32768.
const FINE: [i16; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/// What an upper code stands for, in steps/32768.
const UPPER: [i16; 4] = [-7408, -1616, 7408, 1616];

/// 16 kHz PCM in, one byte for each two samples out.
#[derive(Debug, Clone)]
pub struct Encoder {
    lower: Band,
    upper: Band,
    split: FilterBank,
}

impl Encoder {
    /// An encoder that has heard nothing.
    pub fn new() -> Self {
        Self { lower: Band::lower(), upper: Band::upper(), split: FilterBank::new() }
    }

    /// Encodes pairs of samples, as many as both slices have; an odd sample at
    /// the end is left out. Says how many bytes it made.
    pub fn encode(&mut self, pcm: &[i16], codes: &mut [u8]) -> usize {
        let pairs = pcm.chunks_exact(2).zip(codes.iter_mut());
        let made = pairs.len();
        for (pair, code) in pairs {
            let (lower, upper) = self.split.analyse(pair[0].into(), pair[1].into());
            *code = self.code(lower, upper);
        }
        made
    }

    /// One sample of each band.
    fn code(&mut self, lower: i32, upper: i32) -> u8 {
        let low = self.quantize_lower(lower);
        let core = usize::from(low >> 2);
        self.lower.follow(core, COARSE[core]);
        let high = self.quantize_upper(upper);
        self.upper.follow(high.into(), UPPER[usize::from(high)]);
        high << 6 | low
    }

    fn quantize_lower(&self, sample: i32) -> u8 {
        let error = self.lower.error(sample);
        let step = self.lower.step();
        let magnitude = if error < 0 { !error } else { error };
        let level = LEVELS.partition_point(|level| (level * step) >> 12 <= magnitude) as u8;
        match (error < 0, level) {
            (false, _) => 61 - level,
            (true, 0 | 1) => 63 - level,
            (true, _) => 33 - level,
        }
    }

    fn quantize_upper(&self, sample: i32) -> u8 {
        let error = self.upper.error(sample);
        let magnitude = if error < 0 { !error } else { error };
        let large = magnitude >= (UPPER_LEVEL * self.upper.step()) >> 12;
        match (error < 0, large) {
            (false, true) => 2,
            (false, false) => 3,
            (true, true) => 0,
            (true, false) => 1,
        }
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes in, two samples of 16 kHz PCM out for each.
#[derive(Debug, Clone)]
pub struct Decoder {
    lower: Band,
    upper: Band,
    join: FilterBank,
}

impl Decoder {
    /// A decoder that has heard nothing.
    pub fn new() -> Self {
        Self { lower: Band::lower(), upper: Band::upper(), join: FilterBank::new() }
    }

    /// Decodes as many codes as both slices have room for, and says how many
    /// samples that gave. Any code is valid.
    pub fn decode(&mut self, codes: &[u8], pcm: &mut [i16]) -> usize {
        let pairs = codes.iter().zip(pcm.chunks_exact_mut(2));
        let made = pairs.len() * 2;
        for (code, pair) in pairs {
            let (lower, upper) = self.samples(*code);
            let (first, second) = self.join.synthesise(lower, upper);
            pair.copy_from_slice(&[first, second]);
        }
        made
    }

    /// One sample of each band.
    fn samples(&mut self, code: u8) -> (i32, i32) {
        let low = usize::from(code & 0x3f);
        let lower = self.lower.predicted() + scaled(self.lower.step(), FINE[low]);
        self.lower.follow(low >> 2, COARSE[low >> 2]);
        let high = usize::from(code >> 6);
        let upper = self.upper.predicted() + scaled(self.upper.step(), UPPER[high]);
        self.upper.follow(high, UPPER[high]);
        (lower.clamp(-16384, 16383), upper.clamp(-16384, 16383))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
