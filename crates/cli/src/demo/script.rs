//! The call: what each party does, step by step.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sipsimple::AudioStream;
use sipsimple::notification::{AccountEvent, AudioStreamEvent, Event, Originator, SessionEvent};
use sipsimple::{Session, SessionState};

use super::measure;
use super::server::Server;
use super::side::Side;
use super::verdict::Verdict;
use crate::options::Play;
use crate::play::Jukebox;

/// What alice plays and bob hears, in Hz.
const ALICE_PLAYS: u16 = 440;
/// What bob plays and alice hears, in Hz.
const BOB_PLAYS: u16 = 660;
/// The keys that alice presses.
const ALICE_PRESSES: &str = "1234#";
/// The keys that bob presses.
const BOB_PRESSES: &str = "*9";
/// How long bob lets it ring.
const RING: Duration = Duration::from_millis(500);
/// How long the call is on hold.
const HOLD: Duration = Duration::from_millis(500);

/// Both parties, the registrar, and what is to be shown.
pub(super) struct Script {
    pub(super) alice: Side,
    pub(super) bob: Side,
    pub(super) server: Server,
    pub(super) folder: PathBuf,
    pub(super) talk: Duration,
    pub(super) verdict: Arc<Mutex<Verdict>>,
}

/// A step that went wrong, after which there is no point in going on.
pub(super) struct Stopped {
    pub(super) step: &'static str,
    pub(super) reason: String,
}

impl Script {
    /// Plays it all, up to the end of the call.
    pub(super) async fn play(&mut self) -> Result<(), Stopped> {
        let registered = self.register().await;
        self.step("register with digest", registered)?;
        let ringing = self.call().await;
        let (calling, called) = self.given("call and ring", ringing, "180 Ringing")?;
        let answered = self.answer(&calling, &called).await;
        let (alice, bob) = self.given("answer", answered, "both sides started")?;
        let talked = self.talk(&alice, &bob).await;
        self.step("talk and record", talked)?;
        for (step, side, tone) in [
            ("alice hears bob's tone", "alice", BOB_PLAYS),
            ("bob hears alice's tone", "bob", ALICE_PLAYS),
        ] {
            let measured = measure::tone(&self.recording(side), tone);
            self.judge(step, measured);
        }
        let pressed = press(&alice, &mut self.bob, ALICE_PRESSES).await;
        self.step("DTMF from alice to bob", pressed)?;
        let pressed = press(&bob, &mut self.alice, BOB_PRESSES).await;
        self.step("DTMF from bob to alice", pressed)?;
        let held = self.hold(&calling, true).await;
        self.step("hold", held)?;
        tokio::time::sleep(HOLD).await;
        let unheld = self.hold(&calling, false).await;
        self.step("unhold", unheld)?;
        let over = self.hang_up(&calling).await;
        self.step("hang up", over)
    }

    /// Stops both applications and judges what they left behind.
    pub(super) async fn stop(&mut self) {
        tokio::join!(self.alice.stop(), self.bob.stop());
        let left: Vec<&str> = [self.alice.name, self.bob.name]
            .into_iter()
            .filter(|name| self.server.is_registered(name))
            .collect();
        let outcome = match left.as_slice() {
            [] => Ok("nobody is registered any more".into()),
            left => Err(format!("still registered: {}", left.join(", "))),
        };
        self.judge("unregister and stop", outcome);
    }

    async fn register(&mut self) -> Result<String, String> {
        for side in [&mut self.alice, &mut self.bob] {
            side.expect("registration", |event| match event {
                Event::Account(AccountEvent::RegistrationDidSucceed { .. }) => Some(Ok(())),
                Event::Account(AccountEvent::RegistrationDidFail { error, .. }) => {
                    Some(Err(error.clone()))
                }
                _ => None,
            })
            .await??;
        }
        Ok("alice and bob, SHA-256".into())
    }

    async fn call(&mut self) -> Result<(Session, Session), String> {
        let session = Session::new(&self.alice.account);
        let audio = AudioStream::new(&self.alice.account);
        let uri = self.bob.account.uri();
        session.connect(uri, [&audio]).await.map_err(|error| error.to_string())?;
        let called = self
            .bob
            .expect("call", |event| match event {
                Event::Session(SessionEvent::NewIncoming { session, .. }) => Some(session.clone()),
                _ => None,
            })
            .await?;
        called.send_ring_indication().await.map_err(|error| error.to_string())?;
        self.alice
            .expect("ringing", |event| match event {
                Event::Session(SessionEvent::GotRingIndication) => Some(Ok(())),
                Event::Session(SessionEvent::DidFail { code, reason, .. }) => {
                    Some(Err(format!("{code} {reason}")))
                }
                _ => None,
            })
            .await??;
        Ok((session, called))
    }

