//! Making up for missing audio: the last pitch period again, fading out, and
//! joined to what comes after it where that looks most alike. The first half
//! of the idea is that of ITU-T G.711 appendix I, without its delay.

use std::time::Duration;

use crate::similarity::{best_match, blend};
use crate::stretch::samples;

/// How long made-up audio keeps its level.
const HOLD: Duration = Duration::from_millis(20);
/// When made-up audio has become silence.
const GONE: Duration = Duration::from_millis(80);
/// How long it takes to blend into real audio.
const BLEND: Duration = Duration::from_millis(5);
/// How much of the past is compared to find the pitch.
const TEMPLATE: Duration = Duration::from_millis(10);
/// The shortest and the longest pitch period.
const PITCH: (Duration, Duration) = (Duration::from_micros(2500), Duration::from_millis(15));
/// Real audio that is this much like the made-up one is joined to it there.
const ALIKE: f32 = 0.6;

/// How much of the past a [`Concealer`] looks at.
pub const PAST: Duration = Duration::from_millis(26);

/// Goes on with what was heard when nothing comes.
#[derive(Debug)]
pub struct Concealer {
    rate: u32,
    /// What was heard before the gap, oldest first.
    past: Vec<i16>,
    /// Room for what would be made up next.
    ahead: Vec<i16>,
    gap: Option<Gap>,
}

/// Audio that is being made up.
#[derive(Debug, Clone, Copy)]
struct Gap {
    /// The period, in samples.
    period: usize,
    /// Samples made so far.
    made: usize,
    /// The step from the end of the period to its start.
    step: i32,
}

