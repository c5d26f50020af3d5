//! Resampling of mono PCM between two fixed rates, 10 ms at a time.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler as _};
use std::time::Duration;

/// The lowest rate that a resampler takes, in Hz.
pub const MIN_RATE: u32 = 2_000;

/// The highest rate that a resampler takes, in Hz.
pub const MAX_RATE: u32 = 384_000;

/// The largest block of a resampler, in samples: what rates whose common
/// divisor is very small would need more than is refused.
const MAX_BLOCK: u32 = 1 << 19;

/// Why there is no resampler for two rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// A rate below [`MIN_RATE`] or above [`MAX_RATE`].
    #[error("can't resample a rate of {0} Hz")]
    RateOutOfRange(u32),
    /// The rates have no common divisor that would make blocks of a bearable
    /// length.
    #[error("can't resample from {from} to {to} Hz")]
    UnrelatedRates {
        /// The rate of the input, in Hz.
        from: u32,
        /// The rate of the output, in Hz.
        to: u32,
    },
}

/// Converts mono PCM of 16 bits from one rate to another.
///
/// Each call gives 10 ms of output and takes the input for it, without
/// allocating. Between rates that are multiples of 100 Hz a call takes 10 ms
/// of input too, and the sound is [`latency`](Self::latency) = 5 ms late.
/// Equal rates are copied, without latency.
///
/// ```
/// use sipsimple_media::resample::Resampler;
///
/// let mut resampler = Resampler::new(8_000, 48_000)?;
/// assert_eq!((resampler.input_len(), resampler.output_len()), (80, 480));
/// let mut output = [0; 480];
/// resampler.process(&[1_000; 80], &mut output);
/// # Ok::<(), sipsimple_media::resample::ResampleError>(())
/// ```
#[derive(Debug)]
pub struct Resampler {
    from: u32,
    to: u32,
    output_len: usize,
    // Both rates the same: nothing to do.
    fft: Option<Converter>,
}

struct Converter {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Resampler {
    /// A resampler from one rate to another, in Hz.
    ///
    /// # Errors
    ///
    /// [`ResampleError`] for rates that make no sense; never for two
    /// multiples of 100 Hz within the limits.
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        for rate in [from, to] {
            if !(MIN_RATE..=MAX_RATE).contains(&rate) {
                return Err(ResampleError::RateOutOfRange(rate));
            }
        }
        let output_len = to as usize / 100;
        let fft = if from == to { None } else { Some(Converter::new(from, to)?) };
        Ok(Self { from, to, output_len, fft })
    }

    /// The rate of the input, in Hz.
    pub fn input_rate(&self) -> u32 {
        self.from
    }

    /// The rate of the output, in Hz.
    pub fn output_rate(&self) -> u32 {
        self.to
    }

    /// How many samples the next call takes: 10 ms; it changes from call to
    /// call only when a rate isn't a multiple of 100 Hz.
    pub fn input_len(&self) -> usize {
        self.fft.as_ref().map_or(self.output_len, |c| c.fft.input_frames_next())
    }

    /// The largest that [`input_len`](Self::input_len) ever is.
    pub fn max_input_len(&self) -> usize {
        self.fft.as_ref().map_or(self.output_len, |c| c.fft.input_frames_max())
    }

    /// How many samples each call gives: 10 ms, rounded down.
    pub fn output_len(&self) -> usize {
        self.output_len
    }

    /// How much later the sound comes out than it went in, on top of the
    /// length of one call.
    pub fn latency(&self) -> Duration {
        Duration::from_nanos(self.delay() as u64 * 1_000_000_000 / u64::from(self.to))
    }

    /// The [`latency`](Self::latency) in samples of the output.
    pub fn delay(&self) -> usize {
        self.fft.as_ref().map_or(0, |c| c.fft.output_delay())
    }

    /// Converts the next 10 ms.
    ///
    /// # Panics
    ///
    /// When `input` is longer than [`input_len`](Self::input_len), or `output`
    /// isn't as long as [`output_len`](Self::output_len). A shorter input is
    /// taken as followed by silence.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) {
        assert!(input.len() <= self.input_len(), "more input than input_len()");
        assert_eq!(output.len(), self.output_len, "output as long as output_len()");
        match &mut self.fft {
            Some(converter) => converter.process(input, output),
            None => {
                output[..input.len()].copy_from_slice(input);
                output[input.len()..].fill(0);
            }
        }
    }

    /// Forgets what was heard before: for a new stream of sound.
    pub fn reset(&mut self) {
        if let Some(converter) = &mut self.fft {
            converter.fft.reset();
        }
    }
}

