#![allow(clippy::disallowed_methods, reason = "any instant will do")]

use super::*;

const TICKS: u32 = 160;

struct Line {
    start: Instant,
    buffer: JitterBuffer,
}

/// What `next` said, without the payload.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Said {
    /// The first byte of the payload, and what is skipped.
    Packet(u8, u32),
    Conceal,
    Silence,
}

impl Line {
    fn new() -> Self {
        let start = Instant::now();
        Self { start, buffer: JitterBuffer::new(start, 8000, JitterConfig::default()) }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn datagram(number: u16, timestamp: u32, marker: bool) -> Vec<u8> {
        let mut bytes = vec![0x80, u8::from(marker) << 7];
        bytes.extend(number.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend([number as u8; TICKS as usize]);
        bytes
    }

    fn insert_with(&mut self, ms: u64, number: u16, timestamp: u32, marker: bool) -> Stored {
        let bytes = Self::datagram(number, timestamp, marker);
        let packet = RtpPacket::parse(&bytes).unwrap();
        self.buffer.insert(self.at(ms), &packet, TICKS)
    }

    /// A packet that was sent at 20 ms times its number.
    fn insert(&mut self, ms: u64, number: u16) -> Stored {
        self.insert_with(ms, number, u32::from(number) * TICKS, false)
    }

    fn next(&mut self, ms: u64) -> Said {
        let now = self.at(ms);
        match self.buffer.next(now, 80) {
            Playout::Packet { payload, skip, .. } => Said::Packet(payload[0], skip),
            Playout::Conceal(80) => Said::Conceal,
            Playout::Silence(80) => Said::Silence,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_first_packet_waits_for_the_initial_delay() {
    let mut line = Line::new();
    assert_eq!(line.insert(0, 0), Stored::Kept);
    line.insert(20, 1);
    assert_eq!(line.next(30), Said::Silence);
    assert_eq!(line.next(40), Said::Packet(0, 0));
    assert_eq!(line.next(60), Said::Packet(1, 0));
    assert_eq!(line.next(80), Said::Conceal);
}

#[test]
fn order_is_restored_and_copies_and_latecomers_are_refused() {
    let mut line = Line::new();
    line.insert(0, 0);
    line.insert(20, 2);
    assert_eq!(line.insert(30, 1), Stored::Kept);
    assert_eq!(line.insert(30, 1), Stored::Duplicate);
    assert_eq!(line.next(40), Said::Packet(0, 0));
    assert_eq!(line.next(60), Said::Packet(1, 0));
    assert_eq!(line.next(80), Said::Packet(2, 0));
    assert_eq!(line.insert(81, 1), Stored::Late);
}

#[test]
fn a_lost_packet_is_concealed_for_its_time() {
    let mut line = Line::new();
    for n in [0, 2] {
        line.insert(u64::from(n) * 20, n);
    }
    assert_eq!(line.next(40), Said::Packet(0, 0));
    assert_eq!(line.next(60), Said::Conceal);
    assert_eq!(line.next(70), Said::Conceal);
    assert_eq!(line.next(80), Said::Packet(2, 0));
    assert_eq!(line.buffer.adjustments().concealed, 160);
}

#[test]
fn a_late_packet_is_still_played_when_nothing_else_was_there() {
    let mut line = Line::new();
    line.insert(0, 0);
    assert_eq!(line.next(40), Said::Packet(0, 0));
    assert_eq!(line.next(60), Said::Conceal);
    assert_eq!(line.next(70), Said::Conceal);
    assert_eq!(line.next(80), Said::Conceal);
    assert_eq!(line.insert(85, 1), Stored::Kept);
    assert_eq!(line.next(90), Said::Packet(1, 0));
    let adjustments = line.buffer.adjustments();
    assert_eq!((adjustments.concealed, adjustments.inserted), (0, 240));
}

#[test]
fn a_pause_of_the_speaker_is_not_loss() {
    let mut line = Line::new();
    line.insert(0, 0);
    assert_eq!(line.next(40), Said::Packet(0, 0));
    for ms in (60..310).step_by(10) {
        assert_eq!(line.next(ms), Said::Conceal, "until the spurt is over");
    }
    assert_eq!(line.next(310), Said::Silence);
    // The next number, but half a second later.
    line.insert_with(500, 1, 25 * TICKS, true);
    assert_eq!(line.next(530), Said::Silence);
    assert_eq!(line.next(540), Said::Packet(1, 0));
}

#[test]
fn events_between_packets_are_not_loss() {
    let mut line = Line::new();
    line.insert(0, 0);
    assert_eq!(line.next(40), Said::Packet(0, 0));
    line.buffer.other_packet();
    line.buffer.other_packet();
    line.insert(60, 3);
    assert_eq!(line.next(60), Said::Silence);
    assert_eq!(line.next(70), Said::Silence);
    assert_eq!(line.buffer.adjustments().concealed, 0);
}

#[test]
fn another_clock_is_believed_after_three_packets_or_a_marker() {
    for marker in [false, true] {
        let mut line = Line::new();
        line.insert(0, 0);
        line.insert(20, 1);
        line.next(40);
        let far = 0x7000_0000;
        let stored: Vec<_> = (0..3)
            .map(|n| line.insert_with(60, 2 + n, far + u32::from(n) * TICKS, marker))
            .collect();
        if marker {
            assert_eq!(stored, [Stored::Kept; 3]);
        } else {
            assert_eq!(stored, [Stored::Misplaced, Stored::Misplaced, Stored::Kept]);
        }
    }
}

#[test]
fn a_run_of_late_packets_starts_anew() {
    let mut line = Line::new();
    for n in 0..100 {
        line.insert(u64::from(n) * 20, n);
        line.next(u64::from(n) * 20 + 40);
        line.buffer.entries.clear();
    }
    line.insert(2000, 100);
    line.insert(2020, 101);
    // The clock steps back by 400 ms: too little for another clock.
    let mut kept = 0;
    for n in 102..120u16 {
        let stored = line.insert_with(u64::from(n) * 20, n, (u32::from(n) - 20) * TICKS, false);
        line.next(u64::from(n) * 20);
        kept += u32::from(stored == Stored::Kept);
    }
    assert!(kept >= 8, "{kept}");
}

#[test]
fn room_is_bounded_and_buffers_are_used_again() {
    let mut line = Line::new();
    for round in 0..20u16 {
        for n in 0..200 {
            line.insert(u64::from(round), round.wrapping_mul(200) + n);
        }
        assert!(line.buffer.entries.len() <= MAX_PACKETS);
        assert!(line.buffer.entries.len() + line.buffer.spare.len() <= MAX_PACKETS + 1);
    }
    let absurd = RtpPacket::parse(&[0x80; 12]).unwrap();
    let now = line.at(0);
    assert_eq!(line.buffer.insert(now, &absurd, 0), Stored::Misplaced);
    assert_eq!(line.buffer.insert(now, &absurd, 1601), Stored::Misplaced);
}

proptest::proptest! {
    /// Whatever comes, something plays, in bounds, and time goes on.
    #[test]
    fn anything_goes(
        packets in proptest::collection::vec(
            (0u64..40, proptest::num::u16::ANY, proptest::num::u32::ANY, 0u32..2000, 0u8..4),
            1..300,
        )
    ) {
        let mut line = Line::new();
        let mut ms = 0;
        for (wait, number, timestamp, ticks, kind) in packets {
            ms += wait;
            let near = (ms * 8) as u32;
            let timestamp = match kind {
                0 => timestamp,
                1 => near.wrapping_add(timestamp % 20_000).wrapping_sub(10_000),
                _ => near,
            };
            let bytes = Line::datagram(number, timestamp, kind == 3);
            let packet = RtpPacket::parse(&bytes).unwrap();
            let now = line.at(ms);
            line.buffer.insert(now, &packet, ticks);
            for _ in 0..3 {
                match line.buffer.next(now, 80) {
                    Playout::Packet { skip, .. } => proptest::prop_assert!(skip <= 1600),
                    Playout::Conceal(n) | Playout::Silence(n) => {
                        proptest::prop_assert!((1..=80).contains(&n));
                    }
                }
            }
            proptest::prop_assert!(line.buffer.entries.len() <= MAX_PACKETS);
        }
    }
}
