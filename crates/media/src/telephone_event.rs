//! DTMF as named events in RTP (RFC 4733).

mod receive;
mod send;

pub use receive::{EventReceiver, Heard};
pub use send::{EventPacket, EventSender, GAP, MAX_QUEUED, QueueFull, TONE};

/// Bytes of an event payload.
pub const PAYLOAD_LEN: usize = 4;

/// A DTMF digit: events 0 to 15 (RFC 4733 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digit(u8);

/// The digits in the order of their event codes.
const DIGITS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    /// The digit with an event code, if it is 0 to 15.
    pub fn from_event(event: u8) -> Option<Self> {
        (event < 16).then_some(Self(event))
    }

    /// The event code, 0 to 15.
    pub fn event(self) -> u8 {
        self.0
    }

    /// The digit as people write it, letters in upper case.
    pub fn as_char(self) -> char {
        char::from(DIGITS[usize::from(self.0)])
    }
}

/// Not one of `0` to `9`, `*`, `#`, `A` to `D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a DTMF digit")]
pub struct InvalidDigit(pub char);

impl TryFrom<char> for Digit {
    type Error = InvalidDigit;

    fn try_from(digit: char) -> Result<Self, InvalidDigit> {
        let upper = digit.to_ascii_uppercase();
        DIGITS
            .iter()
            .position(|known| char::from(*known) == upper)
            .map(|event| Self(event as u8))
            .ok_or(InvalidDigit(digit))
    }
}

impl std::fmt::Display for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

/// An event payload (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPayload {
    /// The event code; 0 to 15 are DTMF digits.
    pub event: u8,
    /// Whether the event has ended.
    pub end: bool,
    /// The power of the tone in -dBm0, 0 to 63.
    pub volume: u8,
    /// How long the event has lasted, in timestamp units.
    pub duration: u16,
}

impl EventPayload {
    /// Reads a payload; more bytes than [`PAYLOAD_LEN`] are ignored.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, high, low] = *payload.first_chunk::<PAYLOAD_LEN>()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload's bytes.
    pub fn to_bytes(self) -> [u8; PAYLOAD_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | self.volume & 0x3f, high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_codes() {
        for (event, digit) in "0123456789*#ABCD".chars().enumerate() {
            let parsed = Digit::try_from(digit).unwrap();
            assert_eq!(usize::from(parsed.event()), event);
            assert_eq!(Digit::from_event(event as u8), Some(parsed));
            assert_eq!(parsed.to_string(), digit.to_string());
        }
        assert_eq!(Digit::try_from('d').unwrap().event(), 15);
        assert_eq!(Digit::try_from('e'), Err(InvalidDigit('e')));
        assert_eq!(Digit::from_event(16), None);
    }

    #[test]
    fn payload_bytes() {
        let payload = EventPayload { event: 11, end: true, volume: 10, duration: 1280 };
        assert_eq!(payload.to_bytes(), [11, 0x8a, 5, 0]);
        assert_eq!(EventPayload::parse(&payload.to_bytes()), Some(payload));
        assert_eq!(EventPayload::parse(&[1, 2, 3]), None);
    }
}
