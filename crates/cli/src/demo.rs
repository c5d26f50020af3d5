//! `sipsimple demo`: a whole call in one process, over real sockets, judged.
//!
//! A small registrar and two applications on loopback: both register, one
//! calls the other, each hears the other's tone, presses keys, is held, and
//! hangs up. No sound card, network or configuration is needed.

mod measure;
mod registrar;
mod script;
mod server;
mod side;
mod timeline;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::Args;
use sipsimple_net::{Clock, TokioClock};

use crate::endpoint::Failure;
use server::Server;
use side::Side;
use timeline::Timeline;
use verdict::Verdict;

/// The domain of the demo's accounts; it exists nowhere (RFC 6761 §6.4).
const DOMAIN: &str = "demo.invalid";

/// Flags of `sipsimple demo`.
#[derive(Args)]
pub(crate) struct DemoOptions {
    /// Folder for the two recordings; one in the system's temporary folder if
    /// none is given.
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,

    /// How long the tones sound, in seconds.
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    talk: f64,

    /// Print the verdict only.
    #[arg(long)]
    quiet: bool,
}

/// Runs the demo; fails when one of its steps does.
pub(crate) async fn run(options: DemoOptions) -> Result<ExitCode, Failure> {
    let talk = std::time::Duration::try_from_secs_f64(options.talk)
        .map_err(|error| format!("--talk: {error}"))?;
    let folder = options.recordings.unwrap_or_else(|| {
        std::env::temp_dir().join(format!("sipsimple-demo-{}", std::process::id()))
    });
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;

    let timeline = (!options.quiet).then(|| Timeline::new(TokioClock::new().wall()));
    let server = Server::start(DOMAIN, &[("alice", "wonderland"), ("bob", "builder")]).await?;
    println!("A registrar for {DOMAIN} listens at udp:{}.\n", server.address());
    let alice = Side::start("alice", "wonderland", &server, timeline).await?;
    let bob = Side::start("bob", "builder", &server, timeline).await?;

    let verdict = Arc::new(Mutex::new(Verdict::default()));
    let mut script = script::Script { alice, bob, server, folder, talk, verdict: verdict.clone() };
    let outcome = script.play().await;
    script.stop().await;

    let mut verdict = verdict.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Err(stopped) = outcome {
        verdict.judge(stopped.step, Err(stopped.reason));
    }
    println!("\n{verdict}");
    Ok(if verdict.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
