//! Two streams back to back over a network that loses, delays, repeats and
//! swaps packets, in virtual time and from a seed.

#![allow(dead_code, unreachable_pub, reason = "not every test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sipsimple_media::codec;
use sipsimple_media::stream::{
    AudioConfig, AudioEvent, Input, Output, PayloadFormat, RtpStream, Start, Statistics,
};

pub const QUANTUM: Duration = Duration::from_millis(10);
pub const RATE: u32 = 8000;
pub const EVENTS: u8 = 101;

/// What the network does to the packets of one direction.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// Packets lost, in percent.
    pub loss: u32,
    /// Packets that come twice, in percent.
    pub duplicates: u32,
    pub delay: Duration,
    /// The most that is added to the delay; packets overtake each other.
    pub jitter: Duration,
}

impl Path {
    pub const CLEAN: Self =
        Self { loss: 0, duplicates: 0, delay: Duration::from_millis(20), jitter: Duration::ZERO };

    pub fn loss(loss: u32) -> Self {
        Self { loss, ..Self::CLEAN }
    }

    pub fn jitter(ms: u64) -> Self {
        Self { jitter: Duration::from_millis(ms), ..Self::CLEAN }
    }
}

pub struct Datagram {
    pub from: SocketAddr,
    pub bytes: Vec<u8>,
    pub control: bool,
}

/// One end: a stream, what it says and what it has heard.
pub struct End {
    pub stream: RtpStream,
    pub config: AudioConfig,
    pub address: SocketAddr,
    /// The tone it says: Hz; zero for silence.
    pub tone: f64,
    pub heard: Vec<i16>,
    pub events: Vec<AudioEvent>,
    pub path: Path,
    /// Times that a quantum was not played, because the stream was held.
    pub unheard: usize,
    spoken: u64,
    arriving: BTreeMap<(Instant, u64), Datagram>,
}

pub struct Pair {
    pub now: Instant,
    pub a: End,
    pub b: End,
    random: ChaCha12Rng,
    sent: u64,
    /// Looks at each datagram; false: it is lost.
    pub filter: Box<dyn FnMut(&mut Datagram) -> bool>,
}

pub fn pcmu() -> PayloadFormat {
    PayloadFormat::new(0, codec::by_name("PCMU", RATE).unwrap())
}

pub fn pcma() -> PayloadFormat {
    PayloadFormat::new(8, codec::by_name("PCMA", RATE).unwrap())
}

pub fn config(remote: SocketAddr) -> AudioConfig {
    let mut config = AudioConfig::new(remote, pcmu());
    config.receive = vec![pcmu(), pcma()];
    config.telephone_event_send = Some(EVENTS);
    config.telephone_event_receive = Some(EVENTS);
    config
}

impl End {
    fn new(now: Instant, address: SocketAddr, remote: SocketAddr, seed: u8, path: Path) -> Self {
        let config = config(remote);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let stream = RtpStream::new(Start { now, wall, seed: [seed; 32] }, config.clone());
        Self {
            stream,
            config,
            address,
            tone: 0.0,
            heard: Vec::new(),
            events: Vec::new(),
            path,
            unheard: 0,
            spoken: 0,
            arriving: BTreeMap::new(),
        }
    }

    fn capture(&mut self) -> [i16; 80] {
        let start = self.spoken;
        self.spoken += 80;
        std::array::from_fn(|n| {
            let turns = (start + n as u64) as f64 * self.tone / f64::from(RATE);
            ((turns * std::f64::consts::TAU).sin() * 8000.0) as i16
        })
    }

    fn drain(&mut self) -> Vec<Datagram> {
        let mut sent = Vec::new();
        loop {
            match self.stream.poll_output() {
                Output::Rtp { bytes, .. } => {
                    sent.push(Datagram {
                        from: self.address,
                        bytes: bytes.to_vec(),
                        control: false,
                    });
                }
                Output::Rtcp { bytes, .. } => {
                    sent.push(Datagram {
                        from: self.address,
                        bytes: bytes.to_vec(),
                        control: true,
                    });
                }
                Output::Playback(pcm) => self.heard.extend(pcm),
                Output::Event(event) => self.events.push(event),
                Output::Timeout(_) => return sent,
                other => panic!("{other:?}"),
            }
        }
    }

