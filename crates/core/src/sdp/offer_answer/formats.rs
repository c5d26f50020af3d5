//! Which formats both sides have (RFC 3264 §6.1).

use crate::sdp::MediaDescription;

/// A format of the offer and the one of ours that means the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatMatch<'a> {
    /// As the offer numbers it; the answer should use this number, too.
    pub offered: &'a str,
    /// As we number it.
    pub ours: &'a str,
}

/// The formats that both have, in the order of the offer. Payload types
/// match by what they stand for, others by their name.
pub fn matching_formats<'a>(
    offered: &'a MediaDescription,
    ours: &'a MediaDescription,
) -> Vec<FormatMatch<'a>> {
    let matches = |theirs: &str, own: &str| {
        if !offered.protocol.is_rtp() {
            return theirs == own;
        }
        let their_map = theirs.parse().ok().and_then(|number| offered.rtpmap(number));
        let own_map = own.parse().ok().and_then(|number| ours.rtpmap(number));
        matches!((their_map, own_map), (Some(a), Some(b)) if a.same_encoding(&b))
    };
    offered
        .formats()
        .filter_map(|theirs| {
            let own = ours.formats().find(|own| matches(theirs, own))?;
            Some(FormatMatch { offered: theirs, ours: own })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{MediaType, Protocol};

    #[test]
    fn payload_types_match_by_meaning() {
        let mut offered =
            MediaDescription::new(MediaType::Audio, 1, Protocol::RtpAvp, [8, 0, 96, 97, 98]);
        offered.attributes.push("rtpmap", "96 Opus/48000/2");
        offered.attributes.push("rtpmap", "97 telephone-event/8000");
        let mut ours =
            MediaDescription::new(MediaType::Audio, 1, Protocol::RtpAvp, [111, 0, 101, 98]);
        ours.attributes.push("rtpmap", "111 opus/48000/2");
        ours.attributes.push("rtpmap", "101 telephone-event/8000");
        let found: Vec<_> =
            matching_formats(&offered, &ours).iter().map(|m| (m.offered, m.ours)).collect();
        assert_eq!(found, [("0", "0"), ("96", "111"), ("97", "101")]);
    }

    #[test]
    fn other_formats_match_by_name() {
        let offered = MediaDescription::new(MediaType::Message, 1, Protocol::TcpMsrp, ["*"]);
        assert_eq!(matching_formats(&offered, &offered).len(), 1);
    }
}
