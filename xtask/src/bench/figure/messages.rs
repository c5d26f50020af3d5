//! Parsing six typical messages, every known header and SDP line typed and read.

use super::{Figure, Measure};

pub(super) fn figure() -> Figure {
    Figure {
        name: "parse the six messages",
        program: "parse_messages",
        arguments: &[],
        measure: Measure::Instructions { few: 100, many: 1_100 },
        goal: Some(60_000.0),
        orientation: "PJSIP 169 k without its PIDF part, sofia-sip 271 k with; splitting header \
                      lines alone 17.6 k",
    }
}
