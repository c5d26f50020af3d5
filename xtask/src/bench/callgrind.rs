//! Instruction counts of a program under valgrind's callgrind.

use std::path::Path;
use std::process::Command;

use crate::workspace;

/// Instructions per round: the difference of two runs, divided by the
/// difference of their rounds.
pub(super) fn per_round(
    program: &Path,
    arguments: &[&str],
    few: u64,
    many: u64,
) -> Result<u64, String> {
    let low = instructions(program, arguments, few)?;
    let high = instructions(program, arguments, many)?;
    Ok(high.saturating_sub(low) / many.saturating_sub(few).max(1))
}

/// Instructions of one run of `program ARGUMENTS ROUNDS`.
fn instructions(program: &Path, arguments: &[&str], rounds: u64) -> Result<u64, String> {
    let valgrind = workspace::find_program("valgrind")
        .ok_or("valgrind is missing: apt-get install -y --no-install-recommends valgrind")?;
    let output = Command::new(valgrind)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .arg(rounds.to_string())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("{} under callgrind ended with {}", program.display(), output.status));
    }
    collected(&report).ok_or_else(|| "callgrind printed no count".into())
}

/// The number behind `Collected :`.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_count_is_read() {
        let report = "==7== Events    : Ir\n==7== Collected : 123456\n==7==\n";
        assert_eq!(super::collected(report), Some(123_456));
        assert_eq!(super::collected("==7== nothing"), None);
    }
}
