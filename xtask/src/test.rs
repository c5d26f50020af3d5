//! `cargo xtask test`: everything that must pass before a change lands.

use std::process::Stdio;

use clap::Parser;

use crate::steps::{self, Step};
use crate::{parity, tidy, workspace};

/// Packages whose ground floor must build and run without a runtime.
const GROUND_FLOORS: &[&str] =
    &["sipsimple-core", "sipsimple-media", "sipsimple-msrp", "sipsimple-payloads"];

/// Crates that no ground floor may pull in.
const RUNTIMES: &[&str] = &["tokio", "mio", "async-std", "smol", "socket2"];

/// Options of `cargo xtask test`.
#[derive(Parser)]
pub(crate) struct Args {
    /// Only steps whose name contains this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Runs the steps.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let mut steps = vec![
        ("format", Step::cargo("format", &["fmt", "--all", "--check"])),
        (
            "clippy",
            Step::cargo(
                "clippy",
                &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
            ),
        ),
        (
            "tests",
            Step::cargo(
                "tests (unit, scenario and doc tests)",
                &["test", "--workspace", "--no-fail-fast"],
            ),
        ),
        ("ground floors", Step::own("ground floors", "cargo xtask test --only ground", ground)),
        ("bench", Step::own("bench and fuzz", "cargo xtask test --only bench", beside)),
        ("tidy", Step::own("tidy", "cargo xtask tidy", tidy::run)),
        (
            "parity",
            Step::own("parity", "cargo xtask parity", || parity::run(&parity::Args::check())),
        ),
    ];
    if let Some(wanted) = &args.only {
        steps.retain(|(name, _)| name.contains(wanted.as_str()));
        if steps.is_empty() {
            return Err(format!("no step is called {wanted:?}"));
        }
    }
    steps::run("test", steps.into_iter().map(|(_, step)| step).collect())
}

/// Builds each ground floor alone and looks for a runtime in its tree.
fn ground() -> Result<(), String> {
    let metadata = std::fs::read_dir(workspace::root().join("crates"))
        .map_err(|error| format!("crates: {error}"))?;
    let present: Vec<String> = metadata
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|folder| format!("sipsimple-{folder}"))
        .collect();
    let floors = GROUND_FLOORS.iter().filter(|floor| present.iter().any(|name| name == *floor));
    for package in floors {
        println!("   {package} without default features");
        steps::status(workspace::cargo().args([
            "check",
            "--quiet",
            "--package",
            package,
            "--no-default-features",
        ]))
        .map_err(|reason| format!("{package}: {reason}"))?;
        let tree = workspace::cargo()
            .args(["tree", "--edges", "normal", "--no-default-features", "--prefix", "none"])
            .args(["--package", package])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cargo tree: {error}"))?;
        if !tree.status.success() {
            return Err(format!("cargo tree of {package} ended with {}", tree.status));
        }
        let listed = String::from_utf8_lossy(&tree.stdout).into_owned();
        let names = listed.lines().filter_map(|line| line.split_whitespace().next());
        if let Some(name) = names.into_iter().find(|name| RUNTIMES.contains(name)) {
            return Err(format!("{package} pulls in {name} without its `net` feature"));
        }
    }
    Ok(())
}

/// The workspaces beside this one: their format, and that the programs of
/// `bench` still fit the crates. Fuzz targets need a nightly compiler.
fn beside() -> Result<(), String> {
    for (folder, arguments) in [
        ("bench", &["fmt", "--check"][..]),
        ("bench", &["check", "--quiet", "--all-targets"]),
        ("fuzz", &["fmt", "--check"]),
    ] {
        let folder = workspace::root().join(folder);
        if folder.join("Cargo.toml").is_file() {
            steps::status(workspace::cargo().current_dir(&folder).args(arguments)).map_err(
                |reason| format!("cargo {} in {}: {reason}", arguments.join(" "), folder.display()),
            )?;
        }
    }
    Ok(())
}