impl Concealer {
    /// For audio of `rate` samples per second.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            past: vec![0; samples(rate, PAST)],
            ahead: vec![0; samples(rate, PITCH.1) + samples(rate, BLEND)],
            gap: None,
        }
    }

    /// Forgets what was made up.
    pub fn reset(&mut self) {
        self.gap = None;
    }

    /// Whether what was heard last was made up.
    pub fn is_active(&self) -> bool {
        self.gap.is_some()
    }

    /// Begins a gap after `past` (its last [`PAST`] count), if none is open.
    pub fn begin(&mut self, past: &[i16]) {
        if self.gap.is_some() {
            return;
        }
        let known = past.len().min(self.past.len());
        let unknown = self.past.len() - known;
        self.past[..unknown].fill(0);
        self.past[unknown..].copy_from_slice(&past[past.len() - known..]);
        let period = self.pitch();
        let len = self.past.len();
        let step = i32::from(self.past[len - 1]) - i32::from(self.past[len - 1 - period]);
        self.gap = Some(Gap { period, made: 0, step });
    }

    /// Fills `pcm` with made-up audio, silence in the end; silence also when
    /// no gap has [begun](Self::begin).
    pub fn conceal(&mut self, pcm: &mut [i16]) {
        let Some(mut gap) = self.gap else { return pcm.fill(0) };
        for sample in pcm {
            *sample = self.made_up(&mut gap);
        }
        self.gap = Some(gap);
    }

    /// How much longer the gap should be made up for, so that real audio, which
    /// begins with `pcm` and needn't be in its place to the sample, goes on in
    /// the same period.
    pub fn extension(&mut self, pcm: &[i16]) -> usize {
        let Some(mut gap) = self.gap else { return 0 };
        let mut ahead = std::mem::take(&mut self.ahead);
        for sample in &mut ahead {
            *sample = self.made_up(&mut gap);
        }
        let template = &pcm[..pcm.len().min(samples(self.rate, BLEND))];
        // More than a period: a multiple may fit better, to the sample.
        let found = best_match(template, &ahead, 0..=samples(self.rate, PITCH.1), self.rate);
        self.ahead = ahead;
        found.filter(|found| found.similarity > ALIKE).map_or(0, |found| found.at)
    }

    /// Ends the gap, if one is open: changes the start of the real audio that
    /// follows to be a smooth continuation.
    pub fn end(&mut self, pcm: &mut [i16]) {
        let Some(mut gap) = self.gap.take() else { return };
        let len = samples(self.rate, BLEND).min(pcm.len());
        for (n, new) in pcm[..len].iter_mut().enumerate() {
            *new = blend(self.made_up(&mut gap), *new, n, len);
        }
    }

    fn made_up(&self, gap: &mut Gap) -> i16 {
        let Gap { period, made, step } = *gap;
        let gone = samples(self.rate, GONE);
        if made >= gone {
            return 0;
        }
        gap.made += 1;
        let at = made % period;
        let mut sample = i32::from(self.past[self.past.len() - period + at]);
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
        let (shortest, longest) = (samples(self.rate, PITCH.0), samples(self.rate, PITCH.1));
        let start = self.past.len() - samples(self.rate, TEMPLATE);
        let places = (shortest..=longest).map(|lag| start - lag);
        let found = best_match(&self.past[start..], &self.past, places, self.rate);
        found.filter(|found| found.similarity > 0.0).map_or(longest, |found| start - found.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{discontinuities, dominant_frequency, rms, sine};

    #[test]
    fn a_tone_goes_on_and_fades() {
        for rate in [8000, 16000, 48000] {
            let quantum = rate as usize / 100;
            let tone = sine(rate, 440.0, 8000.0, quantum * 20);
            let mut concealer = Concealer::new(rate);
            concealer.begin(&tone);
            let mut made = vec![0; quantum * 10];
            concealer.conceal(&mut made);
            let level = rms(&made[..quantum]);
            assert!((5000.0..6300.0).contains(&level), "{rate}: {level}");
            let frequency = dominant_frequency(&made[..quantum * 3], rate).unwrap();
            assert!((frequency - 440.0).abs() < 15.0, "{rate}: {frequency}");
            assert_eq!(rms(&made[quantum * 8..]), 0.0);
        }
    }

    #[test]
    fn there_is_no_jump_at_either_end_wherever_the_audio_goes_on() {
        for (rate, frequency, late) in
            [(8000, 440.0, 0), (8000, 440.0, 33), (8000, 660.0, 7), (48_000, 660.0, 100)]
        {
            let gap = rate as usize / 50;
            let before = rate as usize / 10;
            let tone = sine(rate, frequency, 8000.0, rate as usize / 2);
            let mut concealer = Concealer::new(rate);
            let mut heard = tone[..before].to_vec();
            concealer.begin(&heard);
            let mut made = vec![0; gap];
            concealer.conceal(&mut made);
            assert!(concealer.is_active());
            heard.extend(made);
            let mut after = tone[before + gap - late..].to_vec();
            let mut more = vec![0; concealer.extension(&after)];
            concealer.conceal(&mut more);
            heard.extend(more);
            concealer.end(&mut after);
            heard.extend(after);
            assert_eq!(discontinuities(&heard, rate, frequency), [], "{rate} {frequency} {late}");
        }
    }

    #[test]
    fn silence_stays_silence_and_loud_audio_does_not_wrap() {
        let mut concealer = Concealer::new(8000);
        let mut pcm = [1; 80];
        concealer.conceal(&mut pcm);
        assert_eq!(pcm, [0; 80]);
        concealer.begin(&[]);
        concealer.conceal(&mut pcm);
        assert_eq!(pcm, [0; 80]);
        concealer.reset();
        let mut loud: Vec<i16> =
            (0..400).map(|n| if n % 50 < 25 { i16::MAX } else { i16::MIN }).collect();
        concealer.begin(&loud);
        concealer.conceal(&mut pcm);
        concealer.extension(&loud);
        concealer.end(&mut loud[..10]);
        assert_eq!(concealer.extension(&loud), 0, "nothing is open");
        concealer.begin(&loud);
        assert_eq!(concealer.extension(&[]), 0);
        concealer.end(&mut []);
    }
}
