//! One audio stream of one call: packets in and PCM out, PCM in and packets
//! out, reports both ways (RFC 3550, RFC 3551, RFC 4733).
//!
//! [`RtpStream`] is a pure machine: [`handle_input`](RtpStream::handle_input),
//! then [`poll_output`](RtpStream::poll_output) until it says
//! [`Output::Timeout`]; nothing else changes its state. Two clocks drive it:
//! that of the audio, which brings [`Input::Capture`] and asks with
//! [`Input::Playback`], in bursts if need be, and the time, each 10 ms an
//! [`Input::Tick`]. It allocates nothing once it runs, except when it is
//! configured.

mod config;
mod playout;
mod receive;
mod report;
mod send;
mod source;
mod statistics;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub use config::{AudioConfig, Direction, JitterConfig, PayloadFormat};
pub use source::{Source, SourceFilter, Verdict};
pub use statistics::{
    DirectionStatistics, PlayoutStatistics, RejectedPackets, Statistic, Statistics,
};

pub use crate::codec::MAX_PTIME;
use crate::telephone_event::{Digit, Heard};
use receive::Receiver;
use report::Reporter;
use send::{Sender, Talk};

/// How much audio goes in and comes out at a time.
pub const QUANTUM: Duration = Duration::from_millis(10);

/// Events that wait to be polled; more are dropped, the oldest are kept.
pub const MAX_EVENTS: usize = 32;

