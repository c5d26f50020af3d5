//! A WAV file as mono PCM at a wanted rate.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec};

use super::WavError;
use crate::mixer::SampleRate;
use crate::resample::Resampler;

/// Reads a WAV file of one or two channels, 8 to 32 bits or floating point,
/// at any rate, as quanta of mono PCM at a mixer's rate.
pub struct WavSource<R> {
    reader: WavReader<R>,
    spec: WavSpec,
    resampler: Resampler,
    input: Vec<i16>,
    /// Frames read since the start.
    taken: u64,
    /// Samples given since the start.
    given: u64,
    ended: bool,
}

impl WavSource<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`WavError`] when it can't be read or is no WAV file that can be
    /// played.
    pub fn open(path: &Path, rate: SampleRate) -> Result<Self, WavError> {
        Self::new(BufReader::new(File::open(path).map_err(WavError::io)?), rate)
    }
}

impl<R: Read + Seek> WavSource<R> {
    /// Reads the header from `reader`.
    ///
    /// # Errors
    ///
    /// As [`open`](WavSource::open).
    pub fn new(reader: R, rate: SampleRate) -> Result<Self, WavError> {
        let reader = WavReader::new(reader).map_err(|error| match error {
            // A file that ends within its header.
            hound::Error::IoError(error) if ended_early(&error) => WavError::Malformed("cut off"),
            error => error.into(),
        })?;
        let spec = reader.spec();
        if !(1..=2).contains(&spec.channels) {
            return Err(WavError::Unsupported(format!("{} channels", spec.channels)));
        }
        let bits = spec.bits_per_sample;
        if !(1..=32).contains(&bits) || (spec.sample_format == SampleFormat::Float && bits != 32) {
            return Err(WavError::Unsupported(format!("{bits} bits")));
        }
        let resampler = Resampler::new(spec.sample_rate, rate.hz())
            .map_err(|error| WavError::Unsupported(error.to_string()))?;
        let input = Vec::with_capacity(resampler.max_input_len());
        Ok(Self { reader, spec, resampler, input, taken: 0, given: 0, ended: false })
    }

    /// Fills `pcm`, which is a quantum long, and returns how many samples of
    /// it are sound; the rest is silence. Zero is the end of the file.
    ///
    /// # Errors
    ///
    /// [`WavError`] when reading fails. A file that is shorter than its
    /// header says just ends.
    pub fn read(&mut self, pcm: &mut [i16]) -> Result<usize, WavError> {
        let wanted = self.resampler.input_len();
        self.input.clear();
        if !self.ended {
            self.take_frames(wanted)?;
            self.taken += self.input.len() as u64;
            self.ended = self.input.len() < wanted;
        }
        self.resampler.process(&self.input, pcm);
        // The sound ends where the file ends, plus what the resampler holds.
        let (from, to) = (self.resampler.input_rate(), self.resampler.output_rate());
        let held = self.resampler.delay() as u64;
        let total = match self.taken {
            0 => 0,
            taken => (taken * u64::from(to)).div_ceil(u64::from(from)) + held,
        };
        let sound = match self.ended {
            true => total.saturating_sub(self.given).min(pcm.len() as u64) as usize,
            false => pcm.len(),
        };
        self.given += sound as u64;
        pcm[sound..].fill(0);
        Ok(sound)
    }

    /// Goes back to the start.
    ///
    /// # Errors
    ///
    /// As [`open`](WavSource::open): the file is read anew.
    pub fn rewind(mut self) -> Result<Self, WavError> {
        let mut inner = self.reader.into_inner();
        inner.rewind().map_err(WavError::io)?;
        self.reader = WavReader::new(inner)?;
        if self.reader.spec() != self.spec {
            return Err(WavError::Malformed("the file has changed"));
        }
        self.resampler.reset();
        Ok(Self { taken: 0, given: 0, ended: false, ..self })
    }

    /// Appends up to `wanted` frames to the input, mixed to mono.
    fn take_frames(&mut self, wanted: usize) -> Result<(), WavError> {
        let channels = usize::from(self.spec.channels);
        let samples = wanted * channels;
        let bits = u32::from(self.spec.bits_per_sample);
        match self.spec.sample_format {
            SampleFormat::Int => {
                let all = self.reader.samples::<i32>().take(samples);
                let narrow = all.map(|sample| sample.map(|sample| to_16_bits(sample, bits)));
                mix_down(narrow, channels, &mut self.input)
            }
            SampleFormat::Float => {
                let all = self.reader.samples::<f32>().take(samples);
                // A float to an integer saturates, and not-a-number is 0.
                let narrow = all.map(|sample| sample.map(|sample| (sample * 32_768.0) as i16));
                mix_down(narrow, channels, &mut self.input)
            }
        }
    }
}

impl<R> fmt::Debug for WavSource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WavSource").field("spec", &self.spec).finish_non_exhaustive()
    }
}

