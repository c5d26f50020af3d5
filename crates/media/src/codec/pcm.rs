//! PCMU and PCMA: G.711 as codecs (RFC 3551 §4.5.14).

use super::{Codec, CodecError, CodecInfo, Decoder, Encoder, FormatParameters};
use crate::g711;

/// G.711 µ-law.
#[derive(Debug, Clone, Copy)]
pub struct Pcmu;

/// G.711 A-law.
#[derive(Debug, Clone, Copy)]
pub struct Pcma;

impl Codec for Pcmu {
    fn info(&self) -> CodecInfo {
        info("PCMU", 0)
    }

    fn encoder(&self, _peer: &FormatParameters) -> Box<dyn Encoder> {
        Box::new(Compressor(g711::encode_ulaw))
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Expander(&g711::ULAW))
    }
}

impl Codec for Pcma {
    fn info(&self) -> CodecInfo {
        info("PCMA", 8)
    }

    fn encoder(&self, _peer: &FormatParameters) -> Box<dyn Encoder> {
        Box::new(Compressor(g711::encode_alaw))
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Expander(&g711::ALAW))
    }
}

fn info(name: &'static str, payload_type: u8) -> CodecInfo {
    CodecInfo {
        name,
        clock_rate: 8000,
        sample_rate: 8000,
        channels: 1,
        static_payload_type: Some(payload_type),
    }
}

struct Compressor(fn(i16) -> u8);

impl Encoder for Compressor {
    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, CodecError> {
        let room = payload.len();
        let Some(payload) = payload.get_mut(..pcm.len()) else {
            return Err(CodecError::NoRoom { room, needed: pcm.len() });
        };
        for (code, sample) in payload.iter_mut().zip(pcm) {
            *code = (self.0)(*sample);
        }
        Ok(pcm.len())
    }
}

struct Expander(&'static [i16; 256]);

impl Decoder for Expander {
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let room = pcm.len();
        let Some(pcm) = pcm.get_mut(..payload.len()) else {
            return Err(CodecError::NoRoom { room, needed: payload.len() });
        };
        for (sample, code) in pcm.iter_mut().zip(payload) {
            *sample = self.0[usize::from(*code)];
        }
        Ok(payload.len())
    }

    fn ticks(&self, payload: &[u8]) -> u32 {
        payload.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CodecList, FormatParameters};

    #[test]
    fn g711_gives_back_what_it_got() {
        let pcm: Vec<i16> = (0..160).map(|n| ((n as f32 * 0.3).sin() * 8000.0) as i16).collect();
        for name in ["PCMU", "PCMA"] {
            let codec = CodecList::standard().named(name).unwrap();
            let mut encoder = codec.encoder(&FormatParameters::default());
            let mut payload = [0; 320];
            let len = encoder.encode(&pcm, &mut payload).unwrap();
            let mut decoder = codec.decoder();
            assert_eq!(decoder.ticks(&payload[..len]), 160);
            let mut heard = [0; 160];
            assert_eq!(decoder.decode(&payload[..len], &mut heard), Ok(160));
            assert!(pcm.iter().zip(heard).all(|(a, b)| (a - b).abs() < 300));
            assert!(decoder.decode(&payload, &mut [0; 10]).is_err());
            assert!(encoder.encode(&pcm, &mut [0; 10]).is_err());
        }
    }
}
