//! Carrying out [`Command`]s.

use super::machine::{Shutdown, Stack};
use super::{Accepted, Command, Content, ExtraHeaders, Identity, Refused};

impl Stack {
    pub(super) fn command(&mut self, command: Command) -> Result<Accepted, Refused> {
        let Self { core, usages, shutdown } = self;
        let no_call = Refused::NoSuchCall;
        let no_registration = Refused::NoSuchRegistration;
        match command {
            Command::Call(_) | Command::Register(_) if *shutdown != Shutdown::No => {
                return Err(Refused::ShuttingDown);
            }
            Command::Call(call) => {
                if usages.calls() >= core.config.limits.calls {
                    return Err(Refused::TooMany("calls"));
                }
                if core.clients.len() >= core.config.limits.client_requests {
                    return Err(Refused::TooMany("requests"));
                }
                check_identity(&call.identity)?;
                check_text(call.to_display_name.as_deref(), "display name")?;
                return Ok(Accepted::Call(usages.outgoing_call(core, *call)));
            }
            Command::Progress { content: Content { reason: Some(reason), .. }, .. }
            | Command::Answer { content: Content { reason: Some(reason), .. }, .. }
            | Command::Reject { content: Content { reason: Some(reason), .. }, .. }
                if reason.chars().any(char::is_control) =>
            {
                return Err(Refused::BadValue("reason phrase"));
            }
            Command::Progress { call, code, content } => usages
                .try_with_call(core, call, |call, core| call.progress(core, code, &content))
                .ok_or(no_call)??,
            Command::Answer { call, content } => usages
                .try_with_call(core, call, |call, core| call.answer(core, &content))
                .ok_or(no_call)??,
            Command::Reject { call, code, content } => usages
                .try_with_call(core, call, |call, core| call.reject(core, code, &content))
                .ok_or(no_call)??,
            Command::Acknowledge { call, body } => usages
                .try_with_call(core, call, |call, core| call.acknowledge(core, body))
                .ok_or(no_call)??,
            Command::Hangup { call, headers } => usages
                .try_with_call(core, call, |call, core| call.hangup(core, headers))
                .ok_or(no_call)??,
            Command::Reinvite { call, content } => usages
                .try_with_call(core, call, |call, core| call.reinvite(core, content))
                .ok_or(no_call)??,
            Command::CancelReinvite { call } => usages
                .try_with_call(core, call, |call, core| call.cancel_reinvite(core))
                .ok_or(no_call)??,
            Command::Register(request) => {
                if usages.registrations() >= core.config.limits.registrations {
                    return Err(Refused::TooMany("registrations"));
                }
                check_identity(&request.identity)?;
                check_text(request.contact_params.as_deref(), "contact parameters")?;
                return Ok(Accepted::Registration(usages.registration(core, *request)));
            }
            Command::Refresh { registration } => usages
                .try_with_registration(core, registration, |r, core| r.refresh(core))
                .ok_or(no_registration)??,
            Command::Unregister { registration } => usages
                .try_with_registration(core, registration, |r, core| r.unregister(core))
                .ok_or(no_registration)??,
            Command::Shutdown { unregister } => self.shut_down(unregister),
        }
        Ok(Accepted::Done)
    }

    fn shut_down(&mut self, unregister: bool) {
        let Self { core, usages, shutdown } = self;
        if *shutdown != Shutdown::No {
            return;
        }
        *shutdown = Shutdown::Running;
        for call in usages.call_keys() {
            // A call that is ending already goes on doing so.
            usages.with_call(core, call, |call, core| {
                let _ = call.hangup(core, ExtraHeaders::new());
            });
        }
        for registration in usages.registration_keys() {
            let _ = usages.try_with_registration(core, registration, |registration, core| {
                if unregister {
                    let _ = registration.unregister(core);
                } else {
                    registration.drop_silently(core);
                }
            });
        }
    }
}

fn check_identity(identity: &Identity) -> Result<(), Refused> {
    check_text(identity.display_name.as_deref(), "display name")?;
    check_text(identity.contact_user.as_deref(), "contact user")
}

/// Text that is printed into a header must not end its line.
fn check_text(text: Option<&str>, what: &'static str) -> Result<(), Refused> {
    match text {
        Some(text) if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) => {
            Err(Refused::BadValue(what))
        }
        _ => Ok(()),
    }
}
