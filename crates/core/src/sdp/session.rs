//! The session part of a description (RFC 8866 §5).

use std::net::IpAddr;

use super::{Address, Attributes, Connection, Direction, MediaDescription};

/// A session description.
///
/// The fields are those of RFC 8866 §5. What is set by hand is printed as it
/// is, but without line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDescription {
    /// `o=`
    pub origin: Origin,
    /// `s=`; printed as `-` when empty.
    pub name: Box<str>,
    /// `i=`
    pub information: Option<Box<str>>,
    /// `u=`
    pub uri: Option<Box<str>>,
    /// `e=`
    pub emails: Vec<Box<str>>,
    /// `p=`
    pub phones: Vec<Box<str>>,
    /// `c=`
    pub connection: Option<Connection>,
    /// `b=`
    pub bandwidths: Vec<Bandwidth>,
    /// `t=` with the `r=` lines of each; a session without one is printed
    /// with `t=0 0`.
    pub timings: Vec<Timing>,
    /// `z=`
    pub zones: Option<Box<str>>,
    /// `k=`, obsolete.
    pub key: Option<Box<str>>,
    /// `a=`
    pub attributes: Attributes,
    /// `m=` and what belongs to each.
    pub media: Vec<MediaDescription>,
}

// origin-field = "o" "=" username SP sess-id SP sess-version SP
//                nettype SP addrtype SP unicast-address CRLF
/// Who made a session, and which version of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The user, or `-`.
    pub username: Box<str>,
    /// The identity of the session; what doesn't fit reads as 2^64 - 1.
    pub session_id: u64,
    /// The version; what doesn't fit reads as 2^64 - 1.
    pub version: u64,
    /// Where it was made.
    pub address: Address,
}

// bandwidth-field = "b" "=" bwtype ":" bandwidth CRLF
/// A bandwidth limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bandwidth {
    /// `AS`, `CT`, `TIAS`, `RS`, `RR`…
    pub kind: Box<str>,
    /// In kbit/s; in bit/s for `TIAS`, `RS` and `RR`.
    pub value: u64,
}

// time-field   = "t" "=" start-time SP stop-time
// repeat-field = "r" "=" repeat-interval SP typed-time 1*(SP typed-time)
/// When a session takes place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timing {
    /// The start, in NTP seconds; 0 for always.
    pub start: u64,
    /// The stop, in NTP seconds; 0 for never.
    pub stop: u64,
    /// `r=`, as text.
    pub repeats: Vec<Box<str>>,
}

impl SessionDescription {
    /// A session without media, at an address.
    pub fn new(username: &str, session_id: u64, address: IpAddr) -> Self {
        let username = if username.is_empty() { "-" } else { username };
        Self {
            origin: Origin {
                username: username.into(),
                session_id,
                version: session_id,
                address: address.into(),
            },
            name: "-".into(),
            information: None,
            uri: None,
            emails: Vec::new(),
            phones: Vec::new(),
            connection: Some(address.into()),
            bandwidths: Vec::new(),
            timings: vec![Timing::default()],
            zones: None,
            key: None,
            attributes: Attributes::new(),
            media: Vec::new(),
        }
    }

    /// With one more media description.
    pub fn with_media(mut self, media: MediaDescription) -> Self {
        self.media.push(media);
        self
    }

    /// The direction of a media description of this session: its own
    /// attribute, else the session's, else `sendrecv` (RFC 3264 §5.1).
    pub fn direction(&self, media: &MediaDescription) -> Direction {
        media
            .direction()
            .or_else(|| self.attributes.iter().find_map(|a| Direction::from_name(a.name)))
            .unwrap_or_default()
    }

    /// Where media of a media description of this session is sent to: its
    /// own `c=`, else the session's.
    pub fn connection<'a>(&'a self, media: &'a MediaDescription) -> Option<&'a Connection> {
        media.connections.first().or(self.connection.as_ref())
    }

    /// The IP address and port that RTP is sent to; `None` for a rejected
    /// stream, a name, or no address at all.
    pub fn rtp_address(&self, media: &MediaDescription) -> Option<(IpAddr, u16)> {
        let address = self.connection(media)?.address.ip()?;
        (media.port != 0).then_some((address, media.port))
    }

    /// The IP address and port that RTCP is sent to: `rtcp`, else the port of
    /// RTP with `rtcp-mux`, else the one above it (RFC 3605, RFC 5761).
    pub fn rtcp_address(&self, media: &MediaDescription) -> Option<(IpAddr, u16)> {
        let (address, port) = self.rtp_address(media)?;
        match media.rtcp() {
            _ if media.attributes.contains("rtcp-mux") => Some((address, port)),
            Some(rtcp) => match rtcp.address {
                Some(own) => own.ip().map(|own| (own, rtcp.port)),
                None => Some((address, rtcp.port)),
            },
            None => port.checked_add(1).map(|port| (address, port)),
        }
    }

    /// True when the writer puts this stream on hold: `sendonly`, `inactive`,
    /// or the address 0.0.0.0 of RFC 2543 (RFC 3264 §8.4).
    pub fn is_hold(&self, media: &MediaDescription) -> bool {
        self.direction(media).is_hold()
            || self.connection(media).is_some_and(|c| c.address.is_unspecified())
    }
}
