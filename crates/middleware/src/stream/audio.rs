//! [`AudioStream`]: audio over RTP between the other party and a mixer.

mod recording;
mod run;
mod state;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use sipsimple_core::sdp::MediaDescription;
use sipsimple_media::mixer::{AudioBridge, AudioMixer, PortControl, PortId};
use sipsimple_media::stream::Statistics;
use sipsimple_media::telephone_event::Digit;
use sipsimple_net::BoxFuture;
use tokio::sync::watch;

use super::negotiation;
use super::{
    AgreedMedia, MediaStream, MediaStreamFactory, RemoteMedia, StreamError, StreamId, StreamSession,
};
use crate::account::Account;
use crate::application::{Context, lock};
use crate::configuration::AudioCodec;
use crate::notification::{AudioStreamEvent, Notifications};
use crate::session::Direction;
use run::{agreement, unacceptable};
use state::{Phase, State};

/// Audio between the other party and a mixer: a handle, cheap to clone.
///
/// While it runs and nobody holds it, it is in its [`bridge`](Self::bridge)
/// together with the mixer's device: put players, recorders and other streams
/// of the same mixer in there too.
#[derive(Clone)]
pub struct AudioStream {
    shared: Arc<Shared>,
}

struct Shared {
    id: StreamId,
    account: Account,
    context: Weak<Context>,
    /// A mixer of the stream's own, instead of the application's.
    mixer: Option<AudioMixer>,
    state: Mutex<State>,
    /// The media engine has let the stream go.
    ended: watch::Sender<bool>,
}

impl AudioStream {
    /// A stream on the application's voice mixer.
    pub fn new(account: &Account) -> Self {
        Self::make(account, None)
    }

    /// A stream on a mixer of its own: for a bot, which hears no device.
    pub fn with_mixer(account: &Account, mixer: AudioMixer) -> Self {
        Self::make(account, Some(mixer))
    }

