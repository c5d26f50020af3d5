//! WAV files into a mixer.

use std::fs::File;
use std::io::BufReader;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::events::{EventSender, Events, channel};
use super::feed::Feed;
use super::pacer::Pacer;
use super::runner::{Runner, Work};
use crate::mixer::{AudioMixer, MixerError, PortControl, PortId, SampleRate};
use crate::wav::{WavError, WavSource};

/// What a [`WavePlayer`] plays, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WavePlayerConfig {
    /// The file: see [`WavSource`] for what can be played.
    pub path: PathBuf,
    /// How loud, in percent: 100 is as it comes.
    pub volume: u32,
    /// How often; 0 for ever.
    pub loop_count: u32,
    /// The silence between two times.
    pub pause_time: Duration,
    /// The silence before the first.
    pub initial_delay: Duration,
}

impl WavePlayerConfig {
    /// A file once, as it comes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            volume: 100,
            loop_count: 1,
            pause_time: Duration::ZERO,
            initial_delay: Duration::ZERO,
        }
    }
}

/// What a [`WavePlayer`] tells.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WavePlayerEvent {
    /// The file has been opened.
    DidStart,
    /// The mixer has taken the last of it, or [`stop`](WavePlayer::stop) has
    /// ended it.
    DidEnd,
    /// It can't be played, or not further.
    DidFail {
        /// Why.
        error: WavError,
    },
}

/// Plays a WAV file on a port of a mixer.
///
/// The port exists as long as the player. Connect it, or add it to a bridge,
/// to have it heard. The file is read on the pacer that the player was given:
/// give it one that may wait for a disk, for instance a
/// [`SharedPacer`](super::pacer::SharedPacer).
pub struct WavePlayer {
    port: PortControl,
    runner: Runner<Playing>,
}

impl WavePlayer {
    /// A player with a port in `mixer`; it does nothing before
    /// [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// When the mixer has no room for a port, or the volume is too high.
    pub fn new(
        mixer: &AudioMixer,
        pacer: Arc<dyn Pacer>,
        config: WavePlayerConfig,
    ) -> Result<(Self, Events<WavePlayerEvent>), MixerError> {
        let feed = Feed::new(mixer)?;
        let port = feed.control().clone();
        port.set_input_volume(config.volume)?;
        let (sender, events) = channel();
        let rate = mixer.sample_rate();
        let work = Playing { feed, rate, config, playback: None, events: sender };
        Ok((Self { port, runner: Runner::new("wave-player", pacer, work) }, events))
    }

    /// The port to connect.
    pub fn port(&self) -> PortId {
        self.port.id()
    }

    /// Volume, mute and level of the port; its input is what is heard.
    pub fn control(&self) -> &PortControl {
        &self.port
    }

    /// Plays the file from its start; false when it plays already.
    pub fn start(&self) -> bool {
        self.runner.start()
    }

    /// Ends the playing; false when it doesn't play.
    pub fn stop(&self) -> bool {
        self.runner.stop()
    }

    /// Whether it plays, or waits to play.
    pub fn is_active(&self) -> bool {
        self.runner.is_active()
    }
}

impl std::fmt::Debug for WavePlayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavePlayer").field("port", &self.port()).finish_non_exhaustive()
    }
}

struct Playing {
    feed: Feed,
    rate: SampleRate,
    config: WavePlayerConfig,
    playback: Option<Playback>,
    events: EventSender<WavePlayerEvent>,
}

impl Work for Playing {
    type End = Result<(), WavError>;

    fn step(&mut self) -> ControlFlow<Self::End> {
        let playback = match &mut self.playback {
            Some(playback) => playback,
            None => match Playback::open(&self.config, self.rate) {
                Ok(playback) => {
                    self.events.send(WavePlayerEvent::DidStart);
                    self.playback.insert(playback)
                }
                Err(error) => return ControlFlow::Break(Err(error)),
            },
        };
        while !playback.has_ended() && self.feed.has_room() {
            if let Err(error) = playback.fill(self.feed.quantum()) {
                return ControlFlow::Break(Err(error));
            }
            self.feed.push();
        }
        if playback.has_ended() && self.feed.is_drained() {
            return ControlFlow::Break(Ok(()));
        }
        ControlFlow::Continue(())
    }

