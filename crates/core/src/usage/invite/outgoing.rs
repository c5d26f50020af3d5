//! Calling: our INVITE until its final response (RFC 3261 §13.2, §9.1).

use std::sync::Arc;

use super::{Active, Call, Calling, Cancel, Finale, Invite, State};
use crate::auth::Authenticator;
use crate::dialog::Dialog;
use crate::header::NameAddr;
use crate::message::{Message, Method, StatusCode};
use crate::resolve::NextHop;
use crate::stack::core::Core;
use crate::stack::deadlines::Alarm;
use crate::stack::draft::Draft;
use crate::stack::random::token;
use crate::stack::{
    CallEvent, CallKey, Cause, Content, ExtraHeaders, Identity, OutgoingCall, Refused,
};

impl Call {
    /// Sends the first INVITE.
    pub(crate) fn outgoing(core: &mut Core, key: CallKey, call: OutgoingCall) -> Self {
        let call_id = format!("{}{}", token(core.random.bits()), token(core.random.bits()));
        let mut new = Self {
            key,
            local_tag: core.random.bits(),
            user: contact_user(&call.identity),
            identity: Some(Arc::clone(&call.identity)),
            auth: Authenticator::default(),
            state: State::Over,
            acks: Vec::new(),
            alarm: Alarm::default(),
        };
        new.invite(core, call, call_id.into(), 1, true);
        new
    }

    fn invite(
        &mut self,
        core: &mut Core,
        mut call: OutgoingCall,
        call_id: Box<str>,
        seq: u32,
        fresh_auth: bool,
    ) {
        let mut draft = out_of_dialog(Method::Invite, &call.identity, &call.to.view().to_owned());
        draft.header("From", self.from(&call.identity));
        let mut to = NameAddr::from(&call.to);
        if let Some(name) = &call.to_display_name {
            to = to.with_display_name(name);
        }
        draft.header("To", to);
        draft.header("Call-ID", &call_id);
        draft.header("CSeq", format_args!("{seq} INVITE"));
        let content = Content {
            body: call.body.take(),
            headers: std::mem::take(&mut call.headers),
            reason: None,
        };
        self.dress(core, &mut draft, &content, fresh_auth);
        call.body = content.body;
        call.headers = content.headers;
        let request = core.send(self.owner(), draft);
        let cancel = Cancel::No;
        self.state = State::Calling(Box::new(Calling { request, call, call_id, seq, cancel }));
    }

    fn from(&self, identity: &Identity) -> String {
        from_value(identity, self.local_tag)
    }

    pub(super) fn on_invite_response(&mut self, core: &mut Core, response: Message) {
        let Some(code) = response.status() else { return };
        if code.is_provisional() {
            self.on_progress(core, code, response);
        } else if code.is_success() {
            self.on_success(core, response);
        } else {
            self.on_refusal(core, code, response);
        }
    }

    fn on_progress(&mut self, core: &mut Core, code: StatusCode, response: Message) {
        let State::Calling(calling) = &mut self.state else { return };
        match &calling.cancel {
            Cancel::No if code != StatusCode::TRYING => {
                self.tell(core, CallEvent::Progress { response });
            }
            Cancel::Held(headers) => {
                if core.cancel(calling.request, headers) {
                    let give_up = core.now + core.config.timers.transaction_timeout();
                    calling.cancel = Cancel::Sent { give_up };
                }
            }
            Cancel::No | Cancel::Sent { .. } => {}
        }
    }

