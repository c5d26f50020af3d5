//! `cargo xtask parity`: every name of the reference is present, planned or declined.

mod list;

use clap::Parser;

use crate::workspace;

/// Options of `cargo xtask parity`.
#[derive(Parser)]
pub(crate) struct Args {
    /// Marks names that the code has meanwhile as present, in the lists
    #[arg(long)]
    update: bool,
}

impl Args {
    pub(crate) fn check() -> Self {
        Self { update: false }
    }
}

/// A Rust file where names are looked for.
struct Source {
    path: String,
    text: String,
}

/// Compares the three lists with the code.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let sources = sources()?;
    let mut wrong = 0;
    for kind in list::Kind::ALL {
        let mut list = list::List::read(kind)?;
        if args.update {
            list.update(&sources)?;
        }
        let problems = list.check(&sources);
        println!("   {}", list.summary());
        for problem in &problems {
            println!("   {}: {problem}", kind.path());
        }
        wrong += problems.len();
    }
    match wrong {
        0 => Ok(()),
        count => Err(format!(
            "{count} names differ between lists and code; `cargo xtask parity --update` marks what \
             the code has meanwhile"
        )),
    }
}

/// The shipped Rust files of all crates.
fn sources() -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for path in workspace::files()? {
        let name = path.to_string_lossy().into_owned();
        let shipped = name.starts_with("crates/") && name.contains("/src/");
        if !shipped || !name.ends_with(".rs") || name.starts_with("crates/testkit") {
            continue;
        }
        if let Some(text) = workspace::text(&path).map_err(|error| format!("{name}: {error}"))? {
            sources.push(Source { path: name, text });
        }
    }
    Ok(sources)
}
