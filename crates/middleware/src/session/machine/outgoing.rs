//! A call of ours, from `connect` to `DidStart`.

use std::time::Instant;

use super::input::{AnsweredMedia, Failure, Member};
use super::media::Media;
use super::output::{CallCommand, Note, Output, StreamCommand};
use super::state::{Outgoing, OutgoingPhase, Pending, State};
use super::{Machine, SessionError};
use crate::notification::{AckReceived, Originator, StreamId};
use crate::session::state::Direction;

impl Machine {
    pub(super) fn connect(
        &mut self,
        now: Instant,
        streams: Vec<Member>,
    ) -> Result<(), SessionError> {
        if !matches!(self.state, State::Null) {
            return Err(self.illegal("connect"));
        }
        if streams.is_empty() {
            return Err(SessionError::NoStreams);
        }
        let media = Media::proposed(streams);
        let pending = Pending::new(now, &media);
        let (ids, members) = (media.streams(), media.members().collect());
        let phase = OutgoingPhase::Initializing(pending);
        let outgoing = Outgoing { media, hold_offered: false, phase };
        self.enter(State::Outgoing(outgoing));
        self.note(Note::NewOutgoing(ids));
        self.initialize_streams(members, Direction::Outgoing);
        Ok(())
    }

    /// A stream of an outgoing call reported, or did not in time.
    pub(super) fn outgoing_reported(
        &mut self,
        now: Instant,
        mut outgoing: Outgoing,
        stream: StreamId,
    ) -> State {
        match &mut outgoing.phase {
            OutgoingPhase::Initializing(pending) => {
                if pending.report(stream) && pending.is_done() {
                    return self.invite(now, outgoing);
                }
            }
            OutgoingPhase::Starting(pending) => {
                if pending.report(stream) && pending.is_done() {
                    return self.outgoing_started(now, outgoing);
                }
            }
            OutgoingPhase::Calling { .. } => {}
        }
        State::Outgoing(outgoing)
    }

    /// A stream of an outgoing call failed: the call goes on without it.
    pub(super) fn outgoing_stream_failed(
        &mut self,
        now: Instant,
        mut outgoing: Outgoing,
        stream: StreamId,
        reason: &str,
    ) -> State {
        if !outgoing.media.contains(stream) {
            return State::Outgoing(outgoing);
        }
        if let OutgoingPhase::Calling { .. } = outgoing.phase {
            // Its place is emptied when the answer has come; for now it only
            // counts when nothing else was offered.
            if outgoing.media.streams().len() > 1 {
                return State::Outgoing(outgoing);
            }
        } else {
            outgoing.media.remove(stream);
            self.end_stream(stream);
            if let OutgoingPhase::Starting(pending) = &mut outgoing.phase {
                pending.lost = true;
            }
        }
        let last =
            outgoing.media.is_empty() || matches!(outgoing.phase, OutgoingPhase::Calling { .. });
        if last {
            let failure = Failure::local(500, "Server Internal Error", reason);
            let called = !matches!(outgoing.phase, OutgoingPhase::Initializing(_));
            return self.give_up(now, outgoing.media, failure, called);
        }
        self.outgoing_reported(now, outgoing, stream)
    }

    fn invite(&mut self, now: Instant, mut outgoing: Outgoing) -> State {
        outgoing.hold_offered = self.hold;
        self.call(CallCommand::Invite(outgoing.media.layout()));
        let deadline = now + self.config.invite_timeout;
        outgoing.phase = OutgoingPhase::Calling { deadline };
        State::Outgoing(outgoing)
    }

    pub(super) fn progress(&mut self, code: u16, reason: String) {
        if matches!(
            self.state,
            State::Outgoing(Outgoing { phase: OutgoingPhase::Calling { .. }, .. })
                | State::SendingProposal(..)
        ) {
            if code == 180 && matches!(self.state, State::Outgoing(_)) {
                self.note(Note::GotRingIndication);
            }
            self.note(Note::GotProvisionalResponse { code, reason });
        }
    }

    pub(super) fn answered(&mut self, now: Instant, media: Result<Vec<AnsweredMedia>, String>) {
        let next = match self.take() {
            State::Outgoing(outgoing)
                if matches!(outgoing.phase, OutgoingPhase::Calling { .. }) =>
            {
                self.outgoing_answered(now, outgoing, media)
            }
            other => other,
        };
        self.enter(next);
    }

    fn outgoing_answered(
        &mut self,
        now: Instant,
        mut outgoing: Outgoing,
        media: Result<Vec<AnsweredMedia>, String>,
    ) -> State {
        self.note(Note::DidProcessTransaction {
            originator: Originator::Local,
            method: "INVITE",
            code: 200,
            reason: "OK".to_owned(),
            ack_received: Some(AckReceived::Yes),
        });
        let answer = match media {
            Ok(answer) => answer,
            Err(reason) => {
                let failure = Failure::local(488, "Not Acceptable Here", reason);
                return self.give_up(now, outgoing.media, failure, true);
            }
        };
        for stream in outgoing.media.answer(&answer) {
            self.end_stream(stream);
        }
        if outgoing.media.is_empty() {
            let failure = Failure::local(488, "Not Acceptable Here", "no stream was accepted");
            return self.give_up(now, outgoing.media, failure, true);
        }
        self.note(Note::WillStart);
        let pending = self.start_streams(now, &outgoing.media);
        outgoing.phase = OutgoingPhase::Starting(pending);
        State::Outgoing(outgoing)
    }

    fn outgoing_started(&mut self, now: Instant, outgoing: Outgoing) -> State {
        let Outgoing { media, hold_offered, phase } = outgoing;
        let stale = matches!(phase, OutgoingPhase::Starting(Pending { lost: true, .. }));
        self.started(now, media, hold_offered, stale)
    }

    /// Starts every stream of a call that was answered.
    pub(super) fn start_streams(&mut self, now: Instant, media: &Media) -> Pending {
        for (index, stream) in media.indexed() {
            self.push(Output::Stream(stream, StreamCommand::Start(index)));
        }
        Pending::new(now, media)
    }

    /// Initializes the streams of a new call, held if that is wanted already.
    pub(super) fn initialize_streams(&mut self, members: Vec<Member>, direction: Direction) {
        for member in &members {
            self.push(Output::Stream(member.stream, StreamCommand::Initialize(direction)));
        }
        if self.hold {
            self.hold_streams(members.into_iter().filter(|m| m.can_hold).map(|m| m.stream));
        }
    }
}
