//! What holds for every codec of the list, whatever the network brings.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use proptest::prelude::*;
use sipsimple_media::codec::{CodecList, FormatParameters, MAX_PTIME};

/// More than the longest packet of any codec: 255 ms at 48 kHz.
const ROOM: usize = 12_240;

#[test]
fn every_codec_encodes_each_packet_time_that_it_names_and_decodes_it() {
    for codec in CodecList::standard().iter() {
        let info = codec.info();
        for wanted in 0..=100 {
            let time = codec.packet_time(Duration::from_millis(wanted));
            assert!(time <= MAX_PTIME && time.as_millis() % 10 == 0 && !time.is_zero());
            let samples = (time.as_millis() * u128::from(info.sample_rate) / 1000) as usize;
            let pcm: Vec<i16> = (0..samples).map(|n| ((n * 700) % 9000) as i16 - 4500).collect();
            let mut payload = [0; 1488];
            let mut encoder = codec.encoder(&codec.parameters());
            let len = encoder.encode(&pcm, &mut payload).unwrap();
            let mut decoder = codec.decoder();
            let ticks = (time.as_millis() * u128::from(info.clock_rate) / 1000) as u32;
            assert_eq!(decoder.ticks(&payload[..len]), ticks, "{codec:?} {wanted}");
            assert_eq!(decoder.decode(&payload[..len], &mut [0; ROOM]), Ok(samples));
            assert!(decoder.decode(&payload[..len], &mut [0; 10]).is_err());
        }
        assert!(codec.encoder(&codec.parameters()).encode(&[0; 480], &mut []).is_err());
        let found = CodecList::standard().find(info.name, info.clock_rate, info.channels);
        assert_eq!(found.unwrap().info(), info);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 96 } else { 20_000 }))]

    /// One decoder lives through many packets of noise, gaps and copies.
    #[test]
    fn no_decoder_panics_or_writes_too_much(
        steps in prop::collection::vec(
            (0u8..5, prop::collection::vec(any::<u8>(), 0..200), 0usize..6000), 1..20)
    ) {
        for codec in CodecList::standard().iter() {
            let mut decoder = codec.decoder();
            let mut pcm = vec![0; ROOM];
            for (kind, payload, len) in &steps {
                match kind {
                    0 => prop_assert!(decoder.conceal(&mut pcm[..*len]) <= *len),
                    1 => {
                        let ticks = decoder.redundancy(payload) as usize;
                        prop_assert!(ticks <= 48_000 * 60 / 1000);
                        if let Ok(made) = decoder.decode_redundancy(payload, &mut pcm[..*len]) {
                            prop_assert!(made <= *len);
                        }
                    }
                    2 if len % 7 == 0 => decoder.reset(),
                    _ => {
                        let ticks = u64::from(decoder.ticks(payload));
                        let info = codec.info();
                        let samples = ticks * u64::from(info.sample_rate) / u64::from(info.clock_rate);
                        if let Ok(made) = decoder.decode(payload, &mut pcm) {
                            prop_assert_eq!(made as u64, samples);
                        }
                        let _ = decoder.decode(payload, &mut pcm[..*len]);
                    }
                }
            }
        }
    }

    #[test]
    fn no_parameters_upset_an_encoder(text in ".{0,60}", rate in any::<u32>(), loss in any::<u8>()) {
        for codec in CodecList::standard().iter() {
            let text = format!("maxplaybackrate={rate};maxaveragebitrate={rate};{text}");
            let peer = FormatParameters::new(&text);
            codec.accepts(&peer);
            let mut encoder = codec.encoder(&peer);
            encoder.set_packet_loss(loss);
            let pcm = vec![1000; codec.info().sample_rate as usize / 100];
            prop_assert!(encoder.encode(&pcm, &mut [0; 1488]).is_ok());
        }
    }
}
