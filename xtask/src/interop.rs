//! `cargo xtask interop`: real peers on loopback, as a matrix of cells that pass, fail or are skipped.
//!
//! An area (one file under `area/`) is a list of cells; a cell starts what it needs from
//! `peer/`, on free ports, and everything that it started is ended when it is over.

mod area;
mod cell;
mod install;
mod interrupt;
mod matrix;
mod peer;
mod ports;
mod process;
mod sip;
mod tap;
mod tone;

use clap::Parser;

use crate::{time, workspace};
use cell::{Cell, Context, Stop};
use matrix::{Matrix, Row, Verdict};

/// Where logs and captures of the last run are kept. Git ignores it.
const RUN_FOLDER: &str = "interop-run";

/// Options of `cargo xtask interop`.
#[derive(Parser)]
pub(crate) struct Args {
    /// Only this area: selfcheck, baresip, sipp or kamailio
    area: Option<String>,
    /// Only cells whose name contains this text; nothing is written to docs/
    #[arg(long, value_name = "TEXT")]
    cell: Option<String>,
    /// The cells that the continuous integration runs, in a few minutes; nothing is written to docs/
    #[arg(long)]
    short: bool,
    /// Keep logs and captures of passing cells too
    #[arg(long)]
    keep: bool,
    /// Test this `sipsimple` instead of building it
    #[arg(long, value_name = "PATH")]
    program: Option<std::path::PathBuf>,
    /// Only say which cells there are
    #[arg(long)]
    list: bool,
}

/// Runs the chosen cells, prints the matrix, fails when a cell fails.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let areas: Vec<_> = area::all()
        .into_iter()
        .filter(|area| args.area.as_deref().is_none_or(|wanted| wanted == area.name))
        .collect();
    if areas.is_empty() {
        let names: Vec<_> = area::all().iter().map(|area| area.name).collect();
        return Err(format!("there is no such area; there are {}", names.join(", ")));
    }
    if args.list {
        for area in &areas {
            for cell in &area.cells {
                println!("{:10} {}", area.name, cell.name);
            }
        }
        return Ok(());
    }
    interrupt::install()?;
    let folder = workspace::root().join(RUN_FOLDER);
    let _ = std::fs::remove_dir_all(&folder);
    let agent = peer::agent::Program::new(args.program.clone());
    let mut matrix = Matrix::default();
    for area in &areas {
        let ready = ready(area, &agent);
        let peer = install::versions(area.packages);
        println!("── {} ({peer})", area.name);
        for cell in area.cells.iter().filter(|cell| wanted(args, cell)) {
            let context = Context::new(folder.join(area.name).join(cell.folder()), &agent);
            let row = match &ready {
                Ok(()) => run_cell(area.name, cell, &context, args.keep),
                Err(stop) => row(area.name, cell, 0.0, Err(stop.clone())),
            };
            matrix.add(row);
        }
        matrix.peer(area.name, peer);
    }
    println!("{}", matrix.summary());
    if args.cell.is_none() && !args.short {
        matrix.write()?;
    }
    match matrix.failed() {
        0 => Ok(()),
        1 => Err(format!("1 cell fails; its logs are in {RUN_FOLDER}/")),
        count => Err(format!("{count} cells fail; their logs are in {RUN_FOLDER}/")),
    }
}

fn wanted(args: &Args, cell: &Cell) -> bool {
    (!args.short || cell.short) && args.cell.as_deref().is_none_or(|text| cell.name.contains(text))
}

/// Installs an area's peers and builds the program under test.
fn ready(area: &area::Area, agent: &peer::agent::Program) -> Result<(), Stop> {
    install::ensure(area.packages).map_err(Stop::Skip)?;
    if area.program {
        agent.path()?;
    }
    Ok(())
}

fn run_cell(area: &'static str, cell: &Cell, context: &Context, keep: bool) -> Row {
    let start = time::now();
    let result = std::fs::create_dir_all(&context.folder)
        .map_err(|error| Stop::Fail(format!("{}: {error}", context.folder.display())))
        .and_then(|()| {
            let _capture = process::capture(&context.folder);
            (cell.run)(context)
        });
    if !matches!(result, Err(Stop::Fail(_))) && !keep {
        let _ = std::fs::remove_dir_all(&context.folder);
    }
    row(area, cell, start.elapsed().as_secs_f64(), result)
}

fn row(area: &'static str, cell: &Cell, seconds: f64, result: cell::Outcome) -> Row {
    let (verdict, note) = match result {
        Ok(note) => (Verdict::Passed, note),
        Err(Stop::Fail(reason)) => (Verdict::Failed, reason),
        Err(Stop::Skip(reason)) => (Verdict::Skipped, reason),
    };
    Row { area, name: cell.name.clone(), verdict, seconds, note }
}
