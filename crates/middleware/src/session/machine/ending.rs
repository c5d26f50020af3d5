//! How a session ends: by either party, by a failure, or by a deadline.

use std::time::Instant;

use super::input::{Failure, StreamInput};
use super::media::Media;
use super::output::{CallCommand, Note, Output, StreamCommand};
use super::state::{
    Accepting, AcceptingPhase, Active, Ending, Outcome, Outgoing, OutgoingPhase, Pending, State,
};
use super::{END_TIMEOUT, Machine, SessionError, SessionState, TIMEOUT, USER_REQUEST};
use crate::notification::{AckReceived, Originator, StreamId};

impl Machine {
    pub(super) fn end(&mut self, now: Instant) -> Result<(), SessionError> {
        let cancelled = || Failure::local(487, "Request Terminated", USER_REQUEST);
        let next = match self.take() {
            State::Null => {
                self.state = State::Null;
                return Err(self.illegal("end"));
            }
            state @ (State::Incoming(_)
            | State::Accepting(Accepting {
                phase: AcceptingPhase::Initializing(_), ..
            })) => {
                self.state = state;
                self.refuse(now, 603, "Decline".to_owned(), USER_REQUEST);
                return Ok(());
            }
            State::Outgoing(Outgoing { media, phase, .. }) => {
                let called = !matches!(phase, OutgoingPhase::Initializing(_));
                self.give_up(now, media, cancelled(), called)
            }
            State::Accepting(Accepting { media, .. }) => {
                self.give_up(now, media, cancelled(), true)
            }
            State::Connected(active)
            | State::SendingProposal(active, _)
            | State::ReceivedProposal(active, _) => self.leave(now, active, None),
            // Both parties may hang up at once.
            state @ (State::Terminating(_) | State::Terminated) => state,
        };
        self.enter(next);
        Ok(())
    }

    /// Ends a call that has not started, on our side. `called`: the other
    /// party knows of it.
    pub(super) fn give_up(
        &mut self,
        now: Instant,
        media: Media,
        failure: Failure,
        called: bool,
    ) -> State {
        if !called {
            return self.finish(&media, Outcome::Fail(failure));
        }
        self.call(CallCommand::Hangup { reason: spoken_reason(&failure.failure_reason) });
        let outcome = Outcome::Fail(failure);
        State::Terminating(Ending { media, outcome, deadline: now + END_TIMEOUT })
    }

    /// Ends a session that has started, on our side. `why`: because of that,
    /// not because the application wanted it.
    pub(super) fn leave(&mut self, now: Instant, active: Active, why: Option<String>) -> State {
        self.announce(SessionState::Terminating);
        self.note(Note::WillEnd(Originator::Local));
        for stream in active.media.streams() {
            self.push(Output::Stream(stream, StreamCommand::Deactivate));
        }
        self.call(CallCommand::Hangup { reason: why.clone() });
        let end_reason = why.unwrap_or_else(|| USER_REQUEST.to_owned());
        let outcome = Outcome::End { end_reason };
        State::Terminating(Ending { media: active.media, outcome, deadline: now + END_TIMEOUT })
    }

    /// The engine says that the call did not come about.
    pub(super) fn failed(&mut self, failure: Failure) {
        let next = match self.take() {
            State::Incoming(incoming) => self.finish(&incoming.media, Outcome::Fail(failure)),
            State::Outgoing(outgoing) => self.finish(&outgoing.media, Outcome::Fail(failure)),
            State::Accepting(accepting) => self.finish(&accepting.media, Outcome::Fail(failure)),
            State::Terminating(ending) => self.terminated(ending, Some(failure)),
            State::Connected(active)
            | State::SendingProposal(active, _)
            | State::ReceivedProposal(active, _) => self.ended_active(&active, failure),
            state @ (State::Null | State::Terminated) => state,
        };
        self.enter(next);
    }

    /// The engine says that the call is over.
    pub(super) fn ended(&mut self, failure: Failure) {
        // An answered call may end before its streams run: for the application
        // it has not started, and so it fails.
        self.failed(failure);
    }

    fn ended_active(&mut self, active: &Active, failure: Failure) -> State {
        self.announce(SessionState::Terminating);
        self.note(Note::WillEnd(failure.originator));
        self.process_transaction(&failure);
        for stream in active.media.streams() {
            self.end_stream(stream);
        }
        self.announce(SessionState::Terminated);
        let Failure { originator, failure_reason: end_reason, .. } = failure;
        self.note(Note::DidEnd { originator, end_reason });
        State::Terminated
    }

