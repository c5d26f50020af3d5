//! Commands of the workspace: `cargo xtask help` lists them.

mod bench;
mod deny;
mod interop;
mod parity;
mod steps;
mod test;
mod tidy;
mod time;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks, real peers and figures of the sipsimple workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Format, clippy, tests, ground floors, tidy and parity: what must pass before a change lands
    Test(test::Args),
    /// Rules of the code that no compiler checks: file size, layers, licences, unfinished work
    Tidy,
    /// Names of the reference (notifications, API, settings) against the code
    Parity(parity::Args),
    /// Licences, sources and banned crates of the dependencies, with cargo-deny
    Deny,
    /// Calls, registrations and load with real peers on loopback, as a matrix
    Interop(interop::Args),
    /// Instruction counts and other figures, as a table beside their goals
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Tidy => tidy::run(),
        Command::Parity(args) => parity::run(&args),
        Command::Deny => deny::run(),
        Command::Interop(args) => interop::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}
