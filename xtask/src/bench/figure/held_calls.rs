//! Live heap of a bare stack that holds calls.

use super::Figure;
use crate::bench::program::{number_before, output};
use crate::bench::report::{Goal, Report, Row};

/// What may stay behind when all calls are over: room in tables, not calls.
const LEFT: f64 = 64_000.0;

pub(super) fn figure() -> Figure {
    Figure {
        name: "held-calls",
        how: "a bare stack answers 5 000 calls and holds them; bytes of live heap, by a counting \
              allocator",
        measure,
    }
}

fn measure(report: &mut Report) {
    let printed = output("held_calls", &["5000"]);
    let mut add = |what: &str, unit: &'static str, before: &str, goal, peers| {
        let ours = printed.clone().and_then(|text| number_before(&text, before));
        report.add(Row { what: what.into(), ours, unit, goal, peers });
    };
    add("per call, while its transaction is there", "B", "B per fresh", Goal::None, "");
    add(
        "per held call",
        "B",
        "B per held",
        Goal::Count(4_400.0),
        "PJSIP 43.6 kB, rsipstack 16 kB, resident",
    );
    add("left of all when they have ended", "B", "B left", Goal::Count(LEFT), "");
}
