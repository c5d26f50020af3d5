//! Calls: the INVITE usage of a dialog (RFC 3261 §13 to §15).
//!
//! ```text
//! Calling ──2xx──► Active ──hangup──► Leaving ──► over
//! Incoming ─answer─►  │                            ▲
//!     └───────────────┴── BYE, CANCEL, failure ────┘
//! ```
//!
//! The INVITE that runs inside an active call, the first one or a re-INVITE, is
//! a state machine of its own: [`Invite`].

mod active;
mod ending;
mod forks;
mod incoming;
pub(crate) mod outgoing;
mod reinvite;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::auth::Authenticator;
use crate::dialog::Dialog;
use crate::message::{Method, StatusCode};
use crate::stack::clients::{Owner, RequestId};
use crate::stack::core::{Core, Outcome};
use crate::stack::deadlines::{Alarm, Sleeper};
use crate::stack::draft::{ContactDraft, Draft};
use crate::stack::random::token;
use crate::stack::reply::Responder;
use crate::stack::request::Request;
use crate::stack::servers::ServerId;
use crate::stack::{
    CallEvent, CallKey, Cause, Content, Event, ExtraHeaders, Identity, Originator, OutgoingCall,
    Refused,
};

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) key: CallKey,
    /// Our tag, by which requests find the call.
    pub(crate) local_tag: u64,
    /// The user part of our Contact.
    user: Box<str>,
    identity: Option<Arc<Identity>>,
    auth: Authenticator,
    state: State,
    /// The ACKs to 2xx, kept while the 2xx may come again.
    acks: Vec<Acked>,
    alarm: Alarm,
}

#[derive(Debug)]
enum State {
    /// Our INVITE has no final response.
    Calling(Box<Calling>),
    /// The peer's INVITE has no final response.
    Incoming(Box<Incoming>),
    /// Answered.
    Active(Box<Active>),
    /// Our BYE has no final response.
    Leaving(Box<Leaving>),
    Over,
}

#[derive(Debug)]
struct Calling {
    request: RequestId,
    /// To send it again after a challenge.
    call: OutgoingCall,
    call_id: Box<str>,
    seq: u32,
    cancel: Cancel,
}

/// Whether the application wants our INVITE cancelled.
#[derive(Debug)]
enum Cancel {
    No,
    /// Not before a provisional response (§9.1).
    Held(ExtraHeaders),
    /// Who does not answer the INVITE now never will (§9.1).
    Sent {
        give_up: Instant,
    },
}

#[derive(Debug)]
struct Incoming {
    responder: Responder,
    dialog: Dialog,
    seq: u32,
    /// The INVITE's Expires header (§13.3.1).
    expires: Option<Instant>,
    repeat: Option<Repeat>,
}

/// A provisional response that is sent again so that proxies keep the call
/// (§13.3.1.1).
#[derive(Debug)]
struct Repeat {
    at: Instant,
    code: StatusCode,
    bytes: Bytes,
}

#[derive(Debug)]
struct Active {
    dialog: Dialog,
    /// Whether we made the Call-ID: the longer pause after a 491 (§14.1).
    caller: bool,
    invite: Invite,
    /// After a 491 to our re-INVITE: when the next one may go (§14.1).
    pause: Option<Instant>,
    /// The BYE that waits until it may be sent.
    goodbye: Option<ExtraHeaders>,
}

/// The INVITE transaction inside an active call, if one runs.
#[derive(Debug)]
enum Invite {
    Idle,
    /// Our 2xx waits for its ACK; it is sent again until then (§13.3.1.4).
    AwaitAck(Box<AwaitAck>),
    /// The 2xx to our INVITE brought an offer: the application owes the ACK.
    OweAck {
        request: RequestId,
        seq: u32,
    },
    /// Our re-INVITE has no final response.
    Sent(Box<Sent>),
    /// The peer's re-INVITE waits for the application.
    Received {
        responder: Box<Responder>,
        seq: u32,
    },
}

