//! What goes into the session machine.

use std::time::Duration;

use crate::notification::{Originator, StreamId};

/// Something happened.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// The application wants something.
    Command(Command),
    /// The session was made by an INVITE: its media, in the order of the
    /// description. Without a description (a late offer) there are none.
    Incoming { media: Vec<Option<OfferedStream>>, late_offer: bool },
    /// A stream did something.
    Stream { stream: StreamId, event: StreamInput },
    /// A provisional response other than 100 came.
    Progress { code: u16, reason: String },
    /// A 2xx to our INVITE came; what it says about each medium, or why it
    /// can't be used.
    Answered { media: Result<Vec<AnsweredMedia>, String> },
    /// The ACK to our 2xx came, with what it answers to a late offer of ours.
    Acknowledged { media: Option<Result<Vec<AnsweredMedia>, String>> },
    /// The call did not come about.
    Failed(Failure),
    /// The other party sent a re-INVITE.
    Reinvite(Reinvite),
    /// The other party cancelled its re-INVITE before it was answered.
    ReinviteCancelled,
    /// A 2xx to our re-INVITE came.
    ReinviteAnswered { media: Result<Vec<AnsweredMedia>, String> },
    /// Our re-INVITE was refused or not answered.
    ReinviteFailed { code: u16, reason: String },
    /// Our re-INVITE met one of the other party (491): not before this pause.
    ReinvitePostponed { pause: Duration },
    /// That pause is over.
    ReinviteDue,
    /// The engine could not carry out our last INVITE or re-INVITE.
    Refused { reason: String },
    /// The call, once answered, is over.
    Ended(Failure),
    /// A deadline may have passed.
    Timeout,
}

/// What the application can ask for.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Connect { streams: Vec<Member> },
    SendRingIndication,
    Accept { streams: Vec<Member> },
    Reject { code: u16, reason: String },
    Hold,
    Unhold,
    End,
}

/// A stream as the machine knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) stream: StreamId,
    /// It can be put on hold.
    pub(crate) can_hold: bool,
}

/// A medium of an INVITE that a stream was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OfferedStream {
    pub(crate) member: Member,
    /// The other party holds it.
    pub(crate) held: bool,
}

/// What a stream can report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamInput {
    Initialized,
    Started,
    Failed { reason: String },
}

/// What an answer says about a medium that we offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnsweredMedia {
    /// It is used; `held` if the other party holds it.
    Accepted { held: bool },
    /// Its port is 0.
    Rejected,
}

/// A re-INVITE of the other party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reinvite {
    /// It has a description: what it says about each medium.
    Offer(Vec<OfferedMedia>),
    /// It has none: it asks for our offer.
    NoOffer,
    /// Its description can't be used.
    Unusable { reason: String },
}

/// What a re-INVITE says about a medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferedMedia {
    pub(crate) change: MediaChange,
    /// The other party holds it.
    pub(crate) held: bool,
}

/// How a medium differs from what was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MediaChange {
    /// Not at all, or in a way that the stream accepts.
    Keep,
    /// In a way that the stream refuses.
    Refuse { reason: String },
    /// Its port is 0.
    Remove,
    /// There was none in this place.
    Add,
}

/// Why a call failed or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) originator: Originator,
    pub(crate) code: u16,
    pub(crate) reason: String,
    /// In a word.
    pub(crate) failure_reason: String,
    /// Where a 3xx points to.
    pub(crate) redirect_identities: Vec<String>,
    /// The transaction that ended the call, if one did: its originator and
    /// method.
    pub(crate) transaction: Option<(Originator, &'static str)>,
}

impl Failure {
    /// A failure on our side.
    pub(crate) fn local(code: u16, reason: &str, failure_reason: impl Into<String>) -> Self {
        Self {
            originator: Originator::Local,
            code,
            reason: reason.to_owned(),
            failure_reason: failure_reason.into(),
            redirect_identities: Vec::new(),
            transaction: None,
        }
    }
}
