//! Tones into a mixer.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::events::{EventSender, Events, channel};
use super::feed::Feed;
use super::pacer::Pacer;
use super::runner::{Runner, Work};
use crate::mixer::{AudioMixer, MixerError, PortControl, PortId};
use crate::tone::{DTMF_GAP, Tone, ToneSynth};

/// How many tones can wait in a generator.
pub const MAX_TONES: usize = 1_024;

/// What a [`ToneGenerator`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToneGeneratorEvent {
    /// The mixer has taken the last of the tones, or
    /// [`stop`](ToneGenerator::stop) has ended them.
    DidFinishPlaying,
}

/// Why tones were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToneError {
    /// More than [`MAX_TONES`] would wait.
    #[error("too many tones wait already")]
    TooManyTones,
    /// There is no DTMF digit for this character.
    #[error("{0:?} is not a DTMF digit")]
    NotADigit(char),
}

/// Plays tones and DTMF digits, one after the other, on a port of a mixer.
///
/// The port exists as long as the generator. Connect it, or add it to a
/// bridge, to have it heard.
pub struct ToneGenerator {
    port: PortControl,
    queue: Arc<Queue>,
    runner: Runner<Playing>,
}

#[derive(Default)]
struct Queue(Mutex<VecDeque<Tone>>);

impl Queue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Tone>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ToneGenerator {
    /// A generator with a port in `mixer`, paced by `pacer` while it plays.
    ///
    /// # Errors
    ///
    /// When the mixer has no room for a port.
    pub fn new(
        mixer: &AudioMixer,
        pacer: Arc<dyn Pacer>,
    ) -> Result<(Self, Events<ToneGeneratorEvent>), MixerError> {
        let feed = Feed::new(mixer)?;
        let (sender, events) = channel();
        let port = feed.control().clone();
        let queue = Arc::new(Queue::default());
        let synth = ToneSynth::new(mixer.sample_rate());
        let work = Playing { feed, synth, queue: Arc::clone(&queue), events: sender };
        Ok((Self { port, queue, runner: Runner::new("tones", pacer, work) }, events))
    }

    /// The port to connect.
    pub fn port(&self) -> PortId {
        self.port.id()
    }

    /// Volume, mute and level of the port; its input is what is heard.
    pub fn control(&self) -> &PortControl {
        &self.port
    }

    /// Plays tones, after those that have not ended.
    ///
    /// # Errors
    ///
    /// [`ToneError::TooManyTones`]: none of these is played.
    pub fn play_tones(&self, tones: &[Tone]) -> Result<(), ToneError> {
        {
            let mut queue = self.queue.lock();
            if queue.len() + tones.len() > MAX_TONES {
                return Err(ToneError::TooManyTones);
            }
            queue.extend(tones);
        }
        self.runner.start();
        Ok(())
    }

    /// Plays a DTMF digit and the gap after it, after the tones that have not
    /// ended. This is what people here hear; what goes over RTP is the
    /// stream's business.
    ///
    /// # Errors
    ///
    /// [`ToneError`].
    pub fn play_dtmf(&self, digit: char) -> Result<(), ToneError> {
        let tone = Tone::dtmf(digit).ok_or(ToneError::NotADigit(digit))?;
        self.play_tones(&[tone, Tone::silence(DTMF_GAP)])
    }

    /// Ends all tones.
    pub fn stop(&self) {
        self.queue.lock().clear();
        self.runner.stop();
    }

    /// Whether a tone plays or waits.
    pub fn is_busy(&self) -> bool {
        self.runner.is_active()
    }
}

impl std::fmt::Debug for ToneGenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToneGenerator").field("port", &self.port()).finish_non_exhaustive()
    }
}

struct Playing {
    feed: Feed,
    synth: ToneSynth,
    queue: Arc<Queue>,
    events: EventSender<ToneGeneratorEvent>,
}

impl Work for Playing {
    type End = ();

    fn step(&mut self) -> ControlFlow<()> {
        while self.feed.has_room() {
            {
                let mut queue = self.queue.lock();
                queue.drain(..).for_each(|tone| self.synth.push(tone));
            }
            if self.synth.is_empty() {
                break;
            }
            self.synth.fill(self.feed.quantum());
            self.feed.push();
        }
        if self.synth.is_empty() && self.feed.is_drained() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn ended(&mut self, (): ()) {
        self.events.send(ToneGeneratorEvent::DidFinishPlaying);
    }

    fn stopped(&mut self) {
        self.synth.clear();
        self.events.send(ToneGeneratorEvent::DidFinishPlaying);
    }

    fn has_more(&self) -> bool {
        !self.queue.lock().is_empty()
    }
}
