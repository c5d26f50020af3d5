//! Opus (RFC 6716), and how it is talked about in RFC 7587.
//!
//! The encoder speaks mono; stereo of a peer is mixed down by the decoder. The
//! codec itself is the crate `opus-pure`, or libopus with feature `libopus`.

#[cfg(feature = "libopus")]
mod libopus;
mod packet;
#[cfg(feature = "opus")]
mod pure;

#[cfg(feature = "libopus")]
use libopus as backend;
#[cfg(not(feature = "libopus"))]
use pure as backend;

use std::fmt::Write as _;
use std::time::Duration;

use super::{Codec, CodecError, CodecInfo, Decoder, Encoder, FormatParameters, whole_quanta};

/// Audio is coded at this rate, and RTP counts in it, whatever its bandwidth.
const RATE: u32 = 48_000;
/// Concealment comes in whole steps of 2.5 ms.
const STEP: usize = RATE as usize / 400;
/// The longest that a decoder makes up at once: 120 ms.
const LONGEST: usize = RATE as usize * 120 / 1000;

/// What bit rates there are, in bit/s (RFC 7587 §6.1).
const BIT_RATES: std::ops::RangeInclusive<u32> = 6_000..=510_000;

/// How an encoder spends its bits over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateControl {
    /// As many as a packet needs.
    Variable,
    /// The same, but never much more than the average.
    #[default]
    Constrained,
    /// The same for each packet: nothing can be told from their sizes.
    Constant,
}

/// How Opus is used. What the peer asks for limits it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpusSettings {
    /// The average bit rate that is sent, 6,000 to 510,000 bit/s.
    pub bit_rate: u32,
    /// How hard the encoder works, 0 to 10.
    pub complexity: u8,
    /// Ask for, and where the peer asks for it send, a coarse copy of each
    /// packet in the one after it.
    pub fec: bool,
    /// Send nothing while nobody speaks, and ask the peer to do so. It is also
    /// done where only the peer asks for it.
    pub dtx: bool,
    /// How bits are spent.
    pub rate_control: RateControl,
    /// The loss, in percent, that is prepared for while the peer reports less.
    pub expected_loss: u8,
    /// The highest sampling rate that we play, in Hz, where it is not the
    /// full 48,000.
    pub max_playback_rate: Option<u32>,
}

impl Default for OpusSettings {
    /// Speech: 32 kbit/s, complexity 5, FEC against 5 percent, no DTX.
    fn default() -> Self {
        Self {
            bit_rate: 32_000,
            complexity: 5,
            fec: true,
            dtx: false,
            rate_control: RateControl::Constrained,
            expected_loss: 5,
            max_playback_rate: None,
        }
    }
}

/// Opus with some settings.
///
/// ```
/// use sipsimple_media::codec::{Codec, Opus, OpusSettings};
///
/// let mut settings = OpusSettings::default();
/// settings.dtx = true;
/// assert_eq!(Opus::new(settings).parameters().as_str(), "useinbandfec=1;usedtx=1");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Opus {
    settings: OpusSettings,
}

impl Opus {
    /// Opus with these settings; values out of range are brought into it.
    pub fn new(settings: OpusSettings) -> Self {
        Self { settings }
    }
}

/// What an encoder is made with: the settings and what the peer has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EncoderConfig {
    bit_rate: u32,
    complexity: u8,
    fec: bool,
    dtx: bool,
    rate_control: RateControl,
    loss: u8,
    /// The highest sampling rate that the peer plays, in Hz.
    playback_rate: u32,
}

impl EncoderConfig {
    fn new(settings: &OpusSettings, peer: &FormatParameters) -> Self {
        let most = peer.number("maxaveragebitrate").unwrap_or(u32::MAX);
        let constant = peer.is_set("cbr");
        Self {
            bit_rate: settings.bit_rate.min(most).clamp(*BIT_RATES.start(), *BIT_RATES.end()),
            complexity: settings.complexity.min(10),
            fec: settings.fec && peer.is_set("useinbandfec"),
            dtx: settings.dtx || peer.is_set("usedtx"),
            rate_control: if constant { RateControl::Constant } else { settings.rate_control },
            loss: settings.expected_loss.min(100),
            playback_rate: peer.number("maxplaybackrate").unwrap_or(RATE),
        }
    }
}

