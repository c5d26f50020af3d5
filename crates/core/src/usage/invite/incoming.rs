//! Being called: the peer's INVITE until our final response
//! (RFC 3261 §13.3, §9.2).

use std::time::Duration;

use super::{Active, AwaitAck, Call, Incoming, Invite, Repeat, State};
use crate::auth::Authenticator;
use crate::dialog::Dialog;
use crate::header::Expires;
use crate::message::{Message, StatusCode};
use crate::stack::core::Core;
use crate::stack::deadlines::Alarm;
use crate::stack::reply::Responder;
use crate::stack::request::Request;
use crate::stack::{CallEvent, CallKey, Cause, Content, IncomingCall, Path, Refused};

/// How often a provisional response is repeated, so that proxies don't give up
/// (§13.3.1.1).
const PROVISIONAL_REPEAT: Duration = Duration::from_secs(60);

impl Call {
    /// An INVITE came: answers 100 and tells the application. `None` if it
    /// can't make a dialog; it has been answered then.
    pub(crate) fn incoming(
        core: &mut Core,
        key: CallKey,
        request: &Request<'_>,
        responder: Responder,
        path: &Path,
    ) -> Option<Self> {
        let Some(dialog) = Dialog::from_request(request, responder.local_tag) else {
            core.respond_code(&responder, StatusCode::BAD_REQUEST);
            return None;
        };
        core.respond_code(&responder, StatusCode::TRYING);
        let expires = request.message.typed::<Expires>().ok().flatten();
        let expires = expires.map(|expires| core.now + Duration::from_secs(u64::from(expires.0)));
        let seq = request.seq();
        if let Some(server) = core.servers.get_mut(responder.server) {
            server.call = Some(key);
        }
        let local_tag = responder.local_tag;
        let incoming = Incoming { responder, dialog, seq, expires, repeat: None };
        let call = Self {
            key,
            local_tag,
            user: incoming.responder.user().into(),
            identity: None,
            auth: Authenticator::default(),
            state: State::Incoming(Box::new(incoming)),
            acks: Vec::new(),
            alarm: Alarm::default(),
        };
        let (transport, remote) = (path.transport(), path.remote());
        let local = core.local_of(path);
        let request = request.message.clone();
        call.tell(core, CallEvent::Incoming(IncomingCall { request, transport, local, remote }));
        Some(call)
    }

    /// Sends a provisional response.
    pub(crate) fn progress(
        &mut self,
        core: &mut Core,
        code: StatusCode,
        content: &Content,
    ) -> Result<(), Refused> {
        if !code.is_provisional() || code == StatusCode::TRYING {
            return Err(Refused::BadStatus(code.code()));
        }
        match &mut self.state {
            State::Incoming(incoming) => {
                let bytes = core.respond_content(&incoming.responder, code, true, &[], content);
                let at = core.now + PROVISIONAL_REPEAT;
                incoming.repeat = Some(Repeat { at, code, bytes });
                Ok(())
            }
            State::Active(active) => match &active.invite {
                Invite::Received { responder, .. } => {
                    core.respond_content(responder, code, true, &[], content);
                    Ok(())
                }
                _ => self.illegal("progress"),
            },
            _ => self.illegal("progress"),
        }
    }

    /// Answers the INVITE or re-INVITE that waits.
    pub(crate) fn answer(&mut self, core: &mut Core, content: &Content) -> Result<(), Refused> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Incoming(incoming) => {
                let Incoming { responder, dialog, seq, .. } = *incoming;
                let invite = accept(core, &responder, seq, content);
                self.state = Active::state(dialog, false, invite);
                Ok(())
            }
            State::Active(mut active) => {
                let invite = std::mem::replace(&mut active.invite, Invite::Idle);
                let answered = match invite {
                    Invite::Received { responder, seq } => {
                        active.invite = accept(core, &responder, seq, content);
                        true
                    }
                    other => {
                        active.invite = other;
                        false
                    }
                };
                self.state = State::Active(active);
                if answered { Ok(()) } else { self.illegal("answer") }
            }
            other => {
                self.state = other;
                self.illegal("answer")
            }
        }
    }

    /// Refuses the INVITE or re-INVITE that waits.
    pub(crate) fn reject(
        &mut self,
        core: &mut Core,
        code: StatusCode,
        content: &Content,
    ) -> Result<(), Refused> {
        if code.code() < 300 {
            return Err(Refused::BadStatus(code.code()));
        }
        match &mut self.state {
            State::Incoming(incoming) => {
                core.respond_content(&incoming.responder, code, false, &[], content);
                self.fail(core, Cause::Requested);
                Ok(())
            }
            State::Active(active) => match &active.invite {
                Invite::Received { responder, .. } => {
                    core.respond_content(responder, code, false, &[], content);
                    active.invite = Invite::Idle;
                    Ok(())
                }
                _ => self.illegal("reject"),
            },
            _ => self.illegal("reject"),
        }
    }

    /// The peer takes its INVITE or re-INVITE back. The CANCEL itself has been
    /// answered.
    pub(crate) fn on_cancel(&mut self, core: &mut Core, request: &Message) {
        match &mut self.state {
            State::Incoming(incoming) => {
                core.respond_code(&incoming.responder, StatusCode::REQUEST_TERMINATED);
                self.fail(core, Cause::Request(request.clone()));
            }
            State::Active(active) => {
                if let Invite::Received { responder, .. } = &active.invite {
                    core.respond_code(responder, StatusCode::REQUEST_TERMINATED);
                    active.invite = Invite::Idle;
                    self.tell(core, CallEvent::ReinviteCancelled);
                }
            }
            // Answered already: the CANCEL has no effect.
            State::Calling(_) | State::Leaving(_) | State::Over => {}
        }
    }

    /// The INVITE has expired, or the provisional response is to be repeated.
    pub(super) fn on_ringing_timer(&mut self, core: &mut Core) {
        let now = core.now;
        let State::Incoming(incoming) = &mut self.state else { return };
        if incoming.expires.is_some_and(|expires| expires <= now) {
            core.respond_code(&incoming.responder, StatusCode::REQUEST_TERMINATED);
            self.fail(core, Cause::Timeout);
        } else if let Some(repeat) = &mut incoming.repeat
            && repeat.at <= now
        {
            repeat.at = now + PROVISIONAL_REPEAT;
            core.respond_bytes(incoming.responder.server, repeat.code, repeat.bytes.clone());
        }
    }
}

/// Sends the 200 and waits for its ACK.
fn accept(core: &mut Core, responder: &Responder, seq: u32, content: &Content) -> Invite {
    let headers = [("Allow", crate::usage::options::ALLOW)];
    let response = core.respond_content(responder, StatusCode::OK, true, &headers, content);
    let timers = core.config.timers;
    Invite::AwaitAck(Box::new(AwaitAck {
        server: responder.server,
        seq,
        response,
        next: core.now + timers.t1,
        interval: timers.t1,
        give_up: core.now + timers.transaction_timeout(),
    }))
}
