//! Audio in SDP: what we offer and answer, and what comes of it (RFC 3264,
//! RFC 3551, RFC 4733). Pure: descriptions in, descriptions out.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sipsimple_core::sdp::{
    Direction, MediaDescription, MediaType, Protocol, RtpMap, SessionDescription,
};
use sipsimple_media::codec;
use sipsimple_media::stream::{self, AudioConfig, PayloadFormat};

use crate::configuration::AudioCodec;

/// The payload type that we give telephone-event in offers.
const TELEPHONE_EVENT: u8 = 101;
/// The name of DTMF and its like in SDP (RFC 4733 §7.1.1).
const TELEPHONE_EVENT_NAME: &str = "telephone-event";
/// The events that we take: 0 to 9, *, #, A to D.
const EVENTS: &str = "0-15";
/// The packet interval when nothing else is asked for.
const DEFAULT_PTIME: u32 = 20;

/// What we bring to a negotiation.
#[derive(Debug, Clone)]
pub(super) struct LocalAudio {
    pub(super) rtp: SocketAddr,
    pub(super) rtcp: SocketAddr,
    /// The preferred one first.
    pub(super) codecs: Vec<AudioCodec>,
    /// We hold the stream.
    pub(super) hold: bool,
    /// The other party holds the stream.
    pub(super) held: bool,
}

/// Why audio can't be agreed on: the other party's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mismatch {
    #[error("the medium is missing")]
    Missing,
    #[error("the transport is not RTP/AVP")]
    Transport,
    #[error("no common codec")]
    Codec,
    #[error("no address to send to")]
    Address,
}

/// What both parties have agreed on.
#[derive(Debug, Clone)]
pub(super) struct Agreement {
    pub(super) codec: AudioCodec,
    pub(super) remote_rtp: Option<SocketAddr>,
    pub(super) remote_rtcp: Option<SocketAddr>,
    /// The codec and its payload type in the direction to them.
    send: PayloadFormat,
    receive: Vec<PayloadFormat>,
    pub(super) telephone_event_send: Option<u8>,
    telephone_event_receive: Option<u8>,
    direction: Direction,
    ptime: u32,
    /// The other party holds the stream.
    pub(super) held: bool,
}

/// Whether a medium is audio that we can speak at all.
pub(super) fn is_audio(media: &MediaDescription) -> bool {
    media.media == MediaType::Audio
}

/// Whether audio of the other party can be answered with these codecs.
pub(super) fn is_usable(codecs: &[AudioCodec], media: &MediaDescription) -> Result<(), Mismatch> {
    check_transport(media)?;
    choose(codecs, media).map(drop).ok_or(Mismatch::Codec)
}

/// Our offer.
pub(super) fn offer(local: &LocalAudio) -> MediaDescription {
    let mut formats: Vec<(u8, String)> = Vec::new();
    for codec in &local.codecs {
        formats.push((codec.payload_type(), format!("{codec}/{}", codec.clock_rate())));
    }
    // One for each clock rate: an event has the clock of the speech around it
    // (RFC 4733 §2.1). All codecs of today have 8000 Hz.
    formats.push((TELEPHONE_EVENT, format!("{TELEPHONE_EVENT_NAME}/8000")));
    let direction = match (local.hold, local.held) {
        (false, _) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (true, true) => Direction::Inactive,
    };
    describe(local, Protocol::RtpAvp, &formats, Some(TELEPHONE_EVENT), direction)
}

/// Our answer: the codec that we prefer among those offered, and
/// telephone-event of the same clock rate, under the offer's payload types.
pub(super) fn answer(
    local: &LocalAudio,
    description: &SessionDescription,
    media: &MediaDescription,
) -> Result<MediaDescription, Mismatch> {
    check_transport(media)?;
    address_of(description, media, Some(local.rtp.ip()))?;
    let (codec, payload_type) = choose(&local.codecs, media).ok_or(Mismatch::Codec)?;
    let mut formats = vec![(payload_type, format!("{codec}/{}", codec.clock_rate()))];
    let event = telephone_event(media, codec.clock_rate());
    if let Some(event) = event {
        formats.push((event, format!("{TELEPHONE_EVENT_NAME}/{}", codec.clock_rate())));
    }
    let wanted = if local.hold { Direction::SendOnly } else { Direction::SendRecv };
    let direction = wanted.answer_to(offered_direction(description, media));
    Ok(describe(local, media.protocol.clone(), &formats, event, direction))
}

/// What two descriptions of one stream come to.
pub(super) fn agree(
    local: &MediaDescription,
    description: &SessionDescription,
    remote: &MediaDescription,
) -> Result<Agreement, Mismatch> {
    check_transport(remote)?;
    let receive: Vec<(AudioCodec, u8)> = codecs_of(local).collect();
    let (codec, payload_type) = codecs_of(remote)
        .find(|(codec, _)| receive.iter().any(|(ours, _)| ours == codec))
        .ok_or(Mismatch::Codec)?;
    let ours = local.connections.first().and_then(|connection| connection.address.ip());
    let (ip, port) = address_of(description, remote, ours)?;
    let reachable = |(ip, port): (IpAddr, u16)| {
        // The hold of RFC 2543: nothing is sent there.
        (!ip.is_unspecified() && port != 0).then(|| SocketAddr::new(ip, port))
    };
    let direction = local.direction().unwrap_or_default();
    Ok(Agreement {
        codec,
        remote_rtp: reachable((ip, port)),
        remote_rtcp: description.rtcp_address(remote).and_then(reachable),
        send: format_of(codec, payload_type).ok_or(Mismatch::Codec)?,
        receive: receive.into_iter().filter_map(|(codec, pt)| format_of(codec, pt)).collect(),
        telephone_event_send: telephone_event(remote, codec.clock_rate()),
        telephone_event_receive: telephone_event(local, codec.clock_rate()),
        direction: direction.and(offered_direction(description, remote).reversed()),
        ptime: remote.ptime().unwrap_or(DEFAULT_PTIME),
        held: description.is_hold(remote),
    })
}

