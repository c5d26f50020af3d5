//! What an agent does by itself: answering, playing and recording.

use std::str::FromStr;

use serde_json::json;
use sipsimple::Session;
use sipsimple::notification::{Event, Notification, Sender, SessionEvent, SessionId};
use sipsimple::{AudioStream, Streams};

use super::{Agent, output};

/// What to do with incoming calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answering {
    /// Take them.
    Auto,
    /// Leave them to the script.
    Manual,
    /// Refuse them with this status code.
    Refuse(u16),
}

impl FromStr for Answering {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            ("manual", _) => Ok(Self::Manual),
            (_, Ok(code @ 300..=699)) => Ok(Self::Refuse(code)),
            _ => Err("it is auto, manual, or a status code from 300 to 699".into()),
        }
    }
}

impl Agent {
    /// Does what the flags ask for when something happens.
    pub(super) async fn react(&mut self, notification: &Notification) {
        let Event::Session(event) = &notification.event else { return };
        match event {
            SessionEvent::NewIncoming { session, .. } => self.incoming(session.clone()),
            SessionEvent::DidStart { streams } => {
                if let Sender::Session(id) = notification.sender {
                    self.started(id, streams).await;
                }
            }
            SessionEvent::DidEnd { .. } | SessionEvent::DidFail { .. } => {
                if let Sender::Session(id) = notification.sender {
                    self.playing.remove(&id);
                    self.newest.take_if(|newest| *newest == id);
                }
            }
            _ => {}
        }
    }

    fn incoming(&mut self, session: Session) {
        self.newest = Some(session.id());
        let (answering, ring_for) = (self.answering, self.ring_for);
        tokio::spawn(async move {
            let outcome = match answering {
                Answering::Manual => return,
                Answering::Refuse(code) => session.reject(code).await,
                Answering::Auto => {
                    if !ring_for.is_zero() {
                        // It may be over before we ring; accepting says so.
                        let _ = session.send_ring_indication().await;
                        tokio::time::sleep(ring_for).await;
                    }
                    let streams = streams_to_accept(&session);
                    session.accept(streams).await
                }
            };
            if let Err(error) = outcome {
                report(session.id(), &error.to_string());
            }
        });
    }

    async fn started(&mut self, id: SessionId, streams: &Streams) {
        for audio in streams.audio() {
            if let Some(jukebox) = &self.jukebox {
                match jukebox.play_to(&audio) {
                    Ok(playing) => self.playing.entry(id).or_default().push(playing),
                    Err(error) => report(id, &format!("can't play: {error}")),
                }
            }
            if let Some(recordings) = &self.recordings
                && let Err(error) = audio.start_recording(Some(recordings.next())).await
            {
                report(id, &format!("can't record: {error}"));
            }
        }
    }
}

/// What to take of an incoming call: the audio it proposes, or audio of our
/// own where it proposes nothing and leaves the offer to us.
pub(crate) fn streams_to_accept(session: &Session) -> Streams {
    let proposed = session.proposed_streams().unwrap_or_default();
    if proposed.is_empty() {
        return Streams::from(&AudioStream::new(session.account()));
    }
    Streams::from(proposed.audio())
}

/// Tells the script of a failure that no command of its own led to.
fn report(session: SessionId, error: &str) {
    output::print(&json!({"name": "error", "sender": session.to_string(), "error": error}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answering_is_auto_manual_or_a_code() {
        assert_eq!("auto".parse(), Ok(Answering::Auto));
        assert_eq!("manual".parse(), Ok(Answering::Manual));
        assert_eq!("486".parse(), Ok(Answering::Refuse(486)));
        assert!("200".parse::<Answering>().is_err());
        assert!("yes".parse::<Answering>().is_err());
    }
}
