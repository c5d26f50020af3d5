//! What comes out of the session machine.

use std::time::Instant;

use super::Layout;
use crate::notification::{AckReceived, Originator, StreamAction, StreamId};
use crate::session::state::{Direction, SessionState};

/// Something to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// The session is in another state.
    State(SessionState),
    /// Tell the application.
    Note(Note),
    /// Tell the SIP engine.
    Call(CallCommand),
    /// Tell a stream.
    Stream(StreamId, StreamCommand),
    /// Nothing more to do until then, or until the next input.
    Timeout(Option<Instant>),
}

/// What the SIP engine should do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallCommand {
    /// Call, with an offer of these media.
    Invite(Layout),
    /// Send 180.
    Ring,
    /// Answer the INVITE: with an answer of these media, or with an offer when
    /// the INVITE had none.
    Answer(Layout),
    /// Refuse the INVITE.
    Reject { code: u16, reason: String },
    /// Send a re-INVITE with an offer of these media.
    Reinvite(Layout),
    /// Give our re-INVITE up.
    CancelReinvite,
    /// Answer the re-INVITE, as for [`Answer`](Self::Answer).
    AnswerReinvite(Layout),
    /// Refuse the re-INVITE with 488, and say why in a Warning header.
    RejectReinvite { warning: String },
    /// CANCEL or BYE, with this text in a Reason header.
    Hangup { reason: Option<String> },
}

/// What a stream should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamCommand {
    Initialize(Direction),
    /// Start, as the medium of this index in the descriptions.
    Start(usize),
    /// Take the new descriptions, as the medium of this index.
    Update(usize),
    Hold,
    Unhold,
    Deactivate,
    End,
}

/// A notification, with ids where the application gets handles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    NewIncoming(Vec<StreamId>),
    NewOutgoing(Vec<StreamId>),
    GotRingIndication,
    GotProvisionalResponse {
        code: u16,
        reason: String,
    },
    WillStart,
    DidStart(Vec<StreamId>),
    DidFail {
        originator: Originator,
        code: u16,
        reason: String,
        failure_reason: String,
        redirect_identities: Vec<String>,
    },
    WillEnd(Originator),
    DidEnd {
        originator: Originator,
        end_reason: String,
    },
    DidChangeHoldState {
        originator: Originator,
        on_hold: bool,
        partial: bool,
    },
    DidRenegotiateStreams(StreamAction, Vec<StreamId>),
    DidProcessTransaction {
        originator: Originator,
        method: &'static str,
        code: u16,
        reason: String,
        ack_received: Option<AckReceived>,
    },
}
