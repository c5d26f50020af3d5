//! Reading a description (RFC 8866 §9).
//!
//! Lines end with CRLF or LF. Their order within a section is not enforced,
//! `s=` and `t=` may be missing and `s=` empty: peers differ there, and
//! nothing is lost. A letter that RFC 8866 doesn't know is an error, as §5
//! demands.

use std::str::FromStr;

use memchr::memchr2;

use super::{
    Address, Attributes, Bandwidth, Connection, MAX_ATTRIBUTES, MAX_FORMATS, MAX_MEDIA,
    MAX_REPEATED, MAX_SIZE, MediaDescription, MediaType, Origin, Protocol, SdpError,
    SdpErrorKind as Kind, SessionDescription, Timing,
};
use crate::scan::{decimal, split_once};

/// Room for the attributes of a section, so that most need one allocation.
const USUAL_ATTRIBUTES: usize = 512;

impl SessionDescription {
    /// Parses a body of type `application/sdp`.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > MAX_SIZE {
            return Err(SdpError { kind: Kind::TooLarge, offset: MAX_SIZE });
        }
        let text = std::str::from_utf8(body)
            .map_err(|error| SdpError { kind: Kind::Encoding, offset: error.valid_up_to() })?;
        let mut reader = Reader::new();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let length = memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
            let end = match rest.as_bytes().get(length..) {
                Some([b'\r', b'\n', ..]) => 2,
                // A CR inside a line would be two lines for somebody else.
                Some([b'\r', _, ..]) => return Err(SdpError { kind: Kind::Line, offset: at }),
                _ => 1,
            };
            reader
                .line(&rest[..length], rest.len())
                .map_err(|kind| SdpError { kind, offset: at })?;
            at += length + end;
        }
        reader.finish().map_err(|kind| SdpError { kind, offset: text.len() })
    }
}

impl FromStr for SessionDescription {
    type Err = SdpError;

    fn from_str(text: &str) -> Result<Self, SdpError> {
        Self::parse(text.as_bytes())
    }
}

struct Reader {
    version: bool,
    origin: Option<Origin>,
    session: SessionDescription,
    /// Attribute lines of the section so far.
    attributes: usize,
    /// Other lines of the session that may be repeated, wherever they stand.
    repeated: usize,
    /// The same of the media description so far.
    media_repeated: usize,
}

impl Reader {
    fn new() -> Self {
        let origin = Origin {
            username: Box::default(),
            session_id: 0,
            version: 0,
            address: Address::Other(Box::default()),
        };
        let session = SessionDescription {
            origin,
            name: Box::default(),
            information: None,
            uri: None,
            emails: Vec::new(),
            phones: Vec::new(),
            connection: None,
            bandwidths: Vec::new(),
            timings: Vec::new(),
            zones: None,
            key: None,
            attributes: Attributes::new(),
            media: Vec::new(),
        };
        Self {
            version: false,
            origin: None,
            session,
            attributes: 0,
            repeated: 0,
            media_repeated: 0,
        }
    }

    fn line(&mut self, line: &str, rest: usize) -> Result<(), Kind> {
        let (letter, value) = match *line.as_bytes() {
            // Peers end a description with an empty line now and then.
            [] => return Ok(()),
            [letter, b'=', ..] => (letter, line.get(2..).unwrap_or_default()),
            _ => return Err(Kind::Line),
        };
        if !self.version && letter != b'v' {
            return Err(Kind::Missing('v'));
        }
        match letter {
            b'a' => self.attribute(value, rest),
            b'm' => self.media(value),
            b'c' => self.connection(value),
            b'b' => {
                self.repeat('b')?;
                let bandwidth = bandwidth(value)?;
                match self.session.media.last_mut() {
                    Some(media) => media.bandwidths.push(bandwidth),
                    None => self.session.bandwidths.push(bandwidth),
                }
                Ok(())
            }
            b'i' => {
                match self.session.media.last_mut() {
                    Some(media) => media.information = Some(value.into()),
                    None => self.session.information = Some(value.into()),
                }
                Ok(())
            }
            b'k' => {
                match self.session.media.last_mut() {
                    Some(media) => media.key = Some(value.into()),
                    None => self.session.key = Some(value.into()),
                }
                Ok(())
            }
            _ => self.session_line(letter, value),
        }
    }

