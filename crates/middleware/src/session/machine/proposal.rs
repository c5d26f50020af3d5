//! Re-INVITEs of both parties (RFC 3261 §14, RFC 3264 §8).

use std::time::{Duration, Instant};

use super::input::{AnsweredMedia, MediaChange, OfferedMedia, Reinvite};
use super::output::{CallCommand, Note, Output, StreamCommand};
use super::state::{Active, Received, Sending, State};
use super::{Machine, SessionState};
use crate::notification::{AckReceived, Originator};

/// How much longer than the engine's pause we wait for it to be over.
const DUE_MARGIN: Duration = Duration::from_millis(500);

impl Machine {
    pub(super) fn reinvite_answered(
        &mut self,
        now: Instant,
        media: Result<Vec<AnsweredMedia>, String>,
    ) {
        let next = match self.take() {
            State::SendingProposal(active, sending) => {
                self.note_reinvite(Originator::Local, 200, "OK", AckReceived::Yes);
                match media {
                    Ok(answer) => self.agreed(now, active, sending.hold, &answer),
                    Err(reason) => self.leave(now, active, Some(reason)),
                }
            }
            other => other,
        };
        self.enter(next);
    }

    /// Our offer of a re-INVITE, or of the answer to one, was answered.
    fn agreed(
        &mut self,
        now: Instant,
        mut active: Active,
        hold: bool,
        answer: &[AnsweredMedia],
    ) -> State {
        self.announce(SessionState::Connected);
        let before = active.media.remote_hold();
        let rejected = active.media.answer(answer);
        self.update_streams(&active);
        self.remove_streams(rejected);
        if hold != active.hold_agreed {
            self.note_local_hold(&active.media, hold);
        }
        if before != active.media.remote_hold() {
            self.note_remote_hold(&active.media);
        }
        active.hold_agreed = hold;
        active.stale = false;
        if active.media.is_empty() {
            return self.leave(now, active, Some("no stream is left".to_owned()));
        }
        self.settle(now, active)
    }

    pub(super) fn reinvite_failed(&mut self, now: Instant, code: u16, reason: String) {
        let next = match self.take() {
            State::SendingProposal(active, sending) => {
                self.note_reinvite(Originator::Local, code, &reason, AckReceived::Unknown);
                self.refused_proposal(now, active, &sending)
            }
            other => other,
        };
        self.enter(next);
    }

    /// Our re-INVITE met one of the other party. The engine says when it may
    /// be sent again; should it forget, the time is over by itself.
    pub(super) fn reinvite_postponed(&mut self, now: Instant, pause: Duration) {
        let next = match self.take() {
            State::SendingProposal(active, _) => {
                let reason = "Request Pending";
                self.note_reinvite(Originator::Local, 491, reason, AckReceived::Unknown);
                let not_before = Some(now + pause + DUE_MARGIN);
                State::Connected(Active { not_before, ..active })
            }
            other => other,
        };
        self.enter(next);
    }

    pub(super) fn reinvite_due(&mut self, now: Instant) {
        let next = match self.take() {
            State::Connected(active) => self.settle(now, Active { not_before: None, ..active }),
            State::ReceivedProposal(active, received) => {
                State::ReceivedProposal(Active { not_before: None, ..active }, received)
            }
            other => other,
        };
        self.enter(next);
    }

    /// The engine could not send our re-INVITE: once more, later.
    pub(super) fn crossed(&mut self, now: Instant, active: Active) -> State {
        let not_before = Some(now + self.config.glare_wait);
        State::Connected(Active { not_before, ..active })
    }

    /// The other party does not want what we want. Our side of it is in force
    /// nevertheless: a stream that we hold stays held, one that left is gone.
    fn refused_proposal(&mut self, now: Instant, mut active: Active, sending: &Sending) -> State {
        self.announce(SessionState::Connected);
        if sending.hold != active.hold_agreed {
            self.note_local_hold(&active.media, sending.hold);
        }
        active.hold_agreed = sending.hold;
        active.stale = false;
        self.settle(now, active)
    }

    pub(super) fn reinvited(&mut self, now: Instant, reinvite: Reinvite) {
        let next = match self.take() {
            State::Connected(active) => self.answer_reinvite(now, active, reinvite),
            // It may come before our streams run: it is answered when they do.
            state @ (State::Outgoing(_) | State::Accepting(_)) => {
                self.deferred = Some(reinvite);
                state
            }
            // The engine answers what crosses; this is for whatever slips by.
            state @ (State::SendingProposal(..) | State::ReceivedProposal(..)) => {
                self.call(CallCommand::RejectReinvite { warning: "another is pending".to_owned() });
                state
            }
            other => other,
        };
        self.enter(next);
    }

