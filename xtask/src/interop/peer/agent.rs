//! `sipsimple agent`, the program under test: commands as lines on stdin, notifications as
//! JSON lines on stdout.

use std::cell::OnceCell;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command};
use std::sync::Arc;

use serde_json::Value;

use super::inbox::Inbox;
use crate::interop::cell::{Context, Stop, check, seconds};
use crate::interop::ports;
use crate::interop::process::{Pipes, Running};
use crate::workspace;

/// UDP ports for media of one agent: 1,000 calls that overlap a little.
const RTP_PORTS: u16 = 400;

/// How long quitting may take: it hangs up and unregisters first.
const QUIT: u64 = 8;

/// The program under test: built on first use, or one that is there already.
pub(in crate::interop) struct Program {
    given: Option<PathBuf>,
    found: OnceCell<Result<PathBuf, Stop>>,
}

impl Program {
    pub(in crate::interop) fn new(given: Option<PathBuf>) -> Self {
        Self { given, found: OnceCell::new() }
    }

    /// Where it is; a cell that needs it is skipped while it has no `agent` command.
    pub(in crate::interop) fn path(&self) -> Result<PathBuf, Stop> {
        let find = || match &self.given {
            Some(path) => Ok(path.clone()),
            // Not a skip: what doesn't build can't be shown to work.
            None => workspace::build_program().map_err(Stop::Fail),
        };
        self.found.get_or_init(|| find().and_then(has_agent)).clone()
    }
}

fn has_agent(path: PathBuf) -> Result<PathBuf, Stop> {
    let help = Command::new(&path).args(["agent", "--help"]).output();
    match help {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => Ok(path),
        _ => Err(Stop::Skip("`sipsimple agent` isn't there yet".into())),
    }
}

/// A running agent.
pub(in crate::interop) struct Agent {
    pub(in crate::interop) port: u16,
    recording: PathBuf,
    input: ChildStdin,
    inbox: Arc<Inbox>,
    process: Running,
}

impl Agent {
    /// Starts one on a free port, UDP and TCP, with more flags.
    pub(in crate::interop) fn start(context: &Context, flags: &[&str]) -> Result<Self, Stop> {
        let program = context.program()?;
        let (port, rtp) = (ports::free()?, ports::range(RTP_PORTS)?);
        let folder = context.folder.join("agent");
        std::fs::create_dir_all(&folder)?;
        let recording = folder.join("heard.wav");
        let mut command = Command::new(program);
        command
            .arg("agent")
            .args(["--listen", &format!("udp:127.0.0.1:{port}")])
            .args(["--listen", &format!("tcp:127.0.0.1:{port}")])
            .args(["--rtp-ports", &format!("{rtp}-{}", rtp + RTP_PORTS - 1)])
            .args(flags)
            .current_dir(&folder);
        let mut process =
            Running::start("sipsimple agent", &mut command, &folder.join("log"), Pipes::Both)?;
        let input = process.child().stdin.take().ok_or("the agent has no stdin")?;
        let output = process.child().stdout.take().ok_or("the agent has no stdout")?;
        let inbox = Arc::new(Inbox::default());
        let (filled, mut copy) =
            (Arc::clone(&inbox), std::fs::File::create(folder.join("events"))?);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = writeln!(copy, "{line}");
                filled.push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let agent = Self { port, recording, input, inbox, process };
        agent.expect("listening")?;
        Ok(agent)
    }

    /// Starts one that plays and records, for a call with a tone.
    pub(in crate::interop) fn with_tone(
        context: &Context,
        tone: u32,
        codec: &str,
        answer: &str,
    ) -> Result<Self, Stop> {
        let play = format!("tone:{tone}");
        Self::start(
            context,
            &["--play", &play, "--record", "heard.wav", "--codecs", codec, "--answer", answer],
        )
    }

    /// What others call to reach it directly.
    pub(in crate::interop) fn uri(&self, transport: &str) -> String {
        format!("sip:agent@127.0.0.1:{};transport={transport}", self.port)
    }

