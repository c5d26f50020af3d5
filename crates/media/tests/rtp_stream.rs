//! Whole streams over a bad network, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use sipsimple_media::analysis::{dominant_frequency, rms, tone_level};
use sipsimple_media::stream::{AudioEvent, Direction, Input};
use sipsimple_media::telephone_event::Digit;
use support::{Datagram, End, Pair, Path, RATE};

const SECOND: Duration = Duration::from_secs(1);

/// The tone of 8000 that the other side says, as this one has lately heard it.
#[track_caller]
fn assert_hears(end: &End, frequency: f64, at_least: f64) {
    let pcm = end.last(SECOND);
    let dominant = dominant_frequency(pcm, RATE).expect("something is heard");
    let level = tone_level(pcm, RATE, frequency);
    assert!((dominant - frequency).abs() < 3.0, "{dominant} Hz instead of {frequency}");
    assert!(level > at_least, "level {level} of {frequency} Hz");
}

#[track_caller]
fn assert_silent(end: &End, time: Duration) {
    let level = rms(end.last(time));
    assert!(level < 10.0, "level {level}");
}

fn dtmf(end: &End) -> String {
    let digits = end.events.iter().filter_map(|event| match event {
        AudioEvent::GotDtmf { digit } => Some(digit.as_char()),
        _ => None,
    });
    digits.collect()
}

fn press(pair: &mut Pair, side: usize, digits: &str) {
    for digit in digits.chars() {
        pair.input(side, Input::Digit(Digit::try_from(digit).unwrap()));
    }
}

#[test]
fn a_clean_path_gives_the_tone_as_it_was_with_little_delay() {
    let mut pair = Pair::new(1, Path::CLEAN);
    pair.seconds(5);
    assert_hears(&pair.a, 660.0, 7800.0);
    assert_hears(&pair.b, 440.0, 7800.0);
    let statistics = pair.statistics(1);
    assert_eq!(statistics.rx.packets_lost, 0);
    assert_eq!(statistics.rx.packets_discarded, 0);
    assert_eq!(statistics.playout.concealed, Duration::ZERO);
    assert!(statistics.rx.packets >= 247, "{}", statistics.rx.packets);
    assert_eq!(statistics.rx.bytes, statistics.rx.packets * 160);
    assert!(statistics.playout.delay <= Duration::from_millis(30), "{statistics:?}");
    assert!(statistics.rx.jitter.max < Duration::from_millis(1));
}

#[test]
fn loss_is_concealed_and_counted() {
    for (loss, level) in [(5, 6500.0), (20, 4500.0)] {
        let mut pair = Pair::new(2, Path::loss(loss));
        pair.seconds(20);
        assert_hears(&pair.a, 660.0, level);
        assert_hears(&pair.b, 440.0, level);
        let statistics = pair.statistics(0);
        let sent = pair.statistics(1).tx.packets;
        let share = statistics.rx.packets_lost as f64 * 100.0 / sent as f64;
        assert!((share - f64::from(loss)).abs() < f64::from(loss) / 2.0, "{share} %");
        assert_eq!(statistics.rx.packets_discarded, 0);
        assert!(statistics.rx.random_loss);
        assert!(statistics.rx.loss_period.min >= Duration::from_millis(20));
        // The reports say the same to the other side, up to the last one.
        let reported = pair.statistics(1).tx.packets_lost;
        assert!(reported > 0 && reported <= statistics.rx.packets_lost, "{reported}");
    }
}

#[test]
fn jitter_of_60_ms_is_absorbed() {
    let mut pair = Pair::new(3, Path::jitter(60));
    pair.seconds(10);
    let before = pair.statistics(0);
    pair.seconds(20);
    assert_hears(&pair.a, 660.0, 7000.0);
    let after = pair.statistics(0);
    let discarded = after.rx.packets_discarded - before.rx.packets_discarded;
    assert!(discarded <= 40, "{discarded} of 1000 discarded");
    assert!(after.rx.packets_reordered > 100);
    assert_eq!(after.rx.packets_lost, 0);
    assert!(after.playout.delay < Duration::from_millis(120), "{:?}", after.playout);
    assert!(after.rx.jitter.average() > Duration::from_millis(10));
}

