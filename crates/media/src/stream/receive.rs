//! The receiving half: RTP packets in, PCM and digits out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::config::AudioConfig;
use super::playout::{Decoders, Player};
use super::source::{Source, SourceFilter, Verdict};
use super::statistics::{DirectionStatistics, PlayoutStatistics, RejectedPackets};
use crate::codec::CodecInfo;
use crate::jitter::Stored;
use crate::reception::{Arrival, Reception};
use crate::rtp::RtpPacket;
use crate::telephone_event::{EventPayload, EventReceiver, Heard};

/// What a packet led to, besides being stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Effects {
    /// The packet is of the stream.
    pub(super) accepted: bool,
    /// Another source is followed: the one before.
    pub(super) switched: Option<Option<Source>>,
    /// Digits that began or ended.
    pub(super) heard: [Option<Heard>; 2],
}

pub(super) struct Receiver {
    pub(super) filter: SourceFilter,
    pub(super) reception: Option<Reception>,
    pub(super) rejected: RejectedPackets,
    pub(super) counters: DirectionStatistics,
    started: Instant,
    info: CodecInfo,
    decoders: Decoders,
    event_type: Option<u8>,
    events: EventReceiver,
    player: Player,
    /// How long the source's packets are, in timestamp units.
    packet_ticks: u32,
    /// Losses of earlier sources and sequences.
    lost_before: u64,
}

impl Receiver {
    pub(super) fn new(now: Instant, config: &AudioConfig) -> Self {
        let info = config.send.info();
        Self {
            filter: SourceFilter::new(config.remote_rtp, config.symmetric),
            reception: None,
            rejected: RejectedPackets::default(),
            counters: DirectionStatistics::default(),
            started: now,
            info,
            decoders: decoders(config),
            event_type: config.telephone_event_receive,
            events: EventReceiver::default(),
            player: Player::new(now, info, config.jitter),
            packet_ticks: info.clock_rate / 50,
            lost_before: 0,
        }
    }

    pub(super) fn configure(&mut self, now: Instant, config: &AudioConfig) {
        self.filter.set_signalled(config.remote_rtp, config.symmetric);
        let info = config.send.info();
        if (info.clock_rate, info.sample_rate) == (self.info.clock_rate, self.info.sample_rate) {
            self.player.jitter.set_limits(config.jitter);
            self.info = info;
            self.decoders = decoders(config);
            self.event_type = config.telephone_event_receive;
            return;
        }
        // Another clock: the source stays, everything that counts time is new.
        let fresh = Self::new(now, config);
        let old = std::mem::replace(self, fresh);
        self.filter = old.filter;
        self.rejected = old.rejected;
        self.counters = old.counters;
        self.lost_before = old.lost_before + old.reception.map_or(0, |r| r.lost());
    }

    pub(super) fn packet(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
        playing: bool,
    ) -> Effects {
        let mut effects = Effects::default();
        let Ok(packet) = RtpPacket::parse(bytes) else {
            self.rejected.malformed += 1;
            return effects;
        };
        let is_event = Some(packet.payload_type) == self.event_type;
        let decoder = self.decoders.iter().find(|(kind, _)| *kind == packet.payload_type);
        if decoder.is_none() && !is_event {
            self.rejected.unknown_payload_type += 1;
            return effects;
        }
        let ticks = decoder.map_or(0, |(_, decoder)| decoder.ticks(packet.payload));
        let before = self.filter.source();
        let source = Source { address: from, ssrc: packet.ssrc };
        match self.filter.judge(now, source, packet.sequence) {
            Verdict::Accept => {}
            Verdict::Switch => {
                effects.switched = Some(before);
                if before.is_none_or(|before| before.ssrc != packet.ssrc) {
                    self.start_source(&packet);
                }
            }
            Verdict::Reject => {
                self.rejected.foreign += 1;
                return effects;
            }
        }
        effects.accepted = true;
        self.counters.packets += 1;
        self.counters.bytes += packet.payload.len() as u64;
        if !self.count(now, &packet, ticks) {
            return effects;
        }
        if is_event {
            self.player.jitter.other_packet();
            match EventPayload::parse(packet.payload) {
                Some(payload) => {
                    effects.heard = self.events.packet(now, packet.timestamp, payload);
                }
                None => self.counters.packets_discarded += 1,
            }
        } else if packet.payload.is_empty() {
            // A keep-alive (RFC 6263 §4.6).
            self.player.jitter.other_packet();
        } else if playing {
            match self.player.jitter.insert(now, &packet, ticks) {
                Stored::Kept => self.packet_ticks = ticks,
                Stored::Duplicate => {}
                Stored::Late | Stored::Misplaced => self.counters.packets_discarded += 1,
            }
        }
        effects
    }