impl Agreement {
    /// What the media engine is told. `hold`: we hold the stream now, so
    /// nothing is sent or played whatever was agreed on.
    pub(super) fn config(&self, cname: &str, timeout: Duration, hold: bool) -> AudioConfig {
        let direction = match (hold, self.direction) {
            (true, _) | (_, Direction::Inactive) => stream::Direction::Inactive,
            (_, Direction::SendRecv) => stream::Direction::SendRecv,
            (_, Direction::SendOnly) => stream::Direction::SendOnly,
            (_, Direction::RecvOnly) => stream::Direction::RecvOnly,
        };
        // In whole tens, and not more than the engine sends.
        let ptime = (self.ptime / 10 * 10).clamp(10, stream::MAX_PTIME.as_millis() as u32);
        AudioConfig {
            remote_rtp: self.remote_rtp,
            remote_rtcp: self.remote_rtcp,
            send: self.send.clone(),
            receive: self.receive.clone(),
            telephone_event_send: self.telephone_event_send,
            telephone_event_receive: self.telephone_event_receive,
            direction,
            ptime: Duration::from_millis(ptime.into()),
            cname: cname.to_owned(),
            symmetric: true,
            timeout,
            keep_alive: KEEP_ALIVE,
            jitter: stream::JitterConfig::default(),
        }
    }
}

/// How often an empty packet is sent while no audio is.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

fn describe(
    local: &LocalAudio,
    protocol: Protocol,
    formats: &[(u8, String)],
    event: Option<u8>,
    direction: Direction,
) -> MediaDescription {
    let payload_types = formats.iter().map(|(payload_type, _)| payload_type);
    let port = local.rtp.port();
    let mut media = MediaDescription::new(MediaType::Audio, port, protocol, payload_types);
    media.connections.push(local.rtp.ip().into());
    media.attributes.push("rtcp", local.rtcp.port());
    for (payload_type, encoding) in formats {
        media.attributes.push("rtpmap", format_args!("{payload_type} {encoding}"));
    }
    if let Some(event) = event {
        media.attributes.push("fmtp", format_args!("{event} {EVENTS}"));
    }
    media.set_direction(direction);
    media
}

fn check_transport(media: &MediaDescription) -> Result<(), Mismatch> {
    let plain = media.protocol.is_rtp() && !media.protocol.is_secure_rtp();
    if plain { Ok(()) } else { Err(Mismatch::Transport) }
}

/// Where the other party wants RTP: an address that our socket can send to,
/// and that is one party's alone, for a stranger must not be able to point us
/// at a whole network. The unspecified address is hold in RFC 2543.
fn address_of(
    description: &SessionDescription,
    media: &MediaDescription,
    ours: Option<IpAddr>,
) -> Result<(IpAddr, u16), Mismatch> {
    let (ip, port) = description.rtp_address(media).ok_or(Mismatch::Address)?;
    let many = match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    };
    let family_fits = ours.is_none_or(|ours| ours.is_ipv4() == ip.is_ipv4());
    let usable = ip.is_unspecified() || (family_fits && !many);
    if usable { Ok((ip, port)) } else { Err(Mismatch::Address) }
}

/// The first of our codecs that is offered, and its payload type there.
fn choose(ours: &[AudioCodec], media: &MediaDescription) -> Option<(AudioCodec, u8)> {
    ours.iter().find_map(|codec| codecs_of(media).find(|(offered, _)| offered == codec))
}

/// The codecs of a description that we know, in its order.
fn codecs_of(media: &MediaDescription) -> impl Iterator<Item = (AudioCodec, u8)> {
    media.payload_types().filter_map(|payload_type| {
        let map = media.rtpmap(payload_type)?;
        let same = |codec: &AudioCodec| {
            map.encoding.eq_ignore_ascii_case(codec.name())
                && map.clock_rate == codec.clock_rate()
                && map.channels == 1
        };
        AudioCodec::ALL.into_iter().find(same).map(|codec| (codec, payload_type))
    })
}

fn telephone_event(media: &MediaDescription, clock_rate: u32) -> Option<u8> {
    let fits = |map: &RtpMap<'_>| {
        map.encoding.eq_ignore_ascii_case(TELEPHONE_EVENT_NAME) && map.clock_rate == clock_rate
    };
    media.payload_types().find(|pt| media.rtpmap(*pt).as_ref().is_some_and(fits))
}

/// A description's direction; the hold of RFC 2543 (`c=0.0.0.0`) means that
/// its writer does not listen.
fn offered_direction(description: &SessionDescription, media: &MediaDescription) -> Direction {
    let written = description.direction(media);
    let nowhere = description.connection(media).is_some_and(|c| c.address.is_unspecified());
    if nowhere { written.and(Direction::SendOnly) } else { written }
}

fn format_of(codec: AudioCodec, payload_type: u8) -> Option<PayloadFormat> {
    Some(PayloadFormat::new(payload_type, codec::by_name(codec.name(), codec.clock_rate())?))
}