    /// The last `time` of what was heard.
    pub fn last(&self, time: Duration) -> &[i16] {
        let len = (time.as_millis() as usize * 8).min(self.heard.len());
        &self.heard[self.heard.len() - len..]
    }
}

impl Pair {
    pub fn new(seed: u8, path: Path) -> Self {
        #[allow(clippy::disallowed_methods, reason = "any instant will do as the start")]
        let now = Instant::now();
        let (a, b) = (([192, 0, 2, 1], 4000).into(), ([192, 0, 2, 2], 5000).into());
        let mut pair = Self {
            now,
            a: End::new(now, a, b, seed, path),
            b: End::new(now, b, a, seed + 100, path),
            random: ChaCha12Rng::from_seed([seed; 32]),
            sent: 0,
            filter: Box::new(|_| true),
        };
        pair.a.tone = 440.0;
        pair.b.tone = 660.0;
        pair
    }

    pub fn run(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 10 {
            self.step();
        }
    }

    pub fn seconds(&mut self, seconds: u64) {
        self.run(Duration::from_secs(seconds));
    }

    pub fn step(&mut self) {
        self.now += QUANTUM;
        for side in 0..2 {
            loop {
                let now = self.now;
                let end = self.end(side);
                let Some(entry) = end.arriving.first_entry() else { break };
                let at = entry.key().0;
                if at > now {
                    break;
                }
                let datagram = entry.remove();
                let (from, bytes) = (datagram.from, &datagram.bytes[..]);
                let input = match datagram.control {
                    true => Input::Rtcp { from, bytes },
                    false => Input::Rtp { from, bytes },
                };
                end.stream.handle_input(at, input);
                self.deliver(side);
            }
            let now = self.now;
            let end = self.end(side);
            let capture = end.capture();
            let before = end.heard.len();
            end.stream.handle_input(now, Input::Quantum { capture: &capture });
            self.deliver(side);
            let end = self.end(side);
            end.unheard += usize::from(end.heard.len() == before);
        }
    }

    pub fn input(&mut self, side: usize, input: Input<'_>) {
        let now = self.now;
        self.end(side).stream.handle_input(now, input);
        self.deliver(side);
    }

    /// Tells one side what was agreed on anew.
    pub fn configure(&mut self, side: usize, change: impl FnOnce(&mut AudioConfig)) {
        let mut config = self.end(side).config.clone();
        change(&mut config);
        self.end(side).config = config.clone();
        self.input(side, Input::Configure(&config));
    }

    /// Puts a datagram on the way to one side.
    pub fn inject(&mut self, side: usize, datagram: Datagram) {
        self.sent += 1;
        let key = (self.now, self.sent);
        self.end(side).arriving.insert(key, datagram);
    }

    pub fn statistics(&mut self, side: usize) -> Statistics {
        let now = self.now;
        self.end(side).stream.statistics(now)
    }

    fn end(&mut self, side: usize) -> &mut End {
        if side == 0 { &mut self.a } else { &mut self.b }
    }

    fn deliver(&mut self, side: usize) {
        let sent = self.end(side).drain();
        let path = self.end(side).path;
        for mut datagram in sent {
            if !(self.filter)(&mut datagram) || self.percent(path.loss) {
                continue;
            }
            let copies = if self.percent(path.duplicates) { 2 } else { 1 };
            for _ in 0..copies {
                let jitter = path.jitter.as_micros() as u64;
                let extra = u64::from(self.random.next_u32()) % (jitter + 1);
                let at = self.now + path.delay + Duration::from_micros(extra);
                let Datagram { from, control, .. } = datagram;
                let bytes = datagram.bytes.clone();
                self.sent += 1;
                let key = (at, self.sent);
                self.end(1 - side).arriving.insert(key, Datagram { from, bytes, control });
            }
        }
    }

    fn percent(&mut self, chance: u32) -> bool {
        self.random.next_u32() % 100 < chance
    }
}
