//! Instruction counts of a program under valgrind's callgrind.

use std::path::Path;
use std::process::Command;

use crate::workspace;

/// `valgrind --tool=callgrind`, with the program and its arguments still to come.
pub(super) fn command() -> Result<Command, String> {
    let valgrind = workspace::find_program("valgrind")
        .ok_or("valgrind is missing: apt-get install -y --no-install-recommends valgrind")?;
    let mut command = Command::new(valgrind);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    Ok(command)
}

/// Instructions per round: the difference of two runs of `program ARGUMENTS ROUNDS`, divided by
/// the difference of their rounds, so that what happens once costs nothing.
pub(super) fn per_round(
    program: &Path,
    arguments: &[&str],
    few: u64,
    many: u64,
) -> Result<f64, String> {
    let run = |rounds: u64| {
        let output = command()?
            .arg(program)
            .args(arguments)
            .arg(rounds.to_string())
            .output()
            .map_err(|error| format!("valgrind: {error}"))?;
        if !output.status.success() {
            return Err(format!("{} under callgrind: {}", program.display(), output.status));
        }
        collected(&String::from_utf8_lossy(&output.stderr))
    };
    Ok(difference(run(few)?, run(many)?, many - few))
}

/// Instructions per round, from those of a short and of a long run.
pub(super) fn difference(low: u64, high: u64, rounds: u64) -> f64 {
    high.saturating_sub(low) as f64 / rounds as f64
}

/// The number behind `Collected :` in what valgrind prints.
pub(super) fn collected(report: &str) -> Result<u64, String> {
    report
        .lines()
        .find(|line| line.contains("Collected :"))
        .and_then(|line| line.rsplit(':').next())
        .and_then(|number| number.trim().parse().ok())
        .ok_or_else(|| "callgrind printed no count".into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_count_is_read() {
        let report = "==7== Events    : Ir\n==7== Collected : 123456\n==7==\n";
        assert_eq!(super::collected(report), Ok(123_456));
        assert!(super::collected("==7== nothing").is_err());
    }
}
