//! What an answer owes its offer, and a new offer the session
//! (RFC 3264 §6, §8).

use super::OfferAnswerError as Error;
use crate::sdp::SessionDescription;

/// The rules that break a session when they are broken.
pub(super) fn check_answer(
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Result<(), Error> {
    if offer.media.len() != answer.media.len() {
        let (expected, found) = (offer.media.len(), answer.media.len());
        return Err(Error::StreamCount { expected, found });
    }
    for (index, (offered, answered)) in offer.media.iter().zip(&answer.media).enumerate() {
        if offered.media != answered.media {
            return Err(Error::MediaType(index));
        }
        if answered.is_rejected() {
            continue;
        }
        if offered.is_rejected() {
            return Err(Error::NotOffered(index));
        }
        if offered.protocol != answered.protocol {
            return Err(Error::Protocol(index));
        }
    }
    Ok(())
}

/// Peers answer `sendonly` with `sendrecv`, and no harm comes of it; we don't.
pub(super) fn check_directions(
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Result<(), Error> {
    for (index, (offered, answered)) in offer.media.iter().zip(&answer.media).enumerate() {
        let (ours, theirs) = (answer.direction(answered), offer.direction(offered));
        if !answered.is_rejected() && ours.answer_to(theirs) != ours {
            return Err(Error::Direction(index));
        }
    }
    Ok(())
}

/// Streams stay where they are; only a disabled one may become another.
pub(super) fn check_new_offer(
    previous: &SessionDescription,
    disabled: impl Fn(usize) -> bool,
    offer: &SessionDescription,
) -> Result<(), Error> {
    if offer.media.len() < previous.media.len() {
        let (expected, found) = (previous.media.len(), offer.media.len());
        return Err(Error::StreamCount { expected, found });
    }
    for (index, (old, new)) in previous.media.iter().zip(&offer.media).enumerate() {
        if old.media != new.media && !disabled(index) {
            return Err(Error::MediaType(index));
        }
    }
    Ok(())
}
