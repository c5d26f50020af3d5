//! A session that runs: hold, streams that fail, and our own re-INVITEs.

use std::time::Instant;

use super::input::StreamInput;
use super::media::Media;
use super::output::{CallCommand, Note, Output, StreamCommand};
use super::state::{Active, Sending, State};
use super::{Machine, SHORT_REINVITE_TIMEOUT, SessionError, SessionState};
use crate::notification::{Originator, StreamAction, StreamId};

impl Machine {
    /// Every stream runs and both parties agree.
    pub(super) fn started(&mut self, now: Instant, media: Media, hold: bool, stale: bool) -> State {
        self.announce(SessionState::Connected);
        self.note(Note::DidStart(media.streams()));
        if media.remote_hold().0 {
            self.note_remote_hold(&media);
        }
        if hold {
            self.note_local_hold(&media, true);
        }
        let active = Active { media, hold_agreed: hold, stale, not_before: None };
        match self.deferred.take() {
            Some(reinvite) => self.answer_reinvite(now, active, reinvite),
            None => self.settle(now, active),
        }
    }

    /// Sends a re-INVITE if the other party does not know yet what we want.
    pub(super) fn settle(&mut self, now: Instant, active: Active) -> State {
        let hold_differs = self.hold != active.hold_agreed && active.media.can_hold();
        let must_wait = active.not_before.is_some_and(|instant| now < instant);
        if must_wait || !(hold_differs || active.stale) {
            return State::Connected(active);
        }
        self.call(CallCommand::Reinvite(active.media.layout()));
        let deadline = Some(now + SHORT_REINVITE_TIMEOUT);
        let active = Active { not_before: None, ..active };
        State::SendingProposal(active, Sending { hold: self.hold, deadline })
    }

    /// Legal in any state: what can't be sent now is sent when it can be.
    pub(super) fn change_hold(&mut self, now: Instant, hold: bool) -> Result<(), SessionError> {
        if self.hold == hold {
            return Ok(());
        }
        self.hold = hold;
        let members: Vec<_> = match &self.state {
            State::Outgoing(outgoing) => outgoing.media.members().collect(),
            State::Accepting(accepting) => accepting.media.members().collect(),
            State::Connected(active)
            | State::SendingProposal(active, _)
            | State::ReceivedProposal(active, _) => active.media.members().collect(),
            State::Null | State::Incoming(_) | State::Terminating(_) | State::Terminated => {
                Vec::new()
            }
        };
        self.hold_streams(members.into_iter().filter(|m| m.can_hold).map(|m| m.stream));
        let next = match self.take() {
            State::Connected(active) => self.settle(now, active),
            other => other,
        };
        self.enter(next);
        Ok(())
    }

    /// Tells streams what is wanted of them now.
    pub(super) fn hold_streams(&mut self, streams: impl Iterator<Item = StreamId>) {
        let command = if self.hold { StreamCommand::Hold } else { StreamCommand::Unhold };
        for stream in streams {
            self.push(Output::Stream(stream, command));
        }
    }

    pub(super) fn stream(&mut self, now: Instant, stream: StreamId, event: StreamInput) {
        let next = match (self.take(), event) {
            (State::Outgoing(outgoing), StreamInput::Failed { reason }) => {
                self.outgoing_stream_failed(now, outgoing, stream, &reason)
            }
            (State::Outgoing(outgoing), _) => self.outgoing_reported(now, outgoing, stream),
            (State::Accepting(accepting), StreamInput::Failed { reason }) => {
                self.accepting_stream_failed(now, accepting, stream, &reason)
            }
            (State::Accepting(accepting), _) => self.accepting_reported(now, accepting, stream),
            (State::Connected(mut active), StreamInput::Failed { reason }) => {
                if self.lose_stream(&mut active, stream) {
                    self.leave(now, active, Some(reason))
                } else {
                    self.settle(now, active)
                }
            }
            (State::SendingProposal(mut active, sending), StreamInput::Failed { reason }) => {
                if self.lose_stream(&mut active, stream) {
                    self.leave(now, active, Some(reason))
                } else {
                    State::SendingProposal(active, sending)
                }
            }
            (State::ReceivedProposal(mut active, received), StreamInput::Failed { reason }) => {
                if self.lose_stream(&mut active, stream) {
                    self.leave(now, active, Some(reason))
                } else {
                    State::ReceivedProposal(active, received)
                }
            }
            (other, _) => other,
        };
        self.enter(next);
    }

    /// Takes a stream that failed out of the session; whether it was the last.
    fn lose_stream(&mut self, active: &mut Active, stream: StreamId) -> bool {
        if !active.media.remove(stream) {
            return false;
        }
        active.stale = true;
        self.remove_streams(vec![stream]);
        active.media.is_empty()
    }

    /// Ends streams that are not part of the session any more, and says so.
    pub(super) fn remove_streams(&mut self, streams: Vec<StreamId>) {
        if streams.is_empty() {
            return;
        }
        for stream in &streams {
            self.end_stream(*stream);
        }
        self.note(Note::DidRenegotiateStreams(StreamAction::Remove, streams));
    }

    pub(super) fn note_local_hold(&mut self, media: &Media, on_hold: bool) {
        if media.can_hold() {
            let originator = Originator::Local;
            self.note(Note::DidChangeHoldState { originator, on_hold, partial: false });
        }
    }

    pub(super) fn note_remote_hold(&mut self, media: &Media) {
        let (on_hold, partial) = media.remote_hold();
        let originator = Originator::Remote;
        self.note(Note::DidChangeHoldState { originator, on_hold, partial });
    }
}
