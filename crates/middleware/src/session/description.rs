//! The descriptions of a session: built from its streams, and agreed on with
//! the other party (RFC 3264). Pure.

use std::net::IpAddr;

use bytes::Bytes;
use sipsimple_core::header::HeaderName;
use sipsimple_core::message::Message;
use sipsimple_core::sdp::offer_answer::{Agreed, NegotiationState, Negotiator, OfferAnswerError};
use sipsimple_core::sdp::{MediaDescription, MediaType, Protocol, SdpError, SessionDescription};

use super::machine::{AnsweredMedia, Layout};

/// The only body that describes sessions here.
const SDP: &str = "application/sdp";

/// What an INVITE or its ACK offers.
#[derive(Debug)]
pub(crate) enum Offer {
    /// A description.
    Made(Box<SessionDescription>),
    /// None: the answer is to bring one.
    Missing,
}

/// Why a description of the other party can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum DescriptionError {
    #[error("the body is not a session description")]
    NotSdp,
    #[error("the session description is malformed: {0}")]
    Malformed(#[from] SdpError),
    #[error("the session description breaks the rules: {0}")]
    Rules(#[from] OfferAnswerError),
    #[error("there is no session description")]
    Missing,
}

/// The description in a message, if it has one.
pub(super) fn offer_in(message: &Message) -> Result<Offer, DescriptionError> {
    if message.body().is_empty() {
        return Ok(Offer::Missing);
    }
    let kind = message.value(HeaderName::ContentType).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(SDP) {
        return Err(DescriptionError::NotSdp);
    }
    Ok(Offer::Made(Box::new(SessionDescription::parse(message.body())?)))
}

/// The offers and answers of one session.
#[derive(Debug)]
pub(super) struct Descriptions {
    negotiator: Negotiator,
    /// `s=`
    name: Box<str>,
    /// Of `o=`: never the same twice.
    session_id: u64,
}

impl Descriptions {
    pub(super) fn new(name: &str, session_id: u64) -> Self {
        Self { negotiator: Negotiator::new(), name: name.into(), session_id }
    }

    /// Our offer, with a medium at each place or an empty one.
    pub(super) fn offer(
        &mut self,
        address: IpAddr,
        media: Vec<Option<MediaDescription>>,
    ) -> Result<Bytes, DescriptionError> {
        let before = self.negotiator.agreed().map(|agreed| agreed.local.media.clone());
        let before = before.unwrap_or_default();
        let empty = |index: usize| match before.get(index) {
            Some(medium) => medium.rejected(),
            None => MediaDescription::new(MediaType::Audio, 0, Protocol::RtpAvp, [0]),
        };
        let description = self.describe(address, media, empty);
        Ok(self.negotiator.offer(description)?.to_string().into())
    }

    /// Our answer to the offer that is pending.
    pub(super) fn answer(
        &mut self,
        address: IpAddr,
        media: Vec<Option<MediaDescription>>,
    ) -> Result<Bytes, DescriptionError> {
        let offer = self.pending_offer().ok_or(DescriptionError::Missing)?;
        let offered = offer.media.clone();
        let empty = |index: usize| match offered.get(index) {
            Some(medium) => medium.rejected(),
            None => MediaDescription::new(MediaType::Audio, 0, Protocol::RtpAvp, [0]),
        };
        let description = self.describe(address, media, empty);
        Ok(self.negotiator.answer(description)?.local.to_string().into())
    }

    fn describe(
        &self,
        address: IpAddr,
        media: Vec<Option<MediaDescription>>,
        empty: impl Fn(usize) -> MediaDescription,
    ) -> SessionDescription {
        let mut description = SessionDescription::new("-", self.session_id, address);
        description.name = self.name.clone();
        let places = media.into_iter().enumerate();
        description.media =
            places.map(|(index, medium)| medium.unwrap_or_else(|| empty(index))).collect();
        description
    }

    /// The other party offers.
    pub(super) fn offered(&mut self, offer: SessionDescription) -> Result<(), DescriptionError> {
        self.negotiator.remote_offer(offer)?;
        Ok(())
    }

    /// The other party answers our offer: what it says about each medium.
    pub(super) fn answered(
        &mut self,
        message: &Message,
    ) -> Result<Vec<AnsweredMedia>, DescriptionError> {
        let Offer::Made(answer) = offer_in(message)? else { return Err(DescriptionError::Missing) };
        let remote = &self.negotiator.remote_answer(*answer)?.remote;
        let said = |medium: &MediaDescription| match medium.is_rejected() {
            true => AnsweredMedia::Rejected,
            false => AnsweredMedia::Accepted { held: remote.is_hold(medium) },
        };
        Ok(remote.media.iter().map(said).collect())
    }

    /// Our offer was refused or given up.
    pub(super) fn give_up(&mut self) {
        if self.awaits_answer() {
            self.negotiator.rollback();
        }
    }

    /// We refuse the other party's offer.
    pub(super) fn refuse(&mut self) {
        if self.pending_offer().is_some() {
            self.negotiator.rollback();
        }
    }

    /// The other party's offer that we have not answered.
    pub(super) fn pending_offer(&self) -> Option<&SessionDescription> {
        let theirs = self.negotiator.state() == NegotiationState::RemoteOffer;
        self.negotiator.pending_offer().filter(|_| theirs)
    }

    /// An offer of ours waits for its answer.
    pub(super) fn awaits_answer(&self) -> bool {
        self.negotiator.state() == NegotiationState::LocalOffer
    }

    /// What both parties agreed on last.
    pub(super) fn agreed(&self) -> Option<&Agreed> {
        self.negotiator.agreed()
    }
}

/// The number of places in a layout and in an offer that it answers.
pub(super) fn places(layout: &Layout, offer: Option<&SessionDescription>) -> usize {
    layout.len().max(offer.map_or(0, |offer| offer.media.len()))
}
