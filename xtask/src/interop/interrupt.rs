//! Ctrl-C, SIGTERM and SIGHUP end what was started before they end xtask.

use nix::sys::signal::{SigSet, Signal};

use super::process;

/// Takes these signals away from the default handler and waits for them on a
/// thread of its own. Children start with an empty mask: the standard library
/// sees to that.
pub(super) fn install() -> Result<(), String> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    signals.thread_block().map_err(|error| format!("blocking signals: {error}"))?;
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || {
            let Ok(signal) = signals.wait() else { return };
            eprintln!("\ninterop: {signal}: ending what was started");
            process::end_all();
            std::process::exit(130);
        })
        .map_err(|error| format!("signal thread: {error}"))?;
    Ok(())
}
