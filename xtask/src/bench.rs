//! `cargo xtask bench`: figures of the `bench/` workspace, beside the goals of the design.
//!
//! What passes or fails is an instruction count wherever one can be had: a program of
//! `bench/src/bin` takes the number of rounds as its last argument, and the difference between
//! two numbers of rounds is free of start-up cost. One file per figure under `bench/figure/`.

mod callgrind;
mod figure;

use std::fmt::Write as _;
use std::path::Path;

use clap::Parser;

use crate::{steps, time, workspace};
use figure::Figure;

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
        let row = measure(&folder, figure);
        missed += usize::from(row.value.as_ref().is_ok_and(|value| !row.figure.meets(*value)));
        rows.push(row);
    }
    if args.figure.is_none() {
        write(&rows)?;
    }
    match missed {
        0 => Ok(()),
        count => Err(format!("{count} figures miss their goal")),
    }
}

/// A figure and what was found, or why nothing was.
struct Row {
    figure: Figure,
    value: Result<f64, String>,
}

impl Row {
    fn measured(&self) -> String {
        match &self.value {
            Ok(value) => self.figure.show(*value),
            Err(reason) => format!("not measured: {reason}"),
        }
    }

    fn goal(&self) -> String {
        self.figure.goal.map_or_else(String::new, |goal| format!("≤ {}", self.figure.show(goal)))
    }
}

fn measure(folder: &Path, figure: Figure) -> Row {
    let program = folder.join("target/release").join(figure.program);
    let value = if program.is_file() {
        figure.value(&program)
    } else {
        Err(format!("there is no bench/src/bin/{}.rs yet", figure.program))
    };
    let word = match &value {
        Ok(value) if figure.meets(*value) => "ok",
        Ok(_) => "MISSED",
        Err(_) => "skipped",
    };
    let row = Row { figure, value };
    println!("   {word:8} {:58} {} {}", row.figure.name, row.measured(), row.goal());
    row
}

fn write(rows: &[Row]) -> Result<(), String> {
    let mut text = format!(
        "# Figures\n\nWritten by `cargo xtask bench` on {}. Instructions are callgrind's, per \
         round, as the\ndifference between two numbers of rounds, so start-up costs nothing. \
         Times are the median of\nfive runs, on whatever machine ran them.\n\n\
         | figure | measured | goal | for orientation |\n|---|---:|---:|---|\n",
        time::today()
    );
    for row in rows {
        let Figure { name, orientation, .. } = &row.figure;
        let _ = writeln!(text, "| {name} | {} | {} | {orientation} |", row.measured(), row.goal());
    }
    let path = workspace::root().join(REPORT);
    std::fs::write(&path, text).map_err(|error| format!("{REPORT}: {error}"))?;
    println!("bench: {REPORT} is written");
    Ok(())
}
