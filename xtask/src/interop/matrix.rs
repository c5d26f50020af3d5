//! The matrix: printed row by row while it runs, written to `docs/interop.md` at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{time, workspace};

/// The published matrix.
const REPORT: &str = "docs/interop.md";

/// What became of a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "pass",
            Self::Failed => "FAIL",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the matrix.
pub(super) struct Row {
    pub(super) area: &'static str,
    pub(super) name: String,
    pub(super) verdict: Verdict,
    pub(super) seconds: f64,
    pub(super) note: String,
}

/// All rows of a run.
#[derive(Default)]
pub(super) struct Matrix {
    rows: Vec<Row>,
    peers: Vec<(&'static str, String)>,
}

impl Matrix {
    /// Adds a row and prints it.
    pub(super) fn add(&mut self, row: Row) {
        let Row { name, seconds, note, .. } = &row;
        println!("   {:8} {name:58} {seconds:5.1} s  {note}", row.verdict.word());
        self.rows.push(row);
    }

    /// Notes who an area's peers were.
    pub(super) fn peer(&mut self, area: &'static str, versions: String) {
        self.peers.push((area, versions));
    }

    pub(super) fn failed(&self) -> usize {
        self.count(Verdict::Failed)
    }

    pub(super) fn summary(&self) -> String {
        if self.rows.is_empty() {
            return "interop: no cell was chosen, so nothing was shown".into();
        }
        format!(
            "interop: {} passed, {} failed, {} skipped",
            self.count(Verdict::Passed),
            self.failed(),
            self.count(Verdict::Skipped)
        )
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// Writes the areas that ran; the others keep their section.
    pub(super) fn write(&self) -> Result<(), String> {
        let path = workspace::root().join(REPORT);
        let mut sections = sections(&std::fs::read_to_string(&path).unwrap_or_default());
        for (area, versions) in &self.peers {
            sections.insert((*area).into(), self.section(area, versions));
        }
        let mut text = String::from(
            "# Interoperability\n\nReal peers on loopback, run by `cargo xtask interop`. A cell \
             that can't run on the machine\nis skipped, with the reason, and never counted as \
             passed. `selfcheck` shows that the\nmeasuring itself works, between peers that \
             aren't ours.\n",
        );
        for (area, body) in &sections {
            let _ = write!(text, "\n## {area}\n\n{}\n", body.trim());
        }
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{REPORT}: {error}"))?;
        println!("interop: {REPORT} is written");
        Ok(())
    }

    fn section(&self, area: &str, versions: &str) -> String {
        let mut text = format!(
            "{versions}; run on {}.\n\n| cell | result | time | note |\n|---|---|---:|---|\n",
            time::today()
        );
        for row in self.rows.iter().filter(|row| row.area == area) {
            let note = row.note.replace('|', "\\|").replace('\n', " ");
            let Row { name, seconds, .. } = row;
            let _ = writeln!(text, "| {name} | {} | {seconds:.1} s | {note} |", row.verdict.word());
        }
        text
    }
}

/// The sections of a written report, by their heading.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections = BTreeMap::new();
    for section in text.split("\n## ").skip(1) {
        if let Some((name, body)) = section.split_once('\n') {
            sections.insert(name.trim().into(), body.into());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::sections;

    #[test]
    fn sections_of_other_areas_survive() {
        let found = sections("# Title\n\nText.\n\n## a\n\nrow\n\n## b\n\nother\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found["a"].trim(), "row");
    }
}
