//! `cargo xtask bench`: figures of the `bench/` workspace, beside the goals of the design.
//!
//! What passes or fails is an instruction count: each program of `bench/src/bin` takes the
//! number of rounds as its argument, and the difference between two numbers of rounds is
//! free of start-up cost. One file per figure under `xtask/src/bench/`.

mod callgrind;
mod figure;

use std::fmt::Write as _;

use clap::Parser;

use crate::{steps, time, workspace};
use figure::Measurement;

/// Where the table is written.
const REPORT: &str = "docs/bench.md";

/// Options of `cargo xtask bench`.
#[derive(Parser)]
pub(crate) struct Args {
    /// Only figures whose name contains this text
    figure: Option<String>,
}

/// Builds the programs, measures each figure, prints and writes the table.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let folder = workspace::root().join("bench");
    if !folder.join("Cargo.toml").is_file() {
        println!("bench: there is no bench/ workspace yet, so there is nothing to measure");
        return Ok(());
    }
    println!("bench: cargo build --release in bench/");
    steps::status(workspace::cargo().current_dir(&folder).args(["build", "--release", "--quiet"]))?;
    let mut rows = Vec::new();
    let mut missed = 0;
    for figure in figure::all() {
        if args.figure.as_ref().is_some_and(|wanted| !figure.name.contains(wanted.as_str())) {
            continue;
        }
        let program = folder.join("target/release").join(figure.program);
        if !program.is_file() {
            println!("  skipped  {}: bench/src/bin/{}.rs isn't there", figure.name, figure.program);
            continue;
        }
        let measurement = figure.measure(&program);
        match &measurement {
            Ok(found) => println!("  {}  {}", found.verdict(&figure), figure.name),
            Err(reason) => println!("  skipped  {}: {reason}", figure.name),
        }
        missed += usize::from(measurement.as_ref().is_ok_and(|found| !found.meets(&figure)));
        rows.push((figure, measurement));
    }
    if args.figure.is_none() {
        write(&rows)?;
    }
    match missed {
        0 => Ok(()),
        count => Err(format!("{count} figures miss their goal")),
    }
}

fn write(rows: &[(figure::Figure, Result<Measurement, String>)]) -> Result<(), String> {
    let mut text = format!(
        "# Figures\n\nWritten by `cargo xtask bench` on {}. Instructions are callgrind's, per \
         round, as the\ndifference between two numbers of rounds, so start-up costs nothing.\n\n\
         | figure | measured | goal | for orientation |\n|---|---:|---:|---|\n",
        time::today()
    );
    for (figure, measurement) in rows {
        let measured = match measurement {
            Ok(found) => figure::grouped(found.instructions),
            Err(reason) => format!("not measured: {reason}"),
        };
        let goal = figure.goal.map_or_else(|| "—".into(), figure::grouped);
        let _ =
            writeln!(text, "| {} | {measured} | {goal} | {} |", figure.name, figure.orientation);
    }
    let path = workspace::root().join(REPORT);
    std::fs::write(&path, text).map_err(|error| format!("{REPORT}: {error}"))?;
    println!("bench: {REPORT} is written");
    Ok(())
}