#[test]
fn the_delay_shrinks_when_the_network_calms_down() {
    let mut pair = Pair::new(4, Path::jitter(120));
    pair.seconds(10);
    let rough = pair.statistics(0).playout.delay;
    assert!(rough > Duration::from_millis(80), "{rough:?}");
    pair.b.path = Path::CLEAN;
    pair.seconds(20);
    let calm = pair.statistics(0).playout.delay;
    assert!(calm < Duration::from_millis(40), "{calm:?}");
    assert_hears(&pair.a, 660.0, 7800.0);
}

#[test]
fn a_stall_of_the_network_costs_a_pause_and_no_words() {
    let mut pair = Pair::new(5, Path::CLEAN);
    pair.seconds(3);
    // Everything sent in 150 ms arrives 150 ms late.
    pair.b.path.delay += Duration::from_millis(150);
    pair.run(Duration::from_millis(150));
    pair.b.path.delay = Path::CLEAN.delay;
    pair.seconds(10);
    let statistics = pair.statistics(0);
    assert_eq!(statistics.rx.packets_lost, 0);
    assert!(statistics.playout.delay < Duration::from_millis(40), "{:?}", statistics.playout);
    assert_hears(&pair.a, 660.0, 7800.0);
}

#[test]
fn duplicates_are_heard_once() {
    let mut pair = Pair::new(6, Path { duplicates: 50, ..Path::jitter(30) });
    pair.seconds(10);
    assert_hears(&pair.a, 660.0, 7000.0);
    let statistics = pair.statistics(0);
    assert!(statistics.rx.packets_duplicate > 200, "{}", statistics.rx.packets_duplicate);
    assert_eq!(statistics.rx.packets_lost, 0);
}

#[test]
fn sequence_numbers_and_timestamps_wrap() {
    let mut pair = Pair::new(7, Path::jitter(20));
    // Shifts B's numbers so that both wrap after three seconds.
    let mut shift = None;
    pair.filter = Box::new(move |datagram| {
        if datagram.control || datagram.from.port() != 5000 {
            return true;
        }
        let bytes = &mut datagram.bytes;
        let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
        let timestamp = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let (by_number, by_time) = *shift.get_or_insert((
            (0u16.wrapping_sub(150)).wrapping_sub(sequence),
            (0u32.wrapping_sub(150 * 160 + 80)).wrapping_sub(timestamp),
        ));
        bytes[2..4].copy_from_slice(&sequence.wrapping_add(by_number).to_be_bytes());
        bytes[4..8].copy_from_slice(&timestamp.wrapping_add(by_time).to_be_bytes());
        true
    });
    pair.seconds(6);
    let statistics = pair.statistics(0);
    assert_eq!(statistics.rx.packets_lost, 0);
    assert_eq!(statistics.rx.packets_discarded, 0);
    assert!(statistics.playout.concealed < Duration::from_millis(100));
    let whole = &pair.a.heard[RATE as usize * 5 / 2..RATE as usize * 7 / 2];
    assert!(tone_level(whole, RATE, 660.0) > 7500.0, "around the wrap");
}

#[test]
fn a_jump_of_the_timestamps_is_followed() {
    let mut pair = Pair::new(8, Path::CLEAN);
    let mut packets = 0;
    pair.filter = Box::new(move |datagram| {
        if !datagram.control && datagram.from.port() == 5000 {
            packets += 1;
            if packets > 150 {
                let time = u32::from_be_bytes(datagram.bytes[4..8].try_into().unwrap());
                let time = time.wrapping_add(0x4000_0000);
                datagram.bytes[4..8].copy_from_slice(&time.to_be_bytes());
            }
        }
        true
    });
    pair.seconds(6);
    assert_hears(&pair.a, 660.0, 7800.0);
    let statistics = pair.statistics(0);
    assert!(statistics.rx.packets_discarded <= 3, "{}", statistics.rx.packets_discarded);
}

