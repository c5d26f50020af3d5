//! The programs of `bench/src/bin`: built once, called often.

use std::path::PathBuf;
use std::process::Command;

use super::report::{RUNS, median};
use crate::{steps, workspace};

/// Builds all of them.
pub(super) fn build() -> Result<(), String> {
    println!("bench: cargo build --release in bench/");
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root().join("bench")).env_remove("CARGO_TARGET_DIR");
    steps::status(cargo.args(["build", "--release", "--quiet"]))
}

/// Where one is.
pub(super) fn path(name: &str) -> PathBuf {
    workspace::root().join("bench/target/release").join(name)
}

/// What a program prints.
pub(super) fn output(name: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(path(name))
        .args(arguments)
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The number that a program prints before a unit: the median of several runs.
pub(super) fn printed(name: &str, arguments: &[&str], unit: &str) -> Result<f64, String> {
    let values: Result<Vec<f64>, String> =
        (0..RUNS).map(|_| number_before(&output(name, arguments)?, unit)).collect();
    median(values?).ok_or_else(|| format!("{name} was not run"))
}

/// The number that stands directly before a unit.
pub(super) fn number_before(text: &str, unit: &str) -> Result<f64, String> {
    let before = text.find(unit).map(|at| text[..at].trim_end());
    before
        .and_then(|before| before.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next())
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("no {unit:?} in {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_number_is_found_by_its_unit() {
        let text = "10 ports: 7.5 µs a tick, 12.0 µs with all writing";
        assert_eq!(number_before(text, "µs a tick"), Ok(7.5));
        assert_eq!(number_before(text, "µs with all"), Ok(12.0));
        assert!(number_before(text, "ms").is_err());
    }
}
