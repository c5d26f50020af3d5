//! One stream on its worker: its sockets, its machine, its mixer port.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc;

use super::audio::{Resamplers, Shared, Snapshot};
use super::transport::RtpTransport;
use crate::mixer::{PortReader, PortWriter};
use crate::stream::{AudioConfig, AudioEvent, Input, Output, RtpStream};
use crate::telephone_event::Digit;

/// Datagrams that are taken from a socket in a tick; the rest waits in the
/// kernel, and what that has no room for is lost. A call has one.
const MAX_DATAGRAMS: usize = 128;
/// How often the RTCP socket is looked at, in ticks.
const RTCP_TICKS: u32 = 10;
/// How often the statistics are told, in ticks.
const SNAPSHOT_TICKS: u32 = 10;
/// Datagrams that came before the stream began and are thrown away at most.
const MAX_STALE: usize = 4096;
/// A quantum of silence at the highest rate of a mixer.
static SILENCE: [i16; 480] = [0; 480];

pub(super) struct Call {
    shared: Arc<Shared>,
    events: mpsc::Sender<AudioEvent>,
    stream: RtpStream,
    transport: RtpTransport,
    /// Into the mixer: what the peer says.
    writer: PortWriter,
    /// Out of the mixer: what the peer hears.
    reader: PortReader,
    /// The reader has gathered its cushion.
    primed: bool,
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
            primed: false,
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

    /// Throws away what the sockets gathered before anybody listened: all of it
    /// is old, and playing it would be a delay for the whole call.
    pub(super) fn begin(&mut self, buffer: &mut [u8]) {
        for _ in 0..MAX_STALE {
            if self.transport.rtp.try_recv_from(buffer).is_err() {
                break;
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
        self.capture();
        self.stream.handle_input(now, Input::Quantum { capture: &self.codec_pcm });
        self.drain(now);
        if self.ticks.is_multiple_of(SNAPSHOT_TICKS) {
            self.tell(now);
        }
        ControlFlow::Continue(())
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        for _ in 0..MAX_DATAGRAMS {
            let Ok(received) = self.transport.rtp.try_recv_from(buffer) else { break };
            let bytes = &buffer[..received.len];
            self.stream.handle_input(received.at, Input::Rtp { from: received.from, bytes });
            self.drain(received.at);
        }
        if !self.ticks.is_multiple_of(RTCP_TICKS) {
            return;
        }
        for _ in 0..MAX_DATAGRAMS {
            let Ok(received) = self.transport.rtcp.try_recv_from(buffer) else { break };
            let bytes = &buffer[..received.len];
            self.stream.handle_input(received.at, Input::Rtcp { from: received.from, bytes });
            self.drain(received.at);
        }
    }

    /// Takes a quantum from the mixer, or silence.
    ///
    /// Mixer and worker tick at the same rate but not at the same moment. One
    /// quantum in reserve keeps a tick that is a little early from finding
    /// nothing; a reader that has fallen behind leaves out what is old.
    fn capture(&mut self) {
        let quantum = self.mixer_pcm.len();
        let available = self.reader.available();
        if !self.primed && available < 2 * quantum {
            self.mixer_pcm.fill(0);
        } else {
            self.primed = true;
            if available > 3 * quantum {
                self.reader.catch_up(2 * quantum);
            }
            self.primed = self.reader.read_exact(&mut self.mixer_pcm);
        }
        self.resamplers.to_codec.process(&self.mixer_pcm, &mut self.codec_pcm);
    }

    /// Does what the machine says.
    fn drain(&mut self, now: Instant) {
        let mut refused = false;
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
                    let quantum = self.mixer_pcm.len();
                    self.resamplers.to_mixer.process(pcm, &mut self.mixer_pcm);
                    let queued = self.writer.queued();
                    if queued == 0 {
                        // In reserve, as above.
                        self.writer.write(&SILENCE[..quantum]);
                    }
                    if queued < 3 * quantum {
                        self.writer.write(&self.mixer_pcm);
                    }
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
