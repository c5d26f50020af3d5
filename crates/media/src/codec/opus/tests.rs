use super::*;
use crate::analysis::{dominant_frequency, rms, sine};

const FRAME: usize = 960;

fn encoder(settings: OpusSettings, peer: &str) -> Box<dyn Encoder> {
    Opus::new(settings).encoder(&FormatParameters::new(peer))
}

/// Something like a voice: harmonics that come and go.
fn voice(len: usize) -> Vec<i16> {
    let parts: Vec<_> =
        (1..12).map(|n| sine(RATE, 140.0 * f64::from(n), 9000.0 / f64::from(n), len)).collect();
    let swell = |n: usize| ((n as f32 / RATE as f32 * 25.0).sin() + 1.0) / 2.0;
    (0..len)
        .map(|n| {
            let sum: i32 = parts.iter().map(|part| i32::from(part[n])).sum();
            (sum as f32 * swell(n)) as i16
        })
        .collect()
}

fn packets(encoder: &mut dyn Encoder, pcm: &[i16]) -> Vec<Vec<u8>> {
    let encode = |frame: &[i16]| {
        let mut payload = [0; 1400];
        let len = encoder.encode(frame, &mut payload).unwrap();
        payload[..len].to_vec()
    };
    pcm.chunks_exact(FRAME).map(encode).collect()
}

#[test]
fn a_tone_comes_through_in_packets_of_every_length() {
    for len in [480, 960, 1920, 2880] {
        let tone = sine(RATE, 1000.0, 8000.0, 2880 * 20);
        let (mut encoder, mut decoder) =
            (encoder(OpusSettings::default(), "useinbandfec=1"), Opus::default().decoder());
        let mut heard = Vec::new();
        for frame in tone.chunks_exact(len) {
            let (mut payload, mut pcm) = ([0; 1400], [0; LONGEST]);
            let coded = encoder.encode(frame, &mut payload).unwrap();
            assert_eq!(decoder.ticks(&payload[..coded]), len as u32);
            assert_eq!(decoder.decode(&payload[..coded], &mut pcm), Ok(len));
            heard.extend_from_slice(&pcm[..len]);
        }
        let heard = &heard[9600..];
        let frequency = dominant_frequency(heard, RATE).unwrap();
        assert!((frequency - 1000.0).abs() < 5.0, "{len}: {frequency}");
        let level = rms(heard);
        assert!((4500.0..6500.0).contains(&level), "{len}: {level}");
    }
    let codec = Opus::default();
    for (wanted, got) in [(1, 10), (20, 20), (30, 20), (45, 40), (50, 40), (60, 60), (900, 60)] {
        let (wanted, got) = (Duration::from_millis(wanted), Duration::from_millis(got));
        assert_eq!(codec.packet_time(wanted), got);
    }
    assert_eq!(
        encoder(OpusSettings::default(), "").encode(&[0; 1440], &mut [0; 1400]),
        Err(CodecError::Length(1440))
    );
}

#[test]
fn the_peer_limits_what_is_sent() {
    let config =
        |peer: &str| EncoderConfig::new(&OpusSettings::default(), &FormatParameters::new(peer));
    assert!(!config("").fec);
    let asked =
        config("maxplaybackrate=16000; maxaveragebitrate=12000;useinbandfec=1;cbr=1;usedtx=1");
    assert_eq!((asked.playback_rate, asked.bit_rate), (16_000, 12_000));
    assert!(asked.fec && asked.dtx && asked.rate_control == RateControl::Constant);
    assert_eq!(config("maxaveragebitrate=1").bit_rate, 6000);
    let sizes = |peer: &str| -> usize {
        let mut encoder = encoder(OpusSettings::default(), peer);
        packets(&mut *encoder, &voice(FRAME * 100)).iter().map(Vec::len).sum()
    };
    // Two seconds: bytes * 4 is bit/s.
    let (full, little) = (sizes("") * 4, sizes("maxaveragebitrate=12000") * 4);
    assert!((22_000..36_000).contains(&full), "{full}");
    assert!((7_000..15_000).contains(&little), "{little}");
}

