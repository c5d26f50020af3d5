//! baresip without sound card or terminal: a tone as its microphone, recordings as its ears,
//! commands and events as JSON netstrings over TCP (its module `ctrl_tcp`).

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use super::inbox::Inbox;
use crate::interop::cell::{Context, Stop, check, seconds};
use crate::interop::install::Package;
use crate::interop::ports;
use crate::interop::process::{Pipes, Running};
use crate::{time, workspace};

pub(in crate::interop) const PACKAGE: Package =
    Package { name: "baresip-core", program: "baresip" };

/// UDP ports for media: two a stream, and room for a second call.
const RTP_PORTS: u16 = 16;

/// Who this baresip is.
pub(in crate::interop) struct Options<'a> {
    pub(in crate::interop) name: &'a str,
    /// Its microphone, in Hz.
    pub(in crate::interop) tone: u32,
    /// `PCMU` or `PCMA`.
    pub(in crate::interop) codec: &'a str,
    /// Answers by itself.
    pub(in crate::interop) answers: bool,
    /// A registrar and proxy on loopback, its transport, and the password.
    pub(in crate::interop) registrar: Option<(u16, &'a str, &'a str)>,
}

/// A running baresip.
pub(in crate::interop) struct Baresip {
    name: String,
    pub(in crate::interop) port: u16,
    folder: PathBuf,
    control: TcpStream,
    inbox: Arc<Inbox>,
    process: Running,
}

impl Baresip {
    pub(in crate::interop) fn start(context: &Context, options: &Options) -> Result<Self, Stop> {
        let folder = context.folder.join(options.name);
        std::fs::create_dir_all(&folder)?;
        let (port, control) = (ports::free()?, ports::free()?);
        let rtp = ports::range(RTP_PORTS)?;
        let config = config(options, &folder, port, control, rtp)?;
        std::fs::write(folder.join("config"), config)?;
        std::fs::write(folder.join("accounts"), account(options))?;
        std::fs::write(folder.join("contacts"), "\n")?;
        std::fs::write(folder.join("uuid"), "00000000-0000-4000-8000-000000000000")?;
        let program = workspace::find_program(PACKAGE.program)
            .ok_or_else(|| Stop::Skip("baresip isn't installed".into()))?;
        let mut command = Command::new(program);
        command.arg("-f").arg(&folder).args(["-4", "-s"]);
        let log = folder.join("log");
        let process = Running::start("baresip", &mut command, &log, Pipes::None)?;
        let stream =
            time::wait_for(seconds(5), || TcpStream::connect((Ipv4Addr::LOCALHOST, control)).ok())
                .ok_or("baresip doesn't listen for commands")?;
        let inbox = Arc::new(Inbox::default());
        let (reader, filled) = (stream.try_clone()?, Arc::clone(&inbox));
        std::thread::spawn(move || read(reader, &filled));
        let name = options.name.to_string();
        Ok(Self { name, port, folder, control: stream, inbox, process })
    }

    /// What others call to reach it directly.
    pub(in crate::interop) fn uri(&self, transport: &str) -> String {
        format!("sip:{}@127.0.0.1:{};transport={transport}", self.name, self.port)
    }

    /// Gives a command and waits for its answer.
    pub(in crate::interop) fn command(&mut self, name: &str, parameter: &str) -> Result<(), Stop> {
        let before = self.inbox.count(is_response);
        let text = json!({"command": name, "params": parameter, "token": "xtask"}).to_string();
        self.control.write_all(format!("{}:{text},", text.len()).as_bytes())?;
        let answer = self
            .inbox
            .wait(seconds(5), before, is_response)
            .ok_or_else(|| format!("baresip doesn't answer the command {name}"))?;
        check(answer["ok"] == true, || format!("baresip refuses {name}: {}", answer["data"]))
    }

    /// Waits for an event with this type.
    pub(in crate::interop) fn expect(&self, event: &str) -> Result<Value, Stop> {
        self.inbox.wait(seconds(8), 0, |value| value["type"] == event).ok_or_else(|| {
            let seen = self.inbox.last(6, |value| value["type"].as_str().unwrap_or("?").into());
            Stop::Fail(format!("baresip has no {event}; its last events: {seen}"))
        })
    }

    /// Waits for the digits that it hears, in order.
    pub(in crate::interop) fn expect_digits(&self, digits: &str) -> Result<(), Stop> {
        for (index, digit) in digits.chars().enumerate() {
            let started = |value: &Value| value["type"] == "CALL_DTMF_START";
            let event = self.inbox.wait(seconds(4), index, started);
            let heard =
                event.as_ref().and_then(|event| event["param"].as_str()).unwrap_or("nothing");
            check(heard == digit.to_string(), || {
                format!("baresip heard {heard} for the digit {digit}")
            })?;
        }
        Ok(())
    }

