//! How an audio stream runs: opened, started, followed and closed.

use std::net::SocketAddr;
use std::time::Duration;

use sipsimple_media::mixer::PortId;
use sipsimple_media::net::{AudioEvents, MediaError, RtpTransport};
use sipsimple_media::stream::{AudioConfig, AudioEvent};

use super::state::{Active, Phase};
use super::{AudioStream, recording};
use crate::notification::{AudioStreamEvent, Originator};
use crate::stream::negotiation::{self, Agreement, LocalAudio};
use crate::stream::{AgreedMedia, StreamError, StreamSession};

/// How long the end of a stream waits for the media engine.
const END_TIMEOUT: Duration = Duration::from_secs(1);

impl AudioStream {
    /// What we bring to a negotiation now.
    pub(super) fn local_audio(&self) -> Result<LocalAudio, StreamError> {
        let codecs = self.shared.account.codecs().map_err(|_| StreamError::NotRunning)?;
        let state = self.state();
        let rtp = state.local_rtp().ok_or(StreamError::NotRunning)?;
        // The engine takes an even port and the one after it.
        let rtcp = SocketAddr::new(rtp.ip(), rtp.port() + 1);
        Ok(LocalAudio { rtp, rtcp, codecs, hold: state.hold, held: state.held })
    }

    pub(super) async fn open(self, session: StreamSession) -> Result<(), StreamError> {
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

    pub(super) fn begin(&self, agreed: AgreedMedia<'_>) -> Result<(), StreamError> {
        let agreement = agreement(agreed)?;
        let config = self.config(&agreement)?;
        let mixer = self.mixer()?;
        let running = self.context()?.running().ok_or(StreamError::NotRunning)?;
        let (transport, session) = self.take_transport()?;
        let (handle, events) = running.media.start_audio(transport, config, &mixer)?;
        let bridge = mixer.add_bridge();
        bridge.add(PortId::DEVICE).map_err(MediaError::from)?;
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

    pub(super) fn take_transport(&self) -> Result<(RtpTransport, StreamSession), StreamError> {
        let mut state = self.state();
        match std::mem::replace(&mut state.phase, Phase::Ended) {
            Phase::Initialized { transport, session } => Ok((transport, session)),
            other => {
                state.phase = other;
                Err(StreamError::NotRunning)
            }
        }
    }

    pub(super) fn follow_agreement(&self, agreement: Agreement) -> Result<(), StreamError> {
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

    pub(super) fn config(&self, agreement: &Agreement) -> Result<AudioConfig, StreamError> {
        let running = self.context()?.running().ok_or(StreamError::NotRunning)?;
        let timeout = Duration::from_secs(running.configuration.settings().rtp.timeout.into());
        let hold = self.state().hold;
        // RFC 7022: short, unguessable enough, the same for the whole call.
        let cname = format!("{}@{}", self.shared.id.get(), self.shared.account.contact_user());
        Ok(agreement.config(&cname, timeout, hold))
    }

    pub(super) fn set_held(&self, held: bool) {
        let before = std::mem::replace(&mut self.state().held, held);
        if before != held {
            let originator = Originator::Remote;
            self.post(AudioStreamEvent::DidChangeHoldState { originator, on_hold: held });
        }
    }

    pub(super) fn set_hold(&self, hold: bool) {
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
    pub(super) fn join_or_leave_bridge(&self) {
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
    pub(super) async fn follow(self, mut events: AudioEvents) {
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

    pub(super) async fn close(self) {
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

pub(super) fn agreement(agreed: AgreedMedia<'_>) -> Result<Agreement, StreamError> {
    let missing = || unacceptable(negotiation::Mismatch::Missing);
    let local = agreed.local.media.get(agreed.index).ok_or_else(missing)?;
    let remote = agreed.remote.media.get(agreed.index).ok_or_else(missing)?;
    negotiation::agree(local, agreed.remote, remote).map_err(unacceptable)
}

pub(super) fn unacceptable(mismatch: negotiation::Mismatch) -> StreamError {
    StreamError::Unacceptable(mismatch.to_string())
}
