//! `sipsimple answer`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use sipsimple::notification::{Event, Notification, SessionEvent};

use super::screen::Screen;
use super::talk::{Desk, Talk, next, show_trace};
use crate::agent::streams_to_accept;
use crate::endpoint::{Endpoint, Failure, RecordingNames};
use crate::options::EndpointOptions;
use crate::play::Jukebox;

/// Flags of `sipsimple answer`.
#[derive(Args)]
pub(crate) struct AnswerOptions {
    #[command(flatten)]
    endpoint: EndpointOptions,

    /// Ring this long before a call is taken.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    ring_for: f64,

    /// End after the first call.
    #[arg(long)]
    once: bool,
}

/// Takes calls, one at a time; who calls meanwhile is told that we are busy.
pub(crate) async fn answer(options: AnswerOptions) -> Result<ExitCode, Failure> {
    let ring_for = Duration::try_from_secs_f64(options.ring_for)
        .map_err(|error| format!("--ring-for: {error}"))?;
    let mut endpoint = Endpoint::start(&options.endpoint, None).await?;
    let desk = Desk {
        jukebox: options.endpoint.play.map(Jukebox::new),
        recordings: options.endpoint.record.map(RecordingNames::new),
    };
    let mut screen = Screen::new();
    let listening = endpoint.listening()?.join(", ");
    screen.say(format_args!("Waiting for calls at {listening}; Ctrl-C ends"));
    let mut interrupted = std::pin::pin!(super::interrupted());
    loop {
        let notification = tokio::select! {
            notification = endpoint.notifications.next() => notification,
            Some(trace) = next(&mut endpoint.traces) => {
                show_trace(&mut screen, &trace);
                continue;
            }
            () = &mut interrupted => break,
        };
        let Some(notification) = notification else { break };
        match notification.event {
            Event::Session(SessionEvent::NewIncoming { session, .. }) => {
                let caller = session.remote_identity().map(|party| party.to_string());
                let caller = caller.as_deref().unwrap_or("somebody");
                screen.say(format_args!("{caller} calls"));
                let own = session.notifications()?;
                let busy = tokio::spawn(refuse_others(endpoint.app.notifications()));
                let answering = session.clone();
                tokio::spawn(async move {
                    // The session may be over before we get to answer it: its
                    // notifications say so.
                    let _ = answering.send_ring_indication().await;
                    tokio::time::sleep(ring_for).await;
                    let streams = streams_to_accept(&answering);
                    let _ = answering.accept(streams).await;
                });
                let talk = Talk { session, screen: &mut screen, desk: &desk };
                talk.follow(own, &mut endpoint.traces).await;
                busy.abort();
                if options.once {
                    break;
                }
                // What happened meanwhile has been dealt with, but for a call
                // that came in the last moment.
                while let Some(missed) = endpoint.notifications.try_next() {
                    refuse(missed).await;
                }
            }
            Event::Account(event) => {
                super::register::line(&event).into_iter().for_each(|line| screen.say(line));
            }
            _ => {}
        }
    }
    super::stop(&endpoint.app).await;
    Ok(ExitCode::SUCCESS)
}

/// Tells everybody who calls from now on that we are busy.
async fn refuse_others(mut notifications: sipsimple::notification::Notifications) {
    while let Some(notification) = notifications.next().await {
        refuse(notification).await;
    }
}

async fn refuse(notification: Notification) {
    if let Event::Session(SessionEvent::NewIncoming { session, .. }) = notification.event {
        // It may have been given up, or refused, already.
        let _ = session.reject(486).await;
    }
}
