//! `cargo xtask deny`: licences, sources and banned crates of everything we depend on.

use std::process::Stdio;

use crate::{steps, workspace};

/// Runs cargo-deny with `deny.toml`, and installs it first when it is missing.
pub(crate) fn run() -> Result<(), String> {
    let installed = workspace::cargo()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        println!("deny: cargo-deny is missing; cargo install --locked cargo-deny (some minutes)");
        steps::status(workspace::cargo().args(["install", "--quiet", "--locked", "cargo-deny"]))
            .map_err(|reason| format!("installing cargo-deny: {reason}"))?;
    }
    println!("deny: cargo deny check bans licenses sources");
    steps::status(workspace::cargo().args(["deny", "check", "bans", "licenses", "sources"]))
        .map_err(|reason| format!("cargo deny: {reason}"))
}