    /// Lines that belong to the session wherever they stand.
    fn session_line(&mut self, letter: u8, value: &str) -> Result<(), Kind> {
        match letter {
            b'v' if value.trim() == "0" => self.version = true,
            b'v' => return Err(Kind::Syntax { line: 'v', expected: "version 0" }),
            b'o' => self.origin = Some(origin(value)?),
            b's' => self.session.name = value.into(),
            b'u' => self.session.uri = Some(value.into()),
            b'e' => {
                self.repeat('e')?;
                self.session.emails.push(value.into());
            }
            b'p' => {
                self.repeat('p')?;
                self.session.phones.push(value.into());
            }
            b't' => {
                self.repeat('t')?;
                self.session.timings.push(timing(value)?);
            }
            b'r' => {
                self.repeat('r')?;
                match self.session.timings.last_mut() {
                    Some(timing) => timing.repeats.push(value.into()),
                    None => return Err(Kind::Missing('t')),
                }
            }
            b'z' => self.session.zones = Some(value.into()),
            _ => return Err(Kind::Line),
        }
        Ok(())
    }

    fn attribute(&mut self, value: &str, rest: usize) -> Result<(), Kind> {
        if value.is_empty() || value.starts_with(':') {
            return Err(Kind::Syntax { line: 'a', expected: "the name of an attribute" });
        }
        self.attributes += 1;
        if self.attributes > MAX_ATTRIBUTES {
            return Err(Kind::TooMany('a'));
        }
        let attributes = match self.session.media.last_mut() {
            Some(media) => &mut media.attributes,
            None => &mut self.session.attributes,
        };
        attributes.push_line(value, rest.min(USUAL_ATTRIBUTES));
        Ok(())
    }

    fn media(&mut self, value: &str) -> Result<(), Kind> {
        if self.session.media.len() == MAX_MEDIA {
            return Err(Kind::TooMany('m'));
        }
        self.session.media.push(media(value)?);
        self.attributes = 0;
        self.media_repeated = 0;
        Ok(())
    }

    fn connection(&mut self, value: &str) -> Result<(), Kind> {
        self.repeat('c')?;
        let expected = "network type, address type and address";
        let connection = Connection::parse(value).ok_or(Kind::Syntax { line: 'c', expected })?;
        match self.session.media.last_mut() {
            Some(media) => media.connections.push(connection),
            None => self.session.connection = Some(connection),
        }
        Ok(())
    }

