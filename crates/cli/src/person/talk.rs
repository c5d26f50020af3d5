//! One session from its first notification to its last, told to a person.

use std::time::{Duration, SystemTime};

use sipsimple::AudioStream;
use sipsimple::Session;
use sipsimple::notification::{AudioStreamEvent, Event, Notification, Notifications, SessionEvent};

use super::screen::Screen;
use crate::endpoint::RecordingNames;
use crate::play::{Jukebox, Playing};

/// How often the status line is refreshed.
const REFRESH: Duration = Duration::from_secs(1);

/// What is played and recorded in calls.
pub(super) struct Desk {
    pub(super) jukebox: Option<Jukebox>,
    pub(super) recordings: Option<RecordingNames>,
}

/// How a session ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It had started.
    Ended,
    /// It never started.
    Failed,
}

/// A session on a person's screen.
pub(super) struct Talk<'a> {
    pub(super) session: Session,
    pub(super) screen: &'a mut Screen,
    pub(super) desk: &'a Desk,
}

impl Talk<'_> {
    /// Follows the session to its end. `traces` are printed between the lines.
    pub(super) async fn follow(
        mut self,
        mut notifications: Notifications,
        traces: &mut Option<Notifications>,
    ) -> Ending {
        let mut playing = Vec::new();
        let mut refresh = tokio::time::interval(REFRESH);
        let mut interrupted = std::pin::pin!(super::interrupted());
        let mut hanging_up = false;
        loop {
            tokio::select! {
                notification = notifications.next() => {
                    let Some(notification) = notification else { return Ending::Ended };
                    if let Some(ending) = self.tell(&notification, &mut playing).await {
                        return ending;
                    }
                }
                Some(trace) = next(traces) => show_trace(self.screen, &trace),
                _ = refresh.tick() => self.refresh(),
                () = &mut interrupted, if !hanging_up => {
                    hanging_up = true;
                    self.screen.say("Hanging up…");
                    // A session that has ended already says so by itself.
                    let _ = self.session.end().await;
                }
            }
        }
    }

    async fn tell(
        &mut self,
        notification: &Notification,
        playing: &mut Vec<Playing>,
    ) -> Option<Ending> {
        match &notification.event {
            Event::Session(event) => return self.tell_session(event, playing).await,
            Event::AudioStream(AudioStreamEvent::GotDtmf { digit }) => {
                self.screen.say(format_args!("The other side pressed {digit}"));
            }
            Event::AudioStream(AudioStreamEvent::DidTimeout) => {
                self.screen.say("Nothing has been heard from the other side for a while");
            }
            _ => {}
        }
        None
    }

    async fn tell_session(
        &mut self,
        event: &SessionEvent,
        playing: &mut Vec<Playing>,
    ) -> Option<Ending> {
        match event {
            SessionEvent::GotRingIndication => self.screen.say("Ringing…"),
            SessionEvent::DidStart { streams } => {
                for audio in streams.audio() {
                    self.started(&audio, playing).await;
                }
            }
            SessionEvent::DidChangeHoldState { originator, on_hold, .. } => {
                let who = match originator {
                    sipsimple::notification::Originator::Local => "You",
                    sipsimple::notification::Originator::Remote => "The other side",
                };
                let what = if *on_hold { "put the call on hold" } else { "took the call off hold" };
                self.screen.say(format_args!("{who} {what}"));
            }
            SessionEvent::DidFail { code, reason, failure_reason, .. } => {
                self.screen.say(format_args!("No call: {code} {reason} ({failure_reason})"));
                return Some(Ending::Failed);
            }
            SessionEvent::DidEnd { originator, end_reason } => {
                let lasted = duration(self.session.start_time(), self.session.stop_time());
                self.screen.say(format_args!(
                    "Ended by the {originator} side after {lasted} ({end_reason})"
                ));
                return Some(Ending::Ended);
            }
            _ => {}
        }
        None
    }

    async fn started(&mut self, audio: &AudioStream, playing: &mut Vec<Playing>) {
        let codec = audio.codec().map_or("unknown codec", |codec| codec.name());
        let peer = self.session.remote_identity().map(|party| party.to_string());
        self.screen.say(format_args!(
            "Connected to {} with {codec}; Ctrl-C hangs up",
            peer.as_deref().unwrap_or("the other side")
        ));
        if let Some(jukebox) = &self.desk.jukebox {
            match jukebox.play_to(audio) {
                Ok(player) => playing.push(player),
                Err(error) => self.screen.say(format_args!("Can't play: {error}")),
            }
        }
        if let Some(recordings) = &self.desk.recordings {
            match audio.start_recording(Some(recordings.next())).await {
                Ok(file) => self.screen.say(format_args!("Recording to {}", file.display())),
                Err(error) => self.screen.say(format_args!("Can't record: {error}")),
            }
        }
    }

    fn refresh(&mut self) {
        let Some(audio) = self.session.streams().audio().into_iter().next() else { return };
        let Some(statistics) = audio.statistics() else { return };
        let (rx, tx) = (&statistics.rx, &statistics.tx);
        self.screen.status(format_args!(
            "{}  heard {} packets, lost {}, jitter {:.0} ms  sent {}",
            duration(self.session.start_time(), None),
            rx.packets,
            rx.packets_lost,
            rx.jitter.last.as_secs_f64() * 1000.0,
            tx.packets,
        ));
    }
}

/// Prints a SIP message as it went over the wire.
pub(super) fn show_trace(screen: &mut Screen, trace: &Notification) {
    if let Event::Engine(sipsimple::notification::EngineEvent::SipTrace {
        received,
        source,
        destination,
        data,
        transport,
    }) = &trace.event
    {
        let direction = if *received { "received" } else { "sent" };
        screen.say(format_args!("--- {direction} {transport} {source} -> {destination}"));
        screen.say(data.replace('\r', "").trim_end());
    }
}

/// The next of notifications that may not be wanted.
pub(super) async fn next(notifications: &mut Option<Notifications>) -> Option<Notification> {
    match notifications {
        Some(notifications) => notifications.next().await,
        None => std::future::pending().await,
    }
}

/// A time span as minutes and seconds, up to now while there is no end.
#[allow(clippy::disallowed_methods, reason = "a person is told the time")]
fn duration(start: Option<SystemTime>, stop: Option<SystemTime>) -> String {
    let stop = stop.unwrap_or_else(SystemTime::now);
    let seconds = start.and_then(|start| stop.duration_since(start).ok()).unwrap_or_default();
    format!("{}:{:02}", seconds.as_secs() / 60, seconds.as_secs() % 60)
}
