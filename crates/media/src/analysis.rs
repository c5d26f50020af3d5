//! Measuring PCM: what tone is in it, and how loud. For tests, the demo and
//! the interoperation runs.

use std::f64::consts::TAU;

/// A sine of `frequency` Hz, for something to measure.
pub fn sine(rate: u32, frequency: f64, amplitude: f64, samples: usize) -> Vec<i16> {
    let step = TAU * frequency / f64::from(rate);
    (0..samples).map(|n| ((step * n as f64).sin() * amplitude).round() as i16).collect()
}

/// The root mean square of the samples: 0 to 32768. A full-scale sine has 23170.
pub fn rms(pcm: &[i16]) -> f64 {
    if pcm.is_empty() {
        return 0.0;
    }
    let sum: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / pcm.len() as f64).sqrt()
}

/// The amplitude of one frequency in the samples, 0 to 32768 (Goertzel's
/// algorithm under a Hann window).
///
/// ```
/// use sipsimple_media::analysis::{sine, tone_level};
/// let pcm = sine(8000, 440.0, 10_000.0, 8000);
/// assert!((tone_level(&pcm, 8000, 440.0) - 10_000.0).abs() < 10.0);
/// assert!(tone_level(&pcm, 8000, 660.0) < 10.0);
/// ```
pub fn tone_level(pcm: &[i16], rate: u32, frequency: f64) -> f64 {
    level(&windowed(pcm), rate, frequency)
}

/// The strongest frequency between 50 Hz and nine tenths of the half rate, or
/// `None` when there is nothing but silence. Exact to about a hertz for a
/// second of audio; looks at the first second only.
///
/// ```
/// use sipsimple_media::analysis::{dominant_frequency, sine};
/// let pcm = sine(16_000, 661.5, 3000.0, 16_000);
/// let frequency = dominant_frequency(&pcm, 16_000).unwrap();
/// assert!((frequency - 661.5).abs() < 1.0);
/// ```
pub fn dominant_frequency(pcm: &[i16], rate: u32) -> Option<f64> {
    let pcm = &pcm[..pcm.len().min(rate as usize)];
    if rms(pcm) < 1.0 {
        return None;
    }
    let samples = windowed(pcm);
    let (bin, magnitudes) = spectrum(&samples, rate);
    let (lowest, highest) = ((50.0 / bin).ceil() as usize, (f64::from(rate) * 0.45 / bin) as usize);
    let candidates = lowest..=highest.min(magnitudes.len() - 1);
    let strongest = candidates.max_by(|a, b| magnitudes[*a].total_cmp(&magnitudes[*b]))?;
    let (mut centre, mut step) = (strongest as f64 * bin, bin);
    while step > 0.05 {
        let around = (-5..=5).map(|n| centre + step * f64::from(n) / 5.0);
        let levels = around.map(|frequency| (level(&samples, rate, frequency), frequency));
        centre = levels.max_by(|a, b| a.0.total_cmp(&b.0))?.1;
        step /= 5.0;
    }
    Some(centre)
}

/// A place at which a tone does not go on as it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discontinuity {
    /// How far into the audio, in samples.
    pub at: usize,
    /// How far the phase jumps, in radians.
    pub phase: f64,
    /// The amplitude after it, as a share of that of the whole tone.
    pub level: f64,
}

/// How far a tone's phase may move from one 10 ms to the next, in radians.
const MAX_PHASE_STEP: f64 = 0.2;
/// How far a tone's amplitude may be from its usual one, as a share.
const MAX_LEVEL_STEP: f64 = 0.15;

