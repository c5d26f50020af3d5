//! What is measured: the list of figures, each in a file of its own.

mod messages;
mod mixer;

use std::path::Path;
use std::process::Command;

use super::callgrind;

/// How often a program that measures itself is run; the median counts.
const RUNS: usize = 5;

/// One figure of the table.
pub(super) struct Figure {
    /// What a reader calls it.
    pub(super) name: &'static str,
    /// The program `bench/src/bin/PROGRAM.rs`.
    pub(super) program: &'static str,
    /// What it is called with, before the number of rounds.
    pub(super) arguments: &'static [&'static str],
    pub(super) measure: Measure,
    /// The most that the design allows, where it names a goal.
    pub(super) goal: Option<f64>,
    /// What others need for the same work.
    pub(super) orientation: &'static str,
}

/// How a figure is found.
pub(super) enum Measure {
    /// Instructions per round: the program's last argument is the number of
    /// rounds, and the difference between two numbers is measured.
    Instructions { few: u64, many: u64 },
    /// The program measures by itself, and prints the number before this unit.
    Printed { unit: &'static str },
}

/// All figures, in the order of the table.
pub(super) fn all() -> Vec<Figure> {
    let mut figures = vec![messages::figure()];
    figures.extend(mixer::figures());
    figures
}

impl Figure {
    /// Runs the program and gives the number.
    pub(super) fn value(&self, program: &Path) -> Result<f64, String> {
        match self.measure {
            Measure::Instructions { few, many } => {
                let count = callgrind::per_round(program, self.arguments, few, many)?;
                Ok(count as f64)
            }
            Measure::Printed { unit } => {
                let mut values = Vec::new();
                for _ in 0..RUNS {
                    values.push(self.printed(program, unit)?);
                }
                values.sort_by(f64::total_cmp);
                Ok(values[RUNS / 2])
            }
        }
    }

    fn printed(&self, program: &Path, unit: &str) -> Result<f64, String> {
        let output = Command::new(program)
            .args(self.arguments)
            .output()
            .map_err(|error| format!("{}: {error}", self.program))?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", self.program, output.status));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        number_before(&text, unit).ok_or_else(|| format!("{} prints no {unit:?}", self.program))
    }

    pub(super) fn meets(&self, value: f64) -> bool {
        self.goal.is_none_or(|goal| value <= goal)
    }

    /// A number with the figure's unit.
    pub(super) fn show(&self, value: f64) -> String {
        match self.measure {
            Measure::Instructions { .. } => format!("{} instructions", grouped(value as u64)),
            Measure::Printed { unit } => format!("{value} {unit}"),
        }
    }
}

/// The number that stands directly before a unit.
fn number_before(text: &str, unit: &str) -> Option<f64> {
    let before = text[..text.find(unit)?].trim_end();
    before.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next()?.parse().ok()
}

/// A number with a space between thousands.
fn grouped(number: u64) -> String {
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
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(60_000), "60 000");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }

    #[test]
    fn a_printed_number_is_found_by_its_unit() {
        let text = "10 ports: 7.5 µs a tick, 12.0 µs with all writing";
        assert_eq!(number_before(text, "µs a tick"), Some(7.5));
        assert_eq!(number_before(text, "µs with all"), Some(12.0));
        assert_eq!(number_before(text, "ms"), None);
    }
}
