//! Just enough of SIP's text to forward and judge a message. It shares no code with the SDK: it measures it.

/// A message, cut into lines. Header lines keep their order and their text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) start: String,
    pub(super) headers: Vec<String>,
    pub(super) body: String,
}

impl Text {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n").map(str::to_string);
        let start = lines.next().filter(|line| line.contains("SIP/2.0"))?;
        Some(Self { start, headers: lines.collect(), body: body.into() })
    }

    pub(super) fn print(&self) -> String {
        format!("{}\r\n{}\r\n\r\n{}", self.start, self.headers.join("\r\n"), self.body)
    }

    pub(super) fn is_request(&self) -> bool {
        !self.start.starts_with("SIP/2.0")
    }

    /// The method of a request, or of the request that a response answers.
    pub(super) fn method(&self) -> &str {
        if self.is_request() {
            return self.start.split(' ').next().unwrap_or_default();
        }
        self.header("CSeq").and_then(|value| value.split_whitespace().nth(1)).unwrap_or_default()
    }

    pub(super) fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The index of the first header with this name, long or compact.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.headers.iter().position(|line| {
            line.split_once(':').is_some_and(|(found, _)| same_name(found.trim(), name))
        })
    }

    /// The value of the first header with this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let line = &self.headers[self.position(name)?];
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// Whether this is an INVITE inside a dialog.
    pub(super) fn is_reinvite(&self) -> bool {
        self.is_request()
            && self.method() == "INVITE"
            && self.header("To").is_some_and(|value| value.contains(";tag="))
    }

    /// The direction of the first media of the session description:
    /// `sendrecv` where nothing says otherwise (RFC 8866 section 6.7).
    pub(super) fn direction(&self) -> Option<&'static str> {
        if !self.body.contains("\nm=") {
            return None;
        }
        let known = ["sendonly", "recvonly", "inactive"];
        let says =
            |name: &&&str| self.body.lines().any(|line| line.strip_prefix("a=") == Some(**name));
        Some(known.iter().find(says).copied().unwrap_or("sendrecv"))
    }
}

/// The port of a URI, or the default of SIP.
pub(super) fn uri_port(uri: &str) -> u16 {
    let rest = uri.split_once("sip:").map_or(uri, |(_, rest)| rest);
    let host = rest.split(['>', ';', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(5060)
}

/// The value of a `;name=value` parameter.
pub(super) fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|part| {
        let (found, text) = part.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| text.trim())
    })
}

fn same_name(found: &str, name: &str) -> bool {
    let compact = match name {
        "Via" => "v",
        "To" => "t",
        "From" => "f",
        "Contact" => "m",
        "Call-ID" => "i",
        "Content-Length" => "l",
        _ => name,
    };
    found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(compact)
}

/// The length of the first whole message in a stream, `None` while it isn't
/// whole; line feeds between messages belong to the message behind them.
pub(super) fn framed(stream: &[u8]) -> Option<usize> {
    let head = stream.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&stream[..head]);
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        same_name(name.trim(), "Content-Length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + length.unwrap_or(0);
    (stream.len() >= whole).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:bob@127.0.0.1:5072 SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1;rport\r\n\
        To: <sip:bob@x>;tag=1\r\nl: 22\r\n\r\nm=audio 4\r\na=sendonly";

    #[test]
    fn a_message_is_read() {
        let text = Text::parse(INVITE.as_bytes()).unwrap();
        assert!(text.is_reinvite());
        assert_eq!(text.header("Via").and_then(|via| parameter(via, "branch")), Some("z9hG4bK1"));
        assert_eq!(uri_port(text.uri()), 5072);
        assert_eq!(text.print(), INVITE);
    }

    #[test]
    fn the_direction_of_media() {
        let mut text = Text::parse(INVITE.as_bytes()).unwrap();
        assert_eq!(text.direction(), None, "there is no line before m=");
        text.body = "v=0\r\nm=audio 4 RTP/AVP 0\r\na=sendonly\r\n".into();
        assert_eq!(text.direction(), Some("sendonly"));
        text.body = "v=0\r\nm=audio 4 RTP/AVP 0\r\n".into();
        assert_eq!(text.direction(), Some("sendrecv"));
    }

    #[test]
    fn a_stream_is_cut() {
        let whole = INVITE.len() + 1;
        let stream = format!("{INVITE}\nBYE");
        assert_eq!(framed(stream.as_bytes()), Some(whole));
        assert_eq!(framed(&stream.as_bytes()[..whole - 2]), None);
    }

    #[test]
    fn ports_of_uris() {
        assert_eq!(uri_port("<sip:a@127.0.0.1:5070;transport=tcp>"), 5070);
        assert_eq!(uri_port("sip:127.0.0.1"), 5060);
    }
}
