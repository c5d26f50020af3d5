//! One stream on its worker: its sockets, its machine, its mixer port.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sipsimple_net::Received;
use tokio::sync::mpsc;

use super::audio::{Resamplers, Shared, Snapshot};
use super::cushion::Cushion;
use super::transport::RtpTransport;
use crate::mixer::{PortReader, PortWriter};
use crate::stream::{AudioConfig, AudioEvent, Input, Output, RtpStream};
use crate::telephone_event::Digit;

/// Datagrams that are taken from a socket in a tick; the rest waits in the
/// kernel, and what that has no room for is lost. A call has one.
const MAX_DATAGRAMS: usize = 128;
/// How often the statistics are told, in ticks.
const SNAPSHOT_TICKS: u32 = 10;
/// Datagrams that came before the stream began and are looked at, at most.
const MAX_EARLY: usize = 4096;
/// What came longer before the stream began is thrown away: playing it would
/// be a delay, and when exactly it came nobody knows any more.
const EARLY: Duration = Duration::from_millis(500);
/// Room in the ring from the mixer, in quanta: as much as a pacer ever makes
/// up for in one burst, and a little more.
pub(super) const CAPTURE_RING: usize = 12;
/// Ticks without a quantum from the mixer after which silence is sent in its
/// place: its device is gone.
const DEAF_TICKS: u32 = 10;

pub(super) struct Call {
    shared: Arc<Shared>,
    events: mpsc::Sender<AudioEvent>,
    stream: RtpStream,
    transport: RtpTransport,
    /// Into the mixer: what the peer says.
    writer: PortWriter,
    /// Out of the mixer: what the peer hears.
    reader: PortReader,
    cushion: Cushion,
    /// Ticks since the mixer last gave anything.
    deaf: u32,
    resamplers: Resamplers,
    mixer_pcm: Vec<i16>,
    codec_pcm: Vec<i16>,
    ticks: u32,
}

impl Call {
    pub(super) fn new(
        shared: Arc<Shared>,
        events: mpsc::Sender<AudioEvent>,
        stream: RtpStream,
        transport: RtpTransport,
        (writer, reader): (PortWriter, PortReader),
        resamplers: Resamplers,
    ) -> Self {
        // The streams of a worker take turns with what is not done every tick.
        let ticks = shared.id as u32;
        let mut call = Self {
            shared,
            events,
            stream,
            transport,
            writer,
            reader,
            cushion: Cushion::new(),
            deaf: 0,
            resamplers,
            mixer_pcm: Vec::new(),
            codec_pcm: Vec::new(),
            ticks,
        };
        call.size_buffers();
        call
    }

    pub(super) fn id(&self) -> u64 {
        self.shared.id
    }

    /// Takes what the sockets gathered before the stream began: the peer may
    /// speak before its answer has come.
    pub(super) fn begin(&mut self, now: Instant, buffer: &mut [u8]) {
        for _ in 0..MAX_EARLY {
            let Ok(received) = self.transport.rtp.try_recv_from(buffer) else { break };
            if now.saturating_duration_since(received.at) < EARLY {
                self.received(received, buffer);
            }
        }
    }

    pub(super) fn update(&mut self, now: Instant, config: &AudioConfig, resamplers: Resamplers) {
        // The old resamplers stay where they fit: their filters are filled.
        if config.send.info().sample_rate != self.stream.sample_rate() {
            self.resamplers = resamplers;
        }
        self.stream.handle_input(now, Input::Configure(config));
        self.size_buffers();
        self.drain(now);
    }

    pub(super) fn digit(&mut self, now: Instant, digit: Digit) {
        self.stream.handle_input(now, Input::Digit(digit));
        self.drain(now);
    }

