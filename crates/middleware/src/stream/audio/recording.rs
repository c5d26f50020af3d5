//! Recording an audio stream to a WAV file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sipsimple_media::mixer::PortId;
use sipsimple_media::net::{Events, WaveRecorder, WaveRecorderEvent};

use super::AudioStream;
use crate::notification::AudioStreamEvent;
use crate::stream::StreamError;

/// How long the file's completion may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// A recording that runs.
pub(super) struct Recording {
    recorder: Arc<WaveRecorder>,
    /// Taken by whoever waits for the end.
    events: Option<Events<WaveRecorderEvent>>,
}

impl Recording {
    pub(super) fn path(&self) -> &Path {
        self.recorder.path()
    }

    pub(super) fn port(&self) -> PortId {
        self.recorder.port()
    }
}

pub(super) async fn start(
    stream: &AudioStream,
    filename: Option<PathBuf>,
) -> Result<PathBuf, StreamError> {
    let filename = match filename {
        Some(filename) => filename,
        None => default_filename(stream)?,
    };
    let running = stream.context()?.running().ok_or(StreamError::NotRunning)?;
    let mixer = stream.mixer()?;
    let recorder = {
        let state = stream.state();
        if state.active().is_none() {
            return Err(StreamError::NotRunning);
        }
        if state.recording.is_some() {
            return Err(StreamError::Recording("it is being recorded already".to_owned()));
        }
        WaveRecorder::new(&mixer, Arc::clone(&running.voice.files), &filename)
    };
    let (recorder, mut events) =
        recorder.map_err(|error| StreamError::Recording(error.to_string()))?;
    stream.post(AudioStreamEvent::WillStartRecordingAudio { filename: filename.clone() });
    recorder.start();
    match events.next().await {
        Some(WaveRecorderEvent::DidStart) => {}
        Some(WaveRecorderEvent::DidFail { error }) => {
            return Err(StreamError::Recording(error.to_string()));
        }
        _ => return Err(StreamError::NotRunning),
    }
    {
        let mut state = stream.state();
        if state.active().is_none() || state.recording.is_some() {
            // It ended, or somebody else was faster.
            return Err(StreamError::NotRunning);
        }
        let recorder = Arc::new(recorder);
        state.recording = Some(Recording { recorder, events: Some(events) });
    }
    stream.join_or_leave_bridge();
    stream.post(AudioStreamEvent::DidStartRecordingAudio { filename: filename.clone() });
    Ok(filename)
}

pub(super) async fn stop(stream: &AudioStream) {
    let recording = stream.state().recording.take();
    let Some(Recording { recorder, events }) = recording else { return };
    let filename = recorder.path().to_owned();
    stream.post(AudioStreamEvent::WillStopRecordingAudio { filename: filename.clone() });
    recorder.stop();
    if let Some(mut events) = events {
        let completed = async {
            while let Some(event) = events.next().await {
                if matches!(event, WaveRecorderEvent::DidEnd | WaveRecorderEvent::DidFail { .. }) {
                    break;
                }
            }
        };
        if tokio::time::timeout(STOP_TIMEOUT, completed).await.is_err() {
            tracing::warn!(file = %filename.display(), "the disk is slow to take a recording");
        }
    }
    stream.post(AudioStreamEvent::DidStopRecordingAudio { filename });
}

/// Time and other party, in the folder of the settings.
fn default_filename(stream: &AudioStream) -> Result<PathBuf, StreamError> {
    let context = stream.context()?;
    let running = context.running().ok_or(StreamError::NotRunning)?;
    let folder = running.configuration.settings().audio.recordings_directory.unwrap_or_default();
    let now = jiff::Timestamp::try_from(context.clock.wall())
        .map_err(|error| StreamError::Recording(error.to_string()))?;
    let party = {
        let state = stream.state();
        let session = state.active().map(|active| active.session.session().clone());
        session.and_then(|session| session.remote_identity()).map(|party| party.uri.to_string())
    };
    // Nothing that another party says may name a folder.
    let safe = |c: char| if c.is_ascii_alphanumeric() || "@.-_".contains(c) { c } else { '_' };
    let party = party.unwrap_or_default();
    let party: String = party.trim_start_matches("sip:").chars().map(safe).take(64).collect();
    let name = format!("{}-{party}-{}.wav", now.strftime("%Y%m%d-%H%M%S"), stream.shared.id.get());
    Ok(folder.join(name))
}
