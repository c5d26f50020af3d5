//! The media part of a description (RFC 8866 §5.14).

use std::fmt;

use super::{Attributes, Bandwidth, Connection, Direction, Fmtp, RtcpAttribute, RtpMap};
use crate::scan::{decimal, split_once};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// Another one, as written.
            Other(Box<str>),
        }

        impl $name {
            /// As written in a description.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)*
                    $name::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => $name::$variant,)*
                    other => $name::Other(other.into()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The type of media.
    MediaType {
        /// `audio`
        Audio "audio",
        /// `video`
        Video "video",
        /// `text`
        Text "text",
        /// `application`
        Application "application",
        /// `message`
        Message "message",
        /// `image`
        Image "image",
    }
}

words! {
    /// The transport of media.
    Protocol {
        /// RTP
        RtpAvp "RTP/AVP",
        /// RTP with feedback (RFC 4585)
        RtpAvpf "RTP/AVPF",
        /// SRTP
        RtpSavp "RTP/SAVP",
        /// SRTP with feedback (RFC 5124)
        RtpSavpf "RTP/SAVPF",
        /// SRTP keyed by DTLS (RFC 5764)
        UdpTlsRtpSavp "UDP/TLS/RTP/SAVP",
        /// SRTP keyed by DTLS, with feedback (RFC 5764)
        UdpTlsRtpSavpf "UDP/TLS/RTP/SAVPF",
        /// MSRP (RFC 4975)
        TcpMsrp "TCP/MSRP",
        /// MSRP over TLS (RFC 4975)
        TcpTlsMsrp "TCP/TLS/MSRP",
        /// TCP (RFC 4145)
        Tcp "TCP",
        /// UDP
        Udp "udp",
    }
}

impl Protocol {
    /// True when the formats are RTP payload types.
    pub fn is_rtp(&self) -> bool {
        self.as_str().contains("RTP/")
    }

    /// True for SRTP.
    pub fn is_secure_rtp(&self) -> bool {
        self.as_str().contains("RTP/S")
    }
}

// media-field = "m" "=" media SP port ["/" integer] SP proto 1*(SP fmt) CRLF
/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaDescription {
    /// The type.
    pub media: MediaType,
    /// The port; 0 for a rejected stream.
    pub port: u16,
    /// Number of ports, when written.
    pub port_count: Option<u16>,
    /// The transport.
    pub protocol: Protocol,
    /// The formats, separated by single spaces.
    pub(super) formats: Box<str>,
    /// `i=`
    pub information: Option<Box<str>>,
    /// `c=`; more than one only for layered multicast.
    pub connections: Vec<Connection>,
    /// `b=`
    pub bandwidths: Vec<Bandwidth>,
    /// `k=`, obsolete.
    pub key: Option<Box<str>>,
    /// `a=`
    pub attributes: Attributes,
}

impl MediaDescription {
    /// A stream without attributes.
    pub fn new<T: fmt::Display>(
        media: MediaType,
        port: u16,
        protocol: Protocol,
        formats: impl IntoIterator<Item = T>,
    ) -> Self {
        let formats: Vec<String> = formats.into_iter().map(|format| format.to_string()).collect();
        Self {
            media,
            port,
            port_count: None,
            protocol,
            formats: formats.join(" ").into(),
            information: None,
            connections: Vec::new(),
            bandwidths: Vec::new(),
            key: None,
            attributes: Attributes::new(),
        }
    }

    /// The answer that rejects this stream (RFC 3264 §6).
    pub fn rejected(&self) -> Self {
        Self::new(self.media.clone(), 0, self.protocol.clone(), [&self.formats])
    }

    /// True when the stream is rejected or disabled.
    pub const fn is_rejected(&self) -> bool {
        self.port == 0
    }

    /// The formats, best first.
    pub fn formats(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(&*self.formats);
        std::iter::from_fn(move || {
            let text = rest?;
            let (format, next) = split_once(text, b' ').map_or((text, None), |(a, b)| (a, Some(b)));
            rest = next;
            Some(format)
        })
    }

    /// The formats that are payload types.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats().filter_map(decimal).filter(|number| *number < 128)
    }

    /// The direction, when this stream has an attribute of its own.
    pub fn direction(&self) -> Option<Direction> {
        self.attributes.iter().find_map(|attribute| Direction::from_name(attribute.name))
    }

    /// Replaces the direction.
    pub fn set_direction(&mut self, direction: Direction) {
        self.attributes.retain(|attribute| Direction::from_name(attribute.name).is_none());
        self.attributes.push_flag(direction.as_str());
    }

    /// What a payload type stands for: its `rtpmap`, else its assignment.
    pub fn rtpmap(&self, payload_type: u8) -> Option<RtpMap<'_>> {
        self.rtpmaps()
            .find(|map| map.payload_type == payload_type)
            .or_else(|| RtpMap::assigned(payload_type))
    }

    /// Every `rtpmap` that follows its grammar.
    pub fn rtpmaps(&self) -> impl Iterator<Item = RtpMap<'_>> {
        self.attributes.all("rtpmap").filter_map(RtpMap::parse)
    }

    /// The `fmtp` of a format.
    pub fn fmtp(&self, format: &str) -> Option<Fmtp<'_>> {
        self.attributes.all("fmtp").filter_map(Fmtp::parse).find(|fmtp| fmtp.format == format)
    }

    /// `ptime`, in milliseconds; some peers write a fraction, which is cut.
    pub fn ptime(&self) -> Option<u32> {
        milliseconds(self.attributes.get("ptime")?)
    }

    /// `maxptime`, in milliseconds.
    pub fn maxptime(&self) -> Option<u32> {
        milliseconds(self.attributes.get("maxptime")?)
    }

    /// `rtcp`
    pub fn rtcp(&self) -> Option<RtcpAttribute> {
        RtcpAttribute::parse(self.attributes.get("rtcp")?)
    }
}

fn milliseconds(text: &str) -> Option<u32> {
    text.trim().split('.').next()?.parse().ok()
}
