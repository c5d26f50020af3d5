//! The list of codecs: each is one [`Codec`] that makes encoders and decoders.
//!
//! A codec is added by a file that implements [`Codec`] and a line in [`CODECS`].

mod pcm;

pub use pcm::{Pcma, Pcmu};

/// Every codec of this build, the preferred one first.
pub static CODECS: &[&dyn Codec] = &[&Pcmu, &Pcma];

/// The codec with this encoding name (in any case) and RTP clock rate.
///
/// ```
/// let codec = sipsimple_media::codec::by_name("pcma", 8000).unwrap();
/// assert_eq!(codec.info().static_payload_type, Some(8));
/// ```
pub fn by_name(name: &str, clock_rate: u32) -> Option<&'static dyn Codec> {
    CODECS.iter().copied().find(|codec| {
        let info = codec.info();
        info.name.eq_ignore_ascii_case(name) && info.clock_rate == clock_rate
    })
}

/// The codec that owns a static payload type (RFC 3551 §6).
pub fn by_static_payload_type(payload_type: u8) -> Option<&'static dyn Codec> {
    CODECS.iter().copied().find(|codec| codec.info().static_payload_type == Some(payload_type))
}

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
    /// The payload can't be read. The sender is at fault.
    #[error("malformed payload")]
    Malformed,
}

/// A way to write speech into RTP payloads.
pub trait Codec: Send + Sync {
    /// Names and rates.
    fn info(&self) -> CodecInfo;
    /// A new encoder. May allocate; runs when a stream starts or changes.
    fn encoder(&self) -> Box<dyn Encoder>;
    /// A new decoder. May allocate; runs when a stream starts or changes.
    fn decoder(&self) -> Box<dyn Decoder>;
}

impl std::fmt::Debug for dyn Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CodecInfo { name, clock_rate, .. } = self.info();
        write!(f, "{name}/{clock_rate}")
    }
}

impl PartialEq for dyn Codec {
    fn eq(&self, other: &Self) -> bool {
        self.info() == other.info()
    }
}

impl Eq for dyn Codec {}

/// PCM in, payload out. Allocates nothing.
pub trait Encoder: Send {
    /// Encodes one packet's worth of mono PCM and says how long the payload is.
    ///
    /// # Errors
    ///
    /// When `payload` has no room for it.
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError>;
}

/// Payload in, PCM out. Allocates nothing.
pub trait Decoder: Send {
    /// Decodes one payload and says how many samples it gave.
    ///
    /// # Errors
    ///
    /// When the payload is malformed or `pcm` has no room.
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError>;

    /// How long a payload lasts, in RTP timestamp units; 0 when it can't be played.
    fn ticks(&self, payload: &[u8]) -> u32;
}
