//! Kamailio as registrar and proxy with digest authentication, its bindings in memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::interop::cell::{Context, Stop, seconds};
use crate::interop::install::Package;
use crate::interop::ports;
use crate::interop::process::{Pipes, Running};
use crate::{time, workspace};

pub(in crate::interop) const PACKAGE: Package = Package { name: "kamailio", program: "kamailio" };

/// The configuration, with `@NAME@` where a value of the run goes.
const CONFIGURATION: &str = "fixtures/interop/kamailio.cfg";

/// The password of every user is their name and this.
const PASSWORD: &str = "-pw";

/// The longest binding that it grants, in seconds: short, so that a cell sees a refresh.
pub(in crate::interop) const EXPIRES: u64 = 8;

/// A running Kamailio.
pub(in crate::interop) struct Kamailio {
    pub(in crate::interop) port: u16,
    log: PathBuf,
    process: Running,
}

impl Kamailio {
    /// Starts one with this digest algorithm: `MD5` or `SHA-256`.
    pub(in crate::interop) fn start(context: &Context, algorithm: &str) -> Result<Self, Stop> {
        let program = workspace::find_program(PACKAGE.program)
            .ok_or_else(|| Stop::Skip("Kamailio isn't installed".into()))?;
        let port = ports::free()?;
        let folder = context.folder.join("kamailio");
        std::fs::create_dir_all(&folder)?;
        let text = std::fs::read_to_string(workspace::root().join(CONFIGURATION))?
            .replace("@PORT@", &port.to_string())
            .replace("@ALGORITHM@", algorithm)
            .replace("@EXPIRES@", &EXPIRES.to_string());
        let configuration = folder.join("kamailio.cfg");
        std::fs::write(&configuration, text)?;
        let log = folder.join("log");
        let mut command = Command::new(program);
        // -DD: stay in the foreground, so that its end is seen; -E: log here.
        command.arg("-f").arg(&configuration).args(["-DD", "-E", "-m", "32", "-M", "4", "-Y"]);
        command.arg(&folder).arg("-L").arg(modules()?);
        let mut process = Running::start("kamailio", &mut command, &log, Pipes::None)?;
        let up = time::wait_for(seconds(10), || {
            let ended = process.ended().is_some();
            (ended || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(!ended)
        });
        if up != Some(true) {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let reason =
                text.lines().rfind(|line| line.contains("CRITICAL") || line.contains("ERROR"));
            return Err(Stop::Fail(format!(
                "Kamailio doesn't start: {}",
                reason.unwrap_or("no reason")
            )));
        }
        Ok(Self { port, log, process })
    }

    /// The password that it expects of a user.
    pub(in crate::interop) fn password(user: &str) -> String {
        format!("{user}{PASSWORD}")
    }

    /// Lines that its configuration wrote about a user, such as
    /// `xtask: saved alice 1 bindings expires 8`.
    pub(in crate::interop) fn lines(&self, what: &str, user: &str) -> Vec<String> {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let start = format!("xtask: {what} {user} ");
        String::from_utf8_lossy(&text)
            .lines()
            .filter_map(|line| line.split_once(&start).map(|(_, rest)| rest.trim().to_string()))
            .collect()
    }

    /// Waits until it has said something about a user `count` times.
    pub(in crate::interop) fn expect(
        &self,
        what: &str,
        user: &str,
        count: usize,
        timeout: u64,
    ) -> Result<String, Stop> {
        time::wait_for(seconds(timeout), || self.lines(what, user).into_iter().nth(count - 1))
            .ok_or_else(|| {
                let seen = self.lines(what, user).len();
                Stop::Fail(format!("Kamailio {what} {user} {seen} times, expected {count}"))
            })
    }

    /// Whether it still runs: it must survive what we send.
    pub(in crate::interop) fn alive(&mut self) -> bool {
        self.process.ended().is_none()
    }
}

/// Debian keeps modules under the machine's triplet.
fn modules() -> Result<PathBuf, Stop> {
    let folders = std::fs::read_dir("/usr/lib")?.filter_map(Result::ok).map(|entry| entry.path());
    let named = |path: &Path| path.join("kamailio/modules");
    folders
        .map(|path| named(&path))
        .chain([named(Path::new("/usr/lib")), named(Path::new("/usr/local/lib"))])
        .find(|path| path.is_dir())
        .ok_or_else(|| Stop::Skip("Kamailio has no modules folder".into()))
}
