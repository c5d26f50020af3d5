//! A call of the other party, from its INVITE to `DidStart`.

use std::time::Instant;

use super::input::{AnsweredMedia, Failure, Member, OfferedStream};
use super::media::Media;
use super::output::{CallCommand, Note};
use super::state::{Accepting, AcceptingPhase, Ending, Incoming, Outcome, Pending, State};
use super::{END_TIMEOUT, Machine, SessionError, USER_REQUEST};
use crate::notification::{AckReceived, Originator, StreamId};
use crate::session::state::Direction;

impl Machine {
    pub(super) fn called(
        &mut self,
        now: Instant,
        media: Vec<Option<OfferedStream>>,
        late_offer: bool,
    ) {
        if !matches!(self.state, State::Null) {
            return;
        }
        let media = Media::offered(media);
        let streams = media.streams();
        let deadline = now + self.config.invite_timeout;
        self.enter(State::Incoming(Incoming { media, late_offer, deadline }));
        self.note(Note::NewIncoming(streams));
    }

    pub(super) fn ring(&mut self) -> Result<(), SessionError> {
        if !matches!(self.state, State::Incoming(_)) {
            return Err(self.illegal("send_ring_indication"));
        }
        self.call(CallCommand::Ring);
        Ok(())
    }

    pub(super) fn accept(
        &mut self,
        now: Instant,
        streams: Vec<Member>,
    ) -> Result<(), SessionError> {
        let State::Incoming(incoming) = &self.state else {
            return Err(self.illegal("accept"));
        };
        if streams.is_empty() {
            return Err(SessionError::NoStreams);
        }
        let known = |member: &Member| incoming.media.contains(member.stream);
        if !incoming.late_offer && !streams.iter().all(known) {
            return Err(SessionError::NotProposed);
        }
        let State::Incoming(incoming) = self.take() else { return Ok(()) };
        let Incoming { mut media, late_offer, .. } = incoming;
        if late_offer {
            media = Media::proposed(streams);
        } else {
            // The others were never initialized: there is nothing to end.
            media.retain(&streams.iter().map(|member| member.stream).collect::<Vec<_>>());
        }
        let members = media.members().collect();
        let pending = Pending::new(now, &media);
        let phase = AcceptingPhase::Initializing(pending);
        let accepting = Accepting { media, late_offer, hold_offered: false, phase };
        self.enter(State::Accepting(accepting));
        self.initialize_streams(members, Direction::Incoming);
        Ok(())
    }

    pub(super) fn reject(
        &mut self,
        now: Instant,
        code: u16,
        reason: String,
    ) -> Result<(), SessionError> {
        if !matches!(self.state, State::Incoming(_)) {
            return Err(self.illegal("reject"));
        }
        if !(300..700).contains(&code) {
            return Err(SessionError::BadStatus(code));
        }
        self.refuse(now, code, reason, USER_REQUEST);
        Ok(())
    }

    /// Refuses the INVITE of an incoming call that was not answered yet.
    pub(super) fn refuse(&mut self, now: Instant, code: u16, reason: String, why: &str) {
        let media = match self.take() {
            State::Incoming(incoming) => incoming.media,
            State::Accepting(accepting) => accepting.media,
            other => return self.enter(other),
        };
        self.call(CallCommand::Reject { code, reason: reason.clone() });
        let mut failure = Failure::local(code, &reason, why);
        failure.transaction = Some((Originator::Remote, "INVITE"));
        let outcome = Outcome::Fail(failure);
        let deadline = now + END_TIMEOUT;
        self.enter(State::Terminating(Ending { media, outcome, deadline }));
    }

    /// A stream of a call that we accepted reported, or did not in time.
    pub(super) fn accepting_reported(
        &mut self,
        now: Instant,
        mut accepting: Accepting,
        stream: StreamId,
    ) -> State {
        match &mut accepting.phase {
            AcceptingPhase::Initializing(pending) => {
                if pending.report(stream) && pending.is_done() {
                    return self.answer(now, accepting);
                }
            }
            AcceptingPhase::Starting { pending, .. } => {
                pending.report(stream);
                return self.accepting_started(now, accepting);
            }
            AcceptingPhase::Offered => {}
        }
        State::Accepting(accepting)
    }

