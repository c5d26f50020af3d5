//! [`Engine`]: the handle, its configuration and its commands.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use sipsimple_net::tls::{Tls, TlsConfig, TlsConfigError};
use sipsimple_net::{Clock, Network, Resolver};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::driver::{Driver, World};
use super::{COMMAND_QUEUE, EngineEvents, TRACE_QUEUE, Traces};
use crate::message::StatusCode;
use crate::stack::{
    Accepted, Body, CallKey, Command, Content, Endpoint, ExtraHeaders, Limits, OutgoingCall,
    Refused, RegistrationKey, RegistrationRequest, StackConfig, Statistics, Trace, Transport,
};
use crate::transaction::TimerSettings;

/// An address to listen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Listener {
    /// What to speak there.
    pub transport: Transport,
    /// Where. Port 0 picks a free one; the address may be unspecified.
    pub address: SocketAddr,
}

/// What an engine is made with.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    /// Where to listen; at least one.
    pub listeners: Vec<Listener>,
    /// The User-Agent and Server headers' value.
    pub user_agent: Option<Box<str>>,
    /// Whom to trust over TLS, and who we are. The default trusts the system's
    /// authorities, checks every server, and has no certificate to listen with.
    pub tls: TlsConfig,
    /// T1, T2, T4.
    pub timers: TimerSettings,
    /// The most of everything.
    pub limits: Limits,
    /// Where identifiers come from; `None` asks the operating system.
    pub seed: Option<[u8; 32]>,
}

/// Why an engine did not start or a command was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No listener in the configuration.
    #[error("nothing to listen at")]
    NoListener,
    /// A listener could not be opened.
    #[error("can't listen at {} {}: {source}", listener.transport, listener.address)]
    Listen {
        /// Which one.
        listener: Listener,
        /// What the system said.
        source: io::Error,
    },
    /// TLS could not be set up, or a TLS listener has no certificate.
    #[error("can't use TLS: {0}")]
    Tls(#[from] TlsConfigError),
    /// The machine refused the command.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The engine has stopped.
    #[error("the engine has stopped")]
    Stopped,
}

/// What the handle sends to the task.
pub(super) enum Request {
    Command(Command, oneshot::Sender<Result<Accepted, Refused>>),
    Statistics(oneshot::Sender<Statistics>),
    Shutdown { unregister: bool, done: oneshot::Sender<()> },
}

/// A running SIP engine. Cheap to clone; it stops when told to
/// ([`shutdown`](Self::shutdown)) or when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    requests: mpsc::Sender<Request>,
    traces: broadcast::WeakSender<Trace>,
    endpoints: Box<[Endpoint]>,
}

impl Engine {
    /// Opens the listeners and starts the engine's task on this tokio runtime.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoListener`], [`EngineError::Listen`] and
    /// [`EngineError::Tls`]; nothing is left
    /// open then.
    pub fn start(
        config: EngineConfig,
        network: Arc<dyn Network>,
        resolver: Arc<dyn Resolver>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, EngineEvents), EngineError> {
        let tls = Tls::new(config.tls, Arc::clone(&clock))?;
        let listens = config.listeners.iter().any(|l| l.transport == Transport::Tls);
        if listens && !tls.can_accept() {
            return Err(TlsConfigError::NoIdentity.into());
        }
        let sockets = super::listen::open(&config.listeners, &*network)?;
        let endpoints: Vec<Endpoint> = sockets.iter().map(|(endpoint, _)| *endpoint).collect();
        let seed = config.seed.unwrap_or_else(sipsimple_net::random_seed);
        let stack = StackConfig {
            user_agent: config.user_agent,
            timers: config.timers,
            limits: config.limits,
            ..StackConfig::new(seed, endpoints.clone())
        };
        let (requests, incoming) = mpsc::channel(COMMAND_QUEUE);
        let (traces, _) = broadcast::channel(TRACE_QUEUE);
        let shared = Shared { requests, traces: traces.downgrade(), endpoints: endpoints.into() };
        let world = World { network, resolver, clock, tls };
        let (driver, events) = Driver::new(stack, sockets, incoming, traces, world);
        tokio::spawn(driver.run());
        Ok((Self { shared: Arc::new(shared) }, EngineEvents(events)))
    }

