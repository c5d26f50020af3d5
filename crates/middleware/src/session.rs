//! Sessions with other parties (Middleware API, "Session" and
//! "SessionManager").

mod description;
mod driver;
mod info;
mod machine;
mod manager;
mod state;

use std::sync::{Arc, Weak};
use std::time::SystemTime;

use sipsimple_core::message::StatusCode;
use sipsimple_core::stack::{CallKey, ExtraHeaders};
use sipsimple_core::uri::SipUri;
use tokio::sync::{mpsc, oneshot, watch};

use crate::account::Account;
use crate::application::{Context, lock};
use crate::configuration::Transport;
use crate::notification::{Notifications, Sender, SessionId, ToValue, Value};
use crate::stream::Streams;
use driver::{Request, UserCommand};
use info::Info;
pub use info::Party;
pub use manager::SessionManager;
pub(crate) use manager::{SessionTable, called, end_stuck_call};
pub use state::{Direction, SessionError, SessionState};

/// Commands that wait for a session's task; callers wait while it is full.
const REQUEST_CAPACITY: usize = 16;

/// A session with another party: a handle, cheap to clone.
///
/// Its methods return when the session has taken or refused the command, not
/// when the network is done: what comes of it arrives as notifications, and is
/// then to be read from the handle.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    id: SessionId,
    account: Account,
    context: Weak<Context>,
    state: watch::Sender<SessionState>,
    info: std::sync::Mutex<Info>,
    link: std::sync::Mutex<Link>,
    /// No notification will come any more.
    over: std::sync::atomic::AtomicBool,
}

/// How commands reach the session.
enum Link {
    /// No task yet: nothing but hold has been asked for.
    Null { hold: bool },
    /// The session's task.
    Task(mpsc::Sender<Request>),
}

impl Session {
    /// A session of an account, in state [`SessionState::Null`].
    pub fn new(account: &Account) -> Self {
        let (context, id) = match account.context() {
            Ok(context) => (Arc::downgrade(&context), context.next_session()),
            // Nothing can be done with it: every command says that the
            // application does not run.
            Err(_) => (Weak::new(), SessionId(0)),
        };
        Self::with_id(account, context, id)
    }

