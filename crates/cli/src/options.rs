//! The flags that every command which makes or takes calls understands.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// Who we are, where we listen, and what is played and recorded.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct EndpointOptions {
    /// Folder with the settings and accounts to use. What the flags say of an
    /// account is kept there. Without it nothing is read or written, and
    /// everything comes from the flags.
    #[arg(long, value_name = "DIR")]
    pub(crate) config: Option<PathBuf>,

    /// Listen here, e.g. udp:127.0.0.1:5060 or tcp:[::1]:0 (port 0: any).
    /// Can be given several times.
    #[arg(long, value_name = "PROTO:IP:PORT")]
    pub(crate) listen: Vec<Listen>,

    /// The account, e.g. alice@example.com.
    #[arg(long, value_name = "USER@DOMAIN")]
    pub(crate) account: Option<String>,

    /// The account's password.
    #[arg(long, value_name = "PASSWORD", env = "SIPSIMPLE_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,

    /// Where to register, if not at the account's domain.
    #[arg(long, value_name = "URI")]
    pub(crate) registrar: Option<String>,

    /// Send every request through this proxy, e.g. sip:proxy.example.com;transport=tcp.
    #[arg(long, value_name = "URI")]
    pub(crate) proxy: Option<String>,

    /// Play this to the other side: a tone or a WAV file.
    #[arg(long, value_name = "tone:HZ|FILE.wav")]
    pub(crate) play: Option<Play>,

    /// Record what is heard to this WAV file.
    #[arg(long, value_name = "FILE.wav")]
    pub(crate) record: Option<PathBuf>,

    /// Codecs in the order of preference, e.g. PCMA,PCMU.
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "config")]
    pub(crate) codecs: Vec<String>,

    /// UDP ports for audio, e.g. 50000-50500.
    #[arg(long, value_name = "A-B", conflicts_with = "config")]
    pub(crate) rtp_ports: Option<PortRange>,

    /// Print every SIP message.
    #[arg(long)]
    pub(crate) trace_sip: bool,
}

/// Where to listen: `udp:IP:PORT` or `tcp:IP:PORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listen {
    /// Over which protocol.
    pub(crate) protocol: Protocol,
    /// On which address; port 0 picks a free one.
    pub(crate) address: SocketAddr,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// SIP over UDP.
    Udp,
    /// SIP over TCP.
    Tcp,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (protocol, address) =
            text.split_once(':').ok_or("write it as udp:IP:PORT or tcp:IP:PORT")?;
        let protocol = match protocol {
            "udp" => Protocol::Udp,
            "tcp" => Protocol::Tcp,
            other => return Err(format!("can't listen on {other:?}: it is udp or tcp")),
        };
        let address =
            address.parse().map_err(|_| format!("{address:?} is not an address and a port"))?;
        Ok(Self { protocol, address })
    }
}

/// What the other side is to hear.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Play {
    /// A sine tone, in Hz.
    Tone(u16),
    /// A WAV file, over and over.
    File(PathBuf),
}

impl FromStr for Play {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(hz) = text.strip_prefix("tone:") else {
            return Ok(Self::File(text.into()));
        };
        match hz.parse() {
            Ok(hz @ 20..=20_000) => Ok(Self::Tone(hz)),
            _ => Err(format!("{hz:?} is not a frequency from 20 to 20000 Hz")),
        }
    }
}

/// A range of UDP ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PortRange {
    /// The lowest port.
    pub(crate) first: u16,
    /// The highest port.
    pub(crate) last: u16,
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').ok_or("write it as 50000-50500")?;
        let port = |text: &str| text.parse::<u16>().map_err(|_| format!("{text:?} is not a port"));
        let (first, last) = (port(first)?, port(last)?);
        if first == 0 || last <= first {
            return Err("the second port must be above the first, and port 0 is none".into());
        }
        Ok(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_a_protocol_and_an_address() {
        let listen: Listen = "udp:127.0.0.1:0".parse().unwrap();
        assert_eq!((listen.protocol, listen.address.port()), (Protocol::Udp, 0));
        let listen: Listen = "tcp:[::1]:5060".parse().unwrap();
        assert_eq!((listen.protocol, listen.address.is_ipv6()), (Protocol::Tcp, true));
        for wrong in ["127.0.0.1:5060", "tls:127.0.0.1:1", "udp:localhost:5060", "udp:1.2.3.4"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_played_is_a_tone_or_a_file() {
        assert_eq!("tone:440".parse(), Ok(Play::Tone(440)));
        assert_eq!("a.wav".parse(), Ok(Play::File("a.wav".into())));
        assert!("tone:5".parse::<Play>().is_err());
    }

    #[test]
    fn a_port_range_goes_up() {
        assert_eq!("50000-50500".parse(), Ok(PortRange { first: 50000, last: 50500 }));
        for wrong in ["50000", "5-4", "0-10", "a-b", "70000-70001"] {
            assert!(wrong.parse::<PortRange>().is_err(), "{wrong}");
        }
    }
}
