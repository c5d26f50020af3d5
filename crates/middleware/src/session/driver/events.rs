//! What the SIP engine tells the session.

use sipsimple_core::header::{Contact, HeaderName};
use sipsimple_core::message::{Message, Method};
use sipsimple_core::stack::{CallEvent, Cause, Originator as EngineOriginator};

use super::{Driver, Input};
use crate::application::lock;
use crate::notification::Originator;
use crate::session::description::{Offer, offer_in};
use crate::session::machine::{
    Failure, MediaChange, OfferedMedia, Reinvite, TIMEOUT, USER_REQUEST,
};
use crate::stream::RemoteMedia;

impl Driver {
    pub(super) fn event(&mut self, event: CallEvent) {
        let input = match event {
            CallEvent::Progress { response } => {
                self.heard(&response);
                let (code, reason) = status(&response);
                Input::Progress { code, reason }
            }
            CallEvent::Answered { response } => {
                self.heard(&response);
                let media = self.descriptions.answered(&response).map_err(|e| e.to_string());
                Input::Answered { media }
            }
            CallEvent::Acknowledged { request } => {
                // Only an offer of ours in the 200 is answered in the ACK.
                let media = (self.descriptions.awaits_answer())
                    .then(|| self.descriptions.answered(&request).map_err(|e| e.to_string()));
                Input::Acknowledged { media }
            }
            CallEvent::Reinvite { request } => {
                self.heard(&request);
                Input::Reinvite(self.reinvite(&request))
            }
            CallEvent::ReinviteCancelled => {
                self.descriptions.refuse();
                Input::ReinviteCancelled
            }
            CallEvent::ReinviteAnswered { response } => {
                let media = self.descriptions.answered(&response).map_err(|e| e.to_string());
                Input::ReinviteAnswered { media }
            }
            CallEvent::ReinviteFailed { cause } => {
                self.descriptions.give_up();
                let failure = failure(&cause, Originator::Remote);
                Input::ReinviteFailed { code: failure.code, reason: failure.reason }
            }
            CallEvent::ReinvitePostponed { pause } => {
                self.descriptions.give_up();
                Input::ReinvitePostponed { pause }
            }
            CallEvent::ReinviteDue => Input::ReinviteDue,
            CallEvent::Failed { cause } => {
                let by = match cause {
                    Cause::Requested => Originator::Local,
                    Cause::Response(_) | Cause::Request(_) => Originator::Remote,
                    _ => Originator::Local,
                };
                Input::Failed(failure(&cause, by))
            }
            CallEvent::Ended { by, cause } => {
                let by = match by {
                    EngineOriginator::Local => Originator::Local,
                    EngineOriginator::Remote => Originator::Remote,
                };
                Input::Ended(ended(&cause, by))
            }
            _ => return,
        };
        self.input(input);
    }

    fn heard(&self, message: &Message) {
        lock(&self.session.shared.info).read_user_agent(message);
    }

    /// What a re-INVITE changes.
    fn reinvite(&mut self, request: &Message) -> Reinvite {
        let offer = match offer_in(request) {
            Ok(Offer::Missing) => return Reinvite::NoOffer,
            Ok(Offer::Made(offer)) => *offer,
            Err(error) => return Reinvite::Unusable { reason: error.to_string() },
        };
        if let Err(error) = self.descriptions.offered(offer) {
            return Reinvite::Unusable { reason: error.to_string() };
        }
        let Some(description) = self.descriptions.pending_offer() else {
            return Reinvite::NoOffer;
        };
        let layout = self.machine.layout();
        let changed = description.media.iter().enumerate().map(|(index, medium)| {
            let stream = layout.get(index).copied().flatten().and_then(|id| self.streams.get(&id));
            let change = match stream {
                None => MediaChange::Add,
                Some(_) if medium.is_rejected() => MediaChange::Remove,
                Some(known) => {
                    match known.stream.validate_update(RemoteMedia { description, index }) {
                        Ok(()) => MediaChange::Keep,
                        Err(error) => MediaChange::Refuse { reason: error.to_string() },
                    }
                }
            };
            OfferedMedia { change, held: description.is_hold(medium) }
        });
        Reinvite::Offer(changed.collect())
    }
}

/// Code and reason phrase of a response.
fn status(response: &Message) -> (u16, String) {
    let code = response.status().map_or(500, |status| status.code());
    (code, response.reason().to_owned())
}

/// Why a call did not come about, or a re-INVITE came to nothing.
fn failure(cause: &Cause, originator: Originator) -> Failure {
    let code = cause.code();
    let (code, reason) = (code.code(), code.reason().to_owned());
    let mut failure = Failure::local(code, &reason, cause.to_string());
    failure.originator = originator;
    match cause {
        Cause::Response(response) | Cause::Authentication { response, .. } => {
            let (code, reason) = status(response);
            failure.failure_reason.clone_from(&reason);
            (failure.code, failure.reason) = (code, reason);
            failure.transaction = Some((Originator::Local, "INVITE"));
            if (300..400).contains(&code) {
                failure.redirect_identities = contacts(response);
            }
            failure.originator = Originator::Remote;
        }
        Cause::Request(request) => {
            failure.failure_reason = USER_REQUEST.to_owned();
            if request.method() == Some(&Method::Cancel) {
                failure.transaction = Some((Originator::Remote, "INVITE"));
            }
        }
        Cause::Requested => failure.failure_reason = USER_REQUEST.to_owned(),
        Cause::Timeout => failure.failure_reason = TIMEOUT.to_owned(),
        Cause::AckMissing => failure.failure_reason = "missing ACK".to_owned(),
        _ => {}
    }
    failure
}

/// Why an answered call is over.
fn ended(cause: &Cause, by: Originator) -> Failure {
    let mut failure = failure(cause, by);
    failure.originator = by;
    failure.transaction = match (cause, by) {
        (Cause::Request(request), Originator::Remote) => {
            failure.code = 200;
            failure.reason = "OK".to_owned();
            if let Some(said) = request.value(HeaderName::Reason).and_then(reason_text) {
                failure.failure_reason = said;
            }
            Some((Originator::Remote, "BYE"))
        }
        (Cause::Requested, Originator::Local) => {
            failure.code = 200;
            failure.reason = "OK".to_owned();
            Some((Originator::Local, "BYE"))
        }
        _ => None,
    };
    failure
}

/// The text of a Reason header (RFC 3326), for people.
fn reason_text(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("text=\"")?;
    let (text, _) = rest.split_once('"')?;
    (!text.is_empty()).then(|| text.chars().filter(|c| !c.is_control()).take(200).collect())
}

fn contacts(response: &Message) -> Vec<String> {
    response
        .all::<Contact<'_>>()
        .filter_map(Result::ok)
        .map(|contact| contact.address.uri.to_string())
        .collect()
}