    /// Waits until it is registered. The event may come before anybody
    /// listens, so the trace is what counts.
    pub(in crate::interop) fn expect_registered(&self) -> Result<(), Stop> {
        let log = self.folder.join("log");
        time::wait_for(seconds(5), || {
            let text = std::fs::read(&log).unwrap_or_default();
            String::from_utf8_lossy(&text).contains("200 OK").then_some(())
        })
        .ok_or_else(|| "baresip isn't registered".into())
    }

    /// The recording of what it heard.
    pub(in crate::interop) fn heard(&self) -> Result<PathBuf, Stop> {
        let files = std::fs::read_dir(&self.folder)?.filter_map(Result::ok);
        let mut recordings: Vec<PathBuf> = files
            .map(|entry| entry.path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        recordings.sort();
        recordings.pop().ok_or_else(|| "baresip recorded nothing".into())
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.command("quit", "");
        let _ = self.process.wait(seconds(2));
    }
}

fn is_response(value: &Value) -> bool {
    value["response"] == true
}

/// Reads netstrings until the connection ends.
fn read(mut stream: TcpStream, inbox: &Inbox) {
    let mut pending = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        pending.extend_from_slice(&buffer[..length]);
        while let Some((value, used)) = netstring(&pending) {
            pending.drain(..used);
            inbox.push(value);
        }
    }
}

/// The first whole netstring and its length, with the comma behind it.
fn netstring(bytes: &[u8]) -> Option<(Value, usize)> {
    let colon = bytes.iter().position(|&byte| byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let body = bytes.get(colon + 1..colon + 1 + length)?;
    bytes.get(colon + 1 + length)?;
    Some((serde_json::from_slice(body).unwrap_or(Value::Null), colon + length + 2))
}

fn account(options: &Options) -> String {
    let name = options.name;
    let mut line = match options.registrar {
        None => format!("<sip:{name}@127.0.0.1>;regint=0"),
        Some((port, transport, password)) => format!(
            "<sip:{name}@127.0.0.1:{port};transport={transport}>;auth_user={name};\
             auth_pass={password};outbound=\"sip:127.0.0.1:{port};transport={transport}\";regint=60"
        ),
    };
    let _ = write!(line, ";audio_codecs={}", options.codec);
    if options.answers {
        line.push_str(";answermode=auto");
    }
    line + "\n"
}

fn config(
    options: &Options,
    folder: &std::path::Path,
    port: u16,
    control: u16,
    rtp: u16,
) -> Result<String, Stop> {
    let modules = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"]
        .into_iter()
        .find(|path| std::path::Path::new(path).is_dir())
        .ok_or_else(|| Stop::Skip("baresip has no modules folder".into()))?;
    let Options { name, tone, .. } = options;
    let (folder, last) = (folder.display(), rtp + RTP_PORTS - 1);
    // `ausine` plays nothing but at 48 kHz stereo; `aubridge` is a player
    // that needs no sound card; `sndfile` records both directions.
    Ok(format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\nsip_verify_server no\n\
         call_local_timeout 60\ncall_max_calls 4\n\
         audio_player aubridge,{name}\naudio_source ausine,{tone}\naudio_alert aubridge,{name}-alert\n\
         audio_level no\nausrc_srate 48000\nausrc_channels 2\nausrc_format s16\nauplay_format s16\n\
         auenc_format s16\naudec_format s16\naudio_buffer 20-160\nrtp_ports {rtp}-{last}\nrtp_stats yes\n\
         jitter_buffer_delay 2-10\nnet_interface 127.0.0.1\nmodule_path {modules}\n\
         module g711.so\nmodule ausine.so\nmodule aubridge.so\nmodule sndfile.so\n\
         module_tmp uuid.so\nmodule_tmp account.so\nmodule_app contact.so\nmodule_app debug_cmd.so\n\
         module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {folder}\n"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn netstrings_are_cut() {
        let (value, used) = super::netstring(b"10:{\"ok\":true},7:").unwrap();
        assert_eq!((value["ok"].as_bool(), used), (None, 14));
        let (value, used) = super::netstring(b"11:{\"ok\":true},7:").unwrap();
        assert_eq!((value["ok"].as_bool(), used), (Some(true), 15));
        assert!(super::netstring(b"11:{\"ok\":true}").is_none());
    }
}
