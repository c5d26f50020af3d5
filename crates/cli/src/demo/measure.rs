//! What was heard, measured from its recording.

use std::path::Path;

use sipsimple_media::analysis::{discontinuities, dominant_frequency, tone_level};

/// How far a heard tone may be from the played one, in Hz: one cut of 10 ms
/// in a second would show as about 1 Hz.
const TOLERANCE: f64 = 0.3;

/// The least amplitude that counts as heard (full scale is 32,767).
const AUDIBLE: f64 = 2000.0;

/// Seconds at the start that are not looked at: the jitter buffer fills.
const START: f64 = 0.5;

/// Measures the tone in a recording against the one that was played.
pub(super) fn tone(file: &Path, played: u16) -> Result<String, String> {
    let mut reader =
        hound::WavReader::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let rate = reader.spec().sample_rate;
    let samples: Result<Vec<i16>, _> = reader.samples().collect();
    let samples = samples.map_err(|error| format!("{}: {error}", file.display()))?;
    let heard = samples
        .get((START * f64::from(rate)) as usize..)
        .filter(|heard| heard.len() >= rate as usize / 2)
        .ok_or_else(|| format!("the recording has {} samples only", samples.len()))?;
    let cuts = discontinuities(heard, rate, played.into()).len();
    let heard = &heard[..heard.len().min(rate as usize)];
    let frequency = dominant_frequency(heard, rate).ok_or("silence")?;
    let level = tone_level(heard, rate, frequency);
    let measured = format!("{frequency:.1} Hz at {:.1} dBFS", 20.0 * (level / 32_767.0).log10());
    if (frequency - f64::from(played)).abs() > TOLERANCE || level < AUDIBLE {
        return Err(format!("heard {measured}, played {played} Hz"));
    }
    // A machine that is too busy may cause some: they are told, no more.
    match cuts {
        0 => Ok(format!("{measured}, no cut")),
        cuts => Ok(format!("{measured}, {} ms cut or blurred", cuts * 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipsimple_media::analysis::sine;

    fn recording(samples: &[i16]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heard.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&file, spec).unwrap();
        samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
        writer.finalize().unwrap();
        (folder, file)
    }

    #[test]
    fn the_right_tone_passes_and_others_fail() {
        let (_folder, file) = recording(&sine(8000, 440.0, 10_000.0, 16_000));
        assert!(tone(&file, 440).unwrap().starts_with("440."));
        assert!(tone(&file, 660).is_err());
    }

    #[test]
    fn a_tone_with_a_cut_in_it_fails() {
        let mut samples = sine(8000, 440.0, 10_000.0, 16_000);
        samples.drain(8000..8080);
        let (_folder, file) = recording(&samples);
        assert!(tone(&file, 440).is_err());
        let mut samples = sine(8000, 440.0, 10_000.0, 16_000);
        samples[14_000..14_080].fill(0);
        let (_folder, file) = recording(&samples);
        assert!(tone(&file, 440).unwrap().contains("10 ms cut"));
    }

    #[test]
    fn silence_a_whisper_and_too_little_fail() {
        for samples in [vec![0; 16_000], sine(8000, 440.0, 100.0, 16_000), vec![9; 100]] {
            let (_folder, file) = recording(&samples);
            assert!(tone(&file, 440).is_err());
        }
        assert!(tone(Path::new("nowhere.wav"), 440).is_err());
    }
}