    /// Gives a command, and fails when it is refused.
    pub(in crate::interop) fn command(&mut self, line: &str) -> Result<Value, Stop> {
        let before = self.inbox.count(is_answer);
        writeln!(self.input, "{line}")?;
        let answer = self
            .inbox
            .wait(seconds(5), before, is_answer)
            .ok_or_else(|| format!("the agent doesn't answer the command {line:?}"))?;
        check(answer["ok"] == true, || format!("the agent refuses {line:?}: {}", answer["error"]))?;
        Ok(answer)
    }

    /// Gives a command without waiting for the answer.
    pub(in crate::interop) fn send(&mut self, line: &str) -> Result<(), Stop> {
        writeln!(self.input, "{line}")?;
        Ok(())
    }

    /// Waits for a notification.
    pub(in crate::interop) fn expect(&self, name: &str) -> Result<Value, Stop> {
        self.expect_nth(name, 0)
    }

    /// Waits for a notification after `skip` others with the same name.
    pub(in crate::interop) fn expect_nth(&self, name: &str, skip: usize) -> Result<Value, Stop> {
        self.wait(name, skip, seconds(8)).ok_or_else(|| {
            let seen =
                self.inbox.last(6, |value| value["name"].as_str().unwrap_or("answer").into());
            Stop::Fail(format!("the agent has no {name}; its last lines: {seen}"))
        })
    }

    /// The notification after `skip` others with the same name, in time.
    pub(in crate::interop) fn wait(
        &self,
        name: &str,
        skip: usize,
        timeout: std::time::Duration,
    ) -> Option<Value> {
        self.inbox.wait(timeout, skip, |value| value["name"] == name)
    }

    pub(in crate::interop) fn count(&self, name: &str) -> usize {
        self.inbox.count(|value| value["name"] == name)
    }

    /// Waits for the digits that it hears, in order.
    pub(in crate::interop) fn expect_digits(&self, digits: &str) -> Result<(), Stop> {
        for (index, digit) in digits.chars().enumerate() {
            let event = self.expect_nth("AudioStreamGotDTMF", index)?;
            let heard = event["data"]["digit"].as_str().unwrap_or("nothing").to_string();
            check(heard == digit.to_string(), || format!("the agent heard {heard} for {digit}"))?;
        }
        Ok(())
    }

    /// The recording of what it heard; whole once the call has ended.
    pub(in crate::interop) fn heard(&self) -> PathBuf {
        self.recording.clone()
    }

    /// Quits, and fails when that doesn't go cleanly.
    pub(in crate::interop) fn quit(mut self) -> Result<(), Stop> {
        self.send("quit")?;
        let status = self.process.wait(seconds(QUIT))?;
        check(status.success(), || format!("the agent ended with {status}"))
    }
}

fn is_answer(value: &Value) -> bool {
    value.get("command").is_some()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What an agent says, in the smallest program that says it.
    const SCRIPT: &str = r#"#!/bin/sh
[ "$2" = --help ] && { echo usage; exit 0; }
echo '{"name": "listening", "data": {}}'
while read -r line; do
    case $line in
    quit) echo '{"command": "quit", "ok": true}'; exit 0 ;;
    dtmf*) echo '{"name": "AudioStreamGotDTMF", "data": {"digit": "5"}}'
        echo '{"command": "dtmf", "ok": true}' ;;
    *) echo '{"command": "'$line'", "ok": false, "error": "unknown"}' ;;
    esac
done
"#;

    #[test]
    fn commands_answers_and_notifications() {
        let folder = std::env::temp_dir().join(format!("xtask-agent-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("sipsimple");
        std::fs::write(&path, SCRIPT).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = Program::new(Some(path));
        let mut agent = Agent::start(&Context::new(folder.clone(), &program), &[]).unwrap();
        agent.command("dtmf 5").unwrap();
        agent.expect_digits("5").unwrap();
        assert_eq!(agent.count("AudioStreamGotDTMF"), 1);
        let Err(Stop::Fail(reason)) = agent.command("fly") else { panic!("fly was taken") };
        assert!(reason.contains("unknown"), "{reason}");
        agent.quit().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