    /// Where the engine listens, with the real ports, in the configuration's order.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.shared.endpoints
    }

    /// Makes a call.
    pub async fn call(&self, call: OutgoingCall) -> Result<CallKey, EngineError> {
        match self.command(Command::Call(Box::new(call))).await? {
            Accepted::Call(key) => Ok(key),
            _ => Err(EngineError::Stopped),
        }
    }

    /// Sends 180 to the INVITE that waits.
    pub async fn ring(&self, call: CallKey, content: Content) -> Result<(), EngineError> {
        self.progress(call, StatusCode::RINGING, content).await
    }

    /// Sends a provisional response (101 to 199) to the INVITE that waits.
    pub async fn progress(
        &self,
        call: CallKey,
        code: StatusCode,
        content: Content,
    ) -> Result<(), EngineError> {
        self.command(Command::Progress { call, code, content }).await.map(drop)
    }

    /// Answers the INVITE or re-INVITE that waits with 200.
    pub async fn answer(&self, call: CallKey, content: Content) -> Result<(), EngineError> {
        self.command(Command::Answer { call, content }).await.map(drop)
    }

    /// Refuses the INVITE or re-INVITE that waits, with 300 to 699.
    pub async fn reject(
        &self,
        call: CallKey,
        code: StatusCode,
        content: Content,
    ) -> Result<(), EngineError> {
        self.command(Command::Reject { call, code, content }).await.map(drop)
    }

    /// Sends the ACK to a 2xx that brought an offer, with the answer.
    pub async fn acknowledge(&self, call: CallKey, body: Option<Body>) -> Result<(), EngineError> {
        self.command(Command::Acknowledge { call, body }).await.map(drop)
    }

    /// Ends the call, whatever its state: CANCEL, BYE, or a 603.
    pub async fn hangup(&self, call: CallKey, headers: ExtraHeaders) -> Result<(), EngineError> {
        self.command(Command::Hangup { call, headers }).await.map(drop)
    }

    /// Sends a re-INVITE.
    pub async fn reinvite(&self, call: CallKey, content: Content) -> Result<(), EngineError> {
        self.command(Command::Reinvite { call, content }).await.map(drop)
    }

    /// Cancels the re-INVITE that runs.
    pub async fn cancel_reinvite(&self, call: CallKey) -> Result<(), EngineError> {
        self.command(Command::CancelReinvite { call }).await.map(drop)
    }

    /// Registers, and refreshes until told otherwise.
    pub async fn register(
        &self,
        request: RegistrationRequest,
    ) -> Result<RegistrationKey, EngineError> {
        match self.command(Command::Register(Box::new(request))).await? {
            Accepted::Registration(key) => Ok(key),
            _ => Err(EngineError::Stopped),
        }
    }

    /// Refreshes a registration now, or tries a failed one again.
    pub async fn refresh(&self, registration: RegistrationKey) -> Result<(), EngineError> {
        self.command(Command::Refresh { registration }).await.map(drop)
    }

    /// Removes a registration;
    /// [`RegistrationEvent::Removed`](crate::stack::RegistrationEvent::Removed) follows.
    pub async fn unregister(&self, registration: RegistrationKey) -> Result<(), EngineError> {
        self.command(Command::Unregister { registration }).await.map(drop)
    }

    /// Ends all calls (BYE, CANCEL or 603), removes the registrations if asked,
    /// and returns when no task and no socket is left. Peers that don't answer
    /// are given [`SHUTDOWN_TIMEOUT`](super::SHUTDOWN_TIMEOUT).
    pub async fn shutdown(&self, unregister: bool) {
        let (done, wait) = oneshot::channel();
        if self.shared.requests.send(Request::Shutdown { unregister, done }).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// The counters, now.
    pub async fn statistics(&self) -> Result<Statistics, EngineError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.shared.requests.send(Request::Statistics(reply)).await;
        sent.map_err(|_| EngineError::Stopped)?;
        answer.await.map_err(|_| EngineError::Stopped)
    }

    /// Every message on the wire from now on; `None` after the engine has stopped.
    pub fn traces(&self) -> Option<Traces> {
        self.shared.traces.upgrade().map(|sender| Traces(sender.subscribe()))
    }

    async fn command(&self, command: Command) -> Result<Accepted, EngineError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.shared.requests.send(Request::Command(command, reply)).await;
        sent.map_err(|_| EngineError::Stopped)?;
        Ok(answer.await.map_err(|_| EngineError::Stopped)??)
    }
}
