//! Receiving digits: one event however many of its packets are lost,
//! repeated or swapped (RFC 4733 §2.5.2).

use std::time::{Duration, Instant};

use super::{Digit, EventPayload};

/// An event whose packets stop coming without an end has ended: three packet
/// intervals of 50 ms, the longest that RFC 4733 §2.5.1.2 recommends.
const SILENCE: Duration = Duration::from_millis(150);

/// What a packet (or the lack of one) means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A digit has been pressed.
    Start(Digit),
    /// The digit has been let go.
    End {
        /// The digit.
        digit: Digit,
        /// How long it was held, in timestamp units.
        duration: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Event {
    digit: Digit,
    /// The timestamp of the latest segment (§2.5.1.3).
    timestamp: u32,
    /// What earlier segments lasted.
    earlier: u32,
    /// What the latest segment has lasted.
    duration: u16,
}

impl Event {
    fn total(&self) -> u32 {
        self.earlier.saturating_add(self.duration.into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Nothing,
    Held {
        event: Event,
        heard: Instant,
    },
    /// Keeps the timestamp, to recognize repetitions of the end.
    Ended {
        timestamp: u32,
    },
}

/// Follows one source's events.
#[derive(Debug, Clone, Default)]
pub struct EventReceiver {
    state: State,
}

impl EventReceiver {
    /// Takes an event packet. At most an end and a start come of it: the
    /// start of a digit ends the one before, if its end was lost.
    pub fn packet(
        &mut self,
        now: Instant,
        timestamp: u32,
        payload: EventPayload,
    ) -> [Option<Heard>; 2] {
        let Some(digit) = Digit::from_event(payload.event) else { return [None, None] };
        let mut ended = None;
        let event = match self.state {
            State::Held { event, .. } if event.timestamp == timestamp => {
                Event { duration: event.duration.max(payload.duration), ..event }
            }
            State::Held { event, .. } if older(timestamp, event.timestamp) => return [None, None],
            State::Held { event, .. } if continues(event, digit, timestamp) => {
                let earlier = event.earlier + timestamp.wrapping_sub(event.timestamp);
                Event { timestamp, earlier, duration: payload.duration, ..event }
            }
            State::Ended { timestamp: last } if last == timestamp || older(timestamp, last) => {
                return [None, None];
            }
            State::Nothing | State::Ended { .. } | State::Held { .. } => {
                ended = self.end();
                let event = Event { digit, timestamp, earlier: 0, duration: payload.duration };
                self.state = State::Held { event, heard: now };
                // When it is the end that came first, the digit's own end is
                // told with the next repetition, or when the silence runs out.
                return [ended, Some(Heard::Start(digit))];
            }
        };
        self.state = State::Held { event, heard: now };
        if payload.end {
            ended = self.end();
        }
        [ended, None]
    }

    /// When [`expire`](Self::expire) has something to say, unless another
    /// packet comes before.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Held { heard, .. } => Some(heard + SILENCE),
            State::Nothing | State::Ended { .. } => None,
        }
    }

    /// Ends an event whose packets have stopped coming.
    pub fn expire(&mut self, now: Instant) -> Option<Heard> {
        if self.deadline()? > now {
            return None;
        }
        self.end()
    }

    fn end(&mut self) -> Option<Heard> {
        let State::Held { event, .. } = self.state else { return None };
        self.state = State::Ended { timestamp: event.timestamp };
        Some(Heard::End { digit: event.digit, duration: event.total() })
    }
}

fn older(timestamp: u32, than: u32) -> bool {
    // A second's worth: what is further back is a restarted clock.
    (1..=48_000).contains(&than.wrapping_sub(timestamp))
}

/// A segment follows where the one before reached its longest duration
/// (§2.5.1.3).
fn continues(event: Event, digit: Digit, timestamp: u32) -> bool {
    let advance = timestamp.wrapping_sub(event.timestamp);
    event.digit == digit && event.duration >= 0xff00 && advance.abs_diff(0xffff) <= 0xff
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any instant will do")]
mod tests {
    use super::*;

    struct Line {
        now: Instant,
        receiver: EventReceiver,
    }

    impl Line {
        fn new() -> Self {
            Self { now: Instant::now(), receiver: EventReceiver::default() }
        }

        fn packet(&mut self, event: u8, timestamp: u32, duration: u16, end: bool) -> Vec<Heard> {
            self.now += Duration::from_millis(20);
            let payload = EventPayload { event, end, volume: 10, duration };
            self.receiver.packet(self.now, timestamp, payload).into_iter().flatten().collect()
        }

        fn wait(&mut self, ms: u64) -> Option<Heard> {
            self.now += Duration::from_millis(ms);
            self.receiver.expire(self.now)
        }
    }

    const FIVE: Digit = Digit(5);

    #[test]
    fn one_event_is_one_digit() {
        let mut line = Line::new();
        assert_eq!(line.packet(5, 1000, 160, false), [Heard::Start(FIVE)]);
        assert_eq!(line.packet(5, 1000, 320, false), []);
        let end = Heard::End { digit: FIVE, duration: 480 };
        assert_eq!(line.packet(5, 1000, 480, true), [end]);
        assert_eq!(line.packet(5, 1000, 480, true), []);
        assert_eq!(line.packet(5, 1000, 320, false), []);
        assert_eq!(line.wait(1000), None);
    }

    #[test]
    fn all_but_one_packet_may_be_lost() {
        for end in [false, true] {
            let mut line = Line::new();
            assert_eq!(line.packet(5, 1000, 480, end), [Heard::Start(FIVE)]);
            assert_eq!(line.wait(149), None);
            assert_eq!(line.wait(1), Some(Heard::End { digit: FIVE, duration: 480 }));
        }
    }

    #[test]
    fn the_next_digit_ends_one_without_an_end() {
        let mut line = Line::new();
        line.packet(5, 1000, 160, false);
        let end = Heard::End { digit: FIVE, duration: 160 };
        assert_eq!(line.packet(5, 2000, 160, false), [end, Heard::Start(FIVE)]);
        assert_eq!(line.packet(5, 1000, 320, false), [], "a late packet of the first");
        assert_eq!(line.packet(5, 2000, 320, true).len(), 1);
        assert_eq!(line.packet(5, 1000, 480, true), [], "a very late one");
    }

    #[test]
    fn a_long_event_comes_in_segments() {
        let mut line = Line::new();
        line.packet(5, 7, 0xff80, false);
        assert_eq!(line.packet(5, 7 + 0xffff, 160, false), []);
        let end = Heard::End { digit: FIVE, duration: 0xffff + 320 };
        assert_eq!(line.packet(5, 7 + 0xffff, 320, true), [end]);
    }

    #[test]
    fn timestamps_wrap_and_other_events_are_not_digits() {
        let mut line = Line::new();
        assert_eq!(line.packet(5, u32::MAX - 10, 160, false).len(), 1);
        assert_eq!(line.packet(5, u32::MAX - 10, 320, true).len(), 1);
        assert_eq!(line.packet(5, 2000, 160, false), [Heard::Start(FIVE)]);
        assert_eq!(line.packet(16, 9000, 160, false), []);
    }
}