fn to_16_bits(sample: i32, bits: u32) -> i16 {
    let sample = if bits > 16 { sample >> (bits - 16) } else { sample << (16 - bits) };
    sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

fn mix_down(
    mut samples: impl Iterator<Item = hound::Result<i16>>,
    channels: usize,
    input: &mut Vec<i16>,
) -> Result<(), WavError> {
    loop {
        let mut sum = 0;
        for _ in 0..channels {
            match samples.next() {
                None => return Ok(()),
                Some(Ok(sample)) => sum += i32::from(sample),
                Some(Err(hound::Error::IoError(error))) if ended_early(&error) => return Ok(()),
                Some(Err(error)) => return Err(error.into()),
            }
        }
        input.push((sum / channels as i32) as i16);
    }
}

/// The reader gives "other" for a file that ends in the middle of something.
fn ended_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::Other)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use hound::WavWriter;
    use proptest::prelude::*;

    use super::*;

    const RATE: SampleRate = SampleRate::Hz8000;

    fn spec(channels: u16, sample_rate: u32, bits: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample: bits, sample_format }
    }

    fn file<S: hound::Sample>(spec: WavSpec, samples: impl IntoIterator<Item = S>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        samples.into_iter().for_each(|sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    fn read(source: &mut WavSource<Cursor<Vec<u8>>>) -> Result<Vec<i16>, WavError> {
        let (mut all, mut pcm) = (Vec::new(), [1; 80]);
        loop {
            let sound = source.read(&mut pcm)?;
            assert!(pcm[sound..].iter().all(|sample| *sample == 0));
            all.extend(&pcm[..sound]);
            if sound == 0 {
                return Ok(all);
            }
        }
    }

    fn read_all(bytes: Vec<u8>) -> Result<Vec<i16>, WavError> {
        read(&mut WavSource::new(Cursor::new(bytes), RATE)?)
    }

    #[test]
    fn at_the_same_rate_every_sample_is_kept() {
        let samples: Vec<i16> = (0..1_234).map(|n| (n * 31 % 20_000) as i16 - 10_000).collect();
        let bytes = file(spec(1, 8_000, 16, SampleFormat::Int), samples.iter().copied());
        let mut source = WavSource::new(Cursor::new(bytes), RATE).unwrap();
        assert_eq!(read(&mut source).unwrap(), samples);
        let mut source = source.rewind().unwrap();
        assert_eq!(read(&mut source).unwrap(), samples);
    }

    #[test]
    fn kinds_of_samples() {
        let int = |bits, samples: [i32; 2]| {
            read_all(file(spec(1, 8_000, bits, SampleFormat::Int), samples)).unwrap()
        };
        assert_eq!(int(8, [1, -128]), [256, i16::MIN]);
        assert_eq!(int(24, [0x12_3456, -1]), [0x1234, -1]);
        assert_eq!(int(32, [0x1234_5678, i32::MIN]), [0x1234, i16::MIN]);
        let float = file(spec(1, 8_000, 32, SampleFormat::Float), [0.5f32, -2.0, f32::NAN]);
        assert_eq!(read_all(float).unwrap(), [16_384, i16::MIN, 0]);
        let stereo = file(spec(2, 8_000, 16, SampleFormat::Int), [100i16, 200, -7, -9]);
        assert_eq!(read_all(stereo).unwrap(), [150, -8]);
    }

    #[test]
    fn other_rates_keep_their_length() {
        for rate in [8_000u32, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000] {
            for frames in [1, 79, rate / 2, rate] {
                let samples = (0..frames).map(|n| ((n % 50) * 100) as i16);
                let got = read_all(file(spec(1, rate, 16, SampleFormat::Int), samples)).unwrap();
                let expected = (u64::from(frames) * 8_000).div_ceil(u64::from(rate)) as usize;
                let held = Resampler::new(rate, 8_000).unwrap().delay();
                assert_eq!(got.len(), expected + held, "{frames} frames at {rate} Hz");
            }
        }
    }

    #[test]
    fn a_file_that_is_cut_off_just_ends() {
        let mut bytes = file(spec(1, 8_000, 16, SampleFormat::Int), [1i16, 2, 3, 4]);
        bytes.truncate(bytes.len() - 3);
        let mut source = WavSource::new(Cursor::new(bytes), RATE).unwrap();
        assert_eq!(read(&mut source).unwrap(), [1, 2]);
        let mut source = source.rewind().unwrap();
        assert_eq!(read(&mut source).unwrap(), [1, 2]);
    }

    #[test]
    fn what_is_refused() {
        assert!(matches!(read_all(Vec::new()), Err(WavError::Malformed(_))));
        assert!(matches!(read_all(b"RIFF\0\0\0\0WAV".to_vec()), Err(WavError::Malformed(_))));
        assert!(matches!(read_all(vec![b'x'; 100]), Err(WavError::Malformed(_))));
        let three = file(spec(3, 8_000, 16, SampleFormat::Int), [1i16, 2, 3]);
        assert!(matches!(read_all(three), Err(WavError::Unsupported(_))));
        let slow = file(spec(1, 1, 16, SampleFormat::Int), [1i16]);
        assert!(matches!(read_all(slow), Err(WavError::Unsupported(_))));
        let missing = WavSource::open(Path::new("/does/not/exist.wav"), RATE);
        assert!(matches!(missing, Err(WavError::Io(_))));
    }

    proptest! {
        /// Any bytes, and any damage to a good file, give sound or an error.
        #[test]
        fn damage_never_panics(
            kind in 0..4,
            cut in 0..200usize,
            damage in prop::collection::vec((0..60usize, any::<u8>()), 0..6),
        ) {
            let mut bytes = match kind {
                0 => file(spec(1, 8_000, 16, SampleFormat::Int), 0..60i16),
                1 => file(spec(2, 11_025, 24, SampleFormat::Int), 0..60i32),
                2 => file(spec(1, 48_000, 32, SampleFormat::Float), [0.1f32; 60]),
                _ => file(spec(2, 16_000, 8, SampleFormat::Int), [1i8; 60]),
            };
            for (at, value) in damage {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(bytes.len().saturating_sub(cut));
            read_all(bytes).ok();
        }
    }
}