#[test]
fn a_new_ssrc_is_followed() {
    let mut pair = Pair::new(9, Path::CLEAN);
    let mut packets = 0;
    pair.filter = Box::new(move |datagram| {
        if !datagram.control && datagram.from.port() == 5000 {
            packets += 1;
            if packets > 150 {
                datagram.bytes[2..4].copy_from_slice(&(packets as u16 + 40_000).to_be_bytes());
                datagram.bytes[4..12].copy_from_slice(&[9, 9, 9, 9, 1, 2, 3, 4]);
                let time = 77_000 + packets * 160;
                datagram.bytes[4..8].copy_from_slice(&(time as u32).to_be_bytes());
            }
        }
        true
    });
    pair.seconds(6);
    assert_hears(&pair.a, 660.0, 7800.0);
    let changes = pair.a.events.iter().filter(|e| matches!(e, AudioEvent::SourceChanged { .. }));
    assert_eq!(changes.count(), 2);
    assert_eq!(pair.a.stream.source().unwrap().ssrc, 0x0102_0304);
    assert_eq!(pair.statistics(0).rx.packets_lost, 0);
}

#[test]
fn digits_arrive_once_whatever_happens_to_their_packets() {
    for (seed, path) in
        [(10, Path::CLEAN), (11, Path::loss(20)), (12, Path { duplicates: 40, ..Path::jitter(60) })]
    {
        let mut pair = Pair::new(seed, path);
        pair.seconds(1);
        press(&mut pair, 0, "0123456789*#ABCD");
        press(&mut pair, 1, "42");
        pair.seconds(6);
        assert_eq!(dtmf(&pair.b), "0123456789*#ABCD", "{path:?}");
        assert_eq!(dtmf(&pair.a), "42", "{path:?}");
        let ended = pair.b.events.iter().filter(|e| matches!(e, AudioEvent::DtmfEnded { .. }));
        assert_eq!(ended.count(), 16, "{path:?}");
        assert_hears(&pair.b, 440.0, 4000.0);
    }
}

#[test]
fn a_lost_end_is_made_up_for() {
    let mut pair = Pair::new(13, Path::CLEAN);
    pair.filter = Box::new(|datagram| {
        let event = !datagram.control && datagram.bytes[1] & 0x7f == support::EVENTS;
        !(event && datagram.bytes[13] & 0x80 != 0)
    });
    pair.seconds(1);
    press(&mut pair, 0, "55");
    pair.seconds(2);
    assert_eq!(dtmf(&pair.b), "55");
    let durations: Vec<_> = pair
        .b
        .events
        .iter()
        .filter_map(|event| match event {
            AudioEvent::DtmfEnded { duration, .. } => Some(*duration),
            _ => None,
        })
        .collect();
    assert_eq!(durations, [Duration::from_millis(140); 2]);
}

#[test]
fn digits_are_refused_when_the_peer_takes_none() {
    let mut pair = Pair::new(14, Path::CLEAN);
    pair.configure(0, |config| config.telephone_event_send = None);
    press(&mut pair, 0, "1");
    pair.seconds(1);
    assert!(pair.a.events.iter().any(|e| matches!(e, AudioEvent::DtmfRefused { .. })));
    assert_eq!(dtmf(&pair.b), "");
}

#[test]
fn hold_silences_and_unhold_speaks_again() {
    let mut pair = Pair::new(15, Path::CLEAN);
    pair.seconds(2);
    pair.configure(0, |config| config.direction = Direction::SendOnly);
    pair.configure(1, |config| config.direction = Direction::RecvOnly);
    pair.a.unheard = 0;
    let sent = pair.statistics(1).tx.packets;
    pair.seconds(60);
    assert_eq!(pair.a.unheard, 6000, "nothing is played while held");
    assert_hears(&pair.b, 440.0, 7800.0);
    let kept_alive = pair.statistics(1).tx.packets - sent;
    assert!((11..=12).contains(&kept_alive), "{kept_alive} keep-alives in a minute");
    assert!(!pair.a.events.iter().any(|e| matches!(e, AudioEvent::Timeout { .. })));
    pair.configure(0, |config| config.direction = Direction::SendRecv);
    pair.configure(1, |config| config.direction = Direction::SendRecv);
    pair.seconds(4);
    assert_hears(&pair.a, 660.0, 7800.0);
    assert_eq!(pair.statistics(0).rx.packets_lost, 0);
    assert!(pair.statistics(0).playout.delay <= Duration::from_millis(60));
}