    /// A stream of a call that we accepted failed: it goes on without it.
    pub(super) fn accepting_stream_failed(
        &mut self,
        now: Instant,
        mut accepting: Accepting,
        stream: StreamId,
        reason: &str,
    ) -> State {
        if !accepting.media.remove(stream) {
            return State::Accepting(accepting);
        }
        self.end_stream(stream);
        if let AcceptingPhase::Starting { pending, .. } = &mut accepting.phase {
            pending.lost = true;
        }
        if !accepting.media.is_empty() {
            return self.accepting_reported(now, accepting, stream);
        }
        if let AcceptingPhase::Initializing(_) = accepting.phase {
            let reason_phrase = "Server Internal Error".to_owned();
            self.call(CallCommand::Reject { code: 500, reason: reason_phrase.clone() });
            let mut failure = Failure::local(500, &reason_phrase, reason);
            failure.transaction = Some((Originator::Remote, "INVITE"));
            let outcome = Outcome::Fail(failure);
            let media = accepting.media;
            return State::Terminating(Ending { media, outcome, deadline: now + END_TIMEOUT });
        }
        let failure = Failure::local(500, "Server Internal Error", reason);
        self.give_up(now, accepting.media, failure, true)
    }

    fn answer(&mut self, now: Instant, mut accepting: Accepting) -> State {
        accepting.hold_offered = self.hold;
        self.call(CallCommand::Answer(accepting.media.layout()));
        self.note(Note::WillStart);
        accepting.phase = if accepting.late_offer {
            AcceptingPhase::Offered
        } else {
            let pending = self.start_streams(now, &accepting.media);
            AcceptingPhase::Starting { pending, acknowledged: false }
        };
        State::Accepting(accepting)
    }

    pub(super) fn accepting_acknowledged(
        &mut self,
        now: Instant,
        mut accepting: Accepting,
        media: Option<Result<Vec<AnsweredMedia>, String>>,
    ) -> State {
        self.note(Note::DidProcessTransaction {
            originator: Originator::Remote,
            method: "INVITE",
            code: 200,
            reason: "OK".to_owned(),
            ack_received: Some(AckReceived::Yes),
        });
        match &mut accepting.phase {
            AcceptingPhase::Starting { acknowledged, .. } => {
                *acknowledged = true;
                self.accepting_started(now, accepting)
            }
            AcceptingPhase::Offered => {
                let missing = || Err("the ACK has no answer to our offer".to_owned());
                match media.unwrap_or_else(missing) {
                    Ok(answer) => {
                        for stream in accepting.media.answer(&answer) {
                            self.end_stream(stream);
                        }
                        if accepting.media.is_empty() {
                            let why = "no stream was accepted";
                            let failure = Failure::local(488, "Not Acceptable Here", why);
                            return self.give_up(now, accepting.media, failure, true);
                        }
                        let pending = self.start_streams(now, &accepting.media);
                        accepting.phase = AcceptingPhase::Starting { pending, acknowledged: true };
                        State::Accepting(accepting)
                    }
                    Err(reason) => {
                        let failure = Failure::local(488, "Not Acceptable Here", reason);
                        self.give_up(now, accepting.media, failure, true)
                    }
                }
            }
            AcceptingPhase::Initializing(_) => State::Accepting(accepting),
        }
    }

    /// Connected once the ACK is there and every stream has started.
    fn accepting_started(&mut self, now: Instant, accepting: Accepting) -> State {
        match &accepting.phase {
            AcceptingPhase::Starting { pending, acknowledged: true } if pending.is_done() => {
                let stale = pending.lost;
                self.started(now, accepting.media, accepting.hold_offered, stale)
            }
            _ => State::Accepting(accepting),
        }
    }
}