    /// One quantum. `Break`: the stream has ended.
    pub(super) fn tick(&mut self, now: Instant, buffer: &mut [u8]) -> ControlFlow<()> {
        if self.shared.stopping.load(Ordering::Acquire) || self.writer.is_closed() {
            self.stream.handle_input(now, Input::Stop);
            self.drain(now);
            self.tell(now);
            self.shared.ended.store(true, Ordering::Release);
            return ControlFlow::Break(());
        }
        self.ticks = self.ticks.wrapping_add(1);
        self.receive(buffer);
        self.capture(now);
        self.play(now);
        self.stream.handle_input(now, Input::Tick);
        self.drain(now);
        if self.ticks.is_multiple_of(SNAPSHOT_TICKS) {
            self.tell(now);
        }
        ControlFlow::Continue(())
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        for _ in 0..MAX_DATAGRAMS {
            let Ok(received) = self.transport.rtp.try_recv_from(buffer) else { break };
            self.received(received, buffer);
        }
        for _ in 0..MAX_DATAGRAMS {
            let Ok(received) = self.transport.rtcp.try_recv_from(buffer) else { break };
            let bytes = &buffer[..received.len];
            self.stream.handle_input(received.at, Input::Rtcp { from: received.from, bytes });
            self.drain(received.at);
        }
    }

    fn received(&mut self, received: Received, buffer: &[u8]) {
        let bytes = &buffer[..received.len];
        self.stream.handle_input(received.at, Input::Rtp { from: received.from, bytes });
        self.drain(received.at);
    }

    /// Sends what the mixer has given since the last tick: none, one or
    /// several quanta, since it has a clock of its own. Nothing is left out
    /// and nothing put in: the packets follow the mixer's clock, and its
    /// jitter is the receiver's to even out.
    fn capture(&mut self, now: Instant) {
        self.deaf += 1;
        while self.reader.available() >= self.mixer_pcm.len() {
            self.reader.read(&mut self.mixer_pcm);
            self.deaf = 0;
            self.speak(now);
        }
        if self.deaf > DEAF_TICKS {
            self.mixer_pcm.fill(0);
            self.speak(now);
        }
    }

    fn speak(&mut self, now: Instant) {
        self.resamplers.to_codec.process(&self.mixer_pcm, &mut self.codec_pcm);
        self.stream.handle_input(now, Input::Capture { pcm: &self.codec_pcm });
        self.drain(now);
    }

    /// Fills the ring to the mixer as far as it should be. How much of it the
    /// mixer has taken since the last tick is its clock's business; that the
    /// sender's clock is another one the jitter buffer sees and follows.
    fn play(&mut self, now: Instant) {
        let quantum = self.mixer_pcm.len();
        let left = self.writer.queued() / quantum;
        let ahead = self.cushion.ahead(left);
        for _ in left..ahead {
            self.stream.handle_input(now, Input::Playback);
            if !self.drain(now) {
                // On hold.
                self.cushion.pause();
                break;
            }
        }
    }

    /// Does what the machine says, and says whether that was playing something.
    fn drain(&mut self, now: Instant) -> bool {
        let (mut refused, mut played) = (false, false);
        loop {
            match self.stream.poll_output() {
                Output::Rtp { to, bytes } => {
                    refused |= self.transport.rtp.try_send_to(bytes, to).is_err();
                }
                Output::Rtcp { to, bytes } => {
                    // A report that is lost is followed by another.
                    let _ = self.transport.rtcp.try_send_to(bytes, to);
                }
                Output::Playback(pcm) => {
                    self.resamplers.to_mixer.process(pcm, &mut self.mixer_pcm);
                    self.writer.write(&self.mixer_pcm);
                    played = true;
                }
                Output::Event(event) => {
                    if self.events.try_send(event).is_err() {
                        self.shared.lost_events.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Output::Timeout(_) => break,
            }
        }
        if refused {
            self.stream.handle_input(now, Input::SendFailed);
        }
        played
    }

    fn tell(&mut self, now: Instant) {
        // A reader holds the lock for a copy; the next time will do.
        if let Ok(mut snapshot) = self.shared.snapshot.try_lock() {
            *snapshot = Snapshot {
                statistics: self.stream.statistics(now),
                remote: self.stream.source().map(|source| source.address),
            };
        }
    }

    fn size_buffers(&mut self) {
        self.mixer_pcm.clear();
        self.mixer_pcm.resize(self.resamplers.to_mixer.output_len(), 0);
        self.codec_pcm.clear();
        self.codec_pcm.resize(self.resamplers.to_codec.output_len(), 0);
    }
}
