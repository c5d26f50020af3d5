//! stub
use clap::Parser;
/// Options.
#[derive(Parser)]
pub(crate) struct Args {}
pub(crate) fn run(_: &Args) -> Result<(), String> {
    println!("interop: no cells yet");
    Ok(())
}