    fn make(account: &Account, mixer: Option<AudioMixer>) -> Self {
        let (context, id) = match account.context() {
            Ok(context) => (Arc::downgrade(&context), context.next_stream()),
            // It can't be initialized, and so not be used.
            Err(_) => (Weak::new(), StreamId(0)),
        };
        let shared = Shared {
            id,
            account: account.clone(),
            context,
            mixer,
            state: Mutex::default(),
            ended: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The codec that was agreed on, once started.
    pub fn codec(&self) -> Option<AudioCodec> {
        self.state().active().map(|active| active.agreement.codec)
    }

    /// The codec's sampling rate in Hz, once started.
    pub fn sample_rate(&self) -> Option<u32> {
        self.codec().map(AudioCodec::clock_rate)
    }

    /// Our address for RTP, once initialized.
    pub fn local_rtp_address(&self) -> Option<IpAddr> {
        self.state().local_rtp().map(|address| address.ip())
    }

    /// Our port for RTP, once initialized.
    pub fn local_rtp_port(&self) -> Option<u16> {
        self.state().local_rtp().map(|address| address.port())
    }

    /// The address that the other party asked us to send to.
    pub fn remote_rtp_address_sdp(&self) -> Option<IpAddr> {
        self.remote_sdp().map(|address| address.ip())
    }

    /// The port that the other party asked us to send to.
    pub fn remote_rtp_port_sdp(&self) -> Option<u16> {
        self.remote_sdp().map(|address| address.port())
    }

    /// The address that the other party really sends from, once it does.
    pub fn remote_rtp_address_received(&self) -> Option<IpAddr> {
        self.remote_received().map(|address| address.ip())
    }

    /// The port that the other party really sends from, once it does.
    pub fn remote_rtp_port_received(&self) -> Option<u16> {
        self.remote_received().map(|address| address.port())
    }

    /// Packets, losses, jitter and round-trip time, once started.
    pub fn statistics(&self) -> Option<Statistics> {
        self.state().active().map(|active| active.handle.statistics())
    }

    /// Presses a key: `0` to `9`, `*`, `#`, `A` to `D` (RFC 4733).
    ///
    /// # Errors
    ///
    /// When it is no such key, the stream does not run, or the other party
    /// takes no telephone-events.
    pub fn send_dtmf(&self, digit: char) -> Result<(), StreamError> {
        let key = Digit::try_from(digit).map_err(|_| StreamError::NotADigit(digit))?;
        let handle = self.state().active().map(|active| active.handle.clone());
        Ok(handle.ok_or(StreamError::NotRunning)?.send_dtmf(key)?)
    }

    /// Whether the other party hears silence.
    pub fn muted(&self) -> bool {
        self.state().muted
    }

    /// Lets the other party hear silence, or audio again.
    pub fn set_muted(&self, muted: bool) {
        let control = {
            let mut state = self.state();
            state.muted = muted;
            state.active().map(|active| active.handle.control().clone())
        };
        if let Some(control) = control {
            control.set_output_muted(muted);
        }
    }

    /// The stream's port in its mixer, once started.
    pub fn port(&self) -> Option<PortId> {
        self.state().active().map(|active| active.handle.port())
    }

    /// Volumes and levels of the stream's port, once started.
    pub fn port_control(&self) -> Option<PortControl> {
        self.state().active().map(|active| active.handle.control().clone())
    }

    /// Who hears the stream and is heard by it, once started.
    pub fn bridge(&self) -> Option<AudioBridge> {
        self.state().active().map(|active| active.bridge.clone())
    }

    /// The mixer that the stream is, or will be, on.
    pub fn mixer(&self) -> Result<AudioMixer, StreamError> {
        if let Some(mixer) = &self.shared.mixer {
            return Ok(mixer.clone());
        }
        let running = self.context()?.running().ok_or(StreamError::NotRunning)?;
        Ok(running.voice.mixer.clone())
    }

    /// The file that is being recorded to.
    pub fn recording_filename(&self) -> Option<PathBuf> {
        self.state().recording.as_ref().map(|recording| recording.path().to_owned())
    }

    /// Records both parties to a WAV file: 16-bit mono at the mixer's rate.
    /// Without a file name, one is made of the time and the other party, in
    /// the folder of the `audio.recordings_directory` setting.
    ///
    /// # Errors
    ///
    /// When the stream does not run, records already, or the file can't be
    /// made.
    pub async fn start_recording(
        &self,
        filename: impl Into<Option<PathBuf>>,
    ) -> Result<PathBuf, StreamError> {
        recording::start(self, filename.into()).await
    }

    /// Completes the recording; nothing happens if there is none.
    pub async fn stop_recording(&self) {
        recording::stop(self).await;
    }

    /// The notifications about this stream.
    pub fn notifications(&self) -> Result<Notifications, StreamError> {
        Ok(self.context()?.bus.subscribe_to(self.shared.id))
    }

    fn remote_sdp(&self) -> Option<SocketAddr> {
        self.state().active().and_then(|active| active.agreement.remote_rtp)
    }

    fn remote_received(&self) -> Option<SocketAddr> {
        self.state().active().and_then(|active| active.handle.remote_rtp())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    fn context(&self) -> Result<Arc<Context>, StreamError> {
        self.shared.context.upgrade().ok_or(StreamError::NotRunning)
    }

    fn post(&self, event: AudioStreamEvent) {
        if let Ok(context) = self.context() {
            context.bus.post(self.shared.id, event);
        }
    }
}

impl MediaStream for AudioStream {
    fn id(&self) -> StreamId {
        self.shared.id
    }

    fn type_name(&self) -> &'static str {
        AudioStreamFactory::TYPE
    }

    fn hold_supported(&self) -> bool {
        true
    }

    fn on_hold_by_local(&self) -> bool {
        self.state().hold
    }

    fn on_hold_by_remote(&self) -> bool {
        self.state().held
    }

    fn initialize(
        &self,
        session: StreamSession,
        _direction: Direction,
    ) -> BoxFuture<'static, Result<(), StreamError>> {
        let stream = self.clone();
        let fresh = {
            let mut state = stream.state();
            let fresh = matches!(state.phase, Phase::New);
            if fresh {
                state.phase = Phase::Initializing;
            }
            fresh
        };
        Box::pin(
            async move { if fresh { stream.open(session).await } else { Err(StreamError::InUse) } },
        )
    }

    fn local_media(
        &self,
        remote: Option<RemoteMedia<'_>>,
    ) -> Result<MediaDescription, StreamError> {
        let local = self.local_audio()?;
        let Some(remote) = remote else { return Ok(negotiation::offer(&local)) };
        let media = remote.media().ok_or_else(|| unacceptable(negotiation::Mismatch::Missing))?;
        negotiation::answer(&local, remote.description, media).map_err(unacceptable)
    }

    fn start(&self, agreed: AgreedMedia<'_>) -> BoxFuture<'static, Result<(), StreamError>> {
        let begun = self.begin(agreed);
        Box::pin(async move { begun })
    }

    fn validate_update(&self, remote: RemoteMedia<'_>) -> Result<(), StreamError> {
        self.local_media(Some(remote)).map(drop)
    }

    fn update(&self, agreed: AgreedMedia<'_>) -> Result<(), StreamError> {
        self.follow_agreement(agreement(agreed)?)
    }

    fn hold(&self) {
        self.set_hold(true);
    }

    fn unhold(&self) {
        self.set_hold(false);
    }

    fn end(&self) -> BoxFuture<'static, ()> {
        Box::pin(self.clone().close())
    }
}

impl std::fmt::Debug for AudioStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AudioStream({})", self.shared.id)
    }
}

/// Makes an [`AudioStream`] for each audio medium over plain RTP that has a
/// codec of ours.
#[derive(Debug, Clone, Copy, Default)]
pub struct AudioStreamFactory;

impl AudioStreamFactory {
    const TYPE: &'static str = "audio";
}

impl MediaStreamFactory for AudioStreamFactory {
    fn type_name(&self) -> &'static str {
        Self::TYPE
    }

    fn new_from_sdp(
        &self,
        account: &Account,
        remote: RemoteMedia<'_>,
    ) -> Result<Option<Arc<dyn MediaStream>>, StreamError> {
        let Some(media) = remote.media().filter(|media| negotiation::is_audio(media)) else {
            return Ok(None);
        };
        let codecs = account.codecs().map_err(|_| StreamError::NotRunning)?;
        negotiation::is_usable(&codecs, media).map_err(unacceptable)?;
        Ok(Some(Arc::new(AudioStream::new(account))))
    }
}