    fn with_id(account: &Account, context: Weak<Context>, id: SessionId) -> Self {
        let shared = Shared {
            id,
            account: account.clone(),
            context,
            state: watch::Sender::new(SessionState::Null),
            info: std::sync::Mutex::default(),
            link: std::sync::Mutex::new(Link::Null { hold: false }),
            over: Default::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Calls `to` and proposes `streams`.
    ///
    /// `SIPSessionNewOutgoing` follows; then, as the other party says,
    /// `SIPSessionGotRingIndication`, `SIPSessionWillStart` and
    /// `SIPSessionDidStart`, or `SIPSessionDidFail`.
    ///
    /// # Errors
    ///
    /// In any state but [`SessionState::Null`], without streams, and when the
    /// application does not run.
    pub async fn connect(
        &self,
        to: SipUri,
        streams: impl Into<Streams>,
    ) -> Result<(), SessionError> {
        self.connect_with(to, streams, ConnectOptions::default()).await
    }

    /// As [`connect`](Self::connect), with more to say in the INVITE.
    pub async fn connect_with(
        &self,
        to: SipUri,
        streams: impl Into<Streams>,
        options: ConnectOptions,
    ) -> Result<(), SessionError> {
        let streams = streams.into();
        let context = self.shared.context.upgrade().ok_or(SessionError::NotRunning)?;
        if !context.takes_calls() {
            return Err(SessionError::NotRunning);
        }
        let task = {
            let mut link = lock(&self.shared.link);
            match &*link {
                Link::Task(task) => task.clone(),
                Link::Null { .. } if streams.is_empty() => return Err(SessionError::NoStreams),
                Link::Null { hold } => {
                    let task = driver::outgoing(&context, self.clone(), *hold);
                    *link = Link::Task(task.clone());
                    task
                }
            }
        };
        self.request(&task, UserCommand::Connect { to, streams, options }).await
    }

    /// Sends 180 to whoever calls.
    pub async fn send_ring_indication(&self) -> Result<(), SessionError> {
        self.command("send_ring_indication", UserCommand::SendRingIndication).await
    }

    /// Accepts an incoming session with these of the proposed streams; the
    /// others are refused. Where the other party proposed none (an INVITE
    /// without a description), any streams can be given.
    pub async fn accept(&self, streams: impl Into<Streams>) -> Result<(), SessionError> {
        self.command("accept", UserCommand::Accept { streams: streams.into() }).await
    }

    /// Refuses an incoming session: 486 means busy, 603 declined.
    ///
    /// # Errors
    ///
    /// [`SessionError::BadStatus`] for a code that is not between 300 and 699.
    pub async fn reject(&self, code: u16) -> Result<(), SessionError> {
        let reason = StatusCode::new(code).map_or("", StatusCode::reason);
        self.reject_with(code, reason).await
    }

    /// As [`reject`](Self::reject), with a reason phrase of its own.
    ///
    /// # Errors
    ///
    /// [`SessionError::BadText`] too, for a phrase with control characters.
    pub async fn reject_with(
        &self,
        code: u16,
        reason: impl Into<String>,
    ) -> Result<(), SessionError> {
        let reason = reason.into();
        if reason.chars().any(char::is_control) {
            return Err(SessionError::BadText("reason phrase"));
        }
        self.command("reject", UserCommand::Reject { code, reason }).await
    }

    /// Puts the streams that support it on hold. Possible in any state; the
    /// other party is told as soon as that is possible.
    pub async fn hold(&self) -> Result<(), SessionError> {
        self.set_hold(true).await
    }

    /// Takes the streams off hold. Possible in any state; the other party is
    /// told as soon as that is possible.
    pub async fn unhold(&self) -> Result<(), SessionError> {
        self.set_hold(false).await
    }

    /// Ends the session, whatever it is doing: hangs up, cancels, or declines
    /// with 603. Of a session that has ended already, nothing is asked.
    ///
    /// # Errors
    ///
    /// In state [`SessionState::Null`].
    pub async fn end(&self) -> Result<(), SessionError> {
        self.command("end", UserCommand::End).await
    }

    /// Waits until the session is in this state.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] when the session ends instead.
    pub async fn wait_for(&self, state: SessionState) -> Result<(), SessionError> {
        let mut states = self.shared.state.subscribe();
        let reached = states
            .wait_for(|now| *now == state || *now == SessionState::Terminated)
            .await
            .map_err(|_| SessionError::Ended)?;
        if *reached == state { Ok(()) } else { Err(SessionError::Ended) }
    }

    /// The notifications about this session, from now on. They end with it:
    /// at once where it is over already.
    pub fn notifications(&self) -> Result<Notifications, SessionError> {
        let context = self.shared.context.upgrade().ok_or(SessionError::NotRunning)?;
        let notifications = context.bus.subscribe_to(self.shared.id);
        // Looked at after subscribing: what ends it later closes this as well.
        if self.shared.over.load(std::sync::atomic::Ordering::SeqCst) {
            context.bus.close(&self.shared.id.into());
        }
        Ok(notifications)
    }

    /// Its number.
    pub fn id(&self) -> SessionId {
        self.shared.id
    }

    /// What it is doing.
    pub fn state(&self) -> SessionState {
        *self.shared.state.borrow()
    }

    /// Whose session it is.
    pub fn account(&self) -> &Account {
        &self.shared.account
    }

    /// Who called whom; `None` before the call.
    pub fn direction(&self) -> Option<Direction> {
        self.info().direction
    }

    /// What its SIP messages go over, once that is known.
    pub fn transport(&self) -> Option<Transport> {
        self.info().transport
    }

    /// When it started.
    pub fn start_time(&self) -> Option<SystemTime> {
        self.info().start_time
    }

    /// When it ended.
    #[doc(alias = "end_time")]
    pub fn stop_time(&self) -> Option<SystemTime> {
        self.info().stop_time
    }

    /// Whether either party holds it.
    pub fn on_hold(&self) -> bool {
        self.info().streams.iter().any(|stream| stream.on_hold())
    }

    /// What the other party calls its software, once it has said so.
    pub fn remote_user_agent(&self) -> Option<String> {
        self.info().remote_user_agent.clone()
    }

    /// Who we are in this session.
    pub fn local_identity(&self) -> Option<Party> {
        self.info().local_identity.clone()
    }

    /// Who the other party is.
    pub fn remote_identity(&self) -> Option<Party> {
        self.info().remote_identity.clone()
    }

    /// The subject of the call, if the caller gave one.
    pub fn subject(&self) -> Option<String> {
        self.info().subject.clone()
    }

    /// The streams that run.
    pub fn streams(&self) -> Streams {
        self.info().streams.clone()
    }

    /// The streams that were proposed and have not been answered.
    pub fn proposed_streams(&self) -> Option<Streams> {
        self.info().proposed_streams.clone()
    }

    /// The call in the SIP engine, for what the session does not wrap. `None`
    /// before the call.
    pub fn call(&self) -> Option<CallKey> {
        self.info().call
    }

    async fn set_hold(&self, hold: bool) -> Result<(), SessionError> {
        let task = match &mut *lock(&self.shared.link) {
            Link::Null { hold: wanted } => {
                *wanted = hold;
                return Ok(());
            }
            Link::Task(task) => task.clone(),
        };
        self.request(&task, UserCommand::Hold(hold)).await
    }

    async fn command(
        &self,
        method: &'static str,
        command: UserCommand,
    ) -> Result<(), SessionError> {
        let task = match &*lock(&self.shared.link) {
            Link::Null { .. } => {
                return Err(SessionError::IllegalState { state: SessionState::Null, method });
            }
            Link::Task(task) => task.clone(),
        };
        self.request(&task, command).await
    }

    async fn request(
        &self,
        task: &mpsc::Sender<Request>,
        command: UserCommand,
    ) -> Result<(), SessionError> {
        // A session that has ended can be ended and held without harm.
        let harmless = matches!(command, UserCommand::End | UserCommand::Hold(_));
        let (reply, answer) = oneshot::channel();
        if task.send(Request { command, reply }).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        if harmless { Ok(()) } else { Err(SessionError::Ended) }
    }

    fn info(&self) -> std::sync::MutexGuard<'_, Info> {
        lock(&self.shared.info)
    }
}

/// What can be said in an INVITE beside the streams.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// The other party's name, for the To header.
    pub display_name: Option<String>,
    /// What the call is about, for the Subject header.
    pub subject: Option<String>,
    /// Headers of the application's own.
    pub headers: ExtraHeaders,
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Session {}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, {})", self.id(), self.state())
    }
}

impl ToValue for Session {
    fn to_value(&self) -> Value {
        Sender::from(self.id()).to_value()
    }
}
