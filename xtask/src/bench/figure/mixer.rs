//! One tick of the mixer at 48 kHz, all hear all, through the real rings, meters on.

use super::{Figure, Measure};

/// What the programs take before the number of ticks: the number of ports.
const TEN: &[&str] = &["10"];
const HUNDRED: &[&str] = &["100"];

pub(super) fn figures() -> Vec<Figure> {
    let instructions = Measure::Instructions { few: 50, many: 250 };
    let hundred = Measure::Instructions { few: 50, many: 150 };
    vec![
        figure("mixer, a tick of 10 ports", TEN, TIME, Some(8.0), "pjmedia 58 µs"),
        figure("mixer, a tick of 100 ports", HUNDRED, TIME, Some(80.0), "pjmedia 5 660 µs"),
        figure(
            "mixer, a tick of 10 ports with all writing and reading",
            TEN,
            instructions,
            None,
            "",
        ),
        figure(
            "mixer, a tick of 100 ports with all writing and reading",
            HUNDRED,
            hundred,
            None,
            "",
        ),
    ]
}

const TIME: Measure = Measure::Printed { unit: "µs a tick" };

fn figure(
    name: &'static str,
    arguments: &'static [&'static str],
    measure: Measure,
    goal: Option<f64>,
    orientation: &'static str,
) -> Figure {
    Figure { name, program: "mixer_tick", arguments, measure, goal, orientation }
}