impl Codec for Opus {
    fn info(&self) -> CodecInfo {
        CodecInfo {
            name: "opus",
            clock_rate: RATE,
            sample_rate: RATE,
            // Always two, whatever is in the packets (RFC 7587 §7).
            channels: 2,
            static_payload_type: None,
        }
    }

    fn parameters(&self) -> FormatParameters {
        let settings = &self.settings;
        let mut text = String::new();
        for (name, set) in [
            ("useinbandfec", settings.fec),
            ("usedtx", settings.dtx),
            ("cbr", settings.rate_control == RateControl::Constant),
        ] {
            if set {
                let _ = write!(text, "{name}=1;");
            }
        }
        if let Some(rate) = settings.max_playback_rate {
            let _ = write!(text, "maxplaybackrate={};", rate.clamp(8_000, RATE));
        }
        FormatParameters::new(text.trim_end_matches(';'))
    }

    /// 10, 20, 40 or 60 ms: Opus has no frames of 30 or 50 ms.
    fn packet_time(&self, wanted: Duration) -> Duration {
        let time = whole_quanta(wanted).as_millis() as u64;
        Duration::from_millis(if matches!(time, 30 | 50) { time - 10 } else { time })
    }

    fn encoder(&self, peer: &FormatParameters) -> Box<dyn Encoder> {
        let config = EncoderConfig::new(&self.settings, peer);
        Box::new(OpusEncoder { backend: backend::Encoder::new(&config), config })
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(OpusDecoder { backend: backend::Decoder::new() })
    }
}

struct OpusEncoder {
    config: EncoderConfig,
    /// `None` where it could not be made.
    backend: Option<backend::Encoder>,
}

impl Encoder for OpusEncoder {
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        if !matches!(pcm.len(), 480 | 960 | 1920 | 2880) {
            return Err(CodecError::Length(pcm.len()));
        }
        let encoder = self.backend.as_mut().ok_or(CodecError::Failed)?;
        let len = encoder.encode(pcm, payload).ok_or(CodecError::Failed)?;
        // A packet without a frame in it says that nobody speaks: it is
        // understood as well when it is not sent (RFC 7587 §3.1.3).
        Ok(if self.config.dtx && len <= 2 { 0 } else { len })
    }

    fn set_packet_loss(&mut self, percent: u8) {
        let percent = percent.clamp(self.config.loss, 100);
        if let Some(encoder) = &mut self.backend {
            encoder.set_packet_loss(percent);
        }
    }
}

struct OpusDecoder {
    /// `None` where it could not be made.
    backend: Option<backend::Decoder>,
}

impl OpusDecoder {
    fn backend(&mut self) -> Result<&mut backend::Decoder, CodecError> {
        self.backend.as_mut().ok_or(CodecError::Failed)
    }
}

impl Decoder for OpusDecoder {
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let needed = packet::samples(payload).ok_or(CodecError::Malformed)?;
        let room = pcm.len();
        let pcm = pcm.get_mut(..needed).ok_or(CodecError::NoRoom { room, needed })?;
        self.backend()?.decode(payload, pcm).ok_or(CodecError::Malformed)
    }

    fn ticks(&self, payload: &[u8]) -> u32 {
        packet::samples(payload).unwrap_or(0) as u32
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> usize {
        let len = pcm.len().min(LONGEST) / STEP * STEP;
        let Ok(backend) = self.backend() else { return 0 };
        if len == 0 { 0 } else { backend.conceal(&mut pcm[..len]).unwrap_or(0) }
    }

    fn redundancy(&self, next: &[u8]) -> u32 {
        packet::redundancy(next) as u32
    }

    fn decode_redundancy(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        if packet::redundancy(next) == 0 || !pcm.len().is_multiple_of(STEP) || pcm.len() > LONGEST {
            return Ok(0);
        }
        self.backend()?.decode_redundancy(next, pcm).ok_or(CodecError::Malformed)
    }

    fn reset(&mut self) {
        if let Some(backend) = &mut self.backend {
            backend.reset();
        }
    }
}

#[cfg(test)]
mod tests;
