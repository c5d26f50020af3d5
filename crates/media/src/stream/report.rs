//! The RTCP half: reports in and out (RFC 3550 §6.4).

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::receive::Receiver;
use super::send::Sender;
use super::statistics::{DirectionStatistics, Statistic};
use crate::rtcp::{Builder, Compound, NtpTime, Packet, ReportBlock, Schedule, SenderInfo};

/// Room for the longest report that is sent: SR with one block, SDES, BYE.
pub(super) const MAX_REPORT: usize = 512;

/// The sender report that came last.
#[derive(Debug, Clone, Copy)]
struct LastReport {
    middle: u32,
    at: Instant,
}

/// What the peer says about what we sent.
#[derive(Debug, Clone, Copy, Default)]
struct Feedback {
    lost: u64,
    loss_period: Statistic,
    jitter: Statistic,
    burst: bool,
    random: bool,
}

pub(super) struct Reporter {
    pub(super) schedule: Schedule,
    pub(super) rtt: Statistic,
    cname: String,
    started: Instant,
    started_wall: SystemTime,
    last: Option<LastReport>,
    feedback: Feedback,
    /// Packets that had been sent at the last two reports (§6.4: who has sent
    /// since then sends an SR).
    sent_before: [u64; 2],
    /// Where the peer's reports really come from.
    source: Option<SocketAddr>,
    packet: Box<[u8; MAX_REPORT]>,
}

impl Reporter {
    pub(super) fn new(now: Instant, wall: SystemTime, cname: &str, random: f64) -> Self {
        Self {
            schedule: Schedule::new(now, random),
            rtt: Statistic::default(),
            cname: cname.to_owned(),
            started: now,
            started_wall: wall,
            last: None,
            feedback: Feedback::default(),
            sent_before: [0; 2],
            source: None,
            packet: Box::new([0; MAX_REPORT]),
        }
    }

    /// The peer has signalled another address.
    pub(super) fn forget_source(&mut self) {
        self.source = None;
    }

    pub(super) fn set_cname(&mut self, cname: &str) {
        if self.cname != cname {
            cname.clone_into(&mut self.cname);
        }
    }

    pub(super) fn destination(&self, signalled: Option<SocketAddr>) -> Option<SocketAddr> {
        signalled.map(|signalled| self.source.unwrap_or(signalled))
    }

    /// Takes a datagram. `None`: it is not RTCP. `Some(true)`: the peer says BYE.
    ///
    /// Reports count only from the source that is followed. Its SSRC is known
    /// to those who see its packets only, so where a report with it comes
    /// from, reports are sent to.
    pub(super) fn packet(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
        peer: Option<u32>,
        sender: &mut Sender,
        symmetric: bool,
    ) -> Option<bool> {
        let compound = Compound::parse(bytes).ok()?;
        self.schedule.observe(bytes.len());
        let mut bye = false;
        for packet in compound.packets() {
            let (ssrc, blocks) = match packet {
                Packet::SenderReport { ssrc, info, blocks } => {
                    if Some(ssrc) == peer {
                        self.last = Some(LastReport { middle: info.ntp.middle(), at: now });
                    }
                    (ssrc, blocks)
                }
                Packet::ReceiverReport { ssrc, blocks } => (ssrc, blocks),
                Packet::Bye { ssrc } => {
                    bye |= ssrc.is_some() && ssrc == peer;
                    continue;
                }
                Packet::SourceDescription(_) | Packet::Other(_) => continue,
            };
            if Some(ssrc) != peer {
                continue;
            }
            if symmetric {
                self.source = Some(from);
            }
            let ours = sender.ssrc;
            for block in blocks.iter().filter(|block| block.ssrc == ours) {
                self.feedback(now, &block, sender);
            }
        }
        Some(bye)
    }

    /// Writes the report that is due, and says how long it is.
    pub(super) fn report(
        &mut self,
        now: Instant,
        receiver: &mut Receiver,
        sender: &Sender,
        bye: bool,
        random: f64,
    ) -> usize {
        let mut blocks = [ReportBlock::default()];
        let blocks = match &mut receiver.reception {
            Some(reception) => {
                let last = self.last;
                blocks[0] = reception.report(last.map_or(0, |last| last.middle), 0);
                if let Some(last) = last {
                    blocks[0].set_delay(now.saturating_duration_since(last.at));
                }
                &blocks[..]
            }
            None => &[],
        };
        let sends = sender.sent.packets > self.sent_before[0];
        self.sent_before = [self.sent_before[1], sender.sent.packets];
        let info = SenderInfo {
            ntp: self.ntp(now),
            rtp: sender.timestamp_at(now),
            packets: sender.sent.packets as u32,
            octets: sender.sent.octets as u32,
        };
        let mut builder = Builder::new(&mut self.packet[..]);
        builder = match sends {
            true => builder.sender_report(sender.ssrc, &info, blocks),
            false => builder.receiver_report(sender.ssrc, blocks),
        };
        builder = builder.cname(sender.ssrc, &self.cname);
        if bye {
            builder = builder.bye(sender.ssrc);
        }
        let len = builder.finish();
        self.schedule.observe(len);
        self.schedule.sent(now, random);
        len
    }

    /// The report that was made last.
    pub(super) fn bytes(&self, len: usize) -> &[u8] {
        &self.packet[..len]
    }

    /// Adds what the peer has reported to what was sent.
    pub(super) fn complete(&self, sent: &mut DirectionStatistics) {
        sent.packets_lost = self.feedback.lost;
        sent.loss_period = self.feedback.loss_period;
        sent.jitter = self.feedback.jitter;
        sent.burst_loss = self.feedback.burst;
        sent.random_loss = self.feedback.random;
    }

    fn ntp(&self, now: Instant) -> NtpTime {
        NtpTime::from(self.started_wall + now.saturating_duration_since(self.started))
    }

    fn feedback(&mut self, now: Instant, block: &ReportBlock, sender: &mut Sender) {
        if let Some(round_trip) = block.round_trip(self.ntp(now)) {
            self.rtt.record(round_trip);
        }
        sender.set_packet_loss((u32::from(block.fraction_lost) * 100 / 256) as u8);
        let lost = block.cumulative_lost.max(0) as u64;
        let newly = lost.saturating_sub(self.feedback.lost);
        self.feedback.lost = lost;
        if newly > 0 {
            let packets = u32::try_from(newly).unwrap_or(u32::MAX);
            self.feedback.loss_period.record(sender.packet_time().saturating_mul(packets));
            self.feedback.burst |= newly > 1;
            self.feedback.random |= newly == 1;
        }
        let micros = u64::from(block.jitter) * 1_000_000 / u64::from(sender.clock_rate());
        self.feedback.jitter.record(Duration::from_micros(micros));
    }
}
