//! What both sides have agreed on (RFC 3264 §6, §7).

use crate::sdp::{Direction, SessionDescription};

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// We.
    Local,
    /// The peer.
    Remote,
}

/// An offer with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Our description.
    pub local: SessionDescription,
    /// The peer's description.
    pub remote: SessionDescription,
    /// Who made the offer.
    pub offerer: Side,
}

impl Agreed {
    /// True when both sides have the stream.
    pub fn is_active(&self, index: usize) -> bool {
        match (self.local.media.get(index), self.remote.media.get(index)) {
            (Some(local), Some(remote)) => !local.is_rejected() && !remote.is_rejected(),
            _ => false,
        }
    }

    /// What we do with a stream: what both descriptions allow, as seen by us.
    pub fn direction(&self, index: usize) -> Direction {
        let (Some(local), Some(remote)) =
            (self.local.media.get(index), self.remote.media.get(index))
        else {
            return Direction::Inactive;
        };
        if !self.is_active(index) {
            return Direction::Inactive;
        }
        let remote_wants = self.remote.direction(remote).reversed();
        let direction = self.local.direction(local).and(remote_wants);
        // Nothing can be sent to 0.0.0.0.
        let reachable = |session: &SessionDescription, media| {
            session.connection(media).is_none_or(|c| !c.address.is_unspecified())
        };
        Direction::new(
            direction.sends() && reachable(&self.remote, remote),
            direction.receives() && reachable(&self.local, local),
        )
    }

    /// True when that side keeps the other from being heard.
    pub fn is_on_hold(&self, index: usize, by: Side) -> bool {
        let session = match by {
            Side::Local => &self.local,
            Side::Remote => &self.remote,
        };
        self.is_active(index)
            && session.media.get(index).is_some_and(|media| session.is_hold(media))
    }
}
