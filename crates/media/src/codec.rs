//! Codecs: how speech becomes RTP payloads and speech again.
//!
//! A codec is a [`Codec`]: it names itself and makes encoders and decoders. A
//! [`CodecList`] holds those that an application knows; one more of its own is
//! a type that implements the traits and [`CodecList::with`]. To add one to
//! this crate, add its file and its line in [`CodecList::standard`].

mod g722;
mod list;
#[cfg(any(feature = "opus", feature = "libopus"))]
mod opus;
mod parameters;
mod pcm;

use std::time::Duration;

pub use g722::G722;
pub use list::{CodecList, by_name, by_static_payload_type};
#[cfg(any(feature = "opus", feature = "libopus"))]
pub use opus::{Opus, OpusSettings, RateControl};
pub use parameters::FormatParameters;
pub use pcm::{Pcma, Pcmu};

/// The longest packet interval that is sent; longer ones are cut to it.
pub const MAX_PTIME: Duration = Duration::from_millis(60);

/// What a codec is called and how it counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecInfo {
    /// The encoding name of `a=rtpmap`.
    pub name: &'static str,
    /// RTP timestamp units per second.
    pub clock_rate: u32,
    /// PCM samples per second that it takes and gives.
    pub sample_rate: u32,
    /// Channels of `a=rtpmap`; the PCM is mono nevertheless.
    pub channels: u8,
    /// The payload type that RFC 3551 assigns, if it does.
    pub static_payload_type: Option<u8>,
}

/// Why a payload could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The output has no room. The caller is at fault.
    #[error("output of {room} has no room for {needed}")]
    NoRoom {
        /// Items that the output has room for.
        room: usize,
        /// Items that it would take.
        needed: usize,
    },
    /// There are no packets of this many samples. The caller is at fault: see
    /// [`Codec::packet_time`].
    #[error("no packet has {0} samples")]
    Length(usize),
    /// The payload can't be read. The sender is at fault.
    #[error("malformed payload")]
    Malformed,
    /// The codec can't go on: a bug of its own, or memory has run out.
    #[error("the codec has failed")]
    Failed,
}

/// A way to write speech into RTP payloads.
pub trait Codec: Send + Sync {
    /// Names and rates.
    fn info(&self) -> CodecInfo;

    /// What the peer is told about how we like to receive (`a=fmtp`).
    fn parameters(&self) -> FormatParameters {
        FormatParameters::default()
    }

    /// Whether we and a peer with these parameters understand each other.
    /// Parameters that are not known are no reason to say no (RFC 4855 §1).
    fn accepts(&self, peer: &FormatParameters) -> bool {
        let _ = peer;
        true
    }

    /// The packet interval to use where `wanted` is asked for: whole 10 ms, at
    /// most [`MAX_PTIME`].
    fn packet_time(&self, wanted: Duration) -> Duration {
        whole_quanta(wanted)
    }

    /// A new encoder for a peer that has asked for these parameters. May
    /// allocate; runs when a stream starts or changes.
    fn encoder(&self, peer: &FormatParameters) -> Box<dyn Encoder>;

    /// A new decoder. May allocate; runs when a stream starts or changes.
    fn decoder(&self) -> Box<dyn Decoder>;
}

/// `wanted` in whole 10 ms, from 10 ms to [`MAX_PTIME`].
pub fn whole_quanta(wanted: Duration) -> Duration {
    let quantum = Duration::from_millis(10);
    let quanta = wanted.as_millis() / quantum.as_millis();
    (quantum * quanta.min(100) as u32).clamp(quantum, MAX_PTIME)
}

impl std::fmt::Debug for dyn Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CodecInfo { name, clock_rate, channels, .. } = self.info();
        write!(f, "{name}/{clock_rate}")?;
        if channels == 1 { Ok(()) } else { write!(f, "/{channels}") }
    }
}

/// PCM in, payload out. Runs on a media worker every packet: it must not wait.
pub trait Encoder: Send {
    /// Encodes one packet's worth of mono PCM and says how long the payload
    /// is. 0: nobody speaks, and nothing is to be sent.
    ///
    /// # Errors
    ///
    /// When `payload` has no room for it, or no packet is so long.
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError>;

    /// The peer has reported that it loses so many packets of a hundred: an
    /// encoder may add redundancy, or leave it out.
    fn set_packet_loss(&mut self, percent: u8) {
        let _ = percent;
    }
}

/// Payload in, PCM out. Runs on a media worker: it must not wait.
///
/// Every call goes on where the one before has ended. When packets are
/// missing and `next` is the first one after the gap, a caller that wants the
/// best of a codec plays the gap in this order:
///
/// 1. [`conceal`](Self::conceal) as long as `next` is not there or is no help;
/// 2. [`decode_redundancy`](Self::decode_redundancy) of `next` for the last
///    [`redundancy`](Self::redundancy) of the gap;
/// 3. [`decode`](Self::decode) of `next`.
pub trait Decoder: Send {
    /// Decodes one payload and says how many samples it gave.
    ///
    /// # Errors
    ///
    /// When the payload is malformed or `pcm` has no room.
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError>;

    /// How long a payload lasts, in RTP timestamp units; 0 when it can't be played.
    fn ticks(&self, payload: &[u8]) -> u32;

    /// Makes up what is missing after the payload decoded last, or goes on
    /// doing so: the codec's own concealment, and its comfort noise where the
    /// peer has stopped sending. Says how many samples it gave, from the start
    /// of `pcm`; what it leaves is the caller's. Codecs without concealment
    /// give 0.
    fn conceal(&mut self, pcm: &mut [i16]) -> usize {
        let _ = pcm;
        0
    }

    /// How much of the audio just before `next` it carries a second copy of,
    /// in RTP timestamp units; 0 for none.
    fn redundancy(&self, next: &[u8]) -> u32 {
        let _ = next;
        0
    }

    /// Fills `pcm` with the audio just before `next`, from the copy in it, and
    /// says how many samples it gave: all of them, or none. `next` is to be
    /// decoded afterwards as usual.
    ///
    /// # Errors
    ///
    /// When `next` is malformed.
    fn decode_redundancy(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let _ = (next, pcm);
        Ok(0)
    }

    /// Forgets what it has decoded: another source follows.
    fn reset(&mut self) {}
}
