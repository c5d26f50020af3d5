//! `sipsimple agent`: the engine for scripts. JSON lines out, commands in.
//!
//! Every notification is one object on a line of stdout, every line of stdin a
//! command that is answered by one. What the commands are is in [`area`], one
//! file for each area, so that more can stand beside them.

mod area;
mod line;
pub(crate) mod output;
mod react;

pub(crate) use react::streams_to_accept;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};
use sipsimple::Account;
use sipsimple::Session;
use sipsimple::SipApplication;
use sipsimple::notification::{Notification, Notifications, SessionId};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::endpoint::{Endpoint, Failure, RecordingNames};
use crate::options::EndpointOptions;
use crate::play::{Jukebox, Playing};
use line::Line;

/// Flags of `sipsimple agent`.
#[derive(Args)]
pub(crate) struct AgentOptions {
    #[command(flatten)]
    endpoint: EndpointOptions,

    /// What to do with calls: take them (auto), leave them to the script
    /// (manual), or refuse them with a status code such as 486.
    #[arg(long, default_value = "manual", value_name = "auto|manual|CODE")]
    answer: react::Answering,

    /// Ring this long before a call is taken.
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    ring_for: f64,
}

/// What the commands work on.
struct Agent {
    app: SipApplication,
    account: Account,
    answering: react::Answering,
    ring_for: Duration,
    jukebox: Option<Jukebox>,
    recordings: Option<RecordingNames>,
    /// What plays in each session.
    playing: HashMap<SessionId, Vec<Playing>>,
    /// The session that a command without a number means: the newest.
    newest: Option<SessionId>,
}

/// Runs until `quit`, the end of stdin, or Ctrl-C.
pub(crate) async fn run(options: AgentOptions) -> Result<ExitCode, Failure> {
    let ring_for = Duration::try_from_secs_f64(options.ring_for)
        .map_err(|error| format!("--ring-for: {error}"))?;
    let endpoint = Endpoint::start(&options.endpoint, None).await?;
    output::print(&json!({"name": "listening", "addresses": endpoint.listening()?}));
    let Endpoint { app, account, mut notifications, mut traces } = endpoint;
    let mut agent = Agent {
        app,
        account,
        answering: options.answer,
        ring_for,
        jukebox: options.endpoint.play.map(Jukebox::new),
        recordings: options.endpoint.record.map(RecordingNames::new),
        playing: HashMap::new(),
        newest: None,
    };
    agent.obey(&mut notifications, &mut traces).await;
    let app = agent.app.clone();
    let mut stopping = tokio::spawn(async move { crate::person::stop(&app).await });
    loop {
        tokio::select! {
            Some(notification) = notifications.next() => output::print(&output::notification(&notification)),
            Some(trace) = next(&mut traces) => output::print(&output::notification(&trace)),
            _ = &mut stopping => break,
        }
    }
    while let Some(notification) = notifications.try_next() {
        output::print(&output::notification(&notification));
    }
    Ok(ExitCode::SUCCESS)
}

impl Agent {
    /// Reads commands and reports what happens, until told to quit.
    async fn obey(
        &mut self,
        notifications: &mut Notifications,
        traces: &mut Option<Notifications>,
    ) {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let mut interrupted = std::pin::pin!(crate::person::interrupted());
        loop {
            tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) => if self.command(&line).await.is_break() { return },
                    Ok(None) | Err(_) => return,
                },
                Some(notification) = notifications.next() => {
                    output::print(&output::notification(&notification));
                    self.react(&notification).await;
                }
                Some(trace) = next(traces) => output::print(&output::notification(&trace)),
                () = &mut interrupted => return,
            }
        }
    }

    async fn command(&mut self, line: &str) -> std::ops::ControlFlow<()> {
        let Some(parsed) = Line::parse(line) else { return std::ops::ControlFlow::Continue(()) };
        if parsed.verb == "quit" {
            output::print(&output::answer(line.trim(), Ok(Json::Null)));
            return std::ops::ControlFlow::Break(());
        }
        let outcome = match area::find(&parsed.verb) {
            Some(verb) => (verb.run)(self, &parsed).await,
            None => Err(format!("no command {:?}; there are: {}", parsed.verb, area::names())),
        };
        output::print(&output::answer(line.trim(), outcome));
        std::ops::ControlFlow::Continue(())
    }

    /// The session that a command means.
    fn session(&self, line: &Line) -> Result<Session, String> {
        let sessions = self.app.sessions();
        match line.session {
            Some(number) => {
                sessions.get(number).ok_or_else(|| format!("there is no session:{number}"))
            }
            None => self
                .newest
                .and_then(|newest| sessions.get(newest.get()))
                .or_else(|| sessions.sessions().pop())
                .ok_or_else(|| "there is no session".into()),
        }
    }
}

/// The next of notifications that may not be wanted.
async fn next(notifications: &mut Option<Notifications>) -> Option<Notification> {
    match notifications {
        Some(notifications) => notifications.next().await,
        None => std::future::pending().await,
    }
}