#[test]
fn nowhere_to_send_to_sends_nothing() {
    let mut pair = Pair::new(16, Path::CLEAN);
    pair.seconds(1);
    pair.configure(0, |config| (config.remote_rtp, config.remote_rtcp) = (None, None));
    let sent = pair.statistics(0).tx.packets;
    pair.seconds(30);
    assert_eq!(pair.statistics(0).tx.packets, sent);
    let b = pair.b.address;
    pair.configure(0, |config| config.remote_rtp = Some(b));
    pair.seconds(2);
    assert_hears(&pair.b, 440.0, 7800.0);
}

#[test]
fn a_silent_peer_is_reported_again_and_again() {
    let mut pair = Pair::new(17, Path::CLEAN);
    pair.seconds(5);
    pair.b.path = Path::loss(100);
    pair.seconds(95);
    let silent: Vec<_> = pair
        .a
        .events
        .iter()
        .filter_map(|event| match event {
            AudioEvent::Timeout { silent } => Some(silent.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(silent, [30, 60, 90]);
    assert_silent(&pair.a, Duration::from_secs(90));
}

#[test]
fn long_silence_and_speech_again() {
    let mut pair = Pair::new(18, Path::jitter(40));
    // B sends nothing while it is silent, but its clock runs on.
    let (mut packets, mut since) = (0u32, 0u32);
    pair.filter = Box::new(move |datagram| {
        if datagram.control || datagram.from.port() != 5000 {
            return true;
        }
        packets += 1;
        let spoken = packets % 500 < 250;
        if spoken {
            // Numbers count packets that are sent.
            let number = (since as u16).to_be_bytes();
            datagram.bytes[2..4].copy_from_slice(&number);
            since += 1;
        }
        spoken
    });
    pair.seconds(64);
    assert_hears(&pair.a, 660.0, 7000.0);
    let statistics = pair.statistics(0);
    assert_eq!(statistics.rx.packets_lost, 0);
    pair.run(Duration::from_millis(2500));
    assert_silent(&pair.a, SECOND);
}

#[test]
fn a_drifting_clock_is_followed() {
    // B's clock is off by one percent: a hundred times worse than any crystal.
    for fast in [true, false] {
        let mut pair = Pair::new(19, Path::jitter(10));
        for n in 0..6000 {
            pair.step();
            if n % 100 == 0 {
                // An extra quantum from B, or one that A plays more.
                let (side, capture) = (usize::from(fast), [0i16; 80]);
                pair.input(side, Input::Quantum { capture: &capture });
            }
        }
        let statistics = pair.statistics(0);
        assert!(statistics.playout.delay < Duration::from_millis(80), "{statistics:?}");
        assert_eq!(statistics.rx.packets_lost, 0);
        assert!(statistics.rx.packets_discarded < 60, "{:?}", statistics.rx);
        // Ten milliseconds are left out or put in each second: the phase jumps.
        assert_hears(&pair.a, 660.0, 3000.0);
        assert!(rms(pair.a.last(SECOND)) > 5000.0);
    }
}

#[test]
fn garbage_and_strangers_are_counted_and_not_heard() {
    let mut pair = Pair::new(20, Path::CLEAN);
    pair.seconds(2);
    let (peer, stranger) = (pair.b.address, "198.51.100.9:6666".parse().unwrap());
    let rtp = |payload_type: u8, n: u32, ssrc: u32| {
        let mut bytes = vec![0x80, payload_type];
        bytes.extend((n as u16).to_be_bytes());
        bytes.extend((n * 160).to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend([0x00; 160]);
        bytes
    };
    for n in 0..300u32 {
        pair.step();
        for k in 0..20 {
            let number = n * 20 + k;
            let datagram = |from, bytes| Datagram { from, bytes, control: false };
            pair.inject(0, datagram(stranger, rtp(0, number, 7)));
            pair.inject(0, datagram(stranger, rtp(0, number, number)));
            pair.inject(0, datagram(peer, rtp(0, number, 0x5555_5555)));
            pair.inject(0, datagram(peer, rtp(99, number, 7)));
            pair.inject(0, datagram(peer, rtp(0, number, 7)[..k as usize].to_vec()));
            let bytes = vec![0xff; number as usize % 100];
            pair.inject(0, Datagram { from: stranger, bytes, control: true });
        }
    }
    assert_hears(&pair.a, 660.0, 7800.0);
    let statistics = pair.statistics(0);
    assert!(statistics.rejected.foreign >= 17_000, "{:?}", statistics.rejected);
    assert!(statistics.rejected.unknown_payload_type >= 5_900);
    assert!(statistics.rejected.malformed >= 7_000);
    assert_eq!(statistics.rx.packets_lost, 0);
    assert_eq!(pair.a.stream.source().unwrap().address, peer);
}

#[test]
fn a_peer_behind_a_nat_is_answered_where_it_is() {
    let mut pair = Pair::new(21, Path::CLEAN);
    pair.configure(0, |config| config.remote_rtp = Some("10.0.0.7:5000".parse().unwrap()));
    pair.seconds(4);
    assert_hears(&pair.a, 660.0, 7800.0);
    let moved = AudioEvent::RemoteAddressChanged {
        old: Some("10.0.0.7:5000".parse().unwrap()),
        new: pair.b.address,
    };
    assert!(pair.a.events.contains(&moved), "{:?}", pair.a.events);
}

#[test]
fn reports_give_the_round_trip_and_the_jitter() {
    let mut pair = Pair::new(22, Path { delay: Duration::from_millis(70), ..Path::jitter(20) });
    pair.seconds(60);
    for side in 0..2 {
        let statistics = pair.statistics(side);
        assert!(statistics.rtt.count >= 5, "{:?}", statistics.rtt);
        let rtt = statistics.rtt.average();
        assert!((140..=185).contains(&rtt.as_millis()), "{rtt:?}");
        assert!(statistics.tx.jitter.count >= 5);
        assert!(statistics.tx.jitter.last > Duration::from_millis(2));
    }
    pair.input(0, Input::Stop);
    pair.seconds(1);
    assert!(pair.b.events.contains(&AudioEvent::Bye));
}

#[test]
fn the_codec_may_change_in_the_middle() {
    let mut pair = Pair::new(23, Path::CLEAN);
    pair.seconds(2);
    pair.configure(1, |config| config.send = support::pcma());
    pair.seconds(2);
    assert_hears(&pair.a, 660.0, 7800.0);
    pair.configure(1, |config| config.ptime = Duration::from_millis(60));
    pair.seconds(3);
    assert_hears(&pair.a, 660.0, 7700.0);
    assert_eq!(pair.statistics(0).rejected.unknown_payload_type, 0);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    /// Nothing that arrives makes a stream panic, or speak nonsense for long.
    #[test]
    fn whatever_arrives_the_call_goes_on(
        datagrams in proptest::collection::vec(
            (
                0u8..6,
                proptest::num::u16::ANY,
                proptest::num::u32::ANY,
                proptest::collection::vec(proptest::num::u8::ANY, 0..400),
            ),
            1..200,
        )
    ) {
        let mut pair = Pair::new(24, Path::jitter(30));
        pair.seconds(1);
        let (peer, ssrc) = (pair.b.address, pair.b.stream.ssrc());
        for (kind, number, word, payload) in datagrams {
            let mut bytes = payload;
            if kind < 4 {
                let mut header = vec![0x80 | bytes.first().copied().unwrap_or(0) & 0x3f];
                header.push([0, 8, support::EVENTS, 0x80][usize::from(kind)]);
                header.extend(number.to_be_bytes());
                header.extend(word.to_be_bytes());
                header.extend(ssrc.to_be_bytes());
                bytes.splice(0..0, header);
            } else if kind == 4 && bytes.len() >= 8 {
                let words = bytes.len() / 4;
                bytes.truncate(words * 4);
                bytes[0] = 0x80 | bytes[0] & 0x1f;
                bytes[1] = 200 + bytes[1] % 5;
                bytes[2..4].copy_from_slice(&(words as u16 - 1).to_be_bytes());
                bytes[4..8].copy_from_slice(&ssrc.to_be_bytes());
            }
            pair.inject(0, Datagram { from: peer, bytes, control: kind > 3 });
            pair.run(Duration::from_millis(u64::from(number % 3) * 10));
        }
        pair.seconds(4);
        assert_hears(&pair.a, 660.0, 6500.0);
    }
}
