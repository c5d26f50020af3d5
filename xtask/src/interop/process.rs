//! Programs that a cell starts: in a process group of their own, logged, and ended by their id.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::cell::Stop;
use crate::{time, workspace};

/// How long a program has to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// The groups that are running, for the interrupt handler.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A started program. Dropping it ends it and its children.
pub(super) struct Running {
    name: String,
    child: Child,
    group: Pid,
    over: bool,
}

impl Running {
    /// Starts a command; what it prints goes to `log` where it isn't piped.
    pub(super) fn start(
        name: &str,
        command: &mut Command,
        log: &Path,
        pipes: Pipes,
    ) -> Result<Self, Stop> {
        let errors = File::create(log)?;
        let output = match pipes {
            Pipes::None => Stdio::from(errors.try_clone()?),
            Pipes::Both => Stdio::piped(),
        };
        let input = if pipes == Pipes::Both { Stdio::piped() } else { Stdio::null() };
        let child = command
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|error| Stop::Fail(format!("{name} doesn't start: {error}")))?;
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
        running().push(group);
        Ok(Self { name: name.into(), child, group, over: false })
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the program has ended, and how.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten();
        self.over |= status.is_some();
        status
    }

    /// Waits for the program to end by itself.
    pub(super) fn wait(&mut self, timeout: Duration) -> Result<ExitStatus, Stop> {
        time::wait_for(timeout, || self.ended())
            .ok_or_else(|| Stop::Fail(format!("{} doesn't end in {timeout:?}", self.name)))
    }

    /// Asks the program to end, and kills it when it doesn't.
    pub(super) fn end(&mut self) {
        if !self.over {
            // The leader alone: a daemon wants to end its children itself.
            let _ = kill(self.group, Signal::SIGTERM);
            let _ = time::wait_for(GRACE, || self.ended());
        }
        // Also when the leader is gone: children of its own may be left.
        let _ = killpg(self.group, Signal::SIGKILL);
        let _ = self.child.wait();
        self.over = true;
        running().retain(|group| *group != self.group);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Which of a program's streams the driver holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pipes {
    /// Nothing on stdin, stdout goes to the log.
    None,
    /// stdin and stdout belong to the driver.
    Both,
}

fn running() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends everything that runs: the last act of an interrupted run.
pub(super) fn end_all() {
    let groups = running().clone();
    for group in &groups {
        let _ = kill(*group, Signal::SIGTERM);
    }
    time::pause(Duration::from_millis(500));
    for group in &groups {
        let _ = killpg(*group, Signal::SIGKILL);
    }
}

/// Captures loopback traffic of a cell where tcpdump is there and may.
pub(super) fn capture(folder: &Path) -> Option<Running> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let program = workspace::find_program("tcpdump")?;
    let mut command = Command::new(program);
    command
        .args(["-i", "lo", "-U", "-q", "-Z", "root", "-w"])
        .arg(folder.join("loopback.pcap"))
        .arg("udp or tcp");
    Running::start("tcpdump", &mut command, &folder.join("tcpdump.log"), Pipes::None).ok()
}
