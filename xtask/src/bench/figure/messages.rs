//! Parsing six typical messages, every known header and SDP line typed and read.

use super::Figure;
use crate::bench::callgrind;
use crate::bench::program;
use crate::bench::report::{Goal, Report, Row};

const MESSAGES: [&str; 6] = ["INVITE", "200 to it", "REGISTER", "NOTIFY", "MESSAGE", "ACK"];

pub(super) fn figure() -> Figure {
    Figure {
        name: "messages",
        how: "six messages are parsed, every known header and every SDP line typed and read",
        measure,
    }
}

fn measure(report: &mut Report) {
    let program = program::path("parse_messages");
    report.add(Row {
        what: "all six (stretch goal 45 000)".into(),
        ours: callgrind::per_round(&program, &[], 100, 1_100),
        unit: "instructions",
        goal: Goal::Count(60_000.0),
        peers: "PJSIP 169 k without the NOTIFY's body, rsipstack 240 k without SDP, sofia-sip \
                271 k with, ezk 951 k; splitting header lines alone 17.6 k",
    });
    for (number, name) in (1..).zip(MESSAGES) {
        let number: u32 = number;
        report.add(Row {
            what: format!("{name} alone"),
            ours: callgrind::per_round(&program, &[&number.to_string()], 100, 1_100),
            unit: "instructions",
            goal: Goal::None,
            peers: "",
        });
    }
}
