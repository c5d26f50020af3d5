//! A device whose microphone and speaker are WAV files.

use std::fmt;
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use rtrb::{Consumer, Producer, RingBuffer};

use super::{AudioDevice, DeviceError, FailedStart, RunningDevice};
use crate::mixer::{RenderHalf, SampleRate};
use crate::net::pacer::Pacer;
use crate::net::wave_player::{Playback, WavePlayerConfig};
use crate::wav::{WavError, WavSink};

/// How many quanta lie between the files and the clock: 500 ms, for a disk
/// that is slow at times.
const FILE_RING_QUANTA: usize = 50;

/// Which files a [`WavDevice`] uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WavDeviceConfig {
    /// What the microphone hears; `None` is silence, as is the end of the
    /// file. See [`WavSource`](crate::wav::WavSource) for what can be read.
    pub microphone: Option<PathBuf>,
    /// Plays the microphone's file again and again.
    pub repeat: bool,
    /// Where the speaker's sound goes: 16-bit mono PCM at the mixer's rate.
    /// The directories are made; an existing file is replaced.
    pub speaker: Option<PathBuf>,
}

/// A clock for a mixer with files in place of microphone and speaker.
///
/// Files are opened when it starts and completed when it stops, both on the
/// caller's thread; in between they are read and written on `files`, never on
/// the clock. An error in between (a full disk) is logged, and ends that
/// file's part.
#[derive(Clone)]
pub struct WavDevice {
    clock: Arc<dyn Pacer>,
    files: Arc<dyn Pacer>,
    config: WavDeviceConfig,
}

impl WavDevice {
    /// A device whose clock is one pacer, and whose files are read and
    /// written on another (or the same, in tests).
    pub fn new(clock: Arc<dyn Pacer>, files: Arc<dyn Pacer>, config: WavDeviceConfig) -> Self {
        Self { clock, files, config }
    }
}

impl AudioDevice for WavDevice {
    fn start(&self, render: RenderHalf) -> Result<RunningDevice, Box<FailedStart>> {
        RunningDevice::lend(render, |mut render| {
            let rate = render.sample_rate();
            let (capture_in, mut capture_out) = RingBuffer::new(FILE_RING_QUANTA * rate.quantum());
            let (mut playback_in, playback_out) = RingBuffer::new(capture_in.buffer().capacity());
            let mut microphone = Microphone::open(&self.config, rate, capture_in)?;
            let mut speaker = Speaker::create(&self.config, rate, playback_out)?;
            microphone.fill();

            let mut capture = vec![0; rate.quantum()].into_boxed_slice();
            let mut playback = capture.clone();
            // Dropped in this order: first the clock stops, then the files
            // get what is left.
            let clock = self.clock.start(
                "audio-wav",
                Box::new(move |_| {
                    if capture_out.pop_entire_slice(&mut capture).is_err() {
                        capture.fill(0);
                    }
                    render.render(&capture, &mut playback);
                    // A disk that is too slow, or no speaker: lost.
                    playback_in.push_entire_slice(&playback).ok();
                    ControlFlow::Continue(())
                }),
            );
            let files = self.files.start(
                "audio-wav-files",
                Box::new(move |_| {
                    microphone.fill();
                    speaker.drain();
                    ControlFlow::Continue(())
                }),
            );
            Ok((clock, files))
        })
    }
}

impl fmt::Debug for WavDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WavDevice").field("config", &self.config).finish_non_exhaustive()
    }
}

struct Microphone {
    playback: Option<Playback>,
    ring: Producer<i16>,
    quantum: Box<[i16]>,
}

impl Microphone {
    fn open(
        config: &WavDeviceConfig,
        rate: SampleRate,
        ring: Producer<i16>,
    ) -> Result<Self, DeviceError> {
        let playback = match &config.microphone {
            Some(path) => {
                let mut player = WavePlayerConfig::new(path);
                player.loop_count = u32::from(!config.repeat);
                Some(Playback::open(&player, rate)?)
            }
            None => None,
        };
        Ok(Self { playback, ring, quantum: vec![0; rate.quantum()].into_boxed_slice() })
    }

    fn fill(&mut self) {
        while let Some(playback) = &mut self.playback
            && self.ring.slots() >= self.quantum.len()
        {
            match playback.fill(&mut self.quantum) {
                Ok(()) if !playback.has_ended() => {}
                Ok(()) => self.playback = None,
                Err(error) => {
                    tracing::error!(%error, "the microphone's file can't be read further");
                    self.playback = None;
                }
            }
            // There is room: nothing is left over.
            self.ring.push_entire_slice(&self.quantum).ok();
        }
    }
}

struct Speaker {
    sink: Option<WavSink<BufWriter<File>>>,
    ring: Consumer<i16>,
    quantum: Box<[i16]>,
}

impl Speaker {
    fn create(
        config: &WavDeviceConfig,
        rate: SampleRate,
        ring: Consumer<i16>,
    ) -> Result<Self, DeviceError> {
        let sink = match &config.speaker {
            Some(path) => Some(WavSink::create(path, rate)?),
            None => None,
        };
        Ok(Self { sink, ring, quantum: vec![0; rate.quantum()].into_boxed_slice() })
    }

    fn drain(&mut self) {
        while self.ring.pop_entire_slice(&mut self.quantum).is_ok() {
            if let Some(sink) = &mut self.sink
                && let Err(error) = sink.write(&self.quantum)
            {
                self.fail(&error);
            }
        }
    }

    fn fail(&mut self, error: &WavError) {
        tracing::error!(%error, "the speaker's file can't be written further");
        self.sink = None;
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.drain();
        if let Some(sink) = self.sink.take()
            && let Err(error) = sink.finish()
        {
            self.fail(&error);
        }
    }
}
