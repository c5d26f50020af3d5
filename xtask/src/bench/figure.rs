//! What is measured: the list of figures, each in a file of its own.

mod messages;

use std::path::Path;

use super::callgrind;

/// One figure of the table.
pub(super) struct Figure {
    /// What a reader calls it.
    pub(super) name: &'static str,
    /// The program `bench/src/bin/PROGRAM.rs`; it takes the number of rounds.
    pub(super) program: &'static str,
    /// Two numbers of rounds whose difference is measured.
    pub(super) rounds: (u64, u64),
    /// The most instructions per round, where the design names a goal.
    pub(super) goal: Option<u64>,
    /// What others need for the same work.
    pub(super) orientation: &'static str,
}

/// All figures, in the order of the table.
pub(super) fn all() -> Vec<Figure> {
    vec![messages::figure()]
}

/// What was found.
pub(super) struct Measurement {
    pub(super) instructions: u64,
}

impl Figure {
    pub(super) fn measure(&self, program: &Path) -> Result<Measurement, String> {
        let (few, many) = self.rounds;
        callgrind::per_round(program, few, many).map(|instructions| Measurement { instructions })
    }
}

impl Measurement {
    pub(super) fn meets(&self, figure: &Figure) -> bool {
        figure.goal.is_none_or(|goal| self.instructions <= goal)
    }

    pub(super) fn verdict(&self, figure: &Figure) -> String {
        let word = if self.meets(figure) { "ok      " } else { "MISSED  " };
        let goal = figure.goal.map_or_else(String::new, |goal| format!(" of {}", grouped(goal)));
        format!("{word} {}{goal} instructions", grouped(self.instructions))
    }
}

/// A number with a space between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_grouped() {
        assert_eq!(super::grouped(7), "7");
        assert_eq!(super::grouped(60_000), "60 000");
        assert_eq!(super::grouped(1_234_567), "1 234 567");
    }
}
