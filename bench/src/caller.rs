//! A caller that is nothing but bytes: the three requests of a call, in the shape of those that
//! SIPp's built-in scenario sends.
//!
//! Only the number of the call and the tag of the answer change, at known places, so that the
//! caller costs next to nothing beside what it calls.

use bytes::Bytes;

/// Where the requests say that they come from.
pub const CALLER: &str = "127.0.0.1:5080";
/// Where the requests go.
pub const CALLED: &str = "127.0.0.1:5060";

/// Stands for the number of the call.
const NUMBER: &[u8; 8] = b"########";
/// Stands for the tag of the answer.
const TAG: &[u8; 16] = b"@@@@@@@@@@@@@@@@";

/// Makes the requests of one call after the other.
#[derive(Debug)]
pub struct Caller {
    invite: Template,
    ack: Template,
    bye: Template,
    /// Where the To tag was in the last response.
    tag_at: usize,
}

/// The tag of who answered.
pub type Tag = [u8; TAG.len()];

impl Caller {
    /// A caller that has not called yet.
    pub fn new() -> Self {
        let sdp = "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\n\
                   c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n\
                   a=rtpmap:0 PCMU/8000\r\n";
        let invite = request("INVITE", 1, "", 1, "application/sdp", sdp);
        let tag = format!(";tag={}", String::from_utf8_lossy(TAG));
        let ack = request("ACK", 5, &tag, 1, "", "");
        let bye = request("BYE", 7, &tag, 2, "", "");
        Self {
            invite: Template::new(invite),
            ack: Template::new(ack),
            bye: Template::new(bye),
            tag_at: 0,
        }
    }

    /// The INVITE of a call, with an offer of PCMU.
    pub fn invite(&mut self, call: u32) -> Bytes {
        self.invite.fill(call, None)
    }

    /// The ACK to the 200.
    pub fn ack(&mut self, call: u32, tag: &Tag) -> Bytes {
        self.ack.fill(call, Some(tag))
    }

    /// The BYE.
    pub fn bye(&mut self, call: u32, tag: &Tag) -> Bytes {
        self.bye.fill(call, Some(tag))
    }

    /// The To tag of a 2xx to an INVITE; `None` for another message.
    pub fn tag(&mut self, message: &[u8]) -> Option<Tag> {
        if !message.starts_with(b"SIP/2.0 200") {
            return None;
        }
        // It is where it was in the last response, as all are of one length.
        let known = self.tag_at.checked_sub(5).and_then(|from| message.get(from..self.tag_at));
        if known != Some(b";tag=") {
            let to = find(message, b"\r\nTo: ")?;
            self.tag_at = to + find(&message[to..], b";tag=")? + 5;
        }
        message.get(self.tag_at..self.tag_at + TAG.len())?.try_into().ok()
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}

fn request(method: &str, branch: u32, tag: &str, cseq: u32, kind: &str, body: &str) -> String {
    let number = String::from_utf8_lossy(NUMBER);
    let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    format!(
        "{method} sip:service@{CALLED} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {CALLER};branch=z9hG4bK-7-{number}-{branch}\r\n\
         From: sipp <sip:sipp@{CALLER}>;tag=7SIPpTag00{number}\r\n\
         To: service <sip:service@{CALLED}>{tag}\r\n\
         Call-ID: {number}-7@127.0.0.1\r\n\
         CSeq: {cseq} {method}\r\n\
         Contact: sip:sipp@{CALLER}\r\n\
         Max-Forwards: 70\r\n\
         Subject: Performance Test\r\n\
         {kind}Content-Length: {}\r\n\r\n{body}",
        body.len(),
    )
}

/// A message with places for the number and the tag.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    numbers: Vec<usize>,
    tag: Option<usize>,
}

impl Template {
    fn new(text: String) -> Self {
        let bytes = text.into_bytes();
        let numbers = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(NUMBER)).collect();
        let tag = find(&bytes, TAG);
        Self { bytes, numbers, tag }
    }

    fn fill(&mut self, call: u32, tag: Option<&Tag>) -> Bytes {
        let mut digits = [b'0'; NUMBER.len()];
        let mut rest = call;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        for at in &self.numbers {
            self.bytes[*at..*at + digits.len()].copy_from_slice(&digits);
        }
        if let (Some(at), Some(tag)) = (self.tag, tag) {
            self.bytes[at..at + tag.len()].copy_from_slice(tag);
        }
        Bytes::copy_from_slice(&self.bytes)
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|part| part == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_filled_in() {
        let mut caller = Caller::new();
        let invite = String::from_utf8(caller.invite(42).to_vec()).unwrap();
        assert!(invite.contains("Call-ID: 00000042-7@127.0.0.1\r\n"), "{invite}");
        let answer = b"SIP/2.0 200 OK\r\nTo: <sip:a@b>;tag=0123456789abcdef\r\n\r\n";
        let tag = caller.tag(answer).unwrap();
        assert_eq!(caller.tag(answer), Some(tag));
        assert_eq!(caller.tag(b"SIP/2.0 100 Trying\r\n\r\n"), None);
        let bye = String::from_utf8(caller.bye(43, &tag).to_vec()).unwrap();
        assert!(bye.contains(";tag=0123456789abcdef\r\n") && !bye.contains('#'), "{bye}");
    }
}
