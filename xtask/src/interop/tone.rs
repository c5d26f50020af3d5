//! What a recording holds: the strongest frequency, window by window, with Goertzel's algorithm.

use std::f64::consts::TAU;
use std::path::Path;

use super::cell::Stop;

/// Length of a window; frequencies are told apart at its inverse, 10 Hz.
const WINDOW_SECONDS: f64 = 0.1;

/// Frequencies that are looked at: the telephone band, up to the harmonics.
const LOWEST: u32 = 200;
const HIGHEST: u32 = 3_400;
const STEP: u32 = 10;

/// Below this level (full scale is 0 dB) a window counts as silent.
const SILENCE_DB: f64 = -45.0;

/// Share of the loud windows that must hold the tone.
const SHARE: f64 = 0.9;

/// What a recording sounds like.
#[derive(Debug)]
pub(super) struct Reading {
    /// Length of the whole recording, in seconds.
    pub(super) seconds: f64,
    /// Length of what isn't silent, in seconds.
    pub(super) loud: f64,
    /// The frequency that is strongest most of the time, in Hz; 0 for silence.
    pub(super) hz: u32,
    /// The share of the loud windows where it is the strongest.
    pub(super) share: f64,
    /// Mean level of the loud windows, in dB below full scale.
    pub(super) level: f64,
}

/// Fails unless at least `seconds` of the recording are the tone, and hardly
/// anything else is in it.
pub(super) fn expect(path: &Path, hz: u32, seconds: f64) -> Result<Reading, Stop> {
    let reading = measure(path)?;
    let matches = reading.hz.abs_diff(hz) <= STEP
        && reading.share >= SHARE
        && reading.loud * reading.share >= seconds;
    if matches {
        return Ok(reading);
    }
    Err(Stop::Fail(format!(
        "{} holds {} Hz for {:.0} % of {:.1} s (of {:.1} s recorded), expected {hz} Hz for {seconds:.1} s",
        path.file_name().unwrap_or_default().to_string_lossy(),
        reading.hz,
        reading.share * 100.0,
        reading.loud,
        reading.seconds,
    )))
}

/// Measures a WAV file.
pub(super) fn measure(path: &Path) -> Result<Reading, Stop> {
    let bytes =
        std::fs::read(path).map_err(|error| Stop::Fail(format!("{}: {error}", path.display())))?;
    let (rate, samples) =
        samples(&bytes).ok_or_else(|| Stop::Fail(format!("{}: no PCM WAV", path.display())))?;
    Ok(read(rate, &samples))
}

fn read(rate: u32, samples: &[f64]) -> Reading {
    let length = (f64::from(rate) * WINDOW_SECONDS) as usize;
    let mut found: Vec<u32> = Vec::new();
    let mut level = 0.0;
    for window in samples.chunks_exact(length.max(1)) {
        let power = window.iter().map(|sample| sample * sample).sum::<f64>() / length as f64;
        let decibel = 10.0 * power.max(1e-12).log10();
        if decibel > SILENCE_DB {
            found.push(strongest(rate, window));
            level += decibel;
        }
    }
    let mut counts = std::collections::BTreeMap::new();
    for hz in &found {
        *counts.entry(*hz).or_insert(0_u32) += 1;
    }
    let hz = counts.iter().max_by_key(|(_, count)| **count).map_or(0, |(hz, _)| *hz);
    let near = found.iter().filter(|other| other.abs_diff(hz) <= STEP).count();
    let count = found.len().max(1) as f64;
    Reading {
        seconds: samples.len() as f64 / f64::from(rate.max(1)),
        loud: found.len() as f64 * WINDOW_SECONDS,
        hz,
        share: near as f64 / count,
        level: level / count,
    }
}

fn strongest(rate: u32, window: &[f64]) -> u32 {
    let top = HIGHEST.min(rate / 2);
    let candidates = (LOWEST..top).step_by(STEP as usize);
    let power = |hz: u32| goertzel(f64::from(hz) / f64::from(rate), window);
    candidates.map(|hz| (power(hz), hz)).max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |best| best.1)
}

/// Power of one frequency, given in cycles per sample.
fn goertzel(frequency: f64, window: &[f64]) -> f64 {
    let coefficient = 2.0 * (TAU * frequency).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in window {
        let next = sample + coefficient * one - two;
        two = one;
        one = next;
    }
    one * one + two * two - coefficient * one * two
}

/// Sample rate and first channel of a PCM WAV file, full scale being 1. A
/// recorder that was stopped early leaves no lengths in its header: then the
/// data goes to the end of the file.
fn samples(bytes: &[u8]) -> Option<(u32, Vec<f64>)> {
    let number = |at: usize, length: usize| -> Option<u32> {
        let slice = bytes.get(at..at + length)?;
        Some(slice.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    };
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let (mut at, mut channels, mut rate, mut width) = (12, 1, 0, 2);
    loop {
        let name = bytes.get(at..at + 4)?;
        let length = number(at + 4, 4)? as usize;
        let body = at + 8;
        if name == b"fmt " {
            channels = number(body + 2, 2)? as usize;
            rate = number(body + 4, 4)?;
            width = number(body + 14, 2)? as usize / 8;
        }
        if name == b"data" {
            let left = bytes.len() - body;
            let data = &bytes[body..body + if length == 0 { left } else { length.min(left) }];
            let frame = (width * channels).max(1);
            let take = |frame: &[u8]| match width {
                2 => f64::from(i16::from_le_bytes([frame[0], frame[1]])) / 32_768.0,
                // The upper two bytes of longer samples say enough.
                _ => f64::from(i16::from_le_bytes([frame[width - 2], frame[width - 1]])) / 32_768.0,
            };
            return (width >= 2 && rate > 0)
                .then(|| (rate, data.chunks_exact(frame).map(take).collect()));
        }
        at = body + length.next_multiple_of(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, seconds: f64) -> Vec<f64> {
        let count = (f64::from(rate) * seconds) as usize;
        (0..count).map(|n| 0.3 * (TAU * hz * n as f64 / f64::from(rate)).sin()).collect()
    }

    fn wav(rate: u32, samples: &[f64], length: u32) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * 2).to_le_bytes());
        bytes.extend([2, 0, 16, 0]);
        bytes.extend(b"data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(samples.iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()));
        bytes
    }

    #[test]
    fn a_tone_is_found_among_silence() {
        let mut signal = vec![0.0; 4_000];
        signal.extend(tone(440.0, 8_000, 2.0));
        let reading = read(8_000, &signal);
        assert_eq!(reading.hz, 440);
        assert!(reading.share > 0.95 && (reading.loud - 2.0).abs() < 0.2, "{reading:?}");
    }

    #[test]
    fn half_of_another_tone_is_seen() {
        let mut signal = tone(440.0, 8_000, 1.0);
        signal.extend(tone(1_000.0, 8_000, 1.0));
        assert!(read(8_000, &signal).share < 0.6);
    }

    #[test]
    fn silence_has_no_frequency() {
        let reading = read(8_000, &[0.0; 8_000]);
        assert_eq!((reading.hz, reading.share), (0, 0.0));
    }

    #[test]
    fn a_header_without_lengths_is_read_to_the_end() {
        let signal = tone(660.0, 16_000, 0.5);
        let (rate, read) = samples(&wav(16_000, &signal, 0)).unwrap();
        assert_eq!((rate, read.len()), (16_000, signal.len()));
        assert!(samples(b"RIFF").is_none());
    }
}