impl Converter {
    fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        let unrelated = ResampleError::UnrelatedRates { from, to };
        if from.max(to) / gcd(from, to) > MAX_BLOCK {
            return Err(unrelated);
        }
        let length = to as usize / 100;
        let fft = Fft::new(from as usize, to as usize, length, 1, FixedSync::Output)
            .map_err(|_| unrelated)?;
        let input = vec![0.0; fft.input_frames_max()];
        Ok(Self { fft, input, output: vec![0.0; length] })
    }

    fn process(&mut self, input: &[i16], output: &mut [i16]) {
        let frames = self.fft.input_frames_next();
        let (heard, padding) = self.input[..frames].split_at_mut(input.len());
        for (to, from) in heard.iter_mut().zip(input) {
            *to = f32::from(*from);
        }
        padding.fill(0.0);
        let length = self.output.len();
        let done = SequentialSlice::new(&self.input[..frames], 1, frames)
            .ok()
            .zip(SequentialSlice::new_mut(&mut self.output, 1, length).ok())
            .map(|(from, mut to)| self.fft.process_into_buffer(&from, &mut to, None));
        debug_assert!(matches!(done, Some(Ok(_))), "the buffers have the lengths asked for");
        for (to, from) in output.iter_mut().zip(&self.output) {
            // A float to an integer saturates.
            *to = from.round() as i16;
        }
    }
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fft.fmt(f)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(hz: f64, amplitude: f64, rate: u32, from: usize, len: usize) -> Vec<i16> {
        let step = TAU * hz / f64::from(rate);
        (from..from + len).map(|n| (amplitude * (step * n as f64).sin()).round() as i16).collect()
    }

    fn convert(resampler: &mut Resampler, input: &[i16]) -> Vec<i16> {
        let (mut at, mut all) = (0, Vec::new());
        while at + resampler.input_len() <= input.len() {
            let mut output = vec![0; resampler.output_len()];
            let len = resampler.input_len();
            resampler.process(&input[at..at + len], &mut output);
            at += len;
            all.extend(output);
        }
        all
    }

    /// Amplitude and phase (radians) of a frequency in a signal, and the
    /// RMS of everything else in it.
    fn analyse(signal: &[i16], hz: f64, rate: u32) -> (f64, f64, f64) {
        let step = TAU * hz / f64::from(rate);
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in signal.iter().enumerate() {
            re += f64::from(*sample) * (step * n as f64).sin();
            im += f64::from(*sample) * (step * n as f64).cos();
        }
        let scale = 2.0 / signal.len() as f64;
        let (re, im) = (re * scale, im * scale);
        let rest: f64 = signal
            .iter()
            .enumerate()
            .map(|(n, sample)| {
                let angle = step * n as f64;
                (f64::from(*sample) - re * angle.sin() - im * angle.cos()).powi(2)
            })
            .sum();
        (re.hypot(im), im.atan2(re), (rest / signal.len() as f64).sqrt())
    }

    #[test]
    fn a_tone_stays_pure_and_loud_and_comes_in_time() {
        let rates = [8_000, 16_000, 32_000, 44_100, 48_000];
        for from in rates {
            for to in rates {
                let mut resampler = Resampler::new(from, to).unwrap();
                assert_eq!(resampler.input_len(), from as usize / 100);
                assert_eq!(resampler.max_input_len(), from as usize / 100);
                let output =
                    convert(&mut resampler, &sine(1_000.0, 10_000.0, from, 0, from as usize));
                // From the second half on, a whole number of periods.
                let start = to as usize / 2;
                let (amplitude, phase, rest) = analyse(&output[start..], 1_000.0, to);
                let decibels = 20.0 * (amplitude / 10_000.0).log10();
                assert!(decibels.abs() < 0.1, "{from} to {to}: {decibels} dB");
                let purity = 20.0 * (amplitude / 2.0f64.sqrt() / rest).log10();
                assert!(purity > 70.0, "{from} to {to}: {purity} dB");
                let late = -phase / TAU;
                let expected = resampler.latency().as_secs_f64() * 1_000.0;
                let error = (late - expected).rem_euclid(1.0);
                assert!(!(0.05..=0.95).contains(&error), "{from} to {to}: {late} for {expected}");
                assert!(resampler.latency() <= Duration::from_millis(5), "{from} to {to}");
            }
        }
    }

    #[test]
    fn latency_is_what_it_says() {
        // An impulse comes out `latency` after it went in.
        for (from, to) in [(8_000, 48_000), (48_000, 8_000), (44_100, 48_000), (16_000, 8_000)] {
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut input = vec![0; from as usize / 10];
            let at = from as usize / 50;
            input[at] = i16::MAX;
            let output = convert(&mut resampler, &input);
            let peak = (0..output.len()).max_by_key(|n| output[*n]).unwrap();
            let late = peak as f64 / f64::from(to) - at as f64 / f64::from(from);
            let error = late - resampler.latency().as_secs_f64();
            assert!(error.abs() < 0.000_3, "{from} to {to}: {error} s");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        let mut resampler = Resampler::new(48_000, 8_000).unwrap();
        let output = convert(&mut resampler, &sine(6_000.0, 10_000.0, 48_000, 0, 48_000));
        let loudest = output[800..].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(loudest < 10, "{loudest}");
    }

    #[test]
    fn odd_rates_vary_their_input() {
        let mut resampler = Resampler::new(11_025, 8_000).unwrap();
        let output = convert(&mut resampler, &sine(1_000.0, 10_000.0, 11_025, 0, 22_050));
        let (amplitude, _, rest) = analyse(&output[8_000..15_600], 1_000.0, 8_000);
        assert!((amplitude - 10_000.0).abs() < 100.0, "{amplitude}");
        assert!(rest < 10.0, "{rest}");
    }

    #[test]
    fn absurd_rates_are_refused() {
        assert_eq!(Resampler::new(0, 8_000).unwrap_err(), ResampleError::RateOutOfRange(0));
        assert!(Resampler::new(8_000, u32::MAX).is_err());
        assert!(Resampler::new(8_000, 383_999).is_ok());
    }

    #[test]
    fn a_short_input_is_followed_by_silence_and_peaks_saturate() {
        let mut resampler = Resampler::new(8_000, 16_000).unwrap();
        let square = [i16::MAX, i16::MAX, i16::MIN, i16::MIN].repeat(20);
        let mut output = [0; 160];
        resampler.process(&square, &mut output);
        resampler.process(&square, &mut output);
        assert!(output.contains(&i16::MAX) && output.contains(&i16::MIN));
        resampler.process(&[], &mut output);
        resampler.process(&[], &mut output);
        assert_eq!(output, [0; 160]);
        resampler.process(&square, &mut output);
        resampler.reset();
        resampler.process(&[], &mut output);
        assert_eq!(output, [0; 160]);
    }
}