    /// The end that we asked for has come, or took too long.
    fn terminated(&mut self, mut ending: Ending, failure: Option<Failure>) -> State {
        if let Some(failure) = failure {
            match &mut ending.outcome {
                Outcome::Fail(ours) if ours.transaction.is_none() => {
                    self.process_transaction(&failure);
                }
                Outcome::Fail(_) => {}
                Outcome::End { .. } => self.process_transaction(&failure),
            }
        }
        self.finish(&ending.media, ending.outcome)
    }

    /// Ends the streams and tells the outcome.
    fn finish(&mut self, media: &Media, outcome: Outcome) -> State {
        self.deferred = None;
        for stream in media.streams() {
            self.end_stream(stream);
        }
        if let Outcome::Fail(failure) = &outcome {
            self.process_transaction(failure);
        }
        self.announce(SessionState::Terminated);
        self.note(match outcome {
            Outcome::Fail(failure) => Note::DidFail {
                originator: failure.originator,
                code: failure.code,
                reason: failure.reason,
                failure_reason: failure.failure_reason,
                redirect_identities: failure.redirect_identities,
            },
            Outcome::End { end_reason } => {
                Note::DidEnd { originator: Originator::Local, end_reason }
            }
        });
        State::Terminated
    }

    fn process_transaction(&mut self, failure: &Failure) {
        let Some((originator, method)) = failure.transaction else { return };
        // The ACK of a refusal ends in the transaction layer.
        let ack_received = (method == "INVITE").then_some(AckReceived::Unknown);
        self.note(Note::DidProcessTransaction {
            originator,
            method,
            code: failure.code,
            reason: failure.reason.clone(),
            ack_received,
        });
    }

    pub(super) fn end_stream(&mut self, stream: StreamId) {
        self.push(Output::Stream(stream, StreamCommand::Deactivate));
        self.push(Output::Stream(stream, StreamCommand::End));
    }

    /// The engine could not carry out an INVITE or re-INVITE.
    pub(super) fn refused(&mut self, now: Instant, reason: String) {
        let next = match self.take() {
            State::Outgoing(Outgoing { media, phase: OutgoingPhase::Calling { .. }, .. }) => {
                let failure = Failure::local(500, "Server Internal Error", reason);
                self.finish(&media, Outcome::Fail(failure))
            }
            State::SendingProposal(active, _) => self.crossed(now, active),
            State::ReceivedProposal(active, _) => self.crossed(now, active),
            other => other,
        };
        self.enter(next);
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        if self.state.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let next = match self.take() {
            state @ State::Incoming(_) => {
                self.state = state;
                return self.refuse(now, 480, "Temporarily Unavailable".to_owned(), TIMEOUT);
            }
            State::Outgoing(Outgoing { media, phase: OutgoingPhase::Calling { .. }, .. }) => {
                let failure = Failure::local(408, "Request Timeout", TIMEOUT);
                self.give_up(now, media, failure, true)
            }
            State::Outgoing(outgoing) => {
                let late = match &outgoing.phase {
                    OutgoingPhase::Initializing(pending) | OutgoingPhase::Starting(pending) => {
                        pending.streams.clone()
                    }
                    OutgoingPhase::Calling { .. } => Vec::new(),
                };
                self.state = State::Outgoing(outgoing);
                return self.streams_are_late(now, late);
            }
            State::Accepting(accepting) => {
                let late = match &accepting.phase {
                    AcceptingPhase::Initializing(pending)
                    | AcceptingPhase::Starting { pending: pending @ Pending { .. }, .. } => {
                        pending.streams.clone()
                    }
                    AcceptingPhase::Offered => Vec::new(),
                };
                self.state = State::Accepting(accepting);
                return self.streams_are_late(now, late);
            }
            State::Connected(mut active) => {
                active.not_before = None;
                self.settle(now, active)
            }
            State::SendingProposal(active, mut sending) => {
                self.call(CallCommand::CancelReinvite);
                sending.deadline = None;
                State::SendingProposal(active, sending)
            }
            State::Terminating(ending) => self.terminated(ending, None),
            state @ (State::Null | State::ReceivedProposal(..) | State::Terminated) => state,
        };
        self.enter(next);
    }

    fn streams_are_late(&mut self, now: Instant, late: Vec<StreamId>) {
        for stream in late {
            let reason = "the media stream took too long".to_owned();
            self.stream(now, stream, StreamInput::Failed { reason });
        }
    }
}

/// What the other party is told of a failure; what somebody wanted needs no
/// reason.
fn spoken_reason(failure_reason: &str) -> Option<String> {
    (![USER_REQUEST, TIMEOUT].contains(&failure_reason)).then(|| failure_reason.to_owned())
}
