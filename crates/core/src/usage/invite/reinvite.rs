//! Changing a call: re-INVITE both ways (RFC 3261 §14).

use std::time::Duration;

use super::{Active, Call, Cancel, Finale, Invite, Sent, State};
use crate::message::{Message, Method, StatusCode};
use crate::stack::core::Core;
use crate::stack::reply::{Answer, Responder};
use crate::stack::request::Request;
use crate::stack::{CallEvent, Cause, Content, ExtraHeaders, Originator, Refused};

/// The pause after a 491, in milliseconds: for the side that made the Call-ID,
/// and for the other one (§14.1).
const PAUSE_OF_CALLER: (u64, u64) = (2_100, 4_000);
const PAUSE_OF_CALLED: (u64, u64) = (0, 2_000);

/// The unit of that pause (§14.1), in milliseconds.
const PAUSE_UNIT: u64 = 10;

impl Call {
    /// Sends a re-INVITE.
    pub(crate) fn reinvite(&mut self, core: &mut Core, content: Content) -> Result<(), Refused> {
        match &self.state {
            State::Active(active)
                if matches!(active.invite, Invite::Idle) && active.pause.is_none() =>
            {
                self.send_reinvite(core, content, true);
                Ok(())
            }
            _ => self.illegal("reinvite"),
        }
    }

    fn send_reinvite(&mut self, core: &mut Core, content: Content, fresh_auth: bool) {
        let State::Active(mut active) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let mut draft = active.dialog.draft(Method::Invite, None);
        let seq = active.dialog.local_seq();
        self.dress(core, &mut draft, &content, fresh_auth);
        let request = core.send(self.owner(), draft);
        let cancel = Cancel::No;
        active.invite = Invite::Sent(Box::new(Sent { request, content, seq, cancel }));
        self.state = State::Active(active);
    }

    /// Takes our re-INVITE back.
    pub(crate) fn cancel_reinvite(&mut self, core: &mut Core) -> Result<(), Refused> {
        let State::Active(active) = &mut self.state else {
            return self.illegal("cancel_reinvite");
        };
        let Invite::Sent(sent) = &mut active.invite else {
            return self.illegal("cancel_reinvite");
        };
        if sent.cancel.is_wanted() {
            return self.illegal("cancel_reinvite");
        }
        if core.cancel(sent.request, &ExtraHeaders::new()) {
            let give_up = core.now + core.config.timers.transaction_timeout();
            sent.cancel = Cancel::Sent { give_up };
        } else {
            sent.cancel = Cancel::Held(ExtraHeaders::new());
        }
        Ok(())
    }

    pub(super) fn on_reinvite_response(&mut self, core: &mut Core, response: Message) {
        let Some(code) = response.status() else { return };
        let State::Active(active) = &mut self.state else { return };
        let Invite::Sent(sent) = &mut active.invite else { return };
        if code.is_provisional() {
            if let Cancel::Held(headers) = &sent.cancel
                && core.cancel(sent.request, headers)
            {
                let give_up = core.now + core.config.timers.transaction_timeout();
                sent.cancel = Cancel::Sent { give_up };
            }
            return;
        }
        let Invite::Sent(sent) = std::mem::replace(&mut active.invite, Invite::Idle) else {
            return;
        };
        match code {
            _ if code.is_success() => self.on_reinvite_success(core, *sent, response),
            StatusCode::REQUEST_PENDING if !sent.cancel.is_wanted() => self.postpone(core),
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED
                if !sent.cancel.is_wanted() =>
            {
                let identity = self.identity.clone();
                let credentials = identity.as_ref().map(|identity| &identity.credentials[..]);
                match self.auth.on_challenge(&response, credentials.unwrap_or_default()) {
                    Ok(()) => self.send_reinvite(core, sent.content, false),
                    Err(failure) => {
                        let cause = Cause::Authentication { failure, response };
                        self.tell(core, CallEvent::ReinviteFailed { cause });
                    }
                }
            }
            // §12.2.1.2: the dialog is gone.
            StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT => {
                let finale = Finale::Ended(Originator::Remote, Cause::Response(response));
                self.bye(core, ExtraHeaders::new(), finale);
            }
            _ => {
                let cause = Cause::Response(response);
                self.tell(core, CallEvent::ReinviteFailed { cause });
            }
        }
    }

    fn on_reinvite_success(&mut self, core: &mut Core, sent: Sent, response: Message) {
        let State::Active(mut active) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let Active { dialog, invite, .. } = &mut *active;
        dialog.refresh_target(&response);
        let late_offer = sent.content.body.is_none();
        self.note_success(core, sent.request, dialog, sent.seq, late_offer);
        if late_offer {
            *invite = Invite::OweAck { request: sent.request, seq: sent.seq };
        }
        self.state = State::Active(active);
        self.tell(core, CallEvent::ReinviteAnswered { response });
    }

    /// Two re-INVITEs have met: a pause of random length, after which the
    /// application offers again. The offer would be out of date otherwise.
    fn postpone(&mut self, core: &mut Core) {
        let State::Active(active) = &mut self.state else { return };
        let (from, to) = if active.caller { PAUSE_OF_CALLER } else { PAUSE_OF_CALLED };
        let steps = (to - from) / PAUSE_UNIT + 1;
        let pause = Duration::from_millis(from + core.random.bits() % steps * PAUSE_UNIT);
        active.pause = Some(core.now + pause);
        self.tell(core, CallEvent::ReinvitePostponed { pause });
    }

    /// No answer at all: the peer, or the way to it, is gone (§12.2.1.2).
    pub(super) fn on_reinvite_failure(&mut self, core: &mut Core, cause: Cause) {
        let State::Active(active) = &mut self.state else { return };
        active.invite = Invite::Idle;
        match cause {
            Cause::Timeout => {
                let finale = Finale::Ended(Originator::Local, Cause::Timeout);
                self.bye(core, ExtraHeaders::new(), finale);
            }
            cause => self.tell(core, CallEvent::ReinviteFailed { cause }),
        }
    }

    /// The peer's re-INVITE (§14.2).
    pub(super) fn on_reinvite(
        &mut self,
        core: &mut Core,
        request: &Request<'_>,
        responder: Responder,
    ) {
        let State::Active(active) = &mut self.state else {
            // The first INVITE is not answered yet, or the call is at its end.
            if matches!(self.state, State::Incoming(_)) {
                refuse_second(core, &responder);
            } else {
                core.respond_code(&responder, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            }
            return;
        };
        match &active.invite {
            Invite::Received { .. } => refuse_second(core, &responder),
            Invite::Sent(_) | Invite::OweAck { .. } | Invite::AwaitAck(_) => {
                core.respond_code(&responder, StatusCode::REQUEST_PENDING);
            }
            Invite::Idle => {
                core.respond_code(&responder, StatusCode::TRYING);
                active.dialog.refresh_target(request.message);
                if let Some(server) = core.servers.get_mut(responder.server) {
                    server.call = Some(self.key);
                }
                let seq = request.seq();
                active.invite = Invite::Received { responder: Box::new(responder), seq };
                let request = request.message.clone();
                self.tell(core, CallEvent::Reinvite { request });
            }
        }
    }
}

/// A second INVITE while the first has no final response (§14.2).
fn refuse_second(core: &mut Core, responder: &Responder) {
    let after = (core.random.bits() % 11).to_string();
    let headers = [("Retry-After", &*after)];
    let code = StatusCode::SERVER_INTERNAL_ERROR;
    core.respond(responder, &Answer { headers: &headers, ..Answer::new(code) });
}
