//! The media of a session, in the order of their descriptions.

use super::input::{AnsweredMedia, Member, OfferedStream};
use crate::notification::StreamId;

/// Which stream stands at each place of a description. An empty place is a
/// medium of port 0: places are never removed (RFC 3264 §8.2).
pub(crate) type Layout = Vec<Option<StreamId>>;

/// The media of a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Media {
    places: Vec<Option<Place>>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    member: Member,
    /// The other party holds it.
    held: bool,
}

impl Media {
    pub(super) fn offered(streams: Vec<Option<OfferedStream>>) -> Self {
        let place = |offered: OfferedStream| Place { member: offered.member, held: offered.held };
        Self { places: streams.into_iter().map(|stream| stream.map(place)).collect() }
    }

    pub(super) fn proposed(members: Vec<Member>) -> Self {
        let place = |member| Some(Place { member, held: false });
        Self { places: members.into_iter().map(place).collect() }
    }

    pub(super) fn layout(&self) -> Layout {
        self.places.iter().map(|place| place.map(|place| place.member.stream)).collect()
    }

    pub(super) fn streams(&self) -> Vec<StreamId> {
        self.members().map(|member| member.stream).collect()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        self.places.iter().flatten().map(|place| place.member)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.iter().all(Option::is_none)
    }

    pub(super) fn contains(&self, stream: StreamId) -> bool {
        self.members().any(|member| member.stream == stream)
    }

    /// The streams with their places.
    pub(super) fn indexed(&self) -> Vec<(usize, StreamId)> {
        let indexed = self.places.iter().enumerate();
        indexed.filter_map(|(i, place)| Some((i, place.as_ref()?.member.stream))).collect()
    }

    pub(super) fn stream_at(&self, index: usize) -> Option<StreamId> {
        self.places.get(index)?.map(|place| place.member.stream)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Empties a stream's place; whether it had one.
    pub(super) fn remove(&mut self, stream: StreamId) -> bool {
        let place =
            self.places.iter_mut().find(|place| place.is_some_and(|p| p.member.stream == stream));
        place.map(Option::take).is_some()
    }

    /// Empties every place but those of `kept`; the streams that lost theirs.
    pub(super) fn retain(&mut self, kept: &[StreamId]) -> Vec<StreamId> {
        let dropped: Vec<_> = self.streams().into_iter().filter(|s| !kept.contains(s)).collect();
        for stream in &dropped {
            self.remove(*stream);
        }
        dropped
    }

    /// Adds empty places up to `count`, for media that are refused.
    pub(super) fn grow(&mut self, count: usize) {
        if count > self.places.len() {
            self.places.resize_with(count, || None);
        }
    }

    /// Takes an answer over; the streams that it rejects leave their places.
    pub(super) fn answer(&mut self, answer: &[AnsweredMedia]) -> Vec<StreamId> {
        let mut rejected = Vec::new();
        for (index, place) in self.places.iter_mut().enumerate() {
            match (place.as_mut(), answer.get(index)) {
                (Some(place), Some(AnsweredMedia::Accepted { held })) => place.held = *held,
                (Some(old), _) => {
                    rejected.push(old.member.stream);
                    *place = None;
                }
                (None, _) => {}
            }
        }
        rejected
    }

    pub(super) fn set_held(&mut self, index: usize, held: bool) {
        if let Some(Some(place)) = self.places.get_mut(index) {
            place.held = held;
        }
    }

    /// Whether the other party holds any stream, and whether it leaves out one
    /// that it could hold.
    pub(super) fn remote_hold(&self) -> (bool, bool) {
        let can_hold = self.places.iter().flatten().filter(|place| place.member.can_hold);
        let (held, free): (Vec<&Place>, Vec<&Place>) = can_hold.partition(|place| place.held);
        (!held.is_empty(), !held.is_empty() && !free.is_empty())
    }

    /// Whether any stream can be held by us.
    pub(super) fn can_hold(&self) -> bool {
        self.members().any(|member| member.can_hold)
    }
}