#[derive(Debug)]
struct AwaitAck {
    server: ServerId,
    seq: u32,
    response: Bytes,
    next: Instant,
    interval: Duration,
    give_up: Instant,
}

#[derive(Debug)]
struct Sent {
    request: RequestId,
    content: Content,
    seq: u32,
    cancel: Cancel,
}

#[derive(Debug)]
struct Leaving {
    request: RequestId,
    dialog: Dialog,
    headers: ExtraHeaders,
    finale: Finale,
}

/// The last event of the call.
#[derive(Debug)]
enum Finale {
    Failed(Cause),
    Ended(Originator, Cause),
}

/// A 2xx to one of our INVITEs that we have seen.
#[derive(Debug)]
struct Acked {
    invite: RequestId,
    /// The To tag of the 2xx: forks differ in it.
    tag: Box<str>,
    /// `None` while the application owes it.
    ack: Option<RequestId>,
}

impl Call {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether there is a dialog, early or confirmed.
    pub(crate) fn has_dialog(&self) -> bool {
        match self.state {
            State::Incoming(_) | State::Active(_) | State::Leaving(_) => true,
            State::Calling(_) | State::Over => false,
        }
    }

    /// What the call is doing, for error messages.
    fn state_name(&self) -> &'static str {
        match &self.state {
            State::Calling(_) => "calling",
            State::Incoming(_) => "ringing",
            State::Active(active) => match active.invite {
                Invite::Idle if active.pause.is_some() => "pausing after a 491",
                Invite::Idle => "active",
                Invite::AwaitAck(_) => "waiting for the ACK",
                Invite::OweAck { .. } => "owing the ACK",
                Invite::Sent(_) => "waiting for the answer to a re-INVITE",
                Invite::Received { .. } => "having a re-INVITE to answer",
            },
            State::Leaving(_) => "leaving",
            State::Over => "over",
        }
    }

    fn illegal<T>(&self, command: &'static str) -> Result<T, Refused> {
        Err(Refused::IllegalState { command, state: self.state_name() })
    }

    fn tell(&self, core: &mut Core, event: CallEvent) {
        core.event(Event::Call { call: self.key, event });
    }

    fn owner(&self) -> Owner {
        Owner::Call(self.key)
    }

    /// Something has become of one of our requests.
    pub(crate) fn on_outcome(&mut self, core: &mut Core, outcome: Outcome) {
        match outcome {
            Outcome::Response { request, response, .. } => {
                if self.acknowledge_again(core, request, &response) {
                    return;
                }
                match &self.state {
                    State::Calling(calling) if calling.request == request => {
                        self.on_invite_response(core, response);
                    }
                    State::Active(active) if active.waits_for(request) => {
                        self.on_reinvite_response(core, response);
                    }
                    State::Leaving(leaving) if leaving.request == request => {
                        self.on_bye_response(core, &response);
                    }
                    _ => {}
                }
            }
            Outcome::Failed { request, cause, .. } => match &self.state {
                State::Calling(calling) if calling.request == request => {
                    self.on_invite_failure(core, cause);
                }
                State::Active(active) if active.waits_for(request) => {
                    self.on_reinvite_failure(core, cause);
                }
                State::Leaving(leaving) if leaving.request == request => self.say_goodbye(core),
                _ => {}
            },
            Outcome::Over { request, .. } => self.forget_acks(core, Some(request)),
        }
    }

    /// A request of the peer's in this call's dialog.
    pub(crate) fn on_request(
        &mut self,
        core: &mut Core,
        request: &Request<'_>,
        responder: Responder,
    ) {
        let dialog = match &mut self.state {
            State::Incoming(incoming) => &mut incoming.dialog,
            State::Active(active) => &mut active.dialog,
            State::Leaving(leaving) => &mut leaving.dialog,
            State::Calling(_) | State::Over => {
                core.respond_code(&responder, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
                return;
            }
        };
        if !dialog.matches(request) {
            core.respond_code(&responder, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            return;
        }
        if !dialog.accept_seq(request) {
            core.respond_code(&responder, StatusCode::SERVER_INTERNAL_ERROR);
            return;
        }
        if crate::usage::options::refuse(core, &responder, request) {
            return;
        }
        match request.method {
            Method::Bye => self.on_bye(core, request, &responder),
            Method::Invite => self.on_reinvite(core, request, responder),
            Method::Options => crate::usage::options::answer(core, &responder),
            method => crate::usage::options::refuse_method(core, &responder, method),
        }
    }

    /// The deadline has come.
    pub(crate) fn on_timer(&mut self, core: &mut Core, at: Instant) {
        self.alarm.rang(at);
        if self.deadline().is_none_or(|deadline| deadline > core.now) {
            return;
        }
        match &self.state {
            State::Calling(_) => self.on_cancel_timeout(core),
            State::Incoming(_) => self.on_ringing_timer(core),
            State::Active(_) => self.on_active_timer(core),
            State::Leaving(_) | State::Over => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Calling(calling) => calling.cancel.deadline(),
            State::Incoming(incoming) => {
                let repeat = incoming.repeat.as_ref().map(|repeat| repeat.at);
                repeat.into_iter().chain(incoming.expires).min()
            }
            State::Active(active) => match &active.invite {
                Invite::AwaitAck(wait) => Some(wait.next.min(wait.give_up)),
                Invite::Sent(sent) => sent.cancel.deadline(),
                Invite::Idle => active.pause,
                Invite::OweAck { .. } | Invite::Received { .. } => None,
            },
            State::Leaving(_) | State::Over => None,
        }
    }

    /// After every input.
    pub(crate) fn settle(&mut self, core: &mut Core) {
        let deadline = self.deadline();
        core.deadlines.arm(&mut self.alarm, deadline, Sleeper::Call(self.key));
        if self.is_over() {
            self.forget_acks(core, None);
        }
    }

    /// Adds what all our requests have but Via and the dialog's headers.
    fn dress(&mut self, core: &mut Core, draft: &mut Draft, content: &Content, fresh_auth: bool) {
        if matches!(draft.method, Method::Invite) {
            draft.contact = Some(ContactDraft { user: self.user.clone(), params: "".into() });
            draft.header("Allow", crate::usage::options::ALLOW);
        }
        if let Some(identity) = &self.identity {
            draft.preferred = identity.transport.unwrap_or(draft.preferred);
            draft.tls_name.clone_from(&identity.tls_name);
        }
        if let Some(agent) = &core.config.user_agent {
            draft.header("User-Agent", agent);
        }
        draft.extra(&content.headers);
        draft.body.clone_from(&content.body);
        if draft.method == Method::Ack {
            return;
        }
        if fresh_auth {
            self.auth.begin();
        }
        authorize(&mut self.auth, core, draft);
    }
}

/// Adds the credentials that are known to be wanted.
pub(crate) fn authorize(auth: &mut Authenticator, core: &mut Core, draft: &mut Draft) {
    let body = draft.body.as_ref().map(|body| body.content.clone()).unwrap_or_default();
    let method = draft.method.clone();
    let random = &mut core.random;
    let cnonce = || token(random.bits()).to_string();
    let uri = draft.uri.clone();
    auth.headers(method.as_str(), &uri, &body, cnonce, |name, value| draft.header(name, value));
}

impl Cancel {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Sent { give_up } => Some(*give_up),
            Self::No | Self::Held(_) => None,
        }
    }

    fn is_wanted(&self) -> bool {
        !matches!(self, Self::No)
    }
}

impl Active {
    fn state(dialog: Dialog, caller: bool, invite: Invite) -> State {
        State::Active(Box::new(Self { dialog, caller, invite, pause: None, goodbye: None }))
    }

    fn waits_for(&self, request: RequestId) -> bool {
        matches!(&self.invite, Invite::Sent(sent) if sent.request == request)
    }
}
