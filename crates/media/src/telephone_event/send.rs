//! Sending digits: growing duration, end packet three times, pauses
//! (RFC 4733 §2.5.1).

use std::collections::VecDeque;
use std::time::Duration;

use super::{Digit, EventPayload};

/// How long a digit is held.
pub const TONE: Duration = Duration::from_millis(160);
/// The pause after a digit. The end packet's repetitions fall into it.
pub const GAP: Duration = Duration::from_millis(80);
/// Digits that wait to be sent; more are refused.
pub const MAX_QUEUED: usize = 64;

/// How often the last packet of an event is sent (§2.5.1.4).
const END_PACKETS: u8 = 3;
/// The tone's power: -10 dBm0.
const VOLUME: u8 = 10;

/// [`MAX_QUEUED`] digits wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_QUEUED} digits wait to be sent already")]
pub struct QueueFull;

/// What to send in a packet interval instead of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// The RTP timestamp: of the event's start, in all its packets.
    pub timestamp: u32,
    /// The marker bit: set in the event's first packet.
    pub marker: bool,
    /// The payload.
    pub payload: EventPayload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// A digit is held; `lasted` timestamp units have been announced.
    Tone {
        digit: Digit,
        start: u32,
        lasted: u32,
    },
    /// The end packet has been sent, `repeats` more are to come, and `silence`
    /// timestamp units are left of the gap.
    Gap {
        end: EventPacket,
        repeats: u8,
        silence: u32,
    },
}

/// The queue of digits, and how far the present one has come.
#[derive(Debug, Clone)]
pub struct EventSender {
    queue: VecDeque<Digit>,
    state: State,
}

impl Default for EventSender {
    fn default() -> Self {
        Self { queue: VecDeque::with_capacity(MAX_QUEUED), state: State::Idle }
    }
}

impl EventSender {
    /// Queues a digit.
    ///
    /// # Errors
    ///
    /// When [`MAX_QUEUED`] digits wait.
    pub fn push(&mut self, digit: Digit) -> Result<(), QueueFull> {
        if self.queue.len() >= MAX_QUEUED {
            return Err(QueueFull);
        }
        self.queue.push_back(digit);
        Ok(())
    }

    /// Sending has to stop: the digit being sent ends here, those behind it wait.
    pub fn interrupt(&mut self) {
        self.state = State::Idle;
    }

    /// Forgets everything, also the digit being sent.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.state = State::Idle;
    }

    /// Whether audio has to be left out now, or would be at the next packet.
    pub fn is_active(&self) -> bool {
        self.state != State::Idle || !self.queue.is_empty()
    }

    /// The event packet for the packet interval that starts at `timestamp`
    /// and takes `ticks` units, if any; while [`is_active`](Self::is_active)
    /// an interval without one is silent.
    ///
    /// An event's packet goes out at the end of its interval, so that its
    /// duration is what has really passed.
    pub fn packet(&mut self, timestamp: u32, ticks: u32, clock_rate: u32) -> Option<EventPacket> {
        if self.state == State::Idle {
            let digit = self.queue.pop_front()?;
            self.state = State::Tone { digit, start: timestamp, lasted: 0 };
        }
        let in_units = |time: Duration| (time.as_millis() as u32) * (clock_rate / 1000);
        match &mut self.state {
            State::Idle => None,
            State::Tone { digit, start, lasted } => {
                let marker = *lasted == 0;
                *lasted += ticks;
                let payload = EventPayload {
                    event: digit.event(),
                    end: *lasted >= in_units(TONE),
                    volume: VOLUME,
                    duration: u16::try_from(*lasted).unwrap_or(u16::MAX),
                };
                let packet = EventPacket { timestamp: *start, marker, payload };
                if payload.end {
                    let end = EventPacket { marker: false, ..packet };
                    let silence = in_units(GAP);
                    self.state = State::Gap { end, repeats: END_PACKETS - 1, silence };
                }
                Some(packet)
            }
            State::Gap { end, repeats, silence } => {
                let packet = (*repeats > 0).then_some(*end);
                *repeats = repeats.saturating_sub(1);
                *silence = silence.saturating_sub(ticks);
                if *silence == 0 && *repeats == 0 {
                    self.state = State::Idle;
                }
                packet
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(c: char) -> Digit {
        Digit::try_from(c).unwrap()
    }

    #[test]
    fn one_digit_is_one_event() {
        let mut sender = EventSender::default();
        assert!(!sender.is_active());
        sender.push(digit('5')).unwrap();
        let mut packets = Vec::new();
        let mut timestamp = 1000;
        let mut intervals = 0;
        while sender.is_active() {
            packets.extend(sender.packet(timestamp, 160, 8000));
            timestamp += 160;
            intervals += 1;
        }
        assert_eq!(intervals, 12, "160 ms of tone and 80 ms of gap");
        let durations: Vec<_> = packets.iter().map(|p| p.payload.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 960, 1120, 1280, 1280, 1280]);
        assert!(packets.iter().all(|p| p.timestamp == 1000 && p.payload.event == 5));
        assert!(packets.iter().enumerate().all(|(n, p)| p.marker == (n == 0)));
        assert!(packets.iter().enumerate().all(|(n, p)| p.payload.end == (n >= 7)));
    }

    #[test]
    fn digits_follow_each_other_with_a_gap() {
        let mut sender = EventSender::default();
        for c in "12".chars() {
            sender.push(digit(c)).unwrap();
        }
        let starts: Vec<_> = (0..24)
            .filter_map(|n| sender.packet(n * 160, 160, 8000))
            .filter(|packet| packet.marker)
            .map(|packet| (packet.timestamp, packet.payload.event))
            .collect();
        assert_eq!(starts, [(0, 1), (12 * 160, 2)]);
        assert!(!sender.is_active());
    }

    #[test]
    fn an_interrupted_digit_is_not_taken_up_again() {
        let mut sender = EventSender::default();
        for c in "12".chars() {
            sender.push(digit(c)).unwrap();
        }
        sender.packet(0, 160, 8000);
        sender.interrupt();
        let next = sender.packet(8000, 160, 8000).unwrap();
        assert_eq!((next.payload.event, next.timestamp, next.marker), (2, 8000, true));
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut sender = EventSender::default();
        for _ in 0..MAX_QUEUED {
            sender.push(digit('0')).unwrap();
        }
        assert_eq!(sender.push(digit('0')), Err(QueueFull));
        sender.clear();
        assert!(!sender.is_active());
    }
}