    fn ended(&mut self, end: Self::End) {
        self.playback = None;
        self.events.send(match end {
            Ok(()) => WavePlayerEvent::DidEnd,
            Err(error) => WavePlayerEvent::DidFail { error },
        });
    }

    fn stopped(&mut self) {
        if self.playback.take().is_some() {
            self.events.send(WavePlayerEvent::DidEnd);
        }
    }
}

/// A file with its repetitions and silences, as one run of samples without
/// gaps.
pub(super) struct Playback {
    source: Option<WavSource<BufReader<File>>>,
    /// A quantum of the file, of which so much has not been given yet.
    buffer: Box<[i16]>,
    fresh: Range<usize>,
    /// How many times are left after this one; `None` for ever.
    left: Option<u32>,
    pause: u64,
    /// Samples of silence before the file goes on.
    silence: u64,
    /// Whether this time has given any sound: a file without any would be
    /// repeated for ever at no time.
    heard: bool,
}

impl Playback {
    pub(super) fn open(config: &WavePlayerConfig, rate: SampleRate) -> Result<Self, WavError> {
        Ok(Self {
            source: Some(WavSource::open(&config.path, rate)?),
            buffer: vec![0; rate.quantum()].into_boxed_slice(),
            fresh: 0..0,
            left: config.loop_count.checked_sub(1),
            pause: rate.samples_in(config.pause_time),
            silence: rate.samples_in(config.initial_delay),
            heard: false,
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.source.is_none() && self.fresh.is_empty()
    }

    /// Fills a quantum; after the end with silence.
    pub(super) fn fill(&mut self, pcm: &mut [i16]) -> Result<(), WavError> {
        pcm.fill(0);
        let mut rest = pcm;
        while !rest.is_empty() && !self.has_ended() {
            let len = if self.silence > 0 {
                let len = self.silence.min(rest.len() as u64);
                self.silence -= len;
                len as usize
            } else if self.fresh.is_empty() {
                self.refill()?;
                0
            } else {
                let len = self.fresh.len().min(rest.len());
                rest[..len].copy_from_slice(&self.buffer[self.fresh.start..][..len]);
                self.fresh.start += len;
                len
            };
            rest = &mut rest[len..];
        }
        Ok(())
    }

    /// Reads on, or starts anew at the end of the file.
    fn refill(&mut self) -> Result<(), WavError> {
        let Some(source) = &mut self.source else { return Ok(()) };
        self.fresh = 0..source.read(&mut self.buffer)?;
        if !self.fresh.is_empty() {
            self.heard = true;
            return Ok(());
        }
        if !self.heard {
            return Err(WavError::Empty);
        }
        let again = self.left != Some(0);
        self.left = self.left.map(|left| left.saturating_sub(1));
        (self.silence, self.heard) = (self.pause, false);
        self.source = match self.source.take() {
            Some(source) if again => Some(source.rewind()?),
            _ => None,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_follow_without_a_gap() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("37.wav");
        let mut sink = crate::wav::WavSink::create(&path, SampleRate::Hz8000).unwrap();
        let once: Vec<i16> = (1..=37).collect();
        sink.write(&once).unwrap();
        sink.finish().unwrap();
        let mut config = WavePlayerConfig::new(&path);
        (config.loop_count, config.initial_delay) = (5, Duration::from_millis(1));
        let mut playback = Playback::open(&config, SampleRate::Hz8000).unwrap();
        let mut all = Vec::new();
        while !playback.has_ended() {
            let mut pcm = [9; 80];
            playback.fill(&mut pcm).unwrap();
            all.extend(pcm);
        }
        let expected = [vec![0; 8], once.repeat(5)].concat();
        assert_eq!(all[..expected.len()], expected);
        assert!(all[expected.len()..].iter().all(|sample| *sample == 0));
        assert!(all.len() <= expected.len() + 2 * 80);
    }
}
