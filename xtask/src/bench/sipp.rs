//! SIPp's built-in caller, against something that answers on loopback.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{time, workspace};

/// A load: so many calls, so many of them a second.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) calls: u32,
    pub(super) rate: u32,
    /// UDP, or one TCP connection for all.
    pub(super) tcp: bool,
}

/// How much longer than planned a load may take.
const GRACE: Duration = Duration::from_secs(40);

impl Load {
    /// Calls `remote` (an address and port); an error if one call failed.
    pub(super) fn run(self, remote: &str) -> Result<(), String> {
        let sipp = workspace::find_program("sipp")
            .ok_or("SIPp is missing: apt-get install -y --no-install-recommends sip-tester")?;
        let mut child = Command::new(sipp)
            .arg(remote)
            .args(["-sn", "uac", "-i", "127.0.0.1", "-nostdin"])
            .args(["-t", if self.tcp { "t1" } else { "u1" }])
            .args(["-m", &self.calls.to_string(), "-r", &self.rate.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("SIPp: {error}"))?;
        let planned = Duration::from_secs(u64::from(self.calls / self.rate.max(1)));
        let status = time::wait_for(planned + GRACE, || child.try_wait().ok().flatten());
        if let Some(status) = status {
            return if status.success() {
                Ok(())
            } else {
                Err(format!("SIPp counts failed calls: {status}"))
            };
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(format!("SIPp isn't done {GRACE:?} after its time"))
    }
}