#[test]
fn a_lost_packet_is_heard_from_the_copy_in_the_next() {
    let pcm = voice(FRAME * 60);
    let settings = OpusSettings { expected_loss: 20, bit_rate: 24_000, ..OpusSettings::default() };
    let packets = packets(&mut *encoder(settings, "useinbandfec=1"), &pcm);
    let lost = 40;
    let codec = Opus::default();
    assert_eq!(codec.decoder().redundancy(&packets[lost + 1]), FRAME as u32);
    let heard = |loss: &mut dyn FnMut(&mut dyn Decoder, &mut [i16])| {
        let mut decoder = codec.decoder();
        let mut heard = vec![0; FRAME * 60];
        for (n, out) in heard.chunks_exact_mut(FRAME).enumerate() {
            if n == lost {
                loss(&mut *decoder, out);
            } else {
                decoder.decode(&packets[n], out).unwrap();
            }
        }
        heard[lost * FRAME..(lost + 1) * FRAME].to_vec()
    };
    let whole = heard(&mut |decoder, out| {
        decoder.decode(&packets[lost], out).unwrap();
    });
    let copied = heard(&mut |decoder, out| {
        assert_eq!(decoder.decode_redundancy(&packets[lost + 1], out), Ok(FRAME));
    });
    let guessed = heard(&mut |decoder, out| {
        let (first, second) = out.split_at_mut(480);
        assert_eq!((decoder.conceal(first), decoder.conceal(second)), (480, 480));
    });
    let error = |other: &[i16]| {
        let difference: Vec<i16> =
            whole.iter().zip(other).map(|(a, b)| a.wrapping_sub(*b)).collect();
        rms(&difference)
    };
    assert!(error(&copied) < error(&guessed), "{} {}", error(&copied), error(&guessed));
    assert!(rms(&guessed) > 0.0);
    // Odd lengths are made up as far as Opus can.
    assert_eq!(codec.decoder().conceal(&mut [0; 500]), 480);
    assert_eq!(codec.decoder().conceal(&mut [0; 100]), 0);
}

#[test]
fn nothing_is_sent_while_nobody_speaks() {
    let mut encoder = encoder(OpusSettings { dtx: true, ..OpusSettings::default() }, "");
    let mut pcm = voice(FRAME * 50);
    pcm.extend(vec![0; FRAME * 100]);
    pcm.extend(voice(FRAME * 10));
    let packets = packets(&mut *encoder, &pcm);
    let silent = packets[50..150].iter().filter(|packet| packet.is_empty()).count();
    assert!(silent > 60, "{silent}");
    assert!(packets[..50].iter().chain(&packets[152..]).all(|packet| packet.len() > 2));
}

/// A packet of two channels, made by the same crate.
#[cfg(feature = "opus")]
#[test]
fn stereo_is_mixed() {
    let mut stereo = opus_pure::OpusEncoder::new(48_000, 2, opus_pure::Application::Audio).unwrap();
    let left = sine(RATE, 440.0, 8000.0, FRAME * 20);
    let mut decoder = Opus::default().decoder();
    let mut heard = Vec::new();
    for frame in left.chunks_exact(FRAME) {
        let both: Vec<i16> = frame.iter().flat_map(|sample| [*sample, 0]).collect();
        let (mut payload, mut pcm) = ([0; 1400], [0; FRAME]);
        let len = stereo.encode_s16(&both, FRAME, &mut payload).unwrap();
        assert_eq!(decoder.decode(&payload[..len], &mut pcm), Ok(FRAME));
        heard.extend(pcm);
    }
    let level = rms(&heard[FRAME * 5..]);
    assert!((2400.0..3200.0).contains(&level), "{level}");
}

/// The two implementations understand each other, and decode alike.
#[cfg(all(feature = "opus", feature = "libopus"))]
#[test]
fn both_implementations_decode_alike() {
    let pcm = voice(FRAME * 100);
    for bit_rate in [8_000, 16_000, 32_000, 64_000] {
        let settings = OpusSettings { bit_rate, ..OpusSettings::default() };
        let config = EncoderConfig::new(&settings, &FormatParameters::new("useinbandfec=1"));
        let mut ours = pure::Encoder::new(&config).unwrap();
        let mut theirs = libopus::Encoder::new(&config).unwrap();
        let mut decoders = (pure::Decoder::new().unwrap(), libopus::Decoder::new().unwrap());
        for (n, frame) in pcm.chunks_exact(FRAME).enumerate() {
            let (mut payload, mut a, mut b) = ([0; 1400], [0; FRAME], [0; FRAME]);
            let len = if n % 2 == 0 {
                ours.encode(frame, &mut payload)
            } else {
                theirs.encode(frame, &mut payload)
            }
            .unwrap();
            decoders.0.decode(&payload[..len], &mut a).unwrap();
            decoders.1.decode(&payload[..len], &mut b).unwrap();
            let worst = a.iter().zip(b).map(|(a, b)| a.abs_diff(b)).max();
            assert!(worst <= Some(2), "{bit_rate} frame {n}: {worst:?}");
        }
    }
}
