//! Rules about Rust files: their size, their first line, and what must not be left in them.

use super::{File, Finding};

/// The longest Rust file, test files aside.
const MAX_LINES: usize = 800;

pub(super) fn check(files: &[File], findings: &mut Vec<Finding>) {
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        let lines = file.shipped_lines().count();
        if !file.is_test() && lines > MAX_LINES {
            findings.push(Finding::file(&file.path, format!("{lines} lines, at most {MAX_LINES}")));
        }
        let ours = file.path.starts_with("crates") || file.path.starts_with("xtask");
        if ours && !file.is_test() {
            opening(file, findings);
        }
        unfinished(file, findings);
        let shipped = file.path.starts_with("crates") && !file.is_test();
        if shipped {
            crashes(file, findings);
        }
    }
}

/// How long files are.
pub(super) fn summary(files: &[File]) -> String {
    let mut lengths: Vec<(usize, &File)> = files
        .iter()
        .filter(|file| file.has_extension("rs") && !file.is_test())
        .map(|file| (file.shipped_lines().count(), file))
        .collect();
    lengths.sort_by_key(|(lines, _)| *lines);
    let Some((longest, file)) = lengths.last() else { return "no Rust files".into() };
    let median = lengths[lengths.len() / 2].0;
    format!(
        "{} Rust files, median {median} lines, longest {longest} ({})",
        lengths.len(),
        file.path.display()
    )
}

/// A file says in its first line what it is; a crate may do so with its README.
fn opening(file: &File, findings: &mut Vec<Finding>) {
    let first = file.text.lines().find(|line| !line.trim().is_empty());
    let opens = |line: &str| line.starts_with("//!") || line.starts_with("#![doc = include_str!");
    if !first.is_some_and(opens) {
        findings.push(Finding::file(&file.path, "doesn't open with a `//!` sentence"));
    }
}

/// Nothing unfinished lands; what is missing is an issue.
fn unfinished(file: &File, findings: &mut Vec<Finding>) {
    // In two pieces, so that this file keeps its own rule.
    let marks = [["TO", "DO"], ["FIX", "ME"], ["to", "do!("], ["unimple", "mented!("]]
        .map(|pieces| pieces.concat());
    for (index, line) in file.text.lines().enumerate() {
        for mark in &marks {
            if contains_word(line, mark) {
                findings.push(Finding::line(&file.path, index, format!("{mark} is left")));
            }
        }
    }
}

/// Shipped code crashes only where a comment says why it can't.
fn crashes(file: &File, findings: &mut Vec<Finding>) {
    // `expect` and `unreachable!` with a text carry their reason.
    let marks = [".unwrap()", "panic!(", "unreachable!()"];
    let mut reason_above = false;
    for (index, line) in file.shipped_lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            reason_above = !trimmed.starts_with("///") && !trimmed.starts_with("//!");
            continue;
        }
        if let Some(mark) = marks.iter().find(|mark| line.contains(**mark))
            && !reason_above
            && !line.contains("//")
        {
            let what = format!("`{mark}` without a comment that says why it can't happen");
            findings.push(Finding::line(&file.path, index, what));
        }
        // A reason covers the statement under it, to its end.
        if trimmed.ends_with(';') || trimmed.ends_with('}') || trimmed.ends_with(',') {
            reason_above = false;
        }
    }
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let after = line[at + word.len()..].chars().next();
        boundary(line[..at].chars().next_back()) && (word.ends_with('(') || boundary(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str, rule: fn(&File, &mut Vec<Finding>)) -> Vec<String> {
        let file = File { path: "crates/x/src/a.rs".into(), text: text.into() };
        let mut findings = Vec::new();
        rule(&file, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crash_needs_a_reason() {
        assert_eq!(findings("let a = b.unwrap();\n", crashes).len(), 1);
        assert_eq!(findings("// b was set above\nlet a = b.unwrap();\n", crashes).len(), 0);
        assert_eq!(findings("/// Says nothing.\nlet a = b.unwrap();\n", crashes).len(), 1);
        assert_eq!(findings("// one\nlet a = 1;\nlet b = c.unwrap();\n", crashes).len(), 1);
        let in_tests = "fn a() {}\n#[cfg(test)]\nmod tests {\n    a.unwrap();\n}\n";
        assert_eq!(findings(in_tests, crashes).len(), 0);
    }

    #[test]
    fn unfinished_work_is_a_whole_word() {
        let mark = ["TO", "DO"].concat();
        assert_eq!(findings(&format!("// {mark}: later\n"), unfinished).len(), 1);
        assert_eq!(findings(&format!("const {mark}S: u8 = 1;\n"), unfinished).len(), 0);
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        assert_eq!(findings("//! Says what it is.\n", opening).len(), 0);
        assert_eq!(findings("use std::fmt;\n", opening).len(), 1);
    }
}
