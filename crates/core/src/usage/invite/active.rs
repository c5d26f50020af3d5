//! An answered call: the ACK, and what happens by time alone
//! (RFC 3261 §13.3.1.4, §14.1).

use super::{Acked, Call, Finale, Invite, State};
use crate::message::StatusCode;
use crate::stack::clients::RequestId;
use crate::stack::core::Core;
use crate::stack::request::Request;
use crate::stack::{Body, CallEvent, Cause, ExtraHeaders, Originator, Refused};

impl Call {
    /// An ACK of the peer's that belongs to our 2xx.
    pub(crate) fn on_ack(&mut self, core: &mut Core, request: &Request<'_>) {
        let State::Active(active) = &mut self.state else { return };
        match &active.invite {
            Invite::AwaitAck(wait)
                if wait.seq == request.seq() && active.dialog.matches(request) =>
            {
                active.invite = Invite::Idle;
            }
            _ => return,
        }
        match active.goodbye.take() {
            Some(headers) => {
                self.bye(core, headers, Finale::Ended(Originator::Local, Cause::Requested));
            }
            None => {
                let request = request.message.clone();
                self.tell(core, CallEvent::Acknowledged { request });
            }
        }
    }

    /// The application brings the ACK to a 2xx that made an offer.
    pub(crate) fn acknowledge(
        &mut self,
        core: &mut Core,
        body: Option<Body>,
    ) -> Result<(), Refused> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Active(mut active) => {
                let Invite::OweAck { request, seq } = active.invite else {
                    self.state = State::Active(active);
                    return self.illegal("acknowledge");
                };
                let ack = self.send_ack(core, request, &mut active.dialog, seq, body);
                self.note_ack(core, request, ack);
                active.invite = Invite::Idle;
                self.state = State::Active(active);
                Ok(())
            }
            other => {
                self.state = other;
                self.illegal("acknowledge")
            }
        }
    }

    /// The ACK that the application owed has been sent.
    pub(super) fn note_ack(&mut self, core: &mut Core, invite: RequestId, ack: RequestId) {
        let owed = |acked: &&mut Acked| acked.invite == invite && acked.ack.is_none();
        match self.acks.iter_mut().find(owed) {
            Some(acked) => acked.ack = Some(ack),
            // So late that the 2xx can't come again: nothing to keep it for.
            None if core.is_sent(ack) => core.abandon(ack),
            // Its way is still looked for; the end of the call lets it go.
            None => self.acks.push(Acked { invite, tag: "".into(), ack: Some(ack) }),
        }
    }

    /// A 2xx is to be sent again, or a pause is over.
    pub(super) fn on_active_timer(&mut self, core: &mut Core) {
        let now = core.now;
        let t2 = core.config.timers.t2;
        let State::Active(active) = &mut self.state else { return };
        match &mut active.invite {
            Invite::AwaitAck(wait) if wait.give_up <= now => {
                let finale = match active.goodbye.take() {
                    Some(_) => Finale::Ended(Originator::Local, Cause::Requested),
                    None => Finale::Ended(Originator::Local, Cause::AckMissing),
                };
                self.bye(core, ExtraHeaders::new(), finale);
            }
            Invite::AwaitAck(wait) => {
                wait.interval = (wait.interval * 2).min(t2);
                wait.next = now + wait.interval;
                core.respond_bytes(wait.server, StatusCode::OK, wait.response.clone());
            }
            Invite::Idle => {
                active.pause = None;
                self.tell(core, CallEvent::ReinviteDue);
            }
            Invite::Sent(sent) => {
                // Cancelled, and no answer even so.
                core.abandon(sent.request);
                active.invite = Invite::Idle;
                self.tell(core, CallEvent::ReinviteFailed { cause: Cause::Requested });
            }
            Invite::OweAck { .. } | Invite::Received { .. } => {}
        }
    }
}
