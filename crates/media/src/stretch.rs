//! Making audio a little shorter or longer without changing its pitch: a
//! period is left out or repeated where the audio looks most alike (the idea
//! of WSOLA, waveform similarity overlap-add).

use std::time::Duration;

use crate::similarity::{best_match, blend};

/// The shortest piece that is left out or repeated.
pub const MIN_STEP: Duration = Duration::from_micros(2500);
/// The longest piece that is left out or repeated.
pub const MAX_STEP: Duration = Duration::from_millis(15);
/// How much audio is compared, and how long the two ends overlap.
const OVERLAP: Duration = Duration::from_millis(5);

/// Audio that is at most this loud, as mean magnitude, may be cut anywhere:
/// about -55 dBFS.
const QUIET: u64 = 58;

/// Audio of which some has been heard, and some has not.
///
/// It holds a bounded amount: what was heard longest ago is forgotten.
///
/// ```
/// use sipsimple_media::stretch::Line;
/// let mut line = Line::new(8000);
/// line.space(160).fill(1000);
/// assert_eq!(line.unheard(), 160);
/// let mut pcm = [0; 80];
/// assert_eq!(line.hear(&mut pcm), 80);
/// assert_eq!(line.heard(80), [1000; 80]);
/// ```
#[derive(Debug)]
pub struct Line {
    rate: u32,
    samples: Vec<i16>,
    at: usize,
    end: usize,
}

impl Line {
    /// How long ago audio was heard that is still remembered.
    pub const PAST: Duration = Duration::from_millis(30);
    /// How much unheard audio there is room for.
    pub const AHEAD: Duration = Duration::from_millis(280);

    /// Silence, all of it heard, at `rate` samples per second.
    pub fn new(rate: u32) -> Self {
        let past = samples(rate, Self::PAST);
        let room = past + samples(rate, Self::AHEAD);
        // Twice, so that the past moves to the front only now and then.
        Self { rate, samples: vec![0; 2 * room], at: past, end: past }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let past = samples(self.rate, Self::PAST);
        self.samples[..past].fill(0);
        (self.at, self.end) = (past, past);
    }

    /// Samples that have not been heard.
    pub fn unheard(&self) -> usize {
        self.end - self.at
    }

    /// The `len` samples that were heard last, or all that are remembered.
    pub fn heard(&self, len: usize) -> &[i16] {
        &self.samples[self.at.saturating_sub(len)..self.at]
    }

    /// Room for `len` samples behind the unheard ones, or for what fits;
    /// what is in it is arbitrary.
    pub fn space(&mut self, len: usize) -> &mut [i16] {
        if self.end + len > self.samples.len() {
            let past = samples(self.rate, Self::PAST).min(self.at);
            self.samples.copy_within(self.at - past..self.end, 0);
            self.end -= self.at - past;
            self.at = past;
        }
        let start = self.end;
        self.end = (start + len).min(self.samples.len());
        &mut self.samples[start..self.end]
    }

    /// Takes back the last `len` unheard samples.
    pub fn take_back(&mut self, len: usize) {
        self.end -= len.min(self.unheard());
    }

    /// Leaves out the next `len` unheard samples.
    pub fn skip(&mut self, len: usize) {
        self.at += len.min(self.unheard());
    }

    /// The unheard samples.
    pub fn upcoming(&mut self) -> &mut [i16] {
        &mut self.samples[self.at..self.end]
    }

    /// Hears what is there, up to the length of `out`, and says how much that was.
    pub fn hear(&mut self, out: &mut [i16]) -> usize {
        let len = self.unheard().min(out.len());
        out[..len].copy_from_slice(&self.samples[self.at..self.at + len]);
        self.at += len;
        len
    }

    /// Puts `len` samples in front of the unheard ones, for the caller to
    /// fill; `None` when there is no room.
    pub fn insert(&mut self, len: usize) -> Option<&mut [i16]> {
        let added = self.space(len).len();
        if added < len {
            self.end -= added;
            return None;
        }
        // `space` may have moved everything.
        self.samples.copy_within(self.at..self.end - len, self.at + len);
        Some(&mut self.samples[self.at..self.at + len])
    }

    /// How many unheard samples [`shorten`](Self::shorten) wants, to have the choice.
    pub fn enough(&self) -> usize {
        samples(self.rate, MAX_STEP) + samples(self.rate, OVERLAP)
    }

    /// Leaves out a piece where that is heard least, and says how long it was.
    /// `None`: no piece is alike enough, or there is too little audio.
    pub fn shorten(&mut self, least_similarity: f32) -> Option<usize> {
        let overlap = samples(self.rate, OVERLAP);
        let room = self.unheard().checked_sub(overlap)?;
        let longest = samples(self.rate, MAX_STEP).min(room);
        let rate = self.rate;
        let next = self.upcoming();
        let len = if is_quiet(next) {
            longest
        } else {
            let (template, shortest) = (&next[..overlap], samples(rate, MIN_STEP));
            let found = best_match(template, next, shortest..=longest, rate)?;
            (found.similarity >= least_similarity).then_some(found.at)?
        };
        if len == 0 {
            return None;
        }
        // From the end on, since the two pieces may overlap.
        for n in (0..overlap).rev() {
            next[len + n] = blend(next[n], next[len + n], n, overlap);
        }
        self.at += len;
        Some(len)
    }

