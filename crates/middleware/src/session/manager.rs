//! All sessions of an application, and the calls that come in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sipsimple_core::message::StatusCode;
use sipsimple_core::stack::{CallKey, Content, ExtraHeaders, IncomingCall};
use sipsimple_core::uri::UriView;

use super::description::{self, Offer};
use super::{Session, SessionState, driver};
use crate::account::{Account, AccountManager};
use crate::application::{Context, Running, lock};
use crate::notification::{Sender, SessionId, SessionManagerEvent};
use crate::stream::Streams;

/// How long all sessions together may take to end when the application stops.
pub(crate) const END_ALL_TIMEOUT: Duration = Duration::from_secs(3);

/// Every session that is under way.
#[derive(Default)]
pub(crate) struct SessionTable(Mutex<BTreeMap<SessionId, Session>>);

impl SessionTable {
    pub(super) fn insert(&self, session: &Session) {
        lock(&self.0).insert(session.id(), session.clone());
    }

    pub(super) fn remove(&self, id: SessionId) {
        lock(&self.0).remove(&id);
    }

    fn all(&self) -> Vec<Session> {
        lock(&self.0).values().cloned().collect()
    }
}

/// All sessions of an application: a handle, cheap to clone.
#[derive(Clone)]
pub struct SessionManager {
    context: Arc<Context>,
}

impl SessionManager {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Every session that is under way: neither Null nor Terminated.
    pub fn sessions(&self) -> Vec<Session> {
        let mut sessions = self.context.sessions.all();
        sessions.retain(|session| session.state() != SessionState::Terminated);
        sessions
    }

    /// The session with this number.
    pub fn get(&self, id: u64) -> Option<Session> {
        self.sessions().into_iter().find(|session| session.id().get() == id)
    }

    pub(crate) fn start(&self) {
        self.post(SessionManagerEvent::WillStart);
        self.post(SessionManagerEvent::DidStart);
    }

    /// Ends all sessions at once, in a bounded time.
    pub(crate) async fn stop(&self) {
        self.post(SessionManagerEvent::WillEnd);
        let mut ending = tokio::task::JoinSet::new();
        for session in self.context.sessions.all() {
            ending.spawn(async move {
                let refused = match session.state() {
                    SessionState::Incoming => session.reject(480).await,
                    _ => session.end().await,
                };
                // It ended meanwhile: nothing else can be wrong.
                let _ = refused;
                let _ = session.wait_for(SessionState::Terminated).await;
            });
        }
        let all = async { while ending.join_next().await.is_some() {} };
        if tokio::time::timeout(END_ALL_TIMEOUT, all).await.is_err() {
            tracing::warn!("sessions did not end in time");
        }
        self.post(SessionManagerEvent::DidEnd);
    }

    fn post(&self, event: SessionManagerEvent) {
        self.context.bus.post(Sender::SessionManager, event);
    }
}

impl std::fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionManager").field("sessions", &self.sessions()).finish()
    }
}

/// A call came in: makes its session, or refuses it.
pub(crate) fn called(
    context: &Arc<Context>,
    running: &Arc<Running>,
    key: CallKey,
    call: IncomingCall,
) {
    let refuse = |code| refuse(context, running, key, code);
    if !context.takes_calls() {
        return refuse(StatusCode::TEMPORARILY_UNAVAILABLE);
    }
    let Some(account) = account_for(context, &call) else { return refuse(NOT_FOUND) };
    let offer = match description::offer_in(&call.request) {
        Ok(offer) => offer,
        Err(_) => return refuse(StatusCode::NOT_ACCEPTABLE_HERE),
    };
    let streams = match &offer {
        Offer::Missing => Vec::new(),
        Offer::Made(remote) => context.registry.streams_for(&account, remote),
    };
    let usable = streams.iter().any(Option::is_some);
    if !usable && matches!(offer, Offer::Made(_)) {
        return refuse(StatusCode::NOT_ACCEPTABLE_HERE);
    }
    let session = Session::with_id(&account, Arc::downgrade(context), context.next_session());
    {
        let mut info = session.info();
        info.direction = Some(super::Direction::Incoming);
        info.transport = driver::transport(call.transport);
        info.call = Some(key);
        info.read_invite(&call.request);
        info.proposed_streams = Some(streams.iter().flatten().cloned().collect::<Streams>());
    }
    driver::incoming(context, running, session, key, &call, offer, streams);
}

const NOT_FOUND: StatusCode = match StatusCode::new(404) {
    Some(code) => code,
    None => StatusCode::TEMPORARILY_UNAVAILABLE,
};

fn account_for(context: &Arc<Context>, call: &IncomingCall) -> Option<Account> {
    let manager = AccountManager::new(Arc::clone(context));
    let Ok(UriView::Sip(uri)) = call.request.request_uri() else { return None };
    manager.find(&uri.to_owned())
}

fn refuse(context: &Context, running: &Arc<Running>, key: CallKey, code: StatusCode) {
    let engine = running.engine.clone();
    context.spawn(async move {
        // An error means that the caller has given up meanwhile.
        let _ = engine.reject(key, code, Content::default()).await;
    });
}

/// Ends a call whose session takes no more events.
pub(crate) fn end_stuck_call(context: &Context, running: &Arc<Running>, key: CallKey) {
    tracing::warn!(?key, "a session is stuck; its call is ended");
    let engine = running.engine.clone();
    context.spawn(async move {
        // An error means that it has ended meanwhile.
        let _ = engine.hangup(key, ExtraHeaders::new()).await;
    });
}
