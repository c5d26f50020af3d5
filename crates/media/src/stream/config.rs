//! What a stream is told: where to send, what to send, what to accept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::codec::{Codec, CodecInfo, FormatParameters};

/// A payload type and the codec that it stands for.
#[derive(Debug, Clone)]
pub struct PayloadFormat {
    /// The RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// What the payloads are.
    pub codec: Arc<dyn Codec>,
    /// What the peer has asked for, where this is what is sent to it.
    pub parameters: FormatParameters,
}

impl PayloadFormat {
    /// `codec` under `payload_type`.
    pub fn new(payload_type: u8, codec: Arc<dyn Codec>) -> Self {
        Self { payload_type, codec, parameters: FormatParameters::default() }
    }

    /// Names and rates of the codec.
    pub fn info(&self) -> CodecInfo {
        self.codec.info()
    }
}

/// Codecs are the same when they are called the same.
impl PartialEq for PayloadFormat {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.info(), other.info());
        (self.payload_type, &self.parameters, ours)
            == (other.payload_type, &other.parameters, theirs)
    }
}

impl Eq for PayloadFormat {}

/// Which ways audio flows, seen from here (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Only to the peer.
    SendOnly,
    /// Only from the peer.
    RecvOnly,
    /// Neither way: both hold.
    Inactive,
}

impl Direction {
    /// Whether audio is sent.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether received audio is played.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// One audio stream, as two sides agreed on it.
///
/// ```
/// use sipsimple_media::codec;
/// use sipsimple_media::stream::{AudioConfig, PayloadFormat};
///
/// let pcmu = PayloadFormat::new(0, codec::by_name("PCMU", 8000).unwrap());
/// let mut config = AudioConfig::new("192.0.2.7:4000".parse().unwrap(), pcmu);
/// config.telephone_event_send = Some(101);
/// config.telephone_event_receive = Some(101);
/// assert_eq!(config.remote_rtcp.unwrap().port(), 4001);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioConfig {
    /// Where the peer wants RTP. `None`: nowhere (port 0, or `c=0.0.0.0`);
    /// nothing is sent then.
    pub remote_rtp: Option<SocketAddr>,
    /// Where the peer wants RTCP: the port above, unless `a=rtcp` says else.
    pub remote_rtcp: Option<SocketAddr>,
    /// What is sent, under the payload type that the *peer* gave it.
    pub send: PayloadFormat,
    /// What is accepted, under the payload types that *we* gave. All of one
    /// clock rate and sample rate with `send`; others are ignored.
    pub receive: Vec<PayloadFormat>,
    /// The peer's payload type for telephone-event, if it takes any.
    pub telephone_event_send: Option<u8>,
    /// Our payload type for telephone-event, if we offered it.
    pub telephone_event_receive: Option<u8>,
    /// Which ways audio flows.
    pub direction: Direction,
    /// How much audio goes into a packet: the codec takes the nearest interval
    /// that it can ([`Codec::packet_time`]). Packets of any length are accepted.
    pub ptime: Duration,
    /// The canonical name in RTCP (RFC 7022): the same for all streams of a call.
    pub cname: String,
    /// Follow the address that packets really come from (RFC 4961), by the
    /// rule of [`SourceFilter`](super::SourceFilter).
    pub symmetric: bool,
    /// After how long without a packet `Timeout` is reported while audio is
    /// expected, again and again; zero for never.
    pub timeout: Duration,
    /// How often an empty packet is sent while no audio is (RFC 6263 §4.6);
    /// zero for never.
    pub keep_alive: Duration,
    /// Limits of the playout delay.
    pub jitter: JitterConfig,
}

impl AudioConfig {
    /// The usual stream: `format` both ways, packets of 20 ms, RTCP one port
    /// above RTP, no telephone-event.
    pub fn new(remote_rtp: SocketAddr, format: PayloadFormat) -> Self {
        let rtcp = remote_rtp.port().checked_add(1);
        Self {
            remote_rtp: Some(remote_rtp),
            remote_rtcp: rtcp.map(|port| SocketAddr::new(remote_rtp.ip(), port)),
            receive: vec![format.clone()],
            send: format,
            telephone_event_send: None,
            telephone_event_receive: None,
            direction: Direction::SendRecv,
            ptime: Duration::from_millis(20),
            cname: String::from("anonymous"),
            symmetric: true,
            timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(5),
            jitter: JitterConfig::default(),
        }
    }
}

/// Limits of the playout delay, which follows the network in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JitterConfig {
    /// The least delay above the fastest packet.
    pub min_delay: Duration,
    /// The delay until enough packets have been seen to know better.
    pub initial_delay: Duration,
    /// The most delay above the fastest packet; what comes later is lost.
    pub max_delay: Duration,
}

impl Default for JitterConfig {
    /// 10 ms, 40 ms, 300 ms.
    fn default() -> Self {
        Self {
            min_delay: Duration::from_millis(10),
            initial_delay: Duration::from_millis(40),
            max_delay: Duration::from_millis(300),
        }
    }
}
