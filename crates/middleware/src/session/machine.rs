//! The session as a pure machine: what the application, the SIP engine and the
//! streams say goes in, what they should do comes out.
//!
//! [`Machine::handle_input`], then [`Machine::poll_output`] until it says
//! [`Output::Timeout`]; nothing else changes its state. It sees no SDP: whoever
//! drives it builds descriptions from the [`Layout`] in an output, and tells it
//! what became of each medium.

mod active;
mod ending;
mod incoming;
mod input;
mod media;
mod outgoing;
mod output;
mod proposal;
mod state;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(crate) use input::{
    AnsweredMedia, Command, Failure, Input, MediaChange, Member, OfferedMedia, OfferedStream,
    Reinvite, StreamInput,
};
pub(crate) use media::Layout;
pub(crate) use output::{CallCommand, Note, Output, StreamCommand};
use state::State;

use super::state::{SessionError, SessionState};

/// How long the streams may take to initialize or to start.
pub(crate) const MEDIA_STREAM_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a re-INVITE that adds nothing may take before it is given up.
pub(crate) const SHORT_REINVITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the end of a session waits for the other party.
pub(crate) const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a session ended because somebody wanted it to.
pub(crate) const USER_REQUEST: &str = "user_request";
/// Why it ended because nothing came.
pub(crate) const TIMEOUT: &str = "timeout";

/// What a machine is made with.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// How long an INVITE may wait for its final response.
    pub(crate) invite_timeout: Duration,
    /// How long to wait after a re-INVITE that the engine could not send,
    /// because one of the other party was faster.
    pub(crate) glare_wait: Duration,
}

/// One session.
#[derive(Debug)]
pub(crate) struct Machine {
    config: Config,
    state: State,
    /// What the application last asked for with hold or unhold: legal in any
    /// state, sent when it can be.
    hold: bool,
    /// What the application was last told.
    announced: SessionState,
    /// A re-INVITE that came before the streams ran.
    deferred: Option<Reinvite>,
    outputs: VecDeque<Output>,
}

impl Machine {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Null,
            hold: false,
            announced: SessionState::Null,
            deferred: None,
            outputs: VecDeque::new(),
        }
    }

    pub(crate) fn state(&self) -> SessionState {
        self.state.public()
    }

    /// The streams of the session by their places, as far as it has any.
    pub(crate) fn layout(&self) -> Layout {
        self.state.media().map(media::Media::layout).unwrap_or_default()
    }

    /// What happens next. An error means that a command was refused and
    /// nothing changed; every other input is always taken.
    pub(crate) fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), SessionError> {
        match input {
            Input::Command(command) => return self.command(now, command),
            Input::Incoming { media, late_offer } => self.called(now, media, late_offer),
            Input::Stream { stream, event } => self.stream(now, stream, event),
            Input::Progress { code, reason } => self.progress(code, reason),
            Input::Answered { media } => self.answered(now, media),
            Input::Acknowledged { media } => self.acknowledged(now, media),
            Input::Failed(failure) => self.failed(failure),
            Input::Reinvite(reinvite) => self.reinvited(now, reinvite),
            Input::ReinviteCancelled => self.reinvite_cancelled(now),
            Input::ReinviteAnswered { media } => self.reinvite_answered(now, media),
            Input::ReinviteFailed { code, reason } => self.reinvite_failed(now, code, reason),
            Input::ReinvitePostponed { pause } => self.reinvite_postponed(now, pause),
            Input::ReinviteDue => self.reinvite_due(now),
            Input::Refused { reason } => self.refused(now, reason),
            Input::Ended(failure) => self.ended(failure),
            Input::Timeout => self.timeout(now),
        }
        Ok(())
    }

    /// What to do. Ends with [`Output::Timeout`]: call again after that
    /// instant with [`Input::Timeout`], or after any other input.
    pub(crate) fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.state.deadline()))
    }

    fn command(&mut self, now: Instant, command: Command) -> Result<(), SessionError> {
        match command {
            Command::Connect { streams } => self.connect(now, streams),
            Command::SendRingIndication => self.ring(),
            Command::Accept { streams } => self.accept(now, streams),
            Command::Reject { code, reason } => self.reject(now, code, reason),
            Command::Hold => self.change_hold(now, true),
            Command::Unhold => self.change_hold(now, false),
            Command::End => self.end(now),
        }
    }

    fn illegal(&self, method: &'static str) -> SessionError {
        SessionError::IllegalState { state: self.state(), method }
    }

    /// Takes the state out to replace it by the next one: see [`Self::enter`].
    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Terminated)
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.announce(self.state.public());
    }

    /// Says that the session is in another state: before the notifications
    /// that follow from it, so that whoever reads them sees it.
    fn announce(&mut self, state: SessionState) {
        if self.announced != state {
            self.announced = state;
            self.push(Output::State(state));
        }
    }

    fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn note(&mut self, note: Note) {
        self.push(Output::Note(note));
    }

    fn call(&mut self, command: CallCommand) {
        self.push(Output::Call(command));
    }
}
