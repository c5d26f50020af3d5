//! The sending half: PCM and digits in, RTP packets out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::{AudioConfig, PayloadFormat};
use crate::codec::{Encoder, whole_quanta};
use crate::rtp::{HEADER_LEN, RtpHeader};
use crate::telephone_event::{Digit, EventPacket, EventSender, PAYLOAD_LEN, QueueFull};

/// Room for the longest packet that is sent.
pub(super) const MAX_PACKET: usize = 1500;

/// What the sending half has sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    pub(super) packets: u64,
    pub(super) octets: u64,
}

/// What the sending half is allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// Audio and digits go out.
    Speak,
    /// Only what keeps the path open goes out.
    KeepAlive,
    /// There is nowhere to send to.
    Silent,
}

pub(super) struct Sender {
    pub(super) ssrc: u32,
    events: EventSender,
    pub(super) sent: Sent,
    sequence: u16,
    /// The timestamp of the first sample in `frame`.
    timestamp: u32,
    format: PayloadFormat,
    encoder: Box<dyn Encoder>,
    event_type: Option<u8>,
    keep_alive: Duration,
    /// PCM of the packet interval so far, and how much of it is there.
    frame: Vec<i16>,
    filled: usize,
    /// When the present interval began to be filled.
    interval_start: Option<Instant>,
    last_sent: Option<Instant>,
    /// The next packet starts a talk spurt.
    spurt: bool,
    packet: Box<[u8; MAX_PACKET]>,
}

impl Sender {
    pub(super) fn new(config: &AudioConfig, ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            events: EventSender::default(),
            sent: Sent::default(),
            sequence,
            timestamp,
            format: config.send.clone(),
            encoder: encoder(&config.send),
            event_type: config.telephone_event_send,
            keep_alive: config.keep_alive,
            frame: vec![0; frame_len(config)],
            filled: 0,
            interval_start: None,
            last_sent: None,
            spurt: true,
            packet: Box::new([0; MAX_PACKET]),
        }
    }

    /// Queues a digit, if the peer takes any.
    pub(super) fn push_digit(&mut self, digit: Digit) -> Result<(), QueueFull> {
        if self.event_type.is_none() {
            return Err(QueueFull);
        }
        self.events.push(digit)
    }

    pub(super) fn configure(&mut self, config: &AudioConfig) {
        let same = Arc::ptr_eq(&config.send.codec, &self.format.codec);
        if !same || config.send.parameters != self.format.parameters {
            self.encoder = encoder(&config.send);
        }
        self.format.clone_from(&config.send);
        self.event_type = config.telephone_event_send;
        if self.event_type.is_none() {
            self.events.clear();
        }
        self.keep_alive = config.keep_alive;
        let len = frame_len(config);
        if len != self.frame.len() {
            // What has been gathered is less than a packet: it is left out,
            // but its time has passed.
            self.timestamp = self.timestamp.wrapping_add(self.ticks(self.filled));
            self.filled = 0;
            self.frame.resize(len, 0);
        }
    }

    /// The peer loses so many packets of a hundred.
    pub(super) fn set_packet_loss(&mut self, percent: u8) {
        self.encoder.set_packet_loss(percent);
    }

    /// Takes 10 ms of PCM, and says how long a [packet](Self::packet) it made,
    /// if any.
    pub(super) fn push(&mut self, now: Instant, pcm: &[i16], talk: Talk) -> Option<usize> {
        let room = self.frame.len() - self.filled;
        let taken = pcm.len().min(room);
        self.frame[self.filled..self.filled + taken].copy_from_slice(&pcm[..taken]);
        self.filled += taken;
        self.interval_start.get_or_insert(now);
        if self.filled < self.frame.len() {
            return None;
        }
        self.filled = 0;
        let started = self.interval_start.take().unwrap_or(now);
        let ticks = self.ticks(self.frame.len());
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(ticks);
        if talk != Talk::Speak {
            self.spurt = true;
            self.events.interrupt();
            return if talk == Talk::KeepAlive { self.keep_alive(now, started) } else { None };
        }
        if let Some(event_type) = self.event_type
            && self.events.is_active()
        {
            self.spurt = true;
            let event = self.events.packet(timestamp, ticks, self.format.info().clock_rate)?;
            return self.event(now, event_type, event);
        }
        let marker = std::mem::take(&mut self.spurt);
        let payload = &mut self.packet[HEADER_LEN..];
        // A frame that can't be encoded is left out: its room is checked above.
        let len = self.encoder.encode(&self.frame, payload).ok()?;
        if len == 0 {
            // Nobody speaks (DTX). The path is kept open as while on hold.
            self.spurt = true;
            return self.keep_alive(now, started);
        }
        self.finish(now, marker, self.format.payload_type, timestamp, len)
    }

    /// The packet that was made last.
    pub(super) fn packet(&self, len: usize) -> &[u8] {
        &self.packet[..len]
    }

    /// The RTP timestamp of `now`.
    pub(super) fn timestamp_at(&self, now: Instant) -> u32 {
        let since =
            self.interval_start.map_or(Duration::ZERO, |s| now.saturating_duration_since(s));
        let rate = u128::from(self.format.info().clock_rate);
        self.timestamp.wrapping_add((since.as_micros() * rate / 1_000_000) as u32)
    }

    fn event(&mut self, now: Instant, event_type: u8, event: EventPacket) -> Option<usize> {
        self.packet[HEADER_LEN..HEADER_LEN + PAYLOAD_LEN]
            .copy_from_slice(&event.payload.to_bytes());
        self.finish(now, event.marker, event_type, event.timestamp, PAYLOAD_LEN)
    }

    /// An empty packet, when nothing has been sent for long (RFC 6263 §4.6).
    fn keep_alive(&mut self, now: Instant, started: Instant) -> Option<usize> {
        let quiet = now.saturating_duration_since(*self.last_sent.get_or_insert(started));
        if self.keep_alive.is_zero() || quiet < self.keep_alive {
            return None;
        }
        self.finish(now, false, self.format.payload_type, self.timestamp, 0)
    }

    fn finish(
        &mut self,
        now: Instant,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload_len: usize,
    ) -> Option<usize> {
        let (sequence, ssrc) = (self.sequence, self.ssrc);
        let header =
            RtpHeader { marker, payload_type, sequence, timestamp, ssrc, ..RtpHeader::default() };
        let len = header.write(&mut self.packet[..])?;
        self.sequence = sequence.wrapping_add(1);
        self.last_sent = Some(now);
        self.sent.packets += 1;
        self.sent.octets += payload_len as u64;
        Some(len + payload_len)
    }

    /// How long a packet lasts.
    pub(super) fn packet_time(&self) -> Duration {
        let rate = u64::from(self.format.info().sample_rate);
        Duration::from_micros(self.frame.len() as u64 * 1_000_000 / rate)
    }

    /// Units of the timestamps per second.
    pub(super) fn clock_rate(&self) -> u32 {
        self.format.info().clock_rate
    }

    /// PCM samples in timestamp units.
    fn ticks(&self, samples: usize) -> u32 {
        let info = self.format.info();
        (samples as u64 * u64::from(info.clock_rate) / u64::from(info.sample_rate)) as u32
    }
}

/// Samples in a packet: whole quanta of 10 ms.
fn frame_len(config: &AudioConfig) -> usize {
    let time = whole_quanta(config.send.codec.packet_time(config.ptime));
    (time.as_millis() / 10) as usize * (config.send.info().sample_rate / 100) as usize
}

fn encoder(format: &PayloadFormat) -> Box<dyn Encoder> {
    format.codec.encoder(&format.parameters)
}