    /// Repeats a piece of what was heard last where that is heard least, and
    /// says how long it was. `None`: nothing is alike enough, or nothing
    /// unheard is there to compare.
    pub fn lengthen(&mut self, least_similarity: f32) -> Option<usize> {
        let overlap = samples(self.rate, OVERLAP);
        if self.unheard() < overlap {
            return None;
        }
        let (shortest, longest) = (samples(self.rate, MIN_STEP), samples(self.rate, MAX_STEP));
        let longest = longest.min(self.at);
        let known = &self.samples[..self.end];
        let template = &known[self.at..self.at + overlap];
        let len = if is_quiet(&known[self.at - longest..]) {
            longest
        } else {
            let places = (shortest..=longest).map(|len| self.at - len);
            let found = best_match(template, known, places, self.rate)?;
            (found.similarity >= least_similarity).then_some(self.at - found.at)?
        };
        self.insert(len)?;
        let at = self.at;
        self.samples.copy_within(at - len..at, at);
        for n in 0..overlap.min(len) {
            let (next, again) = (self.samples[at + len + n], self.samples[at + n]);
            self.samples[at + n] = blend(next, again, n, overlap.min(len));
        }
        Some(len)
    }
}

fn is_quiet(pcm: &[i16]) -> bool {
    let sum: u64 = pcm.iter().map(|sample| u64::from(sample.unsigned_abs())).sum();
    sum <= QUIET * pcm.len() as u64
}

pub(crate) fn samples(rate: u32, time: Duration) -> usize {
    (time.as_micros() * u128::from(rate) / 1_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{discontinuities, rms, sine};

    /// Plays `input` in packets of 20 ms and changes its length at each.
    fn play(rate: u32, input: &[i16], mut change: impl FnMut(&mut Line)) -> Vec<i16> {
        let mut line = Line::new(rate);
        let mut all = Vec::new();
        for packet in input.chunks(rate as usize / 50) {
            line.space(packet.len()).copy_from_slice(packet);
            change(&mut line);
            let mut out = vec![0; line.unheard() - line.unheard().min(rate as usize / 100)];
            line.hear(&mut out);
            all.extend(out);
        }
        all
    }

    #[test]
    fn tones_keep_their_phase() {
        for rate in [8000, 16_000, 48_000] {
            for frequency in [100.0, 440.0, 660.0, 1000.0] {
                let tone = sine(rate, frequency, 8000.0, rate as usize);
                let shorter = play(rate, &tone, |line| {
                    line.shorten(0.9);
                });
                assert!(shorter.len() < tone.len() * 9 / 10, "{rate} {frequency}");
                let longer = play(rate, &tone, |line| {
                    line.lengthen(0.9);
                });
                assert!(longer.len() > tone.len() * 11 / 10, "{rate} {frequency}");
                for heard in [shorter, longer] {
                    let start = rate as usize / 25;
                    let jumps = discontinuities(&heard[start..], rate, frequency);
                    assert_eq!(jumps, [], "{rate} {frequency}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_alike_is_left_alone_and_silence_is_cut_anywhere() {
        let mut state = 1u32;
        let noise: Vec<i16> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 18) as i16 - 8192
        })
        .take(160)
        .collect();
        let mut line = Line::new(8000);
        line.space(160).copy_from_slice(&noise);
        assert_eq!(line.shorten(0.9), None);
        assert_eq!(line.lengthen(0.9), None);
        assert_eq!(line.upcoming(), noise);
        assert!(line.shorten(0.1).is_some());
        let mut line = Line::new(8000);
        line.space(160).fill(3);
        assert_eq!(line.shorten(0.9), Some(120));
        assert_eq!(line.lengthen(0.9), Some(120));
        assert_eq!(line.unheard(), 160);
    }

    #[test]
    fn room_is_bounded_and_the_past_is_kept() {
        let mut line = Line::new(8000);
        for n in 0..1000 {
            let asked = 160;
            assert_eq!(line.space(asked).len(), asked, "{n}");
            line.upcoming().fill(n);
            let mut out = [0; 160];
            assert_eq!(line.hear(&mut out), 160);
            assert_eq!(line.heard(160), [n; 160]);
        }
        assert!(line.space(1_000_000).len() < 8000);
        line.take_back(1_000_000);
        assert_eq!((line.unheard(), line.lengthen(0.0), line.shorten(0.0)), (0, None, None));
        line.clear();
        assert_eq!(rms(line.heard(200)), 0.0);
    }
}
