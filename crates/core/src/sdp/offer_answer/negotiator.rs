//! The machine that takes offers and answers in turn (RFC 3264 §4, §8).

use super::rules::{check_answer, check_directions, check_new_offer};
use super::{Agreed, OfferAnswerError as Error, Side};
use crate::sdp::{Origin, SessionDescription};

/// Where a negotiation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegotiationState {
    /// Nothing was offered yet.
    Idle,
    /// Our offer waits for its answer.
    LocalOffer,
    /// The peer's offer waits for ours.
    RemoteOffer,
    /// Both sides agree.
    Established,
}

/// The offers and answers of one dialog.
///
/// ```
/// use sipsimple_core::sdp::offer_answer::{NegotiationState, Negotiator};
/// use sipsimple_core::sdp::{MediaDescription, MediaType, Protocol, SessionDescription};
///
/// let audio = || MediaDescription::new(MediaType::Audio, 4000, Protocol::RtpAvp, [0]);
/// let ours = SessionDescription::new("-", 1, [192, 0, 2, 1].into()).with_media(audio());
/// let theirs = SessionDescription::new("-", 9, [192, 0, 2, 2].into()).with_media(audio());
///
/// let mut negotiator = Negotiator::new();
/// let offer = negotiator.offer(ours)?.to_string();
/// let agreed = negotiator.remote_answer(theirs)?;
/// assert!(agreed.is_active(0));
/// assert_eq!(negotiator.state(), NegotiationState::Established);
/// # Ok::<(), sipsimple_core::sdp::offer_answer::OfferAnswerError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Negotiator {
    pending: Option<Pending>,
    agreed: Option<Box<Agreed>>,
    /// The `o=` of the last description that we sent.
    last_origin: Option<Origin>,
}

/// An offer without its answer.
#[derive(Debug, Clone)]
struct Pending {
    by: Side,
    offer: Box<SessionDescription>,
}

impl Negotiator {
    /// Nothing negotiated.
    pub const fn new() -> Self {
        Self { pending: None, agreed: None, last_origin: None }
    }

    /// Where the negotiation stands.
    pub fn state(&self) -> NegotiationState {
        match (&self.pending, &self.agreed) {
            (Some(Pending { by: Side::Local, .. }), _) => NegotiationState::LocalOffer,
            (Some(Pending { by: Side::Remote, .. }), _) => NegotiationState::RemoteOffer,
            (None, Some(_)) => NegotiationState::Established,
            (None, None) => NegotiationState::Idle,
        }
    }

