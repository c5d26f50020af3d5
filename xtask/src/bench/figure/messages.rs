//! Parsing six typical messages, every known header and SDP line typed and read.

use super::Figure;

pub(super) fn figure() -> Figure {
    Figure {
        name: "parse the six messages",
        program: "parse_messages",
        rounds: (100, 1_100),
        goal: Some(60_000),
        orientation: "PJSIP 169 k without its PIDF part, sofia-sip 271 k with; splitting header \
                      lines alone 17.6 k",
    }
}
