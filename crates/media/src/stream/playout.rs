//! From packets to PCM: the jitter buffer, decoding, concealment, and changing
//! the playout's delay where nobody hears it.

use std::time::{Duration, Instant};

use super::config::JitterConfig;
use super::statistics::PlayoutStatistics;
use crate::codec::{CodecInfo, Decoder};
use crate::conceal::{self, Concealer};
use crate::jitter::{Advice, JitterBuffer, MAX_PACKET_TIME, Playout};
use crate::stretch::{Line, samples};

/// The similarity below which a piece is left out though the audio that is
/// there doesn't offer pieces of every length.
const NO_CHOICE: f32 = 0.7;

/// Decoders by payload type.
pub(super) type Decoders = Vec<(u8, Box<dyn Decoder>)>;

pub(super) struct Player {
    pub(super) jitter: JitterBuffer,
    info: CodecInfo,
    line: Line,
    concealer: Concealer,
    /// Packets that could not be decoded.
    pub(super) undecoded: u64,
}

impl Player {
    pub(super) fn new(now: Instant, info: CodecInfo, limits: JitterConfig) -> Self {
        Self {
            jitter: JitterBuffer::new(now, info.clock_rate, limits),
            info,
            line: Line::new(info.sample_rate),
            concealer: Concealer::new(info.sample_rate),
            undecoded: 0,
        }
    }

    /// Forgets what was to be played.
    pub(super) fn flush(&mut self) {
        self.jitter.reset();
        self.concealer.reset();
        self.line.clear();
    }

    /// Fills `out` with what plays next.
    pub(super) fn play(&mut self, now: Instant, out: &mut [i16], decoders: &mut Decoders) {
        self.adjust(now, out.len(), decoders);
        let mut filled = 0;
        while filled < out.len() {
            if self.line.unheard() == 0 {
                self.refill(now, out.len() - filled, decoders);
            }
            filled += self.line.hear(&mut out[filled..]);
        }
    }

    /// Follows the jitter buffer's advice.
    fn adjust(&mut self, now: Instant, wanted: usize, decoders: &mut Decoders) {
        let unplayed = (self.line.unheard() / self.samples_per_tick()) as u32;
        let advice = self.jitter.advice(now, unplayed);
        if advice == Advice::Keep || self.concealer.is_active() {
            return;
        }
        // Audio that is there already may be looked at.
        while self.line.unheard() < self.line.enough() && self.jitter.continues() {
            self.refill(now, wanted, decoders);
        }
        let per_tick = self.samples_per_tick();
        let stretched = match advice {
            Advice::Keep => None,
            Advice::Shorten { similarity } => {
                let choice = self.line.unheard() >= self.line.enough() || similarity < NO_CHOICE;
                let left_out = if choice { self.line.shorten(similarity) } else { None };
                left_out.map(|samples| (samples / per_tick) as i64)
            }
            Advice::Lengthen { similarity } => {
                let repeated = self.line.lengthen(similarity);
                repeated.map(|samples| -((samples / per_tick) as i64))
            }
        };
        match stretched {
            Some(ticks) => self.jitter.stretched(ticks),
            None => self.jitter.refused(),
        }
    }

    /// Decodes the next packet, or makes up at most `wanted` samples.
    fn refill(&mut self, now: Instant, wanted: usize, decoders: &mut Decoders) {
        let per_tick = self.samples_per_tick();
        let ticks = (wanted / per_tick).max(1) as u32;
        match self.jitter.next(now, ticks) {
            Playout::Packet { payload_type, payload, skip, join } => {
                let before = self.line.unheard();
                let space = self.line.space(samples(self.info.sample_rate, MAX_PACKET_TIME));
                let room = space.len();
                let decoder = decoders.iter_mut().find(|(kind, _)| *kind == payload_type);
                let decoded = decoder.map(|(_, decoder)| decoder.decode(payload, space));
                // What an update has made unknown, or is malformed, is missing.
                let Some(Ok(decoded)) = decoded else {
                    self.line.take_back(room);
                    self.undecoded += 1;
                    self.make_up(wanted);
                    return;
                };
                self.line.take_back(room.saturating_sub(decoded));
                if before == 0 {
                    self.line.skip(skip as usize * per_tick);
                    self.join(join);
                }
            }
            Playout::Conceal(ticks) | Playout::Silence(ticks) => {
                self.make_up((ticks as usize * per_tick).clamp(1, wanted.max(1)));
            }
        }
    }

    /// Makes what was decoded continue what was heard.
    fn join(&mut self, moved: bool) {
        let mut more = 0;
        if moved {
            self.begin_gap();
            more = self.concealer.extension(self.line.upcoming());
            match self.line.insert(more) {
                Some(gap) => self.concealer.conceal(gap),
                None => more = 0,
            }
            self.jitter.stretched(-((more / self.samples_per_tick()) as i64));
        }
        self.concealer.end(&mut self.line.upcoming()[more..]);
    }

    fn make_up(&mut self, samples: usize) {
        if self.line.unheard() == 0 {
            self.begin_gap();
            self.concealer.conceal(self.line.space(samples));
        }
    }

    fn begin_gap(&mut self) {
        let past = samples(self.info.sample_rate, conceal::PAST);
        self.concealer.begin(self.line.heard(past));
    }

    pub(super) fn statistics(&self, now: Instant) -> PlayoutStatistics {
        let adjustments = self.jitter.adjustments();
        let unplayed = self.line.unheard() / self.samples_per_tick();
        let time =
            |ticks: u64| Duration::from_micros(ticks * 1_000_000 / u64::from(self.info.clock_rate));
        PlayoutStatistics {
            delay: self.jitter.delay(now, unplayed as u32).unwrap_or_default(),
            target_delay: self.jitter.target_delay(),
            concealed: time(adjustments.concealed),
            dropped: time(adjustments.dropped),
            inserted: time(adjustments.inserted),
        }
    }

    fn samples_per_tick(&self) -> usize {
        (self.info.sample_rate / self.info.clock_rate).max(1) as usize
    }
}