    async fn answer(
        &mut self,
        calling: &Session,
        called: &Session,
    ) -> Result<(AudioStream, AudioStream), String> {
        tokio::time::sleep(RING).await;
        let proposed = called.proposed_streams().unwrap_or_default();
        called.accept(proposed.audio()).await.map_err(|error| error.to_string())?;
        let mut streams = Vec::new();
        for (side, session) in [(&mut self.alice, calling), (&mut self.bob, called)] {
            side.expect("start of the session", |event| match event {
                Event::Session(SessionEvent::DidStart { .. }) => Some(Ok(())),
                Event::Session(SessionEvent::DidFail { code, reason, .. }) => {
                    Some(Err(format!("{code} {reason}")))
                }
                _ => None,
            })
            .await??;
            streams.extend(session.streams().audio());
        }
        match <[AudioStream; 2]>::try_from(streams) {
            Ok([alice, bob]) => Ok((alice, bob)),
            Err(streams) => Err(format!("{} audio streams instead of one each", streams.len())),
        }
    }

    async fn talk(&mut self, alice: &AudioStream, bob: &AudioStream) -> Result<String, String> {
        let mut playing = Vec::new();
        for (name, audio, tone) in [("alice", alice, ALICE_PLAYS), ("bob", bob, BOB_PLAYS)] {
            let jukebox = Jukebox::new(Play::Tone(tone));
            playing.push(jukebox.play_to(audio).map_err(|error| error.to_string())?);
            let file = self.recording(name);
            audio.start_recording(Some(file)).await.map_err(|error| error.to_string())?;
        }
        tokio::time::sleep(self.talk).await;
        for audio in [alice, bob] {
            audio.stop_recording().await;
        }
        let codec = alice.codec().map_or("no codec", |codec| codec.name());
        let lost: u64 = [alice, bob]
            .iter()
            .filter_map(|audio| audio.statistics())
            .map(|s| s.rx.packets_lost)
            .sum();
        Ok(format!("{codec}, {:.1} s, {lost} packets lost", self.talk.as_secs_f64()))
    }

    async fn hold(&mut self, session: &Session, hold: bool) -> Result<String, String> {
        let asked = if hold { session.hold().await } else { session.unhold().await };
        asked.map_err(|error| error.to_string())?;
        for (side, by) in
            [(&mut self.alice, Originator::Local), (&mut self.bob, Originator::Remote)]
        {
            side.expect("change of hold", |event| match event {
                Event::Session(SessionEvent::DidChangeHoldState {
                    originator, on_hold, ..
                }) if *originator == by && *on_hold == hold => Some(()),
                _ => None,
            })
            .await?;
        }
        session
            .wait_for(SessionState::Connected)
            .await
            .map_err(|error| format!("after the re-INVITE: {error}"))?;
        Ok(format!("by alice, seen by bob: {}", if hold { "on hold" } else { "off hold" }))
    }

    async fn hang_up(&mut self, session: &Session) -> Result<String, String> {
        session.end().await.map_err(|error| error.to_string())?;
        for (side, by) in
            [(&mut self.alice, Originator::Local), (&mut self.bob, Originator::Remote)]
        {
            side.expect("end of the session", |event| match event {
                Event::Session(SessionEvent::DidEnd { originator, .. }) if *originator == by => {
                    Some(())
                }
                _ => None,
            })
            .await?;
        }
        Ok("by alice, seen by bob".into())
    }

    fn recording(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}-heard.wav"))
    }

    fn judge(&self, step: &str, outcome: Result<String, String>) {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).judge(step, outcome);
    }

    fn step(&self, step: &'static str, outcome: Result<String, String>) -> Result<(), Stopped> {
        let detail = outcome.map_err(|reason| Stopped { step, reason })?;
        self.judge(step, Ok(detail));
        Ok(())
    }

    /// A step that leads to something, with what to say of it.
    fn given<T>(
        &self,
        step: &'static str,
        outcome: Result<T, String>,
        detail: &str,
    ) -> Result<T, Stopped> {
        let value = outcome.map_err(|reason| Stopped { step, reason })?;
        self.judge(step, Ok(detail.to_owned()));
        Ok(value)
    }
}

/// Presses keys on one side and waits for them on the other.
async fn press(from: &AudioStream, to: &mut Side, digits: &str) -> Result<String, String> {
    for digit in digits.chars() {
        from.send_dtmf(digit).map_err(|error| error.to_string())?;
    }
    let mut heard = String::new();
    for _ in digits.chars() {
        let digit = to.expect("key", |event| match event {
            Event::AudioStream(AudioStreamEvent::GotDtmf { digit }) => Some(*digit),
            _ => None,
        });
        heard.push(digit.await?);
    }
    if heard == digits { Ok(heard) } else { Err(format!("heard {heard}, pressed {digits}")) }
}
