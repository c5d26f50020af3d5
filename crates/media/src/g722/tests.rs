use super::*;
use crate::analysis::{dominant_frequency, rms, sine};

/// Triangles, silence, noise of all levels, and samples at both ends: whole
/// numbers only, so that every machine makes the same.
fn hard_input(noise: &mut impl FnMut() -> u64) -> Vec<i16> {
    let triangle = |period: i32, peak: i32| {
        let half = period / 2;
        (0..4000).map(move |n| {
            let at = n % period;
            (at.min(period - at) * 2 * peak / half - peak) as i16
        })
    };
    let mut pcm: Vec<i16> = triangle(36, 9000).chain(triangle(4, 20_000)).collect();
    pcm.extend([0; 2000]);
    pcm.extend((0..24_000).map(|n| (noise() >> 48) as i16 >> (n / 2000)));
    pcm.extend((0..4000).map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN }));
    pcm
}

fn noise() -> impl FnMut() -> u64 {
    let mut state = 7u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state
    }
}

/// 64-bit FNV-1a.
fn digest(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn a_tone_of_either_band_comes_through() {
    for frequency in [300.0, 1000.0, 3000.0, 5000.0, 6800.0] {
        let pcm = sine(16_000, frequency, 10_000.0, 16_000);
        let mut codes = vec![0; 8000];
        assert_eq!(Encoder::new().encode(&pcm, &mut codes), 8000);
        let mut heard = vec![0; 16_000];
        assert_eq!(Decoder::new().decode(&codes, &mut heard), 16_000);
        let got = dominant_frequency(&heard[1600..], 16_000).unwrap();
        assert!((got - frequency).abs() < 5.0, "{frequency}: {got}");
        let (before, after) = (rms(&pcm[1600..]), rms(&heard[1600..]));
        assert!((before - after).abs() < before / 10.0, "{frequency}: {before} {after}");
    }
}

/// What libspandsp 0.0.6 (Debian's libspandsp2) makes of the same input, which
/// is an implementation of other people's.
#[test]
fn another_implementation_says_the_same() {
    let mut noise = noise();
    let pcm = hard_input(&mut noise);
    let mut codes = vec![0; pcm.len() / 2];
    Encoder::new().encode(&pcm, &mut codes);
    assert_eq!(codes[..8], [48, 133, 33, 134, 34, 132, 4, 146]);
    assert_eq!(digest(codes.iter().copied()), 0xdddc_3556_40bb_31dd);
    // It lets loud samples overflow where we limit them, so what is decoded is
    // half as loud.
    let half: Vec<i16> = pcm.iter().map(|sample| sample >> 1).collect();
    Encoder::new().encode(&half, &mut codes);
    assert_eq!(digest(codes.iter().copied()), 0xa08c_39cb_8542_6272);
    let mut heard = vec![0; pcm.len()];
    Decoder::new().decode(&codes, &mut heard);
    assert_eq!(digest(heard.iter().flat_map(|sample| sample.to_le_bytes())), 0x8fde_4390_02b5_995d);
}

#[test]
fn it_goes_on_where_it_has_stopped() {
    let pcm = hard_input(&mut noise());
    let mut codes = vec![0; pcm.len() / 2];
    Encoder::new().encode(&pcm, &mut codes);
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    let mut heard = vec![0; pcm.len()];
    Decoder::new().decode(&codes, &mut heard);
    for (at, part) in pcm.chunks(362).enumerate() {
        let mut some = [0; 181];
        let made = encoder.encode(part, &mut some);
        assert_eq!(some[..made], codes[at * 181..][..made]);
        let mut samples = [0; 362];
        let made = decoder.decode(&some[..made], &mut samples);
        assert_eq!(samples[..made], heard[at * 362..][..made]);
    }
}

/// The ITU's test sequences are not ours to copy: `G722_ITU` names a folder
/// that has them. Each word has a code or a sample of a band, and a lowest bit
/// that says "start anew".
#[test]
fn itu_sequences() {
    let Some(folder) = std::env::var_os("G722_ITU").map(std::path::PathBuf::from) else { return };
    let words = |name: &str| -> Vec<u16> {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]])).collect()
    };
    let (samples, codes) = (words("bt1c1.xmt"), words("bt2r1.cod"));
    let (lower, upper) = (words("bt3l1.rc1"), words("bt3h1.rc0"));
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    let mut compared = 0;
    for (n, (sample, code)) in samples.iter().zip(&codes).enumerate() {
        if sample & 1 == 1 {
            (encoder, decoder) = (Encoder::new(), Decoder::new());
            continue;
        }
        let band = i32::from(*sample as i16 >> 1);
        assert_eq!(encoder.code(band, band), (code >> 8) as u8, "code {n}");
        let (low, high) = decoder.samples((code >> 8) as u8);
        assert_eq!(low << 1, i32::from(lower[n] as i16), "lower band {n}");
        assert_eq!(high << 1, i32::from(upper[n] as i16), "upper band {n}");
        compared += 1;
    }
    assert!(compared > 16_000, "{compared}");
}