    /// The call stands, unless it was cancelled meanwhile: then it is ended.
    fn on_success(&mut self, core: &mut Core, response: Message) {
        let State::Calling(calling) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let Calling { request, call, seq, cancel, .. } = *calling;
        let from = self.from(&call.identity);
        let Some(mut dialog) = Dialog::from_response(&response, &from, seq) else {
            // Without a Contact there is nobody to talk to.
            core.disown(request);
            self.fail(core, Cause::Response(response));
            return;
        };
        let late_offer = call.body.is_none() && !cancel.is_wanted();
        self.note_success(core, request, &mut dialog, seq, late_offer);
        if cancel.is_wanted() {
            self.leave(core, dialog, ExtraHeaders::new(), Finale::Failed(Cause::Requested));
            return;
        }
        let invite = if late_offer { Invite::OweAck { request, seq } } else { Invite::Idle };
        self.state = Active::state(dialog, true, invite);
        self.tell(core, CallEvent::Answered { response });
    }

    fn on_refusal(&mut self, core: &mut Core, code: StatusCode, response: Message) {
        let State::Calling(calling) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        let Calling { call, call_id, seq, cancel, .. } = *calling;
        if cancel.is_wanted() {
            self.fail(core, Cause::Requested);
            return;
        }
        let challenged =
            matches!(code, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        if !challenged {
            self.fail(core, Cause::Response(response));
            return;
        }
        match self.auth.on_challenge(&response, &call.identity.credentials) {
            Ok(()) => self.invite(core, call, call_id, seq + 1, false),
            Err(failure) => self.fail(core, Cause::Authentication { failure, response }),
        }
    }

    pub(super) fn on_invite_failure(&mut self, core: &mut Core, cause: Cause) {
        let State::Calling(calling) = &self.state else { return };
        let cause = if calling.cancel.is_wanted() { Cause::Requested } else { cause };
        self.fail(core, cause);
    }

    /// The application does not want the call any more.
    pub(super) fn cancel_invite(
        &mut self,
        core: &mut Core,
        headers: ExtraHeaders,
    ) -> Result<(), Refused> {
        let State::Calling(calling) = &mut self.state else { return self.illegal("hangup") };
        if calling.cancel.is_wanted() {
            return self.illegal("hangup");
        }
        if !core.is_sent(calling.request) {
            core.abandon(calling.request);
            self.fail(core, Cause::Requested);
        } else if core.cancel(calling.request, &headers) {
            let give_up = core.now + core.config.timers.transaction_timeout();
            calling.cancel = Cancel::Sent { give_up };
        } else {
            calling.cancel = Cancel::Held(headers);
        }
        Ok(())
    }

    /// Nobody answered the INVITE after its CANCEL.
    pub(super) fn on_cancel_timeout(&mut self, core: &mut Core) {
        if let State::Calling(calling) = &self.state {
            core.abandon(calling.request);
            self.fail(core, Cause::Requested);
        }
    }
}

/// The user part of our Contact, escaped.
pub(crate) fn contact_user(identity: &Identity) -> Box<str> {
    match &identity.contact_user {
        Some(user) => {
            let host = identity.uri.host().clone();
            crate::uri::SipUri::new(host).with_user(user).user().unwrap_or_default().into()
        }
        None => identity.uri.user().unwrap_or_default().into(),
    }
}

/// Our From.
pub(crate) fn from_value(identity: &Identity, tag: u64) -> String {
    let mut from = NameAddr::from(&identity.uri);
    if let Some(name) = &identity.display_name {
        from = from.with_display_name(name);
    }
    format!("{from};tag={}", token(tag))
}

/// A request outside a dialog, on the identity's route (§8.1.1.1, §8.1.2).
pub(crate) fn out_of_dialog(method: Method, identity: &Identity, to: &crate::uri::SipUri) -> Draft {
    let uri = to.clone().without_headers();
    let hop = match identity.route.first() {
        Some(route) => NextHop::from_uri(&route.view()),
        None => NextHop::from_uri(&uri.view()),
    };
    let mut draft = Draft::new(method, uri.to_string().into(), hop.ok());
    draft.preferred = identity.transport.unwrap_or(draft.preferred);
    draft.tls_name.clone_from(&identity.tls_name);
    for route in &identity.route {
        draft.header("Route", format_args!("<{route}>"));
    }
    draft
}
