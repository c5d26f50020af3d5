//! Tones: one or two sines for a while, and the pairs of DTMF (ITU-T Q.23).

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::time::Duration;

use crate::mixer::SampleRate;

/// How long a DTMF digit sounds.
pub const DTMF_DURATION: Duration = Duration::from_millis(100);

/// How long it is silent after a DTMF digit.
pub const DTMF_GAP: Duration = Duration::from_millis(50);

/// The peak of a single sine: -8.7 dBFS.
const SINGLE_PEAK: f64 = 12_000.0;

/// The peak of each sine of a pair, whose sum stays below full scale at
/// twice the volume.
const PAIR_PEAK: f64 = 8_000.0;

/// Each sine rises and falls over this time, so that it doesn't click.
const RAMP: Duration = Duration::from_millis(5);

/// A sine or a pair of them, or silence, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tone {
    /// The first frequency in Hz; 0 for none. What lies above half of the
    /// mixer's rate is not heard.
    pub frequency1: u32,
    /// The second frequency in Hz; 0 for none.
    pub frequency2: u32,
    /// How long it sounds.
    pub duration: Duration,
}

impl Tone {
    /// One sine.
    pub const fn sine(frequency: u32, duration: Duration) -> Self {
        Self { frequency1: frequency, frequency2: 0, duration }
    }

    /// Two sines at once.
    pub const fn pair(frequency1: u32, frequency2: u32, duration: Duration) -> Self {
        Self { frequency1, frequency2, duration }
    }

    /// A gap.
    pub const fn silence(duration: Duration) -> Self {
        Self { frequency1: 0, frequency2: 0, duration }
    }

    /// The tone of a DTMF digit: `0` to `9`, `*`, `#`, `A` to `D` (in either
    /// case); `None` for any other character.
    pub const fn dtmf(digit: char) -> Option<Self> {
        let (row, column) = match digit {
            '1' => (697, 1_209),
            '2' => (697, 1_336),
            '3' => (697, 1_477),
            'A' | 'a' => (697, 1_633),
            '4' => (770, 1_209),
            '5' => (770, 1_336),
            '6' => (770, 1_477),
            'B' | 'b' => (770, 1_633),
            '7' => (852, 1_209),
            '8' => (852, 1_336),
            '9' => (852, 1_477),
            'C' | 'c' => (852, 1_633),
            '*' => (941, 1_209),
            '0' => (941, 1_336),
            '#' => (941, 1_477),
            'D' | 'd' => (941, 1_633),
            _ => return None,
        };
        Some(Self::pair(row, column, DTMF_DURATION))
    }
}

/// Makes the samples of one tone after another.
///
/// ```
/// use std::time::Duration;
/// use sipsimple_media::{mixer::SampleRate, tone::{Tone, ToneSynth}};
///
/// let mut synth = ToneSynth::new(SampleRate::Hz8000);
/// synth.push(Tone::sine(440, Duration::from_millis(15)));
/// let mut pcm = [0; 80];
/// assert_eq!(synth.fill(&mut pcm), 80);
/// assert_eq!(synth.fill(&mut pcm), 40); // the rest is silence
/// assert!(synth.is_empty());
/// ```
#[derive(Debug)]
pub struct ToneSynth {
    rate: SampleRate,
    queue: VecDeque<Tone>,
    /// Samples of the first tone that have been made.
    at: u64,
}

impl ToneSynth {
    /// A synthesiser without tones.
    pub fn new(rate: SampleRate) -> Self {
        Self { rate, queue: VecDeque::new(), at: 0 }
    }

    /// Adds a tone after those that are there.
    pub fn push(&mut self, tone: Tone) {
        self.queue.push_back(tone);
    }

