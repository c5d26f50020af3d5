//! Making up for missing audio: the last pitch period again, fading out, and
//! blended into what comes after it. The idea is that of ITU-T G.711
//! appendix I, without its delay.

use std::time::Duration;

/// How long made-up audio keeps its level.
const HOLD: Duration = Duration::from_millis(10);
/// When made-up audio has become silence.
const GONE: Duration = Duration::from_millis(60);
/// How long it takes to blend into real audio.
const BLEND: Duration = Duration::from_millis(5);
/// How much of the past is compared to find the pitch.
const TEMPLATE: Duration = Duration::from_millis(10);
/// The shortest and the longest pitch period.
const PITCH: (Duration, Duration) = (Duration::from_micros(2500), Duration::from_millis(15));
/// The pitch is searched for at this rate, whatever the audio's.
const SEARCH_RATE: u32 = 8000;

/// Audio that is being made up.
#[derive(Debug, Clone, Copy)]
struct Repetition {
    /// The period, in samples.
    period: usize,
    /// Samples made so far.
    made: usize,
    /// The step from the end of the period to its start.
    step: i32,
}

/// Remembers what was played and goes on with it when nothing comes.
#[derive(Debug)]
pub struct Concealer {
    rate: u32,
    /// The latest real audio, oldest first.
    history: Vec<i16>,
    repetition: Option<Repetition>,
}

impl Concealer {
    /// For audio of `rate` samples per second.
    pub fn new(rate: u32) -> Self {
        let len = samples(rate, TEMPLATE + PITCH.1) + 1;
        Self { rate, history: vec![0; len], repetition: None }
    }

    /// Forgets what was played.
    pub fn reset(&mut self) {
        self.history.fill(0);
        self.repetition = None;
    }

    /// Takes real audio, about to be played. After made-up audio, or when
    /// `join` says that it doesn't continue what was played, its start is
    /// changed to be a smooth continuation.
    pub fn real(&mut self, pcm: &mut [i16], join: bool) {
        if join && self.repetition.is_none() {
            self.repetition = Some(self.start());
        }
        if let Some(mut repetition) = self.repetition.take() {
            let blend = samples(self.rate, BLEND).min(pcm.len()).max(1) as i32;
            for (n, sample) in pcm.iter_mut().take(blend as usize).enumerate() {
                let old = i32::from(self.made_up(&mut repetition));
                let new = i32::from(*sample);
                *sample = (old + (new - old) * (n as i32 + 1) / (blend + 1)) as i16;
            }
        }
        let keep = self.history.len().saturating_sub(pcm.len());
        let len = self.history.len();
        self.history.copy_within(len - keep.., 0);
        self.history[keep..].copy_from_slice(&pcm[pcm.len() - (len - keep)..]);
    }

    /// Fills `pcm` with made-up audio: silence in the end.
    pub fn conceal(&mut self, pcm: &mut [i16]) {
        let mut repetition = match self.repetition {
            Some(repetition) => repetition,
            None => self.start(),
        };
        for sample in pcm {
            *sample = self.made_up(&mut repetition);
        }
        self.repetition = Some(repetition);
    }

    fn start(&self) -> Repetition {
        let period = self.pitch();
        let len = self.history.len();
        let step = i32::from(self.history[len - 1]) - i32::from(self.history[len - 1 - period]);
        Repetition { period, made: 0, step }
    }

    fn made_up(&self, repetition: &mut Repetition) -> i16 {
        let Repetition { period, made, step } = *repetition;
        let gone = samples(self.rate, GONE);
        if made >= gone {
            return 0;
        }
        repetition.made += 1;
        let at = made % period;
        let mut sample = i32::from(self.history[self.history.len() - period + at]);
        // The seam between two periods is spread over a millisecond.
        let seam = (self.rate / 1000) as usize;
        if at < seam {
            sample += step * (seam - at) as i32 / (seam as i32 + 1);
        }
        let hold = samples(self.rate, HOLD);
        if made >= hold {
            sample = sample * (gone - made) as i32 / (gone - hold) as i32;
        }
        sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }

    /// The period, in samples, after which the recent past repeats itself best.
    fn pitch(&self) -> usize {
        let stride = (self.rate / SEARCH_RATE).max(1) as usize;
        let (shortest, longest) = (samples(self.rate, PITCH.0), samples(self.rate, PITCH.1));
        let template = samples(self.rate, TEMPLATE);
        let len = self.history.len();
        let recent = &self.history[len - template..];
        let mut best = (0.0f32, longest);
        for lag in (shortest..=longest).step_by(stride) {
            let earlier = &self.history[len - template - lag..len - lag];
            let (mut product, mut energy) = (0i64, 0i64);
            for (a, b) in recent.iter().step_by(stride).zip(earlier.iter().step_by(stride)) {
                product += i64::from(*a) * i64::from(*b);
                energy += i64::from(*b) * i64::from(*b);
            }
            if product > 0 {
                // Slightly prefers short periods: a multiple fits as well.
                let score = product as f32 * (product as f32 / energy as f32);
                if score > best.0 * 1.001 {
                    best = (score, lag);
                }
            }
        }
        best.1
    }
}

fn samples(rate: u32, time: Duration) -> usize {
    (time.as_micros() * u128::from(rate) / 1_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{dominant_frequency, rms, sine};

    #[test]
    fn a_tone_goes_on_and_fades() {
        for rate in [8000, 16000, 48000] {
            let quantum = rate as usize / 100;
            let mut tone = sine(rate, 440.0, 8000.0, quantum * 20);
            let mut concealer = Concealer::new(rate);
            concealer.real(&mut tone, false);
            let mut made = vec![0; quantum * 8];
            concealer.conceal(&mut made);
            let level = rms(&made[..quantum]);
            assert!((5000.0..6300.0).contains(&level), "{rate}: {level}");
            let frequency = dominant_frequency(&made[..quantum * 3], rate).unwrap();
            assert!((frequency - 440.0).abs() < 15.0, "{rate}: {frequency}");
            assert_eq!(rms(&made[quantum * 6..]), 0.0);
        }
    }

    #[test]
    fn there_is_no_click_at_either_end() {
        let mut tone = sine(8000, 440.0, 8000.0, 1600);
        let steepest = steps(&tone);
        let mut concealer = Concealer::new(8000);
        concealer.real(&mut tone[..800], false);
        let mut gap = [0; 160];
        concealer.conceal(&mut gap);
        concealer.real(&mut tone[960..], false);
        let mut heard = tone[..800].to_vec();
        heard.extend(gap);
        heard.extend(&tone[960..]);
        assert!(steps(&heard) < steepest * 3 / 2, "{} {steepest}", steps(&heard));
    }

    #[test]
    fn silence_stays_silence_and_loud_audio_does_not_wrap() {
        let mut concealer = Concealer::new(8000);
        let mut pcm = [1; 80];
        concealer.conceal(&mut pcm);
        assert_eq!(pcm, [0; 80]);
        let mut loud: Vec<i16> =
            (0..400).map(|n| if n % 50 < 25 { i16::MAX } else { i16::MIN }).collect();
        concealer.real(&mut loud, false);
        concealer.conceal(&mut pcm);
        concealer.real(&mut loud[..10], false);
    }

    fn steps(pcm: &[i16]) -> u16 {
        pcm.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap()
    }
}
