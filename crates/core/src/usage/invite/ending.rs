//! The end of a call: BYE both ways (RFC 3261 §15).

use super::{Call, Finale, Invite, Leaving, State};
use crate::dialog::Dialog;
use crate::message::{Message, Method, StatusCode};
use crate::stack::core::Core;
use crate::stack::reply::Responder;
use crate::stack::request::Request;
use crate::stack::{CallEvent, Cause, Content, ExtraHeaders, Originator, Refused};

impl Call {
    /// The application hangs up, whatever the state.
    pub(crate) fn hangup(&mut self, core: &mut Core, headers: ExtraHeaders) -> Result<(), Refused> {
        match &mut self.state {
            State::Calling(_) => self.cancel_invite(core, headers),
            State::Incoming(_) => {
                self.reject(core, StatusCode::DECLINE, &Content { headers, ..Content::default() })
            }
            State::Active(active) if active.goodbye.is_some() => self.illegal("hangup"),
            State::Active(active) => match active.invite {
                // §15: not before the ACK has come, or the waiting for it is over.
                Invite::AwaitAck(_) => {
                    active.goodbye = Some(headers);
                    Ok(())
                }
                _ => {
                    self.bye(core, headers, Finale::Ended(Originator::Local, Cause::Requested));
                    Ok(())
                }
            },
            State::Leaving(_) | State::Over => self.illegal("hangup"),
        }
    }

    /// Ends an active call with BYE, and the INVITE in it, if one runs.
    pub(super) fn bye(&mut self, core: &mut Core, headers: ExtraHeaders, finale: Finale) {
        let State::Active(active) = std::mem::replace(&mut self.state, State::Over) else { return };
        let mut dialog = active.dialog;
        match active.invite {
            Invite::OweAck { request, seq } => {
                let ack = self.send_ack(core, request, &mut dialog, seq, None);
                self.note_ack(core, request, ack);
            }
            Invite::Sent(sent) => {
                core.cancel(sent.request, &ExtraHeaders::new());
                core.disown(sent.request);
            }
            Invite::Received { responder, .. } => {
                core.respond_code(&responder, StatusCode::REQUEST_TERMINATED);
            }
            Invite::Idle | Invite::AwaitAck(_) => {}
        }
        self.leave(core, dialog, headers, finale);
    }

    /// Sends the BYE.
    pub(super) fn leave(
        &mut self,
        core: &mut Core,
        mut dialog: Dialog,
        headers: ExtraHeaders,
        finale: Finale,
    ) {
        let mut draft = dialog.draft(Method::Bye, None);
        let content = Content { headers, ..Content::default() };
        self.dress(core, &mut draft, &content, true);
        let request = core.send(self.owner(), draft);
        let headers = content.headers;
        self.state = State::Leaving(Box::new(Leaving { request, dialog, headers, finale }));
    }

    pub(super) fn on_bye_response(&mut self, core: &mut Core, response: &Message) {
        let Some(code) = response.status().filter(|code| code.is_final()) else { return };
        let challenged =
            matches!(code, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        let identity = self.identity.clone();
        let credentials = identity.as_ref().map(|identity| &identity.credentials[..]);
        if challenged && self.auth.on_challenge(response, credentials.unwrap_or_default()).is_ok() {
            let State::Leaving(leaving) = &mut self.state else { return };
            let mut draft = leaving.dialog.draft(Method::Bye, None);
            let headers = leaving.headers.clone();
            self.dress(core, &mut draft, &Content { headers, ..Content::default() }, false);
            let request = core.send(self.owner(), draft);
            if let State::Leaving(leaving) = &mut self.state {
                leaving.request = request;
            }
            return;
        }
        self.say_goodbye(core);
    }

    /// The BYE is answered, or never will be.
    pub(super) fn say_goodbye(&mut self, core: &mut Core) {
        let State::Leaving(leaving) = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        match leaving.finale {
            Finale::Failed(cause) => self.tell(core, CallEvent::Failed { cause }),
            Finale::Ended(by, cause) => self.tell(core, CallEvent::Ended { by, cause }),
        }
    }

    /// The peer hangs up.
    pub(super) fn on_bye(&mut self, core: &mut Core, request: &Request<'_>, responder: &Responder) {
        core.respond_code(responder, StatusCode::OK);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Incoming(incoming) => {
                core.respond_code(&incoming.responder, StatusCode::REQUEST_TERMINATED);
                let cause = Cause::Request(request.message.clone());
                self.tell(core, CallEvent::Failed { cause });
            }
            State::Active(active) => {
                match active.invite {
                    Invite::Received { responder, .. } => {
                        core.respond_code(&responder, StatusCode::REQUEST_TERMINATED);
                    }
                    Invite::Sent(sent) => core.disown(sent.request),
                    _ => {}
                }
                let cause = Cause::Request(request.message.clone());
                self.tell(core, CallEvent::Ended { by: Originator::Remote, cause });
            }
            // Two BYEs have crossed: ours is still to be answered.
            leaving @ State::Leaving(_) => self.state = leaving,
            other @ (State::Calling(_) | State::Over) => self.state = other,
        }
    }

    /// The call did not come about.
    pub(super) fn fail(&mut self, core: &mut Core, cause: Cause) {
        self.state = State::Over;
        self.tell(core, CallEvent::Failed { cause });
    }
}
