//! Opus by libopus, through the crate `opus`.

use opus::{Application, Bandwidth, Bitrate, Channels};

use super::{EncoderConfig, RATE, RateControl};

pub(super) struct Encoder(opus::Encoder);

impl Encoder {
    pub(super) fn new(config: &EncoderConfig) -> Option<Self> {
        let mut encoder = opus::Encoder::new(RATE, Channels::Mono, Application::Voip).ok()?;
        encoder.set_bitrate(Bitrate::Bits(config.bit_rate as i32)).ok()?;
        encoder.set_complexity(config.complexity.into()).ok()?;
        encoder.set_inband_fec(config.fec).ok()?;
        encoder.set_dtx(config.dtx).ok()?;
        encoder.set_packet_loss_perc(config.loss.into()).ok()?;
        encoder.set_vbr(config.rate_control != RateControl::Constant).ok()?;
        encoder.set_vbr_constraint(config.rate_control == RateControl::Constrained).ok()?;
        let bandwidth = match config.playback_rate {
            ..12_000 => Bandwidth::Narrowband,
            12_000..16_000 => Bandwidth::Mediumband,
            16_000..24_000 => Bandwidth::Wideband,
            24_000..48_000 => Bandwidth::Superwideband,
            _ => Bandwidth::Fullband,
        };
        encoder.set_max_bandwidth(bandwidth).ok()?;
        Some(Self(encoder))
    }

    pub(super) fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Option<usize> {
        self.0.encode(pcm, payload).ok()
    }

    pub(super) fn set_packet_loss(&mut self, percent: u8) {
        // It is within range, so this is not refused.
        let _ = self.0.set_packet_loss_perc(percent.into());
    }
}

pub(super) struct Decoder(opus::Decoder);

impl Decoder {
    pub(super) fn new() -> Option<Self> {
        opus::Decoder::new(RATE, Channels::Mono).ok().map(Self)
    }

    pub(super) fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Option<usize> {
        self.0.decode(payload, pcm, false).ok()
    }

    pub(super) fn conceal(&mut self, pcm: &mut [i16]) -> Option<usize> {
        self.0.decode(&[], pcm, false).ok()
    }

    pub(super) fn decode_redundancy(&mut self, next: &[u8], pcm: &mut [i16]) -> Option<usize> {
        self.0.decode(next, pcm, true).ok()
    }

    pub(super) fn reset(&mut self) {
        // It can't fail, and if it could: the worst is a click.
        let _ = self.0.reset_state();
    }
}
