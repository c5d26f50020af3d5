//! A relay in use: its connection, AUTH and refresh (RFC 4976 §5).

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::driver::Command;
use super::endpoint::Endpoint;
use crate::connection::{Input, RequestKey};
use crate::relay::{RelayClient, RelayConfig, RelayError, RelayInput, RelayOutput};
use crate::uri::MsrpUri;

/// How long to wait before a lost relay is connected to again; doubled each
/// time, up to [`MAX_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The longest wait before a lost relay is connected to again.
const MAX_RETRY: Duration = Duration::from_secs(120);

/// What is known of a relay chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayState {
    /// Not connected, or not yet admitted.
    Connecting,
    /// Ready: these URIs stand before the peer's path, and, reversed, before
    /// the own URI in SDP.
    Ready(Vec<MsrpUri>),
    /// Refused; it is not tried again.
    Refused(RelayError),
}

/// A relay chain that is kept alive as long as this is held.
pub struct Relay {
    state: watch::Receiver<RelayState>,
    task: JoinHandle<()>,
}

impl Relay {
    /// What is known now.
    pub fn state(&self) -> RelayState {
        self.state.borrow().clone()
    }

    /// Waits until the state changes, and returns the new one.
    pub async fn changed(&mut self) -> RelayState {
        // The task ends only with this.
        let _ = self.state.changed().await;
        self.state.borrow_and_update().clone()
    }

    /// Waits until the relays are ready.
    ///
    /// # Errors
    ///
    /// When they refuse.
    pub async fn ready(&mut self) -> Result<Vec<MsrpUri>, RelayError> {
        loop {
            match self.state() {
                RelayState::Ready(relays) => return Ok(relays),
                RelayState::Refused(error) => return Err(error),
                RelayState::Connecting => self.changed().await,
            };
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    /// Uses a chain of relays: connects, authenticates, refreshes, and connects
    /// again when the connection is lost. The first relay's URI must have a port.
    pub fn relay(&self, config: RelayConfig) -> Relay {
        let (report, state) = watch::channel(RelayState::Connecting);
        let task = tokio::spawn(keep(self.clone(), config, report));
        Relay { state, task }
    }
}

async fn keep(endpoint: Endpoint, config: RelayConfig, report: watch::Sender<RelayState>) {
    let Some(first) = config.relays.first().cloned() else {
        report.send_replace(RelayState::Ready(Vec::new()));
        return std::future::pending().await;
    };
    let mut client = RelayClient::new(config, endpoint.shared.fresh_seed());
    let mut retry = FIRST_RETRY;
    loop {
        if let Ok(commands) = endpoint.connection_to(&first).await {
            let ended = serve(&endpoint, &mut client, &commands, &report).await;
            if let Some(error) = ended {
                report.send_replace(RelayState::Refused(error));
                return std::future::pending().await;
            }
            if matches!(*report.borrow(), RelayState::Ready(_)) {
                retry = FIRST_RETRY;
            }
        }
        report.send_replace(RelayState::Connecting);
        tokio::time::sleep(retry).await;
        retry = (retry * 2).min(MAX_RETRY);
    }
}

/// Works on one connection until it ends, or the relay refuses.
async fn serve(
    endpoint: &Endpoint,
    client: &mut RelayClient,
    commands: &mpsc::Sender<Command>,
    report: &watch::Sender<RelayState>,
) -> Option<RelayError> {
    // A relay's connection stays though no session is on it.
    let _held = endpoint.hold(commands).await;
    let clock = endpoint.shared.clock.clone();
    client.handle_input(clock.now(), RelayInput::Connected);
    loop {
        match client.poll_output() {
            RelayOutput::Request(content) => {
                let (answer, answered) = oneshot::channel();
                let (reply, _) = oneshot::channel();
                let request = RequestKey(endpoint.shared.fresh_key());
                let input = Input::Request { request, content };
                let command = Command::Request { input, request, answer, reply };
                let answer = match commands.send(command).await {
                    Ok(()) => answered.await.ok(),
                    Err(_) => None,
                };
                let input = match answer {
                    Some(answer) => RelayInput::Answered(answer.head),
                    None => RelayInput::Unanswered,
                };
                client.handle_input(clock.now(), input);
            }
            RelayOutput::Ready { relays } => {
                if let Some(nearest) = relays.first() {
                    // Sessions through the relay use this connection.
                    endpoint.alias(nearest, commands);
                }
                report.send_replace(RelayState::Ready(relays));
            }
            RelayOutput::Failed(RelayError::Unanswered { .. }) => return None,
            RelayOutput::Failed(error) => return Some(error),
            RelayOutput::Timeout(at) => {
                let refresh = async {
                    match at {
                        Some(at) => tokio::time::sleep_until(at.into()).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = commands.closed() => {
                        client.handle_input(clock.now(), RelayInput::Unanswered);
                        return None;
                    }
                    () = refresh => client.handle_input(clock.now(), RelayInput::Timeout),
                }
            }
        }
    }
}
