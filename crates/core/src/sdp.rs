//! Session descriptions: model, parser, printer (RFC 8866), and what
//! attributes of RTP and RTCP mean (RFC 3264, 3605, 4568, 8839).
//!
//! ```
//! use sipsimple_core::sdp::{Direction, SessionDescription};
//!
//! let text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
//!             m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n";
//! let description: SessionDescription = text.parse()?;
//! let audio = &description.media[0];
//! assert_eq!(audio.rtpmap(101).unwrap().encoding, "telephone-event");
//! assert_eq!(description.direction(audio), Direction::SendOnly);
//! assert_eq!(description.to_string(), text);
//! # Ok::<(), sipsimple_core::sdp::SdpError>(())
//! ```

mod address;
mod attributes;
mod candidate;
mod crypto;
mod direction;
mod error;
mod media;
pub mod offer_answer;
mod parse;
mod print;
mod rtcp;
mod rtp;
mod session;

pub use address::{Address, Connection, Family};
pub use attributes::{Attribute, Attributes};
pub use candidate::Candidate;
pub use crypto::Crypto;
pub use direction::Direction;
pub use error::{SdpError, SdpErrorKind};
pub use media::{MediaDescription, MediaType, Protocol};
pub use rtcp::RtcpAttribute;
pub use rtp::{Fmtp, RtpMap};
pub use session::{Bandwidth, Origin, SessionDescription, Timing};

/// The longest description, in octets.
pub const MAX_SIZE: usize = 64 * 1024;

/// The most media descriptions.
pub const MAX_MEDIA: usize = 64;

/// The most attributes of a session or of one media description.
pub const MAX_ATTRIBUTES: usize = 512;

/// The most formats of one media description.
pub const MAX_FORMATS: usize = 128;

/// The most lines of any other kind that may be there more than once (`e`,
/// `p`, `b`, `c`, `t` and `r` together), in one section.
pub const MAX_REPEATED: usize = 32;
