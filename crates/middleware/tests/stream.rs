//! Streams: recording, tones, and a type of the application's own.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sipsimple::core::sdp::{MediaDescription, MediaType, Protocol};
use sipsimple::media::analysis::dominant_frequency;
use sipsimple::media::net::WavePlayerConfig;
use sipsimple::media::tone::Tone;
use sipsimple::net::BoxFuture;
use sipsimple::notification::StreamId;
use sipsimple::stream::{AgreedMedia, MediaStreamFactory, RemoteMedia, StreamSession};
use sipsimple::{
    Account, Direction, MediaStream, MediaStreamRegistry, Session, SessionState, StreamError,
    Streams, ToneGenerator, WavePlayer,
};
use sipsimple_testkit::Simulation;
use support::{Agent, Call, alice_and_bob, established};

fn samples(path: &std::path::Path) -> (u32, Vec<i16>) {
    let bytes = std::fs::read(path).unwrap();
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
    let pcm = bytes[44..].chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
    (rate, pcm)
}

#[tokio::test(start_paused = true)]
async fn a_tone_is_heard_and_recorded() {
    let simulation = Simulation::new(1);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    let folder = tempfile::tempdir().unwrap();
    let path = call.callee_audio.start_recording(folder.path().join("x/heard.wav")).await.unwrap();
    assert_eq!(call.callee_audio.recording_filename().as_ref(), Some(&path));
    assert!(call.callee_audio.start_recording(None).await.is_err(), "it records already");

    let mixer = call.caller_audio.mixer().unwrap();
    let tone = ToneGenerator::new(&alice.app, &mixer).unwrap();
    call.caller_audio.bridge().unwrap().add(tone.port()).unwrap();
    tone.play_tones(&[Tone::sine(440, Duration::from_secs(3))]).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    call.callee_audio.stop_recording().await;
    let (rate, pcm) = samples(&path);
    assert_eq!(rate, 8000);
    assert!(pcm.len() > 8000, "{}", pcm.len());
    let frequency = dominant_frequency(&pcm[4000..], rate).unwrap();
    assert!((frequency - 440.0).abs() < 3.0, "{frequency}");
    alice.wait_for("ToneGeneratorDidFinishPlaying").await;

    // What was recorded is played back to the other side.
    let config = WavePlayerConfig::new(&path);
    let player = WavePlayer::new(&bob.app, &call.callee_audio.mixer().unwrap(), config).unwrap();
    call.callee_audio.bridge().unwrap().add(player.port()).unwrap();
    assert!(player.start());
    assert_eq!(&bob.wait_for("WavePlayerDidStart").await.sender, player.sender());
    bob.wait_for("WavePlayerDidEnd").await;

    let recording: Vec<_> =
        bob.names().into_iter().filter(|name| name.contains("Recording")).collect();
    assert_eq!(
        recording,
        [
            "AudioStreamWillStartRecordingAudio",
            "AudioStreamDidStartRecordingAudio",
            "AudioStreamWillStopRecordingAudio",
            "AudioStreamDidStopRecordingAudio"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_recording_ends_with_its_stream() {
    let simulation = Simulation::new(2);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let Call { caller, caller_audio, .. } = established(&mut alice, &mut bob).await;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_owned();
    let configuration = alice.app.configuration().unwrap();
    configuration.update(|s| s.audio.recordings_directory = Some(directory)).await.unwrap();
    let path = caller_audio.start_recording(None).await.unwrap();
    assert!(path.starts_with(folder.path()), "{path:?}");
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("20300101-00000") && name.contains("bob@10.0.0.2"), "{name}");
    caller.end().await.unwrap();
    alice.wait_for("AudioStreamDidStopRecordingAudio").await;
    alice.wait_for("MediaStreamDidEnd").await;
    assert!(caller_audio.start_recording(None).await.is_err());
    assert!(samples(&path).1.len() < 8000);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_used_once() {
    let simulation = Simulation::new(3);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    let again = Session::new(call.caller.account());
    again.connect(bob.uri().parse().unwrap(), [&call.caller_audio]).await.unwrap();
    assert!(again.wait_for(SessionState::Connected).await.is_err());
    assert_eq!(call.caller.state(), SessionState::Connected);
    assert!(call.caller_audio.codec().is_some(), "the first session still has it");
}

/// A stream of an application's own: `m=application 9 text/x-chess`.
#[derive(Clone)]
struct Chess(Arc<Board>);

struct Board {
    id: StreamId,
    session: Mutex<Option<StreamSession>>,
    started: AtomicBool,
}

impl Chess {
    fn new(account: &Account) -> Self {
        let id = account.new_stream_id().unwrap();
        Self(Arc::new(Board { id, session: Mutex::default(), started: AtomicBool::new(false) }))
    }

    fn knock_over(&self) {
        self.0.session.lock().unwrap().as_ref().unwrap().fail("the board fell");
    }
}

impl MediaStream for Chess {
    fn id(&self) -> StreamId {
        self.0.id
    }

    fn type_name(&self) -> &'static str {
        "chess"
    }

    fn initialize(
        &self,
        session: StreamSession,
        _direction: Direction,
    ) -> BoxFuture<'static, Result<(), StreamError>> {
        *self.0.session.lock().unwrap() = Some(session);
        Box::pin(async { Ok(()) })
    }

    fn local_media(&self, _: Option<RemoteMedia<'_>>) -> Result<MediaDescription, StreamError> {
        Ok(MediaDescription::new(MediaType::Application, 9, Protocol::Tcp, ["x-chess"]))
    }

    fn start(&self, _: AgreedMedia<'_>) -> BoxFuture<'static, Result<(), StreamError>> {
        self.0.started.store(true, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }

    fn validate_update(&self, _: RemoteMedia<'_>) -> Result<(), StreamError> {
        Ok(())
    }

    fn update(&self, _: AgreedMedia<'_>) -> Result<(), StreamError> {
        Ok(())
    }

    fn end(&self) -> BoxFuture<'static, ()> {
        self.0.started.store(false, Ordering::Relaxed);
        Box::pin(async {})
    }
}

struct ChessFactory;

impl MediaStreamFactory for ChessFactory {
    fn type_name(&self) -> &'static str {
        "chess"
    }

    fn new_from_sdp(
        &self,
        account: &Account,
        remote: RemoteMedia<'_>,
    ) -> Result<Option<Arc<dyn MediaStream>>, StreamError> {
        let chess = remote.media().is_some_and(|media| media.formats().eq(["x-chess"]));
        Ok(chess.then(|| Arc::new(Chess::new(account)) as Arc<dyn MediaStream>))
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_of_stream_from_outside() {
    let simulation = Simulation::new(4);
    let mut alice = Agent::start(&simulation, "alice", "10.0.0.1").await;
    let configuration = "[accounts.\"bob@example.com\"]\nsip = { register = false }\n";
    let registry = MediaStreamRegistry::standard().with(ChessFactory);
    let mut bob = Agent::start_as(&simulation, "bob", "10.0.0.2", configuration, registry).await;
    let account = alice.app.accounts().default_account().unwrap();
    let (audio, chess) = (sipsimple::AudioStream::new(&account), Chess::new(&account));
    let session = Session::new(&account);
    let streams: Streams =
        Streams::from(&audio).iter().chain(&Streams::from(&chess)).cloned().collect();
    session.connect(bob.uri().parse().unwrap(), streams).await.unwrap();
    let (incoming, streams) = bob.called().await;
    let theirs: Vec<Chess> = streams.of_type();
    assert_eq!((streams.len(), streams.audio().len(), theirs.len()), (2, 1, 1));
    incoming.accept(&streams).await.unwrap();
    session.wait_for(SessionState::Connected).await.unwrap();
    incoming.wait_for(SessionState::Connected).await.unwrap();
    assert!(chess.0.started.load(Ordering::Relaxed) && theirs[0].0.started.load(Ordering::Relaxed));

    // It fails on one side: both go on without it.
    theirs[0].knock_over();
    alice.wait_for("SIPSessionDidRenegotiateStreams").await;
    bob.wait_for("SIPSessionDidRenegotiateStreams").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!chess.0.started.load(Ordering::Relaxed));
    assert_eq!((session.streams().len(), incoming.streams().len()), (1, 1));
    assert_eq!(session.state(), SessionState::Connected);
}
