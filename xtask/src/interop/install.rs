//! Debian packages that an area's peers come from.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::workspace;

/// A package and the program that shows that it is installed.
#[derive(Clone, Copy)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
}

/// Nothing that a package's installation starts is allowed to run.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs what is missing as root; otherwise says how.
pub(super) fn ensure(packages: &[Package]) -> Result<(), String> {
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let by_hand = format!("apt-get install -y --no-install-recommends {}", names.join(" "));
    if workspace::find_program("apt-get").is_none() {
        return Err(format!("{} missing, and there is no apt-get", names.join(", ")));
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(format!("not installed; as root: {by_hand}"));
    }
    println!("interop: {by_hand}");
    let policy = (!Path::new(POLICY).exists()).then(Policy::new).flatten();
    apt(&["update"])?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(&names);
    let result = apt(&arguments);
    drop(policy);
    result?;
    match self::missing(packages).first() {
        None => Ok(()),
        Some(package) => {
            Err(format!("{} is installed and has no {}", package.name, package.program))
        }
    }
}

/// The packages' versions, for the matrix.
pub(super) fn versions(packages: &[Package]) -> String {
    let texts: Vec<String> = packages
        .iter()
        .map(|package| {
            let output = Command::new("dpkg-query")
                .args(["--show", "--showformat=${Version}", package.name])
                .stderr(Stdio::null())
                .output();
            let version = output.ok().filter(|output| output.status.success());
            let version =
                version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            format!("{} {}", package.name, version.as_deref().unwrap_or("of unknown version"))
        })
        .collect();
    texts.join(", ")
}

fn missing(packages: &[Package]) -> Vec<Package> {
    let lacks = |package: &&Package| workspace::find_program(package.program).is_none();
    packages.iter().filter(lacks).copied().collect()
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("apt-get")
        .arg("-qq")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    let last = reason.lines().last().unwrap_or("no reason given");
    Err(format!("apt-get {} ended with {}: {last}", arguments.join(" "), output.status))
}

/// Debian's way to say that no daemon may start; taken away again on drop.
struct Policy;

impl Policy {
    fn new() -> Option<Self> {
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").ok()?;
        let guard = Self;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755)).ok()?;
        Some(guard)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(POLICY);
    }
}
