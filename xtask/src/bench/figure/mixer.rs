//! One tick of the mixer at 48 kHz, all hear all, through the real rings, meters on.

use super::Figure;
use crate::bench::program;
use crate::bench::report::{Goal, Report, Row};

pub(super) fn figure() -> Figure {
    Figure {
        name: "mixer",
        how: "a tick (10 ms) at 48 kHz, all hear all, through the real rings, meters on",
        measure,
    }
}

fn measure(report: &mut Report) {
    for (ports, goal, peers) in [
        ("10", 8.0, "pjmedia 58 µs"),
        ("100", 80.0, "pjmedia 5 660 µs"),
        ("5000", 10_000.0, "a tick is 10 000 µs"),
    ] {
        report.add(Row {
            what: format!("{ports} ports"),
            ours: program::printed("mixer_tick", &[ports], "µs a tick"),
            unit: "µs",
            goal: Goal::Time(goal),
            peers,
        });
    }
}
