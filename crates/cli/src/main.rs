//! The `sipsimple` program: shows, uses and scripts the SDK.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod agent;
mod demo;
mod endpoint;
mod options;
mod person;
mod play;

/// A SIP client: call, answer, register, or be driven by a script.
#[derive(Parser)]
#[command(name = "sipsimple", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a whole call between two user agents in this process and judge it.
    Demo(demo::DemoOptions),
    /// Call somebody and talk until either side hangs up.
    Call(person::CallOptions),
    /// Wait for calls and answer them.
    Answer(person::AnswerOptions),
    /// Register an account and keep it registered until Ctrl-C.
    Register(person::RegisterOptions),
    /// Be driven by a script: JSON lines out, commands in.
    Agent(agent::AgentOptions),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("sipsimple: can't start: {error}");
                return ExitCode::FAILURE;
            }
        };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Demo(options) => demo::run(options).await,
            Command::Call(options) => person::call(options).await,
            Command::Answer(options) => person::answer(options).await,
            Command::Register(options) => person::register(options).await,
            Command::Agent(options) => agent::run(options).await,
        }
    });
    // Reading stdin blocks a thread of the runtime, which must not hold us up.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sipsimple: {error}");
            ExitCode::FAILURE
        }
    }
}
