//! G722: G.722 as a codec. Its RTP clock is 8000 Hz by an old mistake that
//! nobody can correct any more, its audio 16 kHz (RFC 3551 §4.5.2).

use super::{Codec, CodecError, CodecInfo, Decoder, Encoder, FormatParameters};
use crate::g722;

/// G.722 at 64 kbit/s.
#[derive(Debug, Clone, Copy)]
pub struct G722;

impl Codec for G722 {
    fn info(&self) -> CodecInfo {
        CodecInfo {
            name: "G722",
            clock_rate: 8000,
            sample_rate: 16_000,
            channels: 1,
            static_payload_type: Some(9),
        }
    }

    fn encoder(&self, _peer: &FormatParameters) -> Box<dyn Encoder> {
        Box::new(G722Encoder(g722::Encoder::new()))
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(G722Decoder(g722::Decoder::new()))
    }
}

struct G722Encoder(g722::Encoder);

impl Encoder for G722Encoder {
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let needed = pcm.len() / 2;
        if !pcm.len().is_multiple_of(2) {
            return Err(CodecError::Length(pcm.len()));
        }
        if payload.len() < needed {
            return Err(CodecError::NoRoom { room: payload.len(), needed });
        }
        Ok(self.0.encode(pcm, payload))
    }
}

struct G722Decoder(g722::Decoder);

impl Decoder for G722Decoder {
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let needed = payload.len() * 2;
        if pcm.len() < needed {
            return Err(CodecError::NoRoom { room: pcm.len(), needed });
        }
        Ok(self.0.decode(payload, pcm))
    }

    fn ticks(&self, payload: &[u8]) -> u32 {
        payload.len() as u32
    }

    fn reset(&mut self) {
        self.0 = g722::Decoder::new();
    }
}
