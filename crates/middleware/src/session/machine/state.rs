//! The machine's states, each with its data.

use std::time::Instant;

use super::MEDIA_STREAM_TIMEOUT;
use super::input::Failure;
use super::media::Media;
use crate::notification::StreamId;
use crate::session::state::SessionState;

#[derive(Debug)]
pub(super) enum State {
    Null,
    Incoming(Incoming),
    Outgoing(Outgoing),
    Accepting(Accepting),
    Connected(Active),
    SendingProposal(Active, Sending),
    ReceivedProposal(Active, Received),
    Terminating(Ending),
    Terminated,
}

/// Somebody calls.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) media: Media,
    /// The INVITE had no description: the streams come from the application.
    pub(super) late_offer: bool,
    /// When nobody has answered.
    pub(super) deadline: Instant,
}

/// We call somebody.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) media: Media,
    /// Whether the offer holds, once it is made.
    pub(super) hold_offered: bool,
    pub(super) phase: OutgoingPhase,
}

#[derive(Debug)]
pub(super) enum OutgoingPhase {
    /// The streams get what they need to be offered.
    Initializing(Pending),
    /// The INVITE is out.
    Calling { deadline: Instant },
    /// The call was answered; the streams start.
    Starting(Pending),
}

/// We have accepted a call.
#[derive(Debug)]
pub(super) struct Accepting {
    pub(super) media: Media,
    pub(super) late_offer: bool,
    pub(super) hold_offered: bool,
    pub(super) phase: AcceptingPhase,
}

#[derive(Debug)]
pub(super) enum AcceptingPhase {
    /// The streams get what they need to be answered with.
    Initializing(Pending),
    /// The 200 is out, and our offer in it waits for its answer in the ACK.
    Offered,
    /// The streams start; the ACK may come before or after them.
    Starting { pending: Pending, acknowledged: bool },
}

/// Streams that have not reported yet, and until when they may.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) streams: Vec<StreamId>,
    pub(super) deadline: Instant,
    /// One of them failed after the other party had heard of it.
    pub(super) lost: bool,
}

impl Pending {
    /// All streams of `media`.
    pub(super) fn new(now: Instant, media: &Media) -> Self {
        Self { streams: media.streams(), deadline: now + MEDIA_STREAM_TIMEOUT, lost: false }
    }

    /// Notes that one has reported; whether it was awaited.
    pub(super) fn report(&mut self, stream: StreamId) -> bool {
        let before = self.streams.len();
        self.streams.retain(|other| *other != stream);
        self.streams.len() < before
    }

    pub(super) fn is_done(&self) -> bool {
        self.streams.is_empty()
    }
}

/// A session that runs.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) media: Media,
    /// Whether our last offer or answer held the streams.
    pub(super) hold_agreed: bool,
    /// The other party does not know yet that a stream has left.
    pub(super) stale: bool,
    /// Not before this instant may our next re-INVITE be sent.
    pub(super) not_before: Option<Instant>,
}

/// A re-INVITE of ours.
#[derive(Debug)]
pub(super) struct Sending {
    /// Whether it holds the streams.
    pub(super) hold: bool,
    /// When it is given up; `None` once it was.
    pub(super) deadline: Option<Instant>,
}

/// A re-INVITE of the other party, answered with 200; its ACK is awaited.
#[derive(Debug)]
pub(super) struct Received {
    /// It had no description: our 200 offered, the ACK answers.
    pub(super) offered: bool,
    /// Whether our 200 holds the streams.
    pub(super) hold: bool,
}

/// A session that ends.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) media: Media,
    /// How it will be told.
    pub(super) outcome: Outcome,
    pub(super) deadline: Instant,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// It never started.
    Fail(Failure),
    /// It had started.
    End { end_reason: String },
}

impl State {
    pub(super) fn public(&self) -> SessionState {
        match self {
            Self::Null => SessionState::Null,
            Self::Incoming(_) => SessionState::Incoming,
            Self::Outgoing(_) => SessionState::Outgoing,
            Self::Accepting(_) => SessionState::Accepting,
            Self::Connected(_) => SessionState::Connected,
            Self::SendingProposal(..) => SessionState::SendingProposal,
            Self::ReceivedProposal(..) => SessionState::ReceivedProposal,
            Self::Terminating(_) => SessionState::Terminating,
            Self::Terminated => SessionState::Terminated,
        }
    }

    pub(super) fn media(&self) -> Option<&Media> {
        match self {
            Self::Incoming(incoming) => Some(&incoming.media),
            Self::Outgoing(outgoing) => Some(&outgoing.media),
            Self::Accepting(accepting) => Some(&accepting.media),
            Self::Connected(active)
            | Self::SendingProposal(active, _)
            | Self::ReceivedProposal(active, _) => Some(&active.media),
            Self::Terminating(ending) => Some(&ending.media),
            Self::Null | Self::Terminated => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Incoming(incoming) => Some(incoming.deadline),
            Self::Outgoing(outgoing) => match &outgoing.phase {
                OutgoingPhase::Initializing(pending) | OutgoingPhase::Starting(pending) => {
                    Some(pending.deadline)
                }
                OutgoingPhase::Calling { deadline } => Some(*deadline),
            },
            Self::Accepting(accepting) => match &accepting.phase {
                AcceptingPhase::Initializing(pending) => Some(pending.deadline),
                AcceptingPhase::Starting { pending, .. } if !pending.is_done() => {
                    Some(pending.deadline)
                }
                // The engine gives up when no ACK comes.
                AcceptingPhase::Starting { .. } | AcceptingPhase::Offered => None,
            },
            Self::Connected(active) => active.not_before,
            Self::SendingProposal(_, sending) => sending.deadline,
            Self::Terminating(ending) => Some(ending.deadline),
            Self::Null | Self::ReceivedProposal(..) | Self::Terminated => None,
        }
    }
}