/// Where a tone of `frequency` Hz, which is all that the audio should hold,
/// is cut, interrupted or weak: each 10 ms are compared with those before.
///
/// ```
/// use sipsimple_media::analysis::{discontinuities, sine};
/// let mut pcm = sine(8000, 440.0, 8000.0, 8000);
/// assert_eq!(discontinuities(&pcm, 8000, 440.0), []);
/// pcm.drain(4000..4005);
/// assert_eq!(discontinuities(&pcm, 8000, 440.0)[0].at, 4000);
/// ```
pub fn discontinuities(pcm: &[i16], rate: u32, frequency: f64) -> Vec<Discontinuity> {
    let len = rate as usize / 100;
    let fits: Vec<_> = pcm.chunks_exact(len).enumerate().collect();
    let fits: Vec<_> = fits.into_iter().map(|(n, b)| fit(b, n * len, rate, frequency)).collect();
    let mut levels: Vec<f64> = fits.iter().map(|(level, _)| *level).collect();
    levels.sort_by(f64::total_cmp);
    let usual = levels.get(levels.len() / 2).copied().unwrap_or(0.0).max(1.0);
    let mut found = Vec::new();
    for (n, (level, angle)) in fits.iter().enumerate() {
        let before = if n == 0 { *angle } else { fits[n - 1].1 };
        let phase = (angle - before + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        let level = level / usual;
        if phase.abs() > MAX_PHASE_STEP || (level - 1.0).abs() > MAX_LEVEL_STEP {
            found.push(Discontinuity { at: n * len, phase, level });
        }
    }
    found
}

/// Amplitude and phase of the sine that fits a block best (least squares).
fn fit(block: &[i16], start: usize, rate: u32, frequency: f64) -> (f64, f64) {
    let step = TAU * frequency / f64::from(rate);
    let (mut ss, mut cc, mut sc, mut sx, mut cx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, sample) in block.iter().enumerate() {
        let (sin, cos) = (step * (start + n) as f64).sin_cos();
        let sample = f64::from(*sample);
        ss += sin * sin;
        cc += cos * cos;
        sc += sin * cos;
        sx += sin * sample;
        cx += cos * sample;
    }
    let scale = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / scale, (cx * ss - sx * sc) / scale);
    (a.hypot(b), b.atan2(a))
}

/// The samples under a Hann window.
fn windowed(pcm: &[i16]) -> Vec<f64> {
    let step = TAU / pcm.len() as f64;
    let window = |n: usize| 0.5 - 0.5 * (step * n as f64).cos();
    pcm.iter().enumerate().map(|(n, sample)| f64::from(*sample) * window(n)).collect()
}

/// Goertzel's algorithm: the amplitude of a sine in samples under a Hann window.
fn level(samples: &[f64], rate: u32, frequency: f64) -> f64 {
    if samples.len() < 2 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * frequency / f64::from(rate)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (before, last) = (last, sample + coefficient * last - before);
    }
    let power = last * last + before * before - coefficient * last * before;
    // The window's mean is a half, a sine's two halves are each half of it.
    power.max(0.0).sqrt() * 4.0 / samples.len() as f64
}

/// The squared magnitudes of a Fourier transform (radix 2, zero-padded) up to
/// half the rate, and how many Hz lie between them.
fn spectrum(samples: &[f64], rate: u32) -> (f64, Vec<f64>) {
    let len = samples.len().next_power_of_two().max(2);
    let bits = len.trailing_zeros();
    let mut re = vec![0.0; len];
    let mut im = vec![0.0; len];
    for (n, sample) in samples.iter().enumerate() {
        re[n.reverse_bits() >> (usize::BITS - bits)] = *sample;
    }
    let mut half = 1;
    while half < len {
        for k in 0..half {
            let (sin, cos) = (-TAU * k as f64 / (2 * half) as f64).sin_cos();
            for a in (k..len).step_by(2 * half) {
                let b = a + half;
                let turned = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - turned.0, im[a] - turned.1);
                (re[a], im[a]) = (re[a] + turned.0, im[a] + turned.1);
            }
        }
        half *= 2;
    }
    let magnitudes = re.iter().zip(&im).take(len / 2).map(|(re, im)| re * re + im * im);
    (f64::from(rate) / len as f64, magnitudes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_of_two_tones_wins() {
        let (a, b) = (sine(8000, 440.0, 4000.0, 4000), sine(8000, 1000.0, 3000.0, 4000));
        let both: Vec<i16> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        assert!((dominant_frequency(&both, 8000).unwrap() - 440.0).abs() < 1.0);
        assert!((tone_level(&both, 8000, 1000.0) - 3000.0).abs() < 30.0);
        assert!((rms(&both) - 3535.5).abs() < 5.0);
    }

    #[test]
    fn silence_has_no_frequency() {
        assert_eq!(dominant_frequency(&[0; 8000], 8000), None);
        assert_eq!(dominant_frequency(&[], 8000), None);
        assert_eq!(rms(&[]), 0.0);
        assert_eq!(tone_level(&[], 8000, 440.0), 0.0);
    }
}
