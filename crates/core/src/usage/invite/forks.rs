//! 2xx responses to our INVITEs: each gets its ACK as often as it comes, and
//! those of further forks a BYE, too (RFC 3261 §13.2.2.4).

use super::{Acked, Call};
use crate::dialog::Dialog;
use crate::header::{CSeq, From, HeaderName, To};
use crate::message::{Message, Method};
use crate::stack::clients::{Owner, RequestId, Stage};
use crate::stack::core::Core;
use crate::stack::{Body, Content};

impl Call {
    /// The first 2xx to an INVITE of ours: sends the ACK, unless the
    /// application is going to.
    pub(super) fn note_success(
        &mut self,
        core: &mut Core,
        invite: RequestId,
        dialog: &mut Dialog,
        seq: u32,
        by_application: bool,
    ) {
        let tag = dialog.remote_tag().into();
        let ack = match by_application {
            true => None,
            false => Some(self.send_ack(core, invite, dialog, seq, None)),
        };
        self.acks.push(Acked { invite, tag, ack });
    }

    /// Sends the ACK to a 2xx. It carries the credentials that its INVITE did
    /// (§22.1).
    pub(super) fn send_ack(
        &mut self,
        core: &mut Core,
        invite: RequestId,
        dialog: &mut Dialog,
        seq: u32,
        body: Option<Body>,
    ) -> RequestId {
        let mut draft = dialog.draft(Method::Ack, Some(seq));
        if let Some(Stage::Running(running)) = core.clients.get(invite).map(|client| &client.stage)
            && let Ok(sent) = Message::parse(running.sent.clone())
        {
            for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
                for value in sent.values(name) {
                    draft.header(name.as_str(), value);
                }
            }
        }
        let content = Content { body, ..Content::default() };
        self.dress(core, &mut draft, &content, false);
        core.send(Owner::Nobody, draft)
    }

    /// A 2xx to an INVITE that already has one: true if that is what it was.
    pub(super) fn acknowledge_again(
        &mut self,
        core: &mut Core,
        invite: RequestId,
        response: &Message,
    ) -> bool {
        let of_invite = || self.acks.iter().filter(|acked| acked.invite == invite);
        if !response.status().is_some_and(|code| code.is_success()) || of_invite().count() == 0 {
            return false;
        }
        let tag = response.typed::<To<'_>>().ok().flatten().and_then(|to| to.tag);
        let tag = tag.unwrap_or_default();
        match of_invite().find(|acked| &*acked.tag == tag) {
            Some(known) => {
                if let Some(ack) = known.ack {
                    core.resend(ack);
                }
            }
            None if of_invite().count() < core.config.limits.forks => {
                self.end_fork(core, invite, response);
            }
            None => {}
        }
        true
    }

    /// Another fork answered, too: it is acknowledged and ended.
    fn end_fork(&mut self, core: &mut Core, invite: RequestId, response: &Message) {
        let from = response.value(HeaderName::From).unwrap_or_default();
        let is_ours = response.typed::<From<'_>>().is_ok_and(|from| from.is_some());
        let seq = response.typed::<CSeq>().ok().flatten().map_or(0, |cseq| cseq.number);
        let Some(mut dialog) = Dialog::from_response(response, from, seq).filter(|_| is_ours)
        else {
            return;
        };
        self.note_success(core, invite, &mut dialog, seq, false);
        let mut bye = dialog.draft(Method::Bye, None);
        self.dress(core, &mut bye, &Content::default(), true);
        core.send(Owner::Nobody, bye);
    }

    /// The transaction of an INVITE is over (or the whole call): its 2xx won't
    /// come again.
    pub(super) fn forget_acks(&mut self, core: &mut Core, invite: Option<RequestId>) {
        self.acks.retain(|acked| {
            let over = invite.is_none_or(|invite| invite == acked.invite);
            if over {
                if let Some(ack) = acked.ack {
                    core.abandon(ack);
                }
                core.disown(acked.invite);
            }
            !over
        });
    }
}
