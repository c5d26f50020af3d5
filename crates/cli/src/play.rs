//! What the other side of a stream is made to hear.

use std::sync::Arc;
use std::time::Duration;

use sipsimple::AudioStream;
use sipsimple_media::net::pacer::{SharedPacer, ThreadPacer};
use sipsimple_media::net::{ToneGenerator, WavePlayer, WavePlayerConfig};
use sipsimple_media::tone::Tone;

use crate::endpoint::Failure;
use crate::options::Play;

/// A tone lasts as long as any call may.
const TONE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Plays tones and files into calls; all of them share one thread.
#[derive(Clone)]
pub(crate) struct Jukebox {
    pacer: Arc<SharedPacer>,
    play: Play,
}

/// Plays until it is dropped.
pub(crate) enum Playing {
    Tone(#[allow(dead_code, reason = "held for its drop")] ToneGenerator),
    File(#[allow(dead_code, reason = "held for its drop")] WavePlayer),
}

impl Jukebox {
    pub(crate) fn new(play: Play) -> Self {
        Self { pacer: Arc::new(SharedPacer::new(&ThreadPacer, "play")), play }
    }

    /// Plays to the other side of a running stream. It goes to that side
    /// alone: it is neither heard nor recorded here.
    pub(crate) fn play_to(&self, audio: &AudioStream) -> Result<Playing, Failure> {
        let mixer = audio.mixer()?;
        let port = audio.port().ok_or("the stream has no port yet")?;
        let pacer = Arc::clone(&self.pacer) as Arc<_>;
        match &self.play {
            Play::Tone(hz) => {
                let (generator, _events) = ToneGenerator::new(&mixer, pacer)?;
                mixer.connect(generator.port(), port)?;
                generator.play_tones(&[Tone::sine(u32::from(*hz), TONE)])?;
                Ok(Playing::Tone(generator))
            }
            Play::File(path) => {
                let config = WavePlayerConfig { loop_count: 0, ..WavePlayerConfig::new(path) };
                let (player, _events) = WavePlayer::new(&mixer, pacer, config)?;
                mixer.connect(player.port(), port)?;
                player.start();
                Ok(Playing::File(player))
            }
        }
    }
}