    /// Forgets what was to be played: nothing is while the stream is held.
    pub(super) fn flush(&mut self) {
        self.player.flush();
        if let Some(reception) = &mut self.reception {
            reception.forget_timing();
        }
    }

    /// A digit whose packets have stopped.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Heard> {
        self.events.expire(now)
    }

    /// Fills `out` with what plays next.
    pub(super) fn play(&mut self, now: Instant, out: &mut [i16]) {
        self.player.play(now, out, &mut self.decoders);
    }

    pub(super) fn statistics(&self) -> DirectionStatistics {
        let lost = self.reception.as_ref().map_or(0, Reception::lost);
        DirectionStatistics {
            packets_lost: self.lost_before + lost,
            packets_discarded: self.counters.packets_discarded + self.player.undecoded,
            ..self.counters
        }
    }

    pub(super) fn playout(&self, now: Instant) -> PlayoutStatistics {
        self.player.statistics(now)
    }

    /// RTP clock units as a time.
    pub(super) fn time(&self, ticks: u32) -> Duration {
        Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(self.info.clock_rate))
    }

    fn start_source(&mut self, packet: &RtpPacket<'_>) {
        self.lost_before += self.reception.as_ref().map_or(0, Reception::lost);
        self.reception = Some(Reception::new(packet.ssrc, packet.sequence));
        self.events = EventReceiver::default();
        self.player.jitter.reset();
    }

    /// Updates the counters; false: the packet is not to be played.
    fn count(&mut self, now: Instant, packet: &RtpPacket<'_>, ticks: u32) -> bool {
        let Some(reception) = &mut self.reception else { return false };
        let lost = reception.lost();
        match reception.arrived(packet.sequence) {
            Arrival::InOrder { skipped: 0 } => {}
            Arrival::InOrder { skipped } => {
                let gap = self.packet_ticks.saturating_mul(skipped.into());
                let gap = u64::from(gap) * 1_000_000 / u64::from(self.info.clock_rate);
                self.counters.loss_period.record(Duration::from_micros(gap));
                self.counters.burst_loss |= skipped > 1;
                self.counters.random_loss |= skipped == 1;
            }
            Arrival::Reordered => self.counters.packets_reordered += 1,
            Arrival::Duplicate => {
                self.counters.packets_duplicate += 1;
                return false;
            }
            Arrival::Suspect => {
                self.counters.packets_discarded += 1;
                return false;
            }
            Arrival::Restarted => {
                self.lost_before += lost;
                self.player.jitter.reset();
            }
        }
        if ticks > 0 {
            let arrival = now.saturating_duration_since(self.started).as_micros();
            let arrival = arrival * u128::from(self.info.clock_rate) / 1_000_000;
            let jitter = reception.timed(packet.timestamp, arrival as u32);
            let micros = u64::from(jitter) * 1_000_000 / u64::from(self.info.clock_rate);
            self.counters.jitter.record(Duration::from_micros(micros));
        }
        true
    }
}

/// Decoders of what the configuration accepts and the clock fits.
fn decoders(config: &AudioConfig) -> Decoders {
    let info = config.send.info();
    let fits = |other: CodecInfo| {
        (other.clock_rate, other.sample_rate) == (info.clock_rate, info.sample_rate)
    };
    let formats = config.receive.iter().filter(|format| fits(format.info()));
    formats.map(|format| (format.payload_type, format.codec.decoder())).collect()
}