    /// Forgets all tones.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.at = 0;
    }

    /// How many tones have not ended.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether all tones have ended.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Fills `pcm` with the next samples, and with silence after the last
    /// tone; returns how many samples were of tones (or their gaps).
    pub fn fill(&mut self, pcm: &mut [i16]) -> usize {
        let mut filled = 0;
        while let Some(tone) = self.queue.front() {
            let total = self.rate.samples_in(tone.duration);
            let left = total.saturating_sub(self.at).min((pcm.len() - filled) as u64) as usize;
            self.render(*tone, total, &mut pcm[filled..filled + left]);
            filled += left;
            self.at += left as u64;
            if self.at < total {
                return filled;
            }
            self.queue.pop_front();
            self.at = 0;
        }
        pcm[filled..].fill(0);
        filled
    }

    fn render(&self, tone: Tone, total: u64, pcm: &mut [i16]) {
        let rate = f64::from(self.rate.hz());
        let heard = |hz: u32| hz > 0 && hz < self.rate.hz() / 2;
        let (first, second) = (heard(tone.frequency1), heard(tone.frequency2));
        let peak = if first && second { PAIR_PEAK } else { SINGLE_PEAK };
        let ramp = self.rate.samples_in(RAMP).min(total / 2).max(1);
        for (sample, at) in pcm.iter_mut().zip(self.at..) {
            let time = at as f64 / rate;
            let mut value = 0.0;
            if first {
                value += (TAU * f64::from(tone.frequency1) * time).sin();
            }
            if second {
                value += (TAU * f64::from(tone.frequency2) * time).sin();
            }
            let edge = at.min(total - 1 - at).min(ramp) as f64 / ramp as f64;
            *sample = (value * peak * edge).round() as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::Hz8000;

    fn samples(tones: &[Tone]) -> Vec<i16> {
        let mut synth = ToneSynth::new(RATE);
        tones.iter().for_each(|tone| synth.push(*tone));
        let mut all = Vec::new();
        loop {
            let mut pcm = [1; 37];
            let filled = synth.fill(&mut pcm);
            all.extend(&pcm[..filled]);
            if filled < pcm.len() {
                assert!(pcm[filled..].iter().all(|s| *s == 0));
                return all;
            }
        }
    }

    /// How strong a frequency is, by Goertzel's algorithm.
    fn strength(pcm: &[i16], hz: f64) -> f64 {
        let turn = TAU * hz / f64::from(RATE.hz());
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in pcm {
            let s0 = f64::from(*sample) + 2.0 * turn.cos() * s1 - s2;
            (s2, s1) = (s1, s0);
        }
        let power = s1 * s1 + s2 * s2 - 2.0 * turn.cos() * s1 * s2;
        power.max(0.0).sqrt() * 2.0 / pcm.len() as f64
    }

    #[test]
    fn a_sine_has_its_frequency_length_and_peak() {
        let pcm = samples(&[Tone::sine(440, Duration::from_millis(500))]);
        assert_eq!(pcm.len(), 4_000);
        assert!((strength(&pcm[400..3_600], 440.0) - SINGLE_PEAK).abs() < 50.0);
        assert!(strength(&pcm[400..3_600], 660.0) < 50.0);
        assert!(pcm[0] == 0 && pcm[3_999].abs() < 300, "no clicks");
    }

    #[test]
    fn gaps_and_sequences() {
        let ms = Duration::from_millis;
        let pcm = samples(&[
            Tone::sine(500, ms(20)),
            Tone::silence(ms(30)),
            Tone::sine(0, ms(0)),
            Tone::pair(500, 700, ms(20)),
        ]);
        assert_eq!(pcm.len(), 560);
        assert!(pcm[160..400].iter().all(|s| *s == 0));
        assert!(pcm[440..].iter().any(|s| *s > 10_000));
        assert!(samples(&[Tone::sine(5_000, ms(10))]).iter().all(|s| *s == 0), "above Nyquist");
    }

    #[test]
    fn each_digit_has_its_pair() {
        let rows = [697.0, 770.0, 852.0, 941.0];
        let columns = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
        for (index, digit) in "123A456B789C*0#D".chars().enumerate() {
            let pcm = samples(&[Tone::dtmf(digit).unwrap()]);
            assert_eq!(pcm.len(), 800);
            let loudest = |group: [f64; 4]| {
                let strengths = group.map(|hz| strength(&pcm, hz));
                (0..4).max_by(|a, b| strengths[*a].total_cmp(&strengths[*b])).unwrap()
            };
            assert_eq!((loudest(rows), loudest(columns)), (index / 4, index % 4), "{digit}");
        }
        assert_eq!(Tone::dtmf('x'), None);
        assert_eq!(Tone::dtmf('a'), Tone::dtmf('A'));
    }
}