    /// What was agreed last; while a new offer is pending, that stays in use.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_deref()
    }

    /// The offer that waits for its answer.
    pub fn pending_offer(&self) -> Option<&SessionDescription> {
        self.pending.as_ref().map(|pending| &*pending.offer)
    }

    /// True when the pending offer of the peer is the description that it
    /// sent last: same session, same version (RFC 3264 §8). It may be answered
    /// with what we sent last.
    pub fn is_unchanged(&self) -> bool {
        match (&self.pending, &self.agreed) {
            (Some(Pending { by: Side::Remote, offer }), Some(agreed)) => {
                offer.origin == agreed.remote.origin
            }
            _ => false,
        }
    }

    /// Makes our offer. Gives what to send: the description with its `o=` in
    /// order, the identity of the session kept, and the version one higher
    /// when anything changed.
    pub fn offer(&mut self, offer: SessionDescription) -> Result<&SessionDescription, Error> {
        self.check_offer(&offer)?;
        let offer = Box::new(self.number(offer));
        Ok(&self.pending.insert(Pending { by: Side::Local, offer }).offer)
    }

    /// Takes the peer's offer. On an error nothing has changed: answer 488.
    pub fn remote_offer(
        &mut self,
        offer: SessionDescription,
    ) -> Result<&SessionDescription, Error> {
        self.check_offer(&offer)?;
        let offer = Box::new(offer);
        Ok(&self.pending.insert(Pending { by: Side::Remote, offer }).offer)
    }

    /// Answers the peer's offer. What to send is `local` of the result, with
    /// its `o=` in order as in [`offer`](Self::offer).
    pub fn answer(&mut self, answer: SessionDescription) -> Result<&Agreed, Error> {
        let offer = match &self.pending {
            Some(Pending { by: Side::Remote, offer }) => offer,
            _ => return Err(Error::State(self.state())),
        };
        check_answer(offer, &answer)?;
        check_directions(offer, &answer)?;
        let remote = (**offer).clone();
        let local = self.number(answer);
        self.pending = None;
        Ok(self.agreed.insert(Box::new(Agreed { local, remote, offerer: Side::Remote })))
    }

    /// Takes the peer's answer. On an error nothing has changed.
    pub fn remote_answer(&mut self, answer: SessionDescription) -> Result<&Agreed, Error> {
        let offer = match &self.pending {
            Some(Pending { by: Side::Local, offer }) => offer,
            _ => return Err(Error::State(self.state())),
        };
        check_answer(offer, &answer)?;
        let local = (**offer).clone();
        self.pending = None;
        Ok(self.agreed.insert(Box::new(Agreed { local, remote: answer, offerer: Side::Local })))
    }

    /// Drops the pending offer: it was refused or withdrawn, and what was
    /// agreed before stays. True when there was one.
    pub fn rollback(&mut self) -> bool {
        self.pending.take().is_some()
    }

    /// What holds for an offer of either side.
    fn check_offer(&self, offer: &SessionDescription) -> Result<(), Error> {
        if self.pending.is_some() {
            return Err(Error::State(self.state()));
        }
        match &self.agreed {
            Some(agreed) => check_new_offer(&agreed.local, |index| !agreed.is_active(index), offer),
            None => Ok(()),
        }
    }

    /// Puts `o=` in order: one identity per dialog, and a new version for
    /// everything that differs from what was sent last (RFC 3264 §8). An offer
    /// that was refused has used up its version.
    fn number(&mut self, mut description: SessionDescription) -> SessionDescription {
        if let Some(last) = &self.last_origin {
            description.origin = last.clone();
            let same = self.agreed.as_ref().is_some_and(|agreed| agreed.local == description);
            if !same {
                description.origin.version = last.version.saturating_add(1);
            }
        }
        self.last_origin = Some(description.origin.clone());
        description
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{Direction, MediaDescription, MediaType, Protocol};

    fn audio(port: u16) -> MediaDescription {
        MediaDescription::new(MediaType::Audio, port, Protocol::RtpAvp, [0, 8])
    }

    fn video(port: u16) -> MediaDescription {
        MediaDescription::new(MediaType::Video, port, Protocol::RtpAvp, [31])
    }

    fn session(id: u64, media: impl IntoIterator<Item = MediaDescription>) -> SessionDescription {
        let mut session = SessionDescription::new("-", id, [192, 0, 2, 1].into());
        session.media.extend(media);
        session
    }

    fn established() -> Negotiator {
        let mut negotiator = Negotiator::new();
        negotiator.offer(session(10, [audio(4000), video(4002)])).unwrap();
        negotiator.remote_answer(session(20, [audio(5000), video(0)])).unwrap();
        negotiator
    }

    #[test]
    fn offers_take_turns() {
        let mut negotiator = Negotiator::new();
        assert_eq!(
            negotiator.remote_answer(session(1, [])).unwrap_err(),
            Error::State(NegotiationState::Idle)
        );
        negotiator.remote_offer(session(1, [audio(1)])).unwrap();
        let glare = Error::State(NegotiationState::RemoteOffer);
        assert_eq!(negotiator.offer(session(2, [])).unwrap_err(), glare);
        assert_eq!(negotiator.remote_offer(session(1, [])).unwrap_err(), glare);
        negotiator.answer(session(2, [audio(2)])).unwrap();
        assert_eq!(negotiator.state(), NegotiationState::Established);
        assert_eq!(negotiator.agreed().unwrap().offerer, Side::Remote);
    }

    #[test]
    fn an_answer_mirrors_its_offer() {
        let offer = session(1, [audio(1), video(0)]);
        let mut secure = audio(1);
        secure.protocol = Protocol::RtpSavp;
        for (answer, error) in [
            (session(2, [audio(1)]), Error::StreamCount { expected: 2, found: 1 }),
            (session(2, [video(1), audio(1)]), Error::MediaType(0)),
            (session(2, [audio(1), video(1)]), Error::NotOffered(1)),
            (session(2, [secure, video(0)]), Error::Protocol(0)),
        ] {
            let mut negotiator = Negotiator::new();
            negotiator.offer(offer.clone()).unwrap();
            assert_eq!(negotiator.remote_answer(answer.clone()).unwrap_err(), error);
            assert_eq!(negotiator.state(), NegotiationState::LocalOffer);
            let mut negotiator = Negotiator::new();
            negotiator.remote_offer(offer.clone()).unwrap();
            assert_eq!(negotiator.answer(answer).unwrap_err(), error);
            assert_eq!(negotiator.state(), NegotiationState::RemoteOffer);
        }
    }

    #[test]
    fn streams_keep_their_place() {
        let mut negotiator = established();
        assert!(negotiator.offer(session(1, [audio(1)])).is_err());
        let swapped = session(1, [video(1), audio(1)]);
        assert_eq!(negotiator.offer(swapped).unwrap_err(), Error::MediaType(0));
        // The refused video may become something else; a third may join.
        let message = MediaDescription::new(MediaType::Message, 9, Protocol::TcpMsrp, ["*"]);
        negotiator.remote_offer(session(20, [audio(1), message, video(3)])).unwrap();
        assert!(negotiator.rollback() && !negotiator.rollback());
        assert_eq!(negotiator.state(), NegotiationState::Established);
    }

    #[test]
    fn versions_rise_with_changes_only() {
        let mut negotiator = established();
        assert_eq!(negotiator.agreed().unwrap().local.origin.version, 10);
        let again = negotiator.offer(session(77, [audio(4000), video(4002)])).unwrap();
        assert_eq!((again.origin.session_id, again.origin.version), (10, 10));
        negotiator.rollback();
        let changed = negotiator.offer(session(77, [audio(6000), video(0)])).unwrap();
        assert_eq!(changed.origin.version, 11);
        negotiator.rollback();
        // The peer has seen the refused offer: its version is used up.
        let offer = negotiator.offer(session(10, [audio(4000), video(4002)])).unwrap();
        assert_eq!(offer.origin.version, 12);
    }

    #[test]
    fn an_unchanged_offer_is_noticed() {
        let mut negotiator = established();
        negotiator.remote_offer(session(20, [audio(5000), video(0)])).unwrap();
        assert!(negotiator.is_unchanged());
        negotiator.rollback();
        let mut changed = session(20, [audio(5000), video(0)]);
        changed.origin.version += 1;
        negotiator.remote_offer(changed).unwrap();
        assert!(!negotiator.is_unchanged());
    }

    #[test]
    fn hold_and_directions() {
        let mut hold = session(20, [audio(5000), video(0)]);
        hold.media[0].set_direction(Direction::SendOnly);
        let mut negotiator = established();
        negotiator.remote_offer(hold).unwrap();
        let mut answer = session(10, [audio(4000), video(0)]);
        assert_eq!(negotiator.answer(answer.clone()).unwrap_err(), Error::Direction(0));
        answer.media[0].set_direction(Direction::RecvOnly);
        let agreed = negotiator.answer(answer).unwrap();
        assert_eq!(agreed.direction(0), Direction::RecvOnly);
        assert_eq!(agreed.direction(1), Direction::Inactive);
        assert!(agreed.is_on_hold(0, Side::Remote) && !agreed.is_on_hold(0, Side::Local));
    }

    #[test]
    fn hold_with_an_unspecified_address() {
        let mut negotiator = established();
        let mut hold = session(20, [audio(5000), video(0)]);
        hold.connection = Some(std::net::IpAddr::from([0, 0, 0, 0]).into());
        negotiator.remote_offer(hold).unwrap();
        let agreed = negotiator.answer(session(10, [audio(4000), video(0)])).unwrap();
        assert_eq!(agreed.direction(0), Direction::RecvOnly);
        assert!(agreed.is_on_hold(0, Side::Remote));
    }
}