/// What an [`RtpStream`] takes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// A datagram on the RTP socket; `now` is when it arrived.
    Rtp {
        /// Its sender.
        from: SocketAddr,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// A datagram on the RTCP socket.
    Rtcp {
        /// Its sender.
        from: SocketAddr,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// 10 ms of audio were captured, at the codec's
    /// [sample rate](RtpStream::sample_rate). Packets follow the clock that
    /// these come by.
    Capture {
        /// 10 ms of mono PCM.
        pcm: &'a [i16],
    },
    /// 10 ms of audio are to be played: gives an [`Output::Playback`] while
    /// the stream receives, at `now` or, if asked for in advance, after what
    /// was given before.
    Playback,
    /// Time has passed: for reports and timeouts, about every 10 ms.
    Tick,
    /// All three, for audio whose clock is the time: 10 ms have passed, in
    /// which this was captured, and the next 10 ms are to be played.
    Quantum {
        /// 10 ms of mono PCM.
        capture: &'a [i16],
    },
    /// The two sides have agreed on something else.
    Configure(&'a AudioConfig),
    /// A digit is to be sent.
    Digit(Digit),
    /// The network has refused the packet that was polled last.
    SendFailed,
    /// The stream ends: says goodbye.
    Stop,
}

/// What an [`RtpStream`] gives.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output<'a> {
    /// Send this from the RTP socket.
    Rtp {
        /// Where to.
        to: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// Send this from the RTCP socket.
    Rtcp {
        /// Where to.
        to: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// Play this: 10 ms of mono PCM, at the codec's sample rate.
    Playback(&'a [i16]),
    /// Something has happened.
    Event(AudioEvent),
    /// Nothing more until the next input: the tick that is due then, or
    /// anything else before it.
    Timeout(Instant),
}

/// What happened on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudioEvent {
    /// The peer has pressed a digit.
    GotDtmf {
        /// The digit.
        digit: Digit,
    },
    /// The peer has let a digit go.
    DtmfEnded {
        /// The digit.
        digit: Digit,
        /// How long it was pressed.
        duration: Duration,
    },
    /// A digit can't be sent: the peer takes no telephone-events, or too many
    /// digits wait.
    DtmfRefused {
        /// The digit.
        digit: Digit,
    },
    /// Packets come from another address than before (or for the first time
    /// from another than was signalled), and ours go there now.
    RemoteAddressChanged {
        /// The signalled or followed address.
        old: Option<SocketAddr>,
        /// The address that is followed.
        new: SocketAddr,
    },
    /// Another source is heard: the SSRC of its packets.
    SourceChanged {
        /// The source.
        ssrc: u32,
    },
    /// Nothing has come for [`AudioConfig::timeout`], once more.
    Timeout {
        /// For how long nothing has come.
        silent: Duration,
    },
    /// The peer's source has left (RTCP BYE). Its SIP BYE decides.
    Bye,
}

/// What a stream starts with, besides its configuration.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The present.
    pub now: Instant,
    /// The same moment on the wall clock, for reports.
    pub wall: SystemTime,
    /// Where SSRC, first sequence number and timestamp and the times of
    /// reports come from. Never twice the same.
    pub seed: [u8; 32],
}

/// See the [module](self).
pub struct RtpStream {
    config: AudioConfig,
    sender: Sender,
    receiver: Receiver,
    reporter: Reporter,
    random: ChaCha12Rng,
    /// The last packet, or when receiving began.
    heard: Instant,
    /// What the next timeout is counted from.
    timeout_from: Instant,
    next_tick: Instant,
    playback: Vec<i16>,
    pending: Pending,
    events: VecDeque<AudioEvent>,
    refused: u64,
}

/// Outputs that wait to be polled.
#[derive(Debug, Clone, Copy, Default)]
struct Pending {
    rtp: Option<(SocketAddr, usize)>,
    rtcp: Option<(SocketAddr, usize)>,
    playback: bool,
}

impl RtpStream {
    /// A stream that has neither sent nor received anything.
    pub fn new(start: Start, config: AudioConfig) -> Self {
        let mut random = ChaCha12Rng::from_seed(start.seed);
        let (ssrc, timestamp) = (random.next_u32(), random.next_u32());
        // In the lower half, so that a wrap does not come in the first minutes
        // (RFC 3711 §3.3.1 asks for it; others' receivers are glad too).
        let sequence = random.next_u32() as u16 >> 1;
        let first_report = fraction(&mut random);
        Self {
            sender: Sender::new(&config, ssrc, sequence, timestamp),
            receiver: Receiver::new(start.now, &config),
            reporter: Reporter::new(start.now, start.wall, &config.cname, first_report),
            random,
            heard: start.now,
            timeout_from: start.now,
            next_tick: start.now + QUANTUM,
            playback: vec![0; quantum_len(&config)],
            pending: Pending::default(),
            events: VecDeque::with_capacity(MAX_EVENTS),
            refused: 0,
            config,
        }
    }

    /// Takes one input. Drain [`poll_output`](Self::poll_output) afterwards:
    /// what is not polled is overwritten by what comes next.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Rtp { from, bytes } => self.rtp(now, from, bytes),
            Input::Rtcp { from, bytes } => self.rtcp(now, from, bytes),
            Input::Capture { pcm } => self.capture(now, pcm),
            Input::Playback => self.play(now),
            Input::Tick => self.tick(now),
            Input::Quantum { capture } => {
                self.capture(now, capture);
                self.play(now);
                self.tick(now);
            }
            Input::Configure(config) => self.configure(now, config),
            Input::Digit(digit) => {
                if self.sender.push_digit(digit).is_err() {
                    self.event(AudioEvent::DtmfRefused { digit });
                }
            }
            Input::SendFailed => self.refused += 1,
            Input::Stop => self.report(now, true),
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output<'_> {
        if let Some((to, len)) = self.pending.rtp.take() {
            return Output::Rtp { to, bytes: self.sender.packet(len) };
        }
        if let Some((to, len)) = self.pending.rtcp.take() {
            return Output::Rtcp { to, bytes: self.reporter.bytes(len) };
        }
        if std::mem::take(&mut self.pending.playback) {
            return Output::Playback(&self.playback);
        }
        self.events.pop_front().map_or(Output::Timeout(self.next_tick), Output::Event)
    }

    /// Counters and times so far.
    pub fn statistics(&self, now: Instant) -> Statistics {
        let mut tx = DirectionStatistics {
            packets: self.sender.sent.packets,
            bytes: self.sender.sent.octets,
            packets_discarded: self.refused,
            ..DirectionStatistics::default()
        };
        self.reporter.complete(&mut tx);
        Statistics {
            rtt: self.reporter.rtt,
            rx: self.receiver.statistics(),
            tx,
            rejected: self.receiver.rejected,
            playout: self.receiver.playout(now),
        }
    }

    /// Samples per second of the PCM that goes in and comes out.
    pub fn sample_rate(&self) -> u32 {
        self.config.send.info().sample_rate
    }

    /// The SSRC of the packets sent.
    pub fn ssrc(&self) -> u32 {
        self.sender.ssrc
    }

    /// The source whose packets are played.
    pub fn source(&self) -> Option<Source> {
        self.receiver.filter.source()
    }

    fn rtp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let playing = self.config.direction.receives();
        let effects = self.receiver.packet(now, from, bytes, playing);
        if effects.accepted {
            self.heard = now;
            self.timeout_from = now;
        }
        if let Some(before) = effects.switched {
            self.switched(before);
        }
        for heard in effects.heard.into_iter().flatten() {
            self.dtmf(heard);
        }
    }

    fn switched(&mut self, before: Option<Source>) {
        let Some(source) = self.receiver.filter.source() else { return };
        if before.is_none_or(|before| before.ssrc != source.ssrc) {
            self.event(AudioEvent::SourceChanged { ssrc: source.ssrc });
        }
        let old = before.map(|before| before.address).or(self.config.remote_rtp);
        if old != Some(source.address) {
            self.event(AudioEvent::RemoteAddressChanged { old, new: source.address });
        }
    }

    fn rtcp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let peer = self.receiver.filter.source().map(|source| source.ssrc);
        let symmetric = self.config.symmetric;
        match self.reporter.packet(now, from, bytes, peer, &mut self.sender, symmetric) {
            None => self.receiver.rejected.malformed += 1,
            Some(true) => self.event(AudioEvent::Bye),
            Some(false) => {}
        }
    }

    fn capture(&mut self, now: Instant, pcm: &[i16]) {
        let to = self.receiver.filter.destination();
        let talk = match to {
            Some(_) if self.config.direction.sends() => Talk::Speak,
            Some(_) => Talk::KeepAlive,
            None => Talk::Silent,
        };
        self.pending.rtp = to.zip(self.sender.push(now, pcm, talk));
    }

    fn play(&mut self, now: Instant) {
        self.pending.playback = self.config.direction.receives();
        if self.pending.playback {
            self.receiver.play(now, &mut self.playback);
        }
    }

    fn tick(&mut self, now: Instant) {
        self.next_tick = now + QUANTUM;
        if self.config.direction.receives() {
            let timeout = self.config.timeout;
            let silent = now.saturating_duration_since(self.timeout_from);
            if !timeout.is_zero() && silent >= timeout {
                self.timeout_from = now;
                let silent = now.saturating_duration_since(self.heard);
                self.event(AudioEvent::Timeout { silent });
            }
        }
        if let Some(heard) = self.receiver.expire(now) {
            self.dtmf(heard);
        }
        if now >= self.reporter.schedule.next() {
            self.report(now, false);
        }
    }

    fn report(&mut self, now: Instant, bye: bool) {
        let random = fraction(&mut self.random);
        let len = self.reporter.report(now, &mut self.receiver, &self.sender, bye, random);
        let to = self.reporter.destination(self.config.remote_rtcp);
        self.pending.rtcp = to.map(|to| (to, len));
    }

    fn configure(&mut self, now: Instant, config: &AudioConfig) {
        let received = self.config.direction.receives();
        if config.remote_rtcp != self.config.remote_rtcp || !config.symmetric {
            self.reporter.forget_source();
        }
        self.reporter.set_cname(&config.cname);
        self.sender.configure(config);
        self.receiver.configure(now, config);
        self.config.clone_from(config);
        self.playback.clear();
        self.playback.resize(quantum_len(config), 0);
        self.pending = Pending::default();
        match (received, config.direction.receives()) {
            (true, false) => self.receiver.flush(),
            (false, true) => {
                self.heard = now;
                self.timeout_from = now;
            }
            _ => {}
        }
    }

    fn dtmf(&mut self, heard: Heard) {
        let event = match heard {
            Heard::Start(digit) => AudioEvent::GotDtmf { digit },
            Heard::End { digit, duration } => {
                AudioEvent::DtmfEnded { digit, duration: self.receiver.time(duration) }
            }
        };
        self.event(event);
    }

    fn event(&mut self, event: AudioEvent) {
        if self.events.len() < MAX_EVENTS {
            self.events.push_back(event);
        }
    }
}

impl std::fmt::Debug for RtpStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RtpStream")
            .field("ssrc", &self.sender.ssrc)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn quantum_len(config: &AudioConfig) -> usize {
    (config.send.info().sample_rate / 100) as usize
}

/// A number in 0..1.
fn fraction(random: &mut ChaCha12Rng) -> f64 {
    f64::from(random.next_u32()) / (f64::from(u32::MAX) + 1.0)
}
