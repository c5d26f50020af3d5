//! The table: printed as it grows, and written to `docs/bench.md`.

use std::fmt::Write as _;

use super::figure::Figure;
use crate::{time, workspace};

/// Where the table is written.
const REPORT: &str = "docs/bench.md";

/// How often what takes time is measured; the median counts.
pub(super) const RUNS: usize = 5;

/// One number of the table.
pub(super) struct Row {
    /// What was done.
    pub(super) what: String,
    /// What was found, or why nothing was.
    pub(super) ours: Result<f64, String>,
    /// What the number counts.
    pub(super) unit: &'static str,
    pub(super) goal: Goal,
    /// What others needed for the same work, once measured on other machines.
    pub(super) peers: &'static str,
}

/// The most that the design allows.
pub(super) enum Goal {
    /// Told for its own sake.
    None,
    /// Of a count or a ratio: going over it is a failure.
    Count(f64),
    /// Of a time: it depends on the machine, so going over it is only told.
    Time(f64),
}

/// All rows so far.
#[derive(Default)]
pub(super) struct Report {
    sections: Vec<(String, Vec<Row>)>,
}

impl Report {
    /// Begins the rows of a figure.
    pub(super) fn open(&mut self, figure: &Figure) {
        println!("── {}: {}", figure.name, figure.how);
        self.sections.push((format!("{}: {}", figure.name, figure.how), Vec::new()));
    }

    /// Adds a row to the figure at hand, and prints it.
    pub(super) fn add(&mut self, row: Row) {
        let (verdict, measured, goal) = (row.verdict(), row.measured(), row.goal());
        println!("   {verdict:8} {:52} {measured:>20}  {goal}", row.what);
        if let Some((_, rows)) = self.sections.last_mut() {
            rows.push(row);
        }
    }

    /// How many rows are over their goals.
    pub(super) fn missed(&self) -> usize {
        let rows = self.sections.iter().flat_map(|(_, rows)| rows);
        rows.filter(|row| row.verdict() == "MISSED").count()
    }

    /// Writes `docs/bench.md`.
    pub(super) fn write(&self) -> Result<(), String> {
        let mut text = format!(
            "# Figures\n\n\
             Written by `cargo xtask bench` on {}, on {}. Instructions are those of user space, \
             counted by\ncallgrind. Times are medians of {RUNS} runs. The goals of counts and \
             ratios are kept or missed; a time\ndepends on the machine, so its goal is a guide. \
             What others needed was measured once, on another machine,\nand stands there for \
             orientation.\n",
            time::today(),
            machine(),
        );
        for (title, rows) in &self.sections {
            let _ = write!(text, "\n## {title}\n\n");
            text.push_str("| what | ours | goal | | others, for orientation |\n");
            text.push_str("|---|---:|---:|---|---|\n");
            for row in rows {
                let (measured, goal, verdict) = (row.measured(), row.goal(), row.verdict());
                let _ = writeln!(
                    text,
                    "| {} | {measured} | {goal} | {verdict} | {} |",
                    row.what, row.peers
                );
            }
        }
        let path = workspace::root().join(REPORT);
        std::fs::write(&path, text).map_err(|error| format!("{REPORT}: {error}"))?;
        println!("bench: {REPORT} is written");
        Ok(())
    }
}

impl Row {
    fn verdict(&self) -> &'static str {
        match (&self.ours, &self.goal) {
            (Err(_), _) => "skipped",
            (Ok(_), Goal::None) => "",
            (Ok(ours), Goal::Count(goal) | Goal::Time(goal)) if ours <= goal => "ok",
            (Ok(_), Goal::Count(_)) => "MISSED",
            (Ok(_), Goal::Time(_)) => "slower",
        }
    }

    fn measured(&self) -> String {
        match &self.ours {
            Ok(value) => format!("{} {}", number(*value), self.unit),
            Err(reason) => format!("not measured: {reason}"),
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::None => String::new(),
            Goal::Count(goal) | Goal::Time(goal) => format!("≤ {}", number(goal)),
        }
    }
}

/// The middle of several values.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Three digits or more, with a space between thousands.
fn number(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// What kind of machine this is.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or(std::env::consts::ARCH);
    let noun = if cores == 1 { "core" } else { "cores" };
    format!("{cores} {noun} of {} ({})", model.trim(), std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let text = [0.5, 7.0, 7.25, 52.04, 999.6, 60_000.0, 1_234_567.8].map(number);
        assert_eq!(text, ["0.50", "7", "7.25", "52.0", "1 000", "60 000", "1 234 568"]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn only_counts_are_missed() {
        let row = |ours, goal| Row { what: String::new(), ours, unit: "", goal, peers: "" };
        assert_eq!(row(Ok(2.0), Goal::Count(1.0)).verdict(), "MISSED");
        assert_eq!(row(Ok(2.0), Goal::Time(1.0)).verdict(), "slower");
        assert_eq!(row(Ok(1.0), Goal::Count(1.0)).verdict(), "ok");
        assert_eq!(row(Err(String::new()), Goal::Count(1.0)).verdict(), "skipped");
    }
}