    pub(super) fn answer_reinvite(
        &mut self,
        now: Instant,
        mut active: Active,
        reinvite: Reinvite,
    ) -> State {
        let offered = match reinvite {
            Reinvite::NoOffer => {
                self.call(CallCommand::AnswerReinvite(active.media.layout()));
                let received = Received { offered: true, hold: self.hold };
                return State::ReceivedProposal(active, received);
            }
            Reinvite::Unusable { reason } => return self.reject_reinvite(now, active, reason),
            Reinvite::Offer(offered) => offered,
        };
        if let Some(reason) = objection(&offered, active.media.len()) {
            return self.reject_reinvite(now, active, reason);
        }
        let before = active.media.remote_hold();
        let mut removed = Vec::new();
        active.media.grow(offered.len());
        for (index, OfferedMedia { change, held }) in offered.iter().enumerate() {
            match (change, active.media.stream_at(index)) {
                (MediaChange::Remove, Some(stream)) => {
                    active.media.remove(stream);
                    removed.push(stream);
                }
                (MediaChange::Keep, Some(_)) => active.media.set_held(index, *held),
                // A stream of the other party's own is not taken up: its place
                // stays empty and its port is answered 0.
                _ => {}
            }
        }
        self.call(CallCommand::AnswerReinvite(active.media.layout()));
        self.update_streams(&active);
        self.remove_streams(removed);
        if before != active.media.remote_hold() {
            self.note_remote_hold(&active.media);
        }
        // The answer says what we want now.
        let hold = self.hold;
        if hold != active.hold_agreed {
            self.note_local_hold(&active.media, hold);
        }
        active.hold_agreed = hold;
        active.stale = false;
        State::ReceivedProposal(active, Received { offered: false, hold })
    }

    fn reject_reinvite(&mut self, now: Instant, active: Active, warning: String) -> State {
        self.call(CallCommand::RejectReinvite { warning });
        let reason = "Not Acceptable Here";
        self.note_reinvite(Originator::Remote, 488, reason, AckReceived::Unknown);
        self.settle(now, active)
    }

    pub(super) fn reinvite_cancelled(&mut self, now: Instant) {
        self.deferred = None;
        let next = match self.take() {
            State::ReceivedProposal(active, _) => {
                self.announce(SessionState::Connected);
                let reason = "Request Terminated";
                self.note_reinvite(Originator::Remote, 487, reason, AckReceived::Unknown);
                self.settle(now, active)
            }
            other => other,
        };
        self.enter(next);
    }

    /// The ACK to our 200 came, to the first INVITE or to a re-INVITE.
    pub(super) fn acknowledged(
        &mut self,
        now: Instant,
        media: Option<Result<Vec<AnsweredMedia>, String>>,
    ) {
        let next = match self.take() {
            State::Accepting(accepting) => self.accepting_acknowledged(now, accepting, media),
            State::ReceivedProposal(active, received) => {
                self.reinvite_acknowledged(now, active, &received, media)
            }
            other => other,
        };
        self.enter(next);
    }

    fn reinvite_acknowledged(
        &mut self,
        now: Instant,
        active: Active,
        received: &Received,
        media: Option<Result<Vec<AnsweredMedia>, String>>,
    ) -> State {
        self.note_reinvite(Originator::Remote, 200, "OK", AckReceived::Yes);
        match media {
            Some(Ok(answer)) if received.offered => {
                return self.agreed(now, active, received.hold, &answer);
            }
            Some(Err(reason)) if received.offered => {
                return self.leave(now, active, Some(reason));
            }
            // Without an answer everything stays as it was.
            _ => self.announce(SessionState::Connected),
        }
        if active.media.is_empty() {
            return self.leave(now, active, Some("no stream is left".to_owned()));
        }
        self.settle(now, active)
    }

    fn update_streams(&mut self, active: &Active) {
        for (index, stream) in active.media.indexed() {
            self.push(Output::Stream(stream, StreamCommand::Update(index)));
        }
    }

    fn note_reinvite(&mut self, originator: Originator, code: u16, reason: &str, ack: AckReceived) {
        self.note(Note::DidProcessTransaction {
            originator,
            method: "INVITE",
            code,
            reason: reason.to_owned(),
            ack_received: Some(ack),
        });
    }
}

/// Why an offer can't be answered.
fn objection(offered: &[OfferedMedia], places: usize) -> Option<String> {
    if offered.len() < places {
        // RFC 3264 §8: media are never taken out of a description.
        return Some("media are missing from the description".to_owned());
    }
    offered.iter().find_map(|media| match &media.change {
        MediaChange::Refuse { reason } => Some(reason.clone()),
        _ => None,
    })
}
