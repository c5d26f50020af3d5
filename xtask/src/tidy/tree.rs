//! Rules about files as such: sizes, line endings, licences, paths of somebody's machine.

use std::path::Path;

use super::{File, Finding};
use crate::workspace;

/// The largest file that git holds, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// What every crate that may be published carries.
const CRATE_FILES: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE", "README.md", "src"];

/// Text files whose lines end with a line feed alone. Captured protocol
/// messages in `fixtures/` keep the CR LF that they had on the wire.
const UNIX_LINES: &[&str] = &["rs", "toml", "md", "yml", "yaml", "cfg", "sh"];

pub(super) fn size(path: &Path, findings: &mut Vec<Finding>) {
    let bytes = std::fs::metadata(workspace::root().join(path)).map_or(0, |data| data.len());
    if bytes > MAX_BYTES {
        findings.push(Finding::file(path, format!("{bytes} bytes, at most {MAX_BYTES}")));
    }
}

pub(super) fn check(files: &[File], findings: &mut Vec<Finding>) {
    for file in files {
        let unix = UNIX_LINES.iter().any(|extension| file.has_extension(extension));
        if unix && file.text.contains('\r') {
            findings.push(Finding::file(&file.path, "has carriage returns"));
        }
        if unix && !file.text.is_empty() && !file.text.ends_with('\n') {
            findings.push(Finding::file(&file.path, "doesn't end with a line feed"));
        }
        if !file.path.starts_with("fixtures") {
            private_paths(file, findings);
        }
    }
    licences(findings);
}

/// Absolute paths that exist on one developer's machine only.
fn private_paths(file: &File, findings: &mut Vec<Finding>) {
    // In two pieces, so that this file keeps its own rule.
    let private =
        [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/Us", "ers/"], ["C:\\", "Users"]]
            .map(|pieces| pieces.concat());
    for (index, line) in file.text.lines().enumerate() {
        for path in &private {
            let Some(at) = line.find(path.as_str()) else { continue };
            let before = line[..at].chars().next_back();
            let inside = before.is_some_and(|c| c.is_alphanumeric() || "._-/".contains(c));
            if !inside {
                findings.push(Finding::line(&file.path, index, format!("names {path}")));
            }
        }
    }
}

fn licences(findings: &mut Vec<Finding>) {
    let root = workspace::root();
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        if !root.join(name).is_file() {
            findings.push(Finding::file(Path::new(name), "is missing"));
        }
    }
    let crates = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    for folder in crates.map(|entry| entry.path()).filter(|path| path.join("Cargo.toml").is_file())
    {
        for name in CRATE_FILES {
            if !folder.join(name).exists() {
                let path = folder.strip_prefix(&root).unwrap_or(&folder).join(name);
                findings.push(Finding::file(&path, "is missing"));
            }
        }
    }
}
