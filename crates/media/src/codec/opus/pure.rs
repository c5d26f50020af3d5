//! Opus by the crate `opus-pure`.

use opus_pure::{Application, Bandwidth, OpusDecoder, OpusEncoder};

use super::{EncoderConfig, RATE, RateControl};

pub(super) struct Encoder(OpusEncoder);

impl Encoder {
    pub(super) fn new(config: &EncoderConfig) -> Option<Self> {
        let mut encoder = OpusEncoder::new(RATE as i32, 1, Application::Voip).ok()?;
        encoder.bitrate_bps = config.bit_rate as i32;
        encoder.complexity = config.complexity.into();
        encoder.use_inband_fec = config.fec;
        encoder.use_dtx = config.dtx;
        encoder.packet_loss_perc = config.loss.into();
        encoder.rate_control = match config.rate_control {
            RateControl::Variable => opus_pure::RateControl::Vbr,
            RateControl::Constrained => opus_pure::RateControl::ConstrainedVbr,
            RateControl::Constant => opus_pure::RateControl::Cbr,
        };
        encoder.max_bandwidth = match config.playback_rate {
            ..12_000 => Bandwidth::Narrowband,
            12_000..16_000 => Bandwidth::Mediumband,
            16_000..24_000 => Bandwidth::Wideband,
            24_000..48_000 => Bandwidth::Superwideband,
            _ => Bandwidth::Fullband,
        };
        Some(Self(encoder))
    }

    pub(super) fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Option<usize> {
        self.0.encode_s16(pcm, pcm.len(), payload).ok()
    }

    pub(super) fn set_packet_loss(&mut self, percent: u8) {
        self.0.packet_loss_perc = percent.into();
    }
}

pub(super) struct Decoder(OpusDecoder);

impl Decoder {
    pub(super) fn new() -> Option<Self> {
        OpusDecoder::new(RATE as i32, 1).ok().map(Self)
    }

    pub(super) fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Option<usize> {
        self.0.decode_s16(payload, pcm.len(), pcm).ok()
    }

    pub(super) fn conceal(&mut self, pcm: &mut [i16]) -> Option<usize> {
        self.0.decode_s16(&[], pcm.len(), pcm).ok()
    }

    pub(super) fn decode_redundancy(&mut self, next: &[u8], pcm: &mut [i16]) -> Option<usize> {
        self.0.decode_fec_s16(next, pcm.len(), pcm).ok()
    }

    pub(super) fn reset(&mut self) {
        // It can't fail, and if it could: the worst is a click.
        let _ = self.0.reset_state();
    }
}
