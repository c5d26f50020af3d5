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
    let len = pcm.len() as f64;
    if pcm.len() < 2 {
        return 0.0;
    }
    let step = TAU * frequency / f64::from(rate);
    let coefficient = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for (n, sample) in pcm.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * n as f64 / len).cos();
        let next = f64::from(*sample) * window + coefficient * last - before;
        (before, last) = (last, next);
    }
    let power = last * last + before * before - coefficient * last * before;
    // The window's mean is a half, a sine's two halves are each half of it.
    power.max(0.0).sqrt() * 4.0 / len
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
    // The window's main lobe is two bins to each side: a coarse scan in steps
    // of a bin can't miss it.
    let bin = f64::from(rate) / pcm.len() as f64;
    let highest = f64::from(rate) * 0.45;
    let scan = |from: f64, to: f64, step: f64| {
        let mut best = (0.0, from);
        let mut frequency = from;
        while frequency <= to {
            let level = tone_level(pcm, rate, frequency);
            if level > best.0 {
                best = (level, frequency);
            }
            frequency += step;
        }
        best.1
    };
    let mut centre = scan(50.0, highest, bin.max(1.0));
    let mut step = bin;
    while step > 0.1 {
        centre = scan((centre - step).max(1.0), centre + step, step / 5.0);
        step /= 5.0;
    }
    Some(centre)
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
