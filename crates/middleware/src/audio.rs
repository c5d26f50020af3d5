//! Players whose notifications are the application's: WAV files and tones.

use std::sync::Arc;

use sipsimple_media::mixer::{AudioMixer, MixerError, PortControl, PortId};
use sipsimple_media::net::{self, WavePlayerConfig};
use sipsimple_media::tone::Tone;

use crate::application::{ApplicationError, SipApplication};
use crate::notification::{Sender, ToneGeneratorEvent, WavePlayerEvent};

fn audio(error: MixerError) -> ApplicationError {
    ApplicationError::Audio { reason: error.to_string() }
}

/// Plays a WAV file on a port of a mixer. The port exists as long as the
/// player: add it to a bridge, for example that of an
/// [`AudioStream`](crate::AudioStream), to have it heard.
#[derive(Debug)]
pub struct WavePlayer {
    player: net::WavePlayer,
    sender: Sender,
}

impl WavePlayer {
    /// A player on `mixer`; it does nothing before [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// When the application does not run, or the mixer has no room.
    pub fn new(
        app: &SipApplication,
        mixer: &AudioMixer,
        config: WavePlayerConfig,
    ) -> Result<Self, ApplicationError> {
        let (context, files) = app.player_parts()?;
        let (player, mut events) = net::WavePlayer::new(mixer, files, config).map_err(audio)?;
        let sender = Sender::Player(context.next_player());
        let (bus, from) = (context.bus.clone(), sender.clone());
        context.spawn(async move {
            while let Some(event) = events.next().await {
                let event = match event {
                    net::WavePlayerEvent::DidStart => WavePlayerEvent::DidStart,
                    net::WavePlayerEvent::DidEnd => WavePlayerEvent::DidEnd,
                    net::WavePlayerEvent::DidFail { error } => {
                        WavePlayerEvent::DidFail { error: error.to_string() }
                    }
                    _ => continue,
                };
                bus.post(from.clone(), event);
            }
        });
        Ok(Self { player, sender })
    }

    /// Plays the file from its start; false when it plays already.
    pub fn start(&self) -> bool {
        self.player.start()
    }

    /// Ends the playing; false when it does not play.
    pub fn stop(&self) -> bool {
        self.player.stop()
    }

    /// Whether it plays, or waits to play.
    pub fn is_active(&self) -> bool {
        self.player.is_active()
    }

    /// The port to connect.
    pub fn port(&self) -> PortId {
        self.player.port()
    }

    /// Volume and level.
    pub fn control(&self) -> &PortControl {
        self.player.control()
    }

    /// Who its notifications come from.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }
}

/// Plays tones and DTMF digits on a port of a mixer, one after the other. What
/// the other party's machine should understand goes by
/// [`AudioStream::send_dtmf`](crate::AudioStream::send_dtmf).
#[derive(Debug)]
pub struct ToneGenerator {
    generator: net::ToneGenerator,
    sender: Sender,
}

impl ToneGenerator {
    /// A generator on `mixer`.
    ///
    /// # Errors
    ///
    /// When the application does not run, or the mixer has no room.
    pub fn new(app: &SipApplication, mixer: &AudioMixer) -> Result<Self, ApplicationError> {
        let (context, _) = app.player_parts()?;
        let pacer = Arc::clone(&context.pacer);
        let (generator, mut events) = net::ToneGenerator::new(mixer, pacer).map_err(audio)?;
        let sender = Sender::Player(context.next_player());
        let (bus, from) = (context.bus.clone(), sender.clone());
        context.spawn(async move {
            while let Some(event) = events.next().await {
                if let net::ToneGeneratorEvent::DidFinishPlaying = event {
                    bus.post(from.clone(), ToneGeneratorEvent::DidFinishPlaying);
                }
            }
        });
        Ok(Self { generator, sender })
    }

    /// Plays tones, after those that have not ended.
    ///
    /// # Errors
    ///
    /// When too many wait: none of these is played.
    pub fn play_tones(&self, tones: &[Tone]) -> Result<(), net::ToneError> {
        self.generator.play_tones(tones)
    }

    /// Plays the two tones of a key, after those that have not ended.
    ///
    /// # Errors
    ///
    /// When it is no key, or too many tones wait.
    pub fn play_dtmf(&self, digit: char) -> Result<(), net::ToneError> {
        self.generator.play_dtmf(digit)
    }

    /// Ends all tones.
    pub fn stop(&self) {
        self.generator.stop();
    }

    /// Whether a tone plays or waits.
    pub fn is_busy(&self) -> bool {
        self.generator.is_busy()
    }

    /// The port to connect.
    pub fn port(&self) -> PortId {
        self.generator.port()
    }

    /// Volume and level.
    pub fn control(&self) -> &PortControl {
        self.generator.control()
    }

    /// Who its notifications come from.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }
}
