//! `cargo xtask tidy`: the rules of the code that neither rustc nor clippy checks.

mod layers;
mod source;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::workspace;

/// One breach of one rule.
struct Finding {
    path: PathBuf,
    line: Option<usize>,
    what: String,
}

impl Finding {
    fn file(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, what: what.into() }
    }

    fn line(path: &Path, index: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line: Some(index + 1), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// A text file of the workspace.
struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|found| found == extension)
    }

    /// Tests, benches, examples and fixtures may do what shipped code may not.
    fn is_test(&self) -> bool {
        let parts: Vec<_> = self.path.iter().map(|part| part.to_string_lossy()).collect();
        let folder = |name: &str| parts.iter().any(|part| part == name);
        folder("tests")
            || folder("benches")
            || folder("examples")
            || folder("fuzz")
            || folder("testkit")
            || parts.last().is_some_and(|name| name == "tests.rs")
    }

    /// The lines before the test module, which comes last in a file.
    fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = lines
            .windows(2)
            .position(|pair| {
                pair[0].trim() == "#[cfg(test)]"
                    && pair[1].trim().starts_with("mod ")
                    && pair[1].trim().ends_with('{')
            })
            .unwrap_or(lines.len());
        lines.into_iter().take(end).enumerate()
    }
}

/// Looks at every file of the workspace and prints what breaks a rule.
pub(crate) fn run() -> Result<(), String> {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    for path in workspace::files()? {
        tree::size(&path, &mut findings);
        match workspace::text(&path) {
            Ok(Some(text)) => files.push(File { path, text }),
            Ok(None) => {}
            Err(error) => findings.push(Finding::file(&path, format!("can't be read: {error}"))),
        }
    }
    tree::check(&files, &mut findings);
    layers::check(&files, &mut findings);
    source::check(&files, &mut findings);
    println!("   {}", source::summary(&files));
    for finding in &findings {
        println!("   {finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err("1 finding".into()),
        count => Err(format!("{count} findings")),
    }
}
