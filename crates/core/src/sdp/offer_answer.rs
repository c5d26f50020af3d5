//! Offer and answer (RFC 3264), without knowing who carries them.
//!
//! A [`Negotiator`] belongs to one dialog. It takes the descriptions of both
//! sides in turn, refuses those that break the rules, numbers ours, and says
//! what is [`Agreed`].

mod agreed;
mod formats;
mod negotiator;
mod rules;

pub use agreed::{Agreed, Side};
pub use formats::{FormatMatch, matching_formats};
pub use negotiator::{NegotiationState, Negotiator};

/// Why a description doesn't fit. From [`Negotiator::remote_offer`] and
/// [`Negotiator::remote_answer`] it's the peer's fault, else the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferAnswerError {
    /// No offer may be made, or there is none to answer.
    #[error("not possible in the state {0:?}")]
    State(NegotiationState),
    /// An answer with more or fewer streams than its offer (RFC 3264 §6), or
    /// a new offer with fewer than the session has (§8).
    #[error("{found} streams where {expected} were needed")]
    StreamCount {
        /// How many were needed.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A stream changed its media type (RFC 3264 §6, §8.3.3).
    #[error("stream {0} has another media type")]
    MediaType(usize),
    /// An answer changed the transport of a stream (RFC 3264 §6).
    #[error("stream {0} has another transport")]
    Protocol(usize),
    /// An answer accepts a stream that was offered with port 0
    /// (RFC 3264 §6).
    #[error("stream {0} was not offered")]
    NotOffered(usize),
    /// Our answer wants a direction that the offer excludes (RFC 3264 §6.1).
    #[error("stream {0} has a direction that the offer excludes")]
    Direction(usize),
}
