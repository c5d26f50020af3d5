//! What a mixer's port hears, into a WAV file.

use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::events::{EventSender, Events, channel};
use super::pacer::Pacer;
use super::runner::{Runner, Work};
use crate::mixer::{AudioMixer, MixerError, PortControl, PortId, PortReader, SampleRate};
use crate::wav::{WavError, WavSink};

/// How many quanta wait for the disk, 2 s: more are lost, and counted in the
/// port's statistics.
pub const RECORDER_RING_QUANTA: usize = 200;

/// What a [`WaveRecorder`] tells.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WaveRecorderEvent {
    /// The file has been created.
    DidStart,
    /// The file is complete.
    DidEnd,
    /// It can't be written, or not further: the disk is full, for instance.
    /// What is in the file stays readable.
    DidFail {
        /// Why.
        error: WavError,
    },
}

/// Records what its port hears: 16-bit mono PCM at the mixer's rate.
///
/// The port exists as long as the recorder. Connect others to it, or add it
/// to a bridge. The file is written on the pacer that the recorder was given:
/// give it one that may wait for a disk, for instance a
/// [`SharedPacer`](super::pacer::SharedPacer). Dropping a recorder that runs
/// completes the file.
pub struct WaveRecorder {
    port: PortControl,
    path: PathBuf,
    runner: Runner<Recording>,
}

impl WaveRecorder {
    /// A recorder with a port in `mixer`; it does nothing before
    /// [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// When the mixer has no room for a port.
    pub fn new(
        mixer: &AudioMixer,
        pacer: Arc<dyn Pacer>,
        path: impl Into<PathBuf>,
    ) -> Result<(Self, Events<WaveRecorderEvent>), MixerError> {
        let reader = mixer.add_sink_with_ring(RECORDER_RING_QUANTA)?;
        let port = reader.control().clone();
        let (sender, events) = channel();
        let path = path.into();
        let work = Recording {
            reader,
            buffer: vec![0; mixer.quantum()].into_boxed_slice(),
            rate: mixer.sample_rate(),
            path: path.clone(),
            sink: None,
            events: sender,
        };
        Ok((Self { port, path, runner: Runner::new("wave-recorder", pacer, work) }, events))
    }

    /// The port to connect.
    pub fn port(&self) -> PortId {
        self.port.id()
    }

    /// Volume, mute and level of the port; its output is what is recorded.
    pub fn control(&self) -> &PortControl {
        &self.port
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the file and the directories that it is in (an existing file
    /// is replaced), and records from now on; false when it records already.
    pub fn start(&self) -> bool {
        self.runner.start()
    }

    /// Completes the file; false when it doesn't record.
    pub fn stop(&self) -> bool {
        self.runner.stop()
    }

    /// Whether it records.
    pub fn is_active(&self) -> bool {
        self.runner.is_active()
    }
}

impl std::fmt::Debug for WaveRecorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaveRecorder").field("path", &self.path).finish_non_exhaustive()
    }
}

struct Recording {
    reader: PortReader,
    buffer: Box<[i16]>,
    rate: SampleRate,
    path: PathBuf,
    sink: Option<WavSink<BufWriter<File>>>,
    events: EventSender<WaveRecorderEvent>,
}

impl Recording {
    /// Writes everything that the mixer has put into the ring.
    fn drain(&mut self) -> Result<(), WavError> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        loop {
            let read = self.reader.read(&mut self.buffer);
            if read == 0 {
                return Ok(());
            }
            sink.write(&self.buffer[..read])?;
        }
    }
}

impl Work for Recording {
    type End = WavError;

    fn begin(&mut self) {
        // What the port heard before nobody asked for.
        self.reader.catch_up(0);
    }

    fn step(&mut self) -> ControlFlow<WavError> {
        if self.sink.is_none() {
            match WavSink::create(&self.path, self.rate) {
                Ok(sink) => self.sink = Some(sink),
                Err(error) => return ControlFlow::Break(error),
            }
            self.events.send(WaveRecorderEvent::DidStart);
        }
        match self.drain() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn ended(&mut self, error: WavError) {
        // Completes what is there as well as it can.
        self.sink = None;
        self.events.send(WaveRecorderEvent::DidFail { error });
    }

    fn stopped(&mut self) {
        let drained = self.drain();
        let Some(sink) = self.sink.take() else { return };
        self.events.send(match drained.and(sink.finish()) {
            Ok(()) => WaveRecorderEvent::DidEnd,
            Err(error) => WaveRecorderEvent::DidFail { error },
        });
    }
}