    /// One more line that may be repeated.
    fn repeat(&mut self, letter: char) -> Result<(), Kind> {
        let of_media = matches!(letter, 'b' | 'c') && !self.session.media.is_empty();
        let count = if of_media { &mut self.media_repeated } else { &mut self.repeated };
        *count += 1;
        if *count > MAX_REPEATED { Err(Kind::TooMany(letter)) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<SessionDescription, Kind> {
        if !self.version {
            return Err(Kind::Missing('v'));
        }
        // What is printed in their place, so that it reads as the same.
        if self.session.timings.is_empty() {
            self.repeat('t')?;
            self.session.timings.push(Timing::default());
        }
        self.session.origin = self.origin.ok_or(Kind::Missing('o'))?;
        if self.session.name.is_empty() {
            self.session.name = "-".into();
        }
        Ok(self.session)
    }
}

fn origin(value: &str) -> Result<Origin, Kind> {
    let error = |expected| Kind::Syntax { line: 'o', expected };
    let (username, rest) = split_once(value, b' ').ok_or(error("a session id"))?;
    let (session_id, rest) = split_once(rest, b' ').ok_or(error("a session version"))?;
    let (version, address) = split_once(rest, b' ').ok_or(error("an address"))?;
    Ok(Origin {
        username: username.into(),
        session_id: number(session_id).ok_or(error("a number as session id"))?,
        version: number(version).ok_or(error("a number as session version"))?,
        address: Address::parse(address).ok_or(error("an address"))?,
    })
}

fn timing(value: &str) -> Result<Timing, Kind> {
    let error = Kind::Syntax { line: 't', expected: "start and stop time" };
    let (start, stop) = split_once(value, b' ').ok_or(error)?;
    let (start, stop) = (number(start).ok_or(error)?, number(stop.trim()).ok_or(error)?);
    Ok(Timing { start, stop, repeats: Vec::new() })
}

fn bandwidth(value: &str) -> Result<Bandwidth, Kind> {
    let error = Kind::Syntax { line: 'b', expected: "type and bandwidth" };
    let (kind, value) = split_once(value, b':').ok_or(error)?;
    Ok(Bandwidth { kind: kind.into(), value: number(value.trim()).ok_or(error)? })
}

fn media(value: &str) -> Result<MediaDescription, Kind> {
    let error = |expected| Kind::Syntax { line: 'm', expected };
    let (media, rest) = split_once(value, b' ').ok_or(error("a port"))?;
    let (port, rest) = split_once(rest, b' ').ok_or(error("a transport"))?;
    let (protocol, formats) = split_once(rest, b' ').ok_or(error("a format"))?;
    let (port, count) = split_once(port, b'/').map_or((port, None), |(p, count)| (p, Some(count)));
    let port = decimal(port).ok_or(error("a port below 65536"))?;
    let port_count = match count {
        Some(count) => Some(decimal(count).ok_or(error("a number of ports"))?),
        None => None,
    };
    if media.is_empty() || protocol.is_empty() {
        return Err(error("a media type and a transport"));
    }
    Ok(MediaDescription {
        media: MediaType::from(media),
        port,
        port_count,
        protocol: Protocol::from(protocol),
        formats: format_list(formats)?,
        information: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Attributes::new(),
    })
}

/// The formats, separated by single spaces.
fn format_list(text: &str) -> Result<Box<str>, Kind> {
    // One space between two formats, none around them.
    let mut tidy = true;
    let mut spaces = 0;
    let mut before = b' ';
    for &octet in text.as_bytes() {
        if octet == b' ' {
            spaces += 1;
            tidy &= before != b' ';
        }
        before = octet;
    }
    if spaces >= MAX_FORMATS {
        return Err(Kind::TooMany('m'));
    }
    let list: Box<str> = if tidy && before != b' ' {
        text.into()
    } else {
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").into()
    };
    if list.is_empty() {
        return Err(Kind::Syntax { line: 'm', expected: "a format" });
    }
    Ok(list)
}

/// `1*DIGIT`, saturating.
fn number(text: &str) -> Option<u64> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0'))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";

    fn parse(rest: &str) -> Result<SessionDescription, SdpError> {
        format!("{HEAD}{rest}").parse()
    }

    #[test]
    fn every_line_comes_back() {
        let text = "v=0\r\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\ns=Call\r\n\
            i=Info\r\nu=https://example.com\r\ne=jane@example.com\r\np=+1 617 555-6011\r\n\
            c=IN IP4 198.51.100.1\r\nb=CT:128\r\nt=3724394400 3724398000\r\nr=7d 1h 0 25h\r\n\
            t=3724484400 3724488000\r\nz=2882844526 -1h\r\nk=clear:x\r\na=recvonly\r\n\
            m=audio 49170/2 RTP/AVP 0 96\r\ni=stream\r\nc=IN IP6 2001:db8::2\r\nb=AS:64\r\n\
            k=prompt\r\na=rtpmap:96 opus/48000/2\r\na=ptime:20\r\nm=video 0 RTP/SAVP 99\r\n";
        let description: SessionDescription = text.parse().unwrap();
        assert_eq!(description.to_string(), text);
        let with_lf: SessionDescription = text.replace("\r\n", "\n").parse().unwrap();
        assert_eq!(with_lf, description);
        let audio = &description.media[0];
        assert_eq!((audio.port, audio.port_count, audio.ptime()), (49170, Some(2), Some(20)));
        assert_eq!(audio.payload_types().collect::<Vec<_>>(), [0, 96]);
        assert!(description.media[1].is_rejected());
    }

    #[test]
    fn liberal_where_nothing_is_lost() {
        assert!(parse("m=audio 1 RTP/AVP  0  8 \r\n\r\n").is_ok());
        assert!("v=0\no=- 1 1 IN IP4 h\nm=audio 1 RTP/AVP 0".parse::<SessionDescription>().is_ok());
        let huge = "v=0\r\no=- 99999999999999999999999 1 IN IP4 h\r\n";
        assert_eq!(huge.parse::<SessionDescription>().unwrap().origin.session_id, u64::MAX);
    }

    #[test]
    fn errors_say_where() {
        for (rest, line) in [
            ("m=audio 65536 RTP/AVP 0\r\n", "bad m= line"),
            ("m=audio 1 RTP/AVP\r\n", "bad m= line"),
            ("m=audio x RTP/AVP 0\r\n", "bad m= line"),
            ("c=IN IP4\r\n", "bad c= line"),
            ("b=64\r\n", "bad b= line"),
            ("a=\r\n", "bad a= line"),
            ("t=0\r\n", "bad t= line"),
            ("o=- x 1 IN IP4 h\r\n", "bad o= line"),
            ("w=1\r\n", "not a line"),
            ("a=x\ra=y\r\n", "not a line"),
            ("garbage\r\n", "not a line"),
        ] {
            let error = parse(rest).unwrap_err();
            assert_eq!(error.offset, HEAD.len(), "{rest}");
            assert!(error.to_string().starts_with(line), "{error}");
        }
        for text in ["", "o=- 1 1 IN IP4 h\r\n", "v=0\r\n", "v=1\r\no=- 1 1 IN IP4 h\r\n"] {
            assert!(text.parse::<SessionDescription>().is_err(), "{text}");
        }
        assert_eq!(SessionDescription::parse(b"v=0\r\n\xff").unwrap_err().kind, Kind::Encoding);
    }

    #[test]
    fn limits() {
        assert_eq!(
            parse(&"m=audio 1 RTP/AVP 0\n".repeat(65)).unwrap_err().kind,
            Kind::TooMany('m')
        );
        assert_eq!(parse(&"a=x\n".repeat(513)).unwrap_err().kind, Kind::TooMany('a'));
        assert_eq!(parse(&"e=x\n".repeat(33)).unwrap_err().kind, Kind::TooMany('e'));
        // Lines of the session count for the session behind the media, too.
        let misplaced = format!("{0}m=audio 1 RTP/AVP 0\n{0}", "e=x\n".repeat(17));
        assert_eq!(parse(&misplaced).unwrap_err().kind, Kind::TooMany('e'));
        let formats = format!("m=audio 1 RTP/AVP{}\r\n", " 0".repeat(129));
        assert_eq!(parse(&formats).unwrap_err().kind, Kind::TooMany('m'));
        assert_eq!(parse(&"a=x\n".repeat(20_000)).unwrap_err().kind, Kind::TooLarge);
    }

    #[test]
    fn addresses_of_rtp_and_rtcp() {
        let session = parse(
            "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n\
             c=IN IP4 192.0.2.2\r\na=rtcp:5000\r\nm=audio 4004 RTP/AVP 0\r\na=rtcp-mux\r\n\
             m=audio 4006 RTP/AVP 0\r\na=rtcp:9 IN IP4 192.0.2.3\r\nm=audio 0 RTP/AVP 0\r\n\
             m=audio 1 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n",
        )
        .unwrap();
        let found: Vec<_> = session
            .media
            .iter()
            .map(|media| session.rtcp_address(media).map(|(ip, port)| format!("{ip}:{port}")))
            .collect();
        let expected = ["192.0.2.1:4001", "192.0.2.2:5000", "192.0.2.1:4004", "192.0.2.3:9"];
        assert_eq!(
            found.iter().flatten().take(4).collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>()
        );
        assert_eq!(found[4], None);
        assert!(session.is_hold(&session.media[5]) && !session.is_hold(&session.media[0]));
    }
}
