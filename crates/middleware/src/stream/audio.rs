//! [`AudioStream`]: audio over RTP between the other party and a mixer.

mod recording;
mod state;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use sipsimple_core::sdp::MediaDescription;
use sipsimple_media::mixer::{AudioBridge, AudioMixer, PortControl, PortId};
use sipsimple_media::net::{AudioEvents, RtpTransport};
use sipsimple_media::stream::{AudioEvent, Statistics};
use sipsimple_media::telephone_event::Digit;
use sipsimple_net::BoxFuture;
use tokio::sync::watch;

use super::negotiation::{self, Agreement, LocalAudio};
use super::{
    AgreedMedia, MediaStream, MediaStreamFactory, RemoteMedia, StreamError, StreamId, StreamSession,
};
use crate::account::Account;
use crate::application::{Context, lock};
use crate::configuration::AudioCodec;
use crate::notification::{AudioStreamEvent, Notifications, Originator};
use crate::session::Direction;
use state::{Active, Phase, State};

/// How long the end of a stream waits for the media engine.
const END_TIMEOUT: Duration = Duration::from_secs(1);

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

    /// What we bring to a negotiation now.
    fn local_audio(&self) -> Result<LocalAudio, StreamError> {
        let codecs = self.shared.account.codecs().map_err(|_| StreamError::NotRunning)?;
        let state = self.state();
        let rtp = state.local_rtp().ok_or(StreamError::NotRunning)?;
        // The engine takes an even port and the one after it.
        let rtcp = SocketAddr::new(rtp.ip(), rtp.port() + 1);
        Ok(LocalAudio { rtp, rtcp, codecs, hold: state.hold, held: state.held })
    }

    async fn open(self, session: StreamSession) -> Result<(), StreamError> {
        let address = session.local_address().await?;
        let running = session.context.running().ok_or(StreamError::NotRunning)?;
        let transport = running.media.open_transport(address)?;
        let mut state = self.state();
        match state.phase {
            Phase::Initializing => {
                state.phase = Phase::Initialized { transport, session };
                Ok(())
            }
            // It was ended meanwhile.
            _ => Err(StreamError::NotRunning),
        }
    }

    fn begin(&self, agreed: AgreedMedia<'_>) -> Result<(), StreamError> {
        let agreement = agreement(agreed)?;
        let config = self.config(&agreement)?;
        let mixer = self.mixer()?;
        let running = self.context()?.running().ok_or(StreamError::NotRunning)?;
        let (transport, session) = self.take_transport()?;
        let (handle, events) = running.media.start_audio(transport, config, &mixer)?;
        let bridge = mixer.add_bridge();
        bridge.add(PortId::DEVICE).map_err(sipsimple_media::net::MediaError::from)?;
        let held = agreement.held;
        {
            let mut state = self.state();
            handle.control().set_output_muted(state.muted);
            state.phase = Phase::Started(Box::new(Active { handle, bridge, agreement, session }));
        }
        self.context()?.spawn(self.clone().follow(events));
        self.set_held(held);
        self.join_or_leave_bridge();
        Ok(())
    }

    fn take_transport(&self) -> Result<(RtpTransport, StreamSession), StreamError> {
        let mut state = self.state();
        match std::mem::replace(&mut state.phase, Phase::Ended) {
            Phase::Initialized { transport, session } => Ok((transport, session)),
            other => {
                state.phase = other;
                Err(StreamError::NotRunning)
            }
        }
    }

    fn follow_agreement(&self, agreement: Agreement) -> Result<(), StreamError> {
        let config = self.config(&agreement)?;
        let held = agreement.held;
        let changed = {
            let mut state = self.state();
            let active = state.active_mut().ok_or(StreamError::NotRunning)?;
            active.handle.update(config)?;
            let before = std::mem::replace(&mut active.agreement, agreement);
            before.codec != active.agreement.codec
                || before.remote_rtp != active.agreement.remote_rtp
        };
        if changed {
            self.post(AudioStreamEvent::DidChangeRtpParameters);
        }
        self.set_held(held);
        self.join_or_leave_bridge();
        Ok(())
    }

    fn config(
        &self,
        agreement: &Agreement,
    ) -> Result<sipsimple_media::stream::AudioConfig, StreamError> {
        let running = self.context()?.running().ok_or(StreamError::NotRunning)?;
        let timeout = Duration::from_secs(running.configuration.settings().rtp.timeout.into());
        let hold = self.state().hold;
        // RFC 7022: short, unguessable enough, the same for the whole call.
        let cname = format!("{}@{}", self.shared.id.get(), self.shared.account.contact_user());
        Ok(agreement.config(&cname, timeout, hold))
    }

    fn set_held(&self, held: bool) {
        let before = std::mem::replace(&mut self.state().held, held);
        if before != held {
            let originator = Originator::Remote;
            self.post(AudioStreamEvent::DidChangeHoldState { originator, on_hold: held });
        }
    }

    fn set_hold(&self, hold: bool) {
        let before = std::mem::replace(&mut self.state().hold, hold);
        if before == hold {
            return;
        }
        let agreement = self.state().active().map(|active| active.agreement.clone());
        if hold && let Some(agreement) = agreement {
            // At once: the other party hears of it later. Off hold it is the
            // other way round.
            let silent = self.config(&agreement).and_then(|config| {
                let handle = self.state().active().map(|active| active.handle.clone());
                Ok(handle.ok_or(StreamError::NotRunning)?.update(config)?)
            });
            if let Err(error) = silent {
                tracing::debug!(%error, "a stream ended while it was put on hold");
            }
        }
        self.join_or_leave_bridge();
        let originator = Originator::Local;
        self.post(AudioStreamEvent::DidChangeHoldState { originator, on_hold: hold });
    }

    /// Only what runs and is not held is in the bridge.
    fn join_or_leave_bridge(&self) {
        let (hears, recorder) = {
            let state = self.state();
            let Some(active) = state.active() else { return };
            let recorder = state.recording.as_ref().map(recording::Recording::port);
            let free = !state.hold && !state.held;
            let ports = [Some(active.handle.port()), recorder];
            for port in ports.into_iter().flatten() {
                let changed =
                    if free { active.bridge.add(port) } else { active.bridge.remove(port) };
                if let Err(error) = changed {
                    tracing::debug!(%error, "a port has left its mixer already");
                }
            }
            (free, recorder)
        };
        tracing::trace!(stream = %self.shared.id, hears, ?recorder, "bridge");
    }

    /// Turns what the media engine reports into notifications.
    async fn follow(self, mut events: AudioEvents) {
        while let Some(event) = events.next().await {
            match event {
                AudioEvent::GotDtmf { digit } => {
                    self.post(AudioStreamEvent::GotDtmf { digit: digit.as_char() });
                }
                AudioEvent::RemoteAddressChanged { .. } => {
                    self.post(AudioStreamEvent::DidChangeRtpParameters);
                }
                AudioEvent::Timeout { .. } => self.post(AudioStreamEvent::DidTimeout),
                _ => {}
            }
        }
        self.shared.ended.send_replace(true);
        // A stream that was not told to end has broken.
        let broken = match &self.state().phase {
            Phase::Started(active) => Some(active.session.clone()),
            _ => None,
        };
        if let Some(session) = broken {
            session.fail("the media engine has dropped the stream");
        }
    }

    async fn close(self) {
        recording::stop(&self).await;
        let phase = std::mem::replace(&mut self.state().phase, Phase::Ended);
        if let Phase::Started(active) = phase {
            active.handle.stop();
            let mut ended = self.shared.ended.subscribe();
            let gone = ended.wait_for(|ended| *ended);
            if tokio::time::timeout(END_TIMEOUT, gone).await.is_err() {
                tracing::warn!(stream = %self.shared.id, "the media engine is slow to end it");
            }
        }
    }
}

fn agreement(agreed: AgreedMedia<'_>) -> Result<Agreement, StreamError> {
    let missing = || unacceptable(negotiation::Mismatch::Missing);
    let local = agreed.local.media.get(agreed.index).ok_or_else(missing)?;
    let remote = agreed.remote.media.get(agreed.index).ok_or_else(missing)?;
    negotiation::agree(local, agreed.remote, remote).map_err(unacceptable)
}

fn unacceptable(mismatch: negotiation::Mismatch) -> StreamError {
    StreamError::Unacceptable(mismatch.to_string())
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
