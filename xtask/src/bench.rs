//! `cargo xtask bench`: figures of the `bench/` workspace, beside the goals of the design.
//!
//! What passes or fails is what repeats on any machine: instructions, bytes, and ratios to
//! something measured in the same run. Times are told beside their goals. One file per figure
//! under `bench/figure/`.

mod callgrind;
mod figure;
mod process;
mod program;
mod report;
mod sipp;

use clap::Parser;

use report::Report;

/// Options of `cargo xtask bench`.
#[derive(Parser)]
pub(crate) struct Args {
    /// Only this figure: messages, uas-call, held-calls, mixer or start; nothing is written to docs/
    figure: Option<String>,
}

/// Builds the programs, measures each figure, prints and writes the table.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let wanted = |figure: &figure::Figure| args.figure.as_deref().is_none_or(|f| f == figure.name);
    let figures: Vec<_> = figure::all().into_iter().filter(wanted).collect();
    if figures.is_empty() {
        let names: Vec<_> = figure::all().iter().map(|figure| figure.name).collect();
        return Err(format!("there is no such figure; there are {}", names.join(", ")));
    }
    program::build()?;
    let mut report = Report::default();
    for figure in figures {
        report.open(&figure);
        (figure.measure)(&mut report);
    }
    if args.figure.is_none() {
        report.write()?;
    }
    match report.missed() {
        0 => Ok(()),
        1 => Err("1 figure misses its goal".into()),
        count => Err(format!("{count} figures miss their goals")),
    }
}
