//! Finding the lines of a message (RFC 3261 §7.1, §7.2, §7.3.1, §7.5).

use bytes::Bytes;
use memchr::{memchr, memchr2};

use super::table::{HeadSize, Slot, Span, StartLine};
use super::{
    MAX_HEAD_SIZE, MAX_HEADER_SIZE, MAX_HEADERS, MAX_MESSAGE_SIZE, MAX_NAME_SIZE, Message, Method,
    ParseError, ParseErrorKind as Kind, StatusCode,
};
use crate::header::HeaderName;
use crate::header::{CONTENT_LENGTH, code_of};
use crate::scan::Class;

/// Most messages have fewer lines, so that their table is allocated once.
const USUAL_HEADERS: usize = 24;

impl Message {
    /// Finds the start line, the header lines and the body of one message:
    /// a datagram, or what a [`StreamFramer`](crate::framing::StreamFramer)
    /// cut out. Octets after the body are cut off.
    ///
    /// An error means that there is nothing to answer. A request with a
    /// defect that leaves it answerable is a message; its
    /// [`validate`](Self::validate) tells the defect.
    ///
    /// The work is linear in the size of the message, and what is kept is
    /// bounded by the limits of this module.
    pub fn parse(bytes: Bytes) -> Result<Message, ParseError> {
        if bytes.len() > MAX_MESSAGE_SIZE {
            return Err(ParseError::new(Kind::MessageTooLarge, MAX_MESSAGE_SIZE));
        }
        let blank = bytes.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        let bytes = bytes.slice(blank..);
        let (bytes, head) = match read_head(&bytes)? {
            Some(head) => (bytes, head),
            None => {
                let bytes = repair(&bytes);
                // A repaired head needs no second repair.
                let head = read_head(&bytes)?;
                (bytes, head.ok_or(ParseError::new(Kind::HeaderLine, 0))?)
            }
        };
        finish(bytes, head)
    }
}

/// What one pass over the head finds.
struct Head {
    size: HeadSize,
    end: usize,
    start: StartLine,
    slots: Vec<Slot>,
    content_length: Option<Span>,
    defect: Option<ParseError>,
}

/// Reads the head; `None` when it needs [`repair`] first.
fn read_head(bytes: &[u8]) -> Result<Option<Head>, ParseError> {
    let mut defect = None;
    let Some((line, mut at)) = next_line(bytes, 0) else { return Ok(None) };
    if at > bytes.len() {
        return Err(ParseError::new(Kind::StartLine, 0));
    }
    let start = read_start_line(line, &mut defect)?;
    let mut slots: Vec<Slot> = Vec::with_capacity(USUAL_HEADERS);
    let mut content_length = None;
    loop {
        let Some((line, mut next)) = next_line(bytes, at) else { return Ok(None) };
        if next > bytes.len() {
            defect = defect.or(Some(ParseError::new(Kind::Truncated, bytes.len())));
            next = bytes.len();
        }
        if next > MAX_HEAD_SIZE {
            return Err(ParseError::new(Kind::HeadTooLarge, MAX_HEAD_SIZE));
        }
        match line.first() {
            None => {
                at = next;
                break;
            }
            Some(b' ' | b'\t') => return Ok(None),
            Some(_) if line.len() > MAX_HEADER_SIZE => {
                return Err(ParseError::new(Kind::HeaderTooLarge, at));
            }
            Some(_) if slots.len() == MAX_HEADERS => {
                return Err(ParseError::new(Kind::TooManyHeaders, at));
            }
            Some(_) => match read_line(line, at)? {
                Some(slot) => {
                    if slot.code == CONTENT_LENGTH {
                        if content_length.is_some() {
                            let duplicate = Kind::Duplicate(HeaderName::ContentLength);
                            defect = defect.or(Some(ParseError::new(duplicate, at)));
                        }
                        content_length = content_length.or(Some(slot.value));
                    }
                    slots.push(slot);
                }
                None => defect = defect.or(Some(ParseError::new(Kind::HeaderLine, at))),
            },
        }
        at = next;
    }
    Ok(HeadSize::check(bytes, at).map(|size| Head {
        size,
        end: at,
        start,
        slots,
        content_length,
        defect,
    }))
}

/// The line that starts at `at` and where the next one starts, which is
/// behind the end when nothing ends the line. `None` when a CR stands alone:
/// it could pass for a line end at another element.
#[inline]
fn next_line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..).unwrap_or_default();
    match memchr2(b'\r', b'\n', rest) {
        Some(length) => match rest[length..] {
            [b'\r', b'\n', ..] => Some((&rest[..length], at + length + 2)),
            [b'\n', ..] => Some((&rest[..length], at + length + 1)),
            _ => None,
        },
        None => Some((rest, bytes.len() + 1)),
    }
}

// generic-message = start-line *message-header CRLF [ message-body ]
// Request-Line    = Method SP Request-URI SP SIP-Version CRLF
// Status-Line     = SIP-Version SP Status-Code SP Reason-Phrase CRLF
fn read_start_line(line: &[u8], defect: &mut Option<ParseError>) -> Result<StartLine, ParseError> {
    let error = ParseError::new(Kind::StartLine, 0);
    if line.len() > MAX_HEADER_SIZE {
        return Err(ParseError::new(Kind::HeaderTooLarge, 0));
    }
    if line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"SIP/") {
        return read_status_line(line);
    }
    let trimmed = line.trim_ascii_end();
    let first = memchr(b' ', trimmed).ok_or(error)?;
    let last = memchr::memrchr(b' ', trimmed).ok_or(error)?;
    let method = &trimmed[..first];
    let version = &trimmed[last + 1..];
    if method.is_empty() || last == first || !method.iter().all(|c| Class::TOKEN.contains(*c)) {
        return Err(error);
    }
    if version.len() < 4 || !version[..4].eq_ignore_ascii_case(b"SIP/") {
        return Err(error);
    }
    let between = &trimmed[first + 1..last];
    let uri = between.trim_ascii();
    if uri.is_empty() {
        return Err(error);
    }
    let uri_start = first + 1 + (between.len() - between.trim_ascii_start().len());
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        *defect = Some(ParseError::new(Kind::Version, last + 1));
    } else if trimmed.len() != line.len() {
        *defect = Some(ParseError::new(Kind::RequestLineSpace, trimmed.len()));
    } else if uri.len() != between.len() {
        *defect = Some(ParseError::new(Kind::RequestLineSpace, first + 1));
    }
    let method = std::str::from_utf8(method).map_err(|_| error)?;
    Ok(StartLine::Request {
        method: Method::from_token(method),
        uri: Span::new(uri_start, uri_start + uri.len()),
    })
}

fn read_status_line(line: &[u8]) -> Result<StartLine, ParseError> {
    if line.get(4..8) != Some(b"2.0 ") {
        return Err(ParseError::new(Kind::Version, 0));
    }
    let error = ParseError::new(Kind::StartLine, 8);
    let (code, rest) = match line.get(8..).unwrap_or_default() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            let digit = |octet: &u8| u16::from(octet - b'0');
            (digit(a) * 100 + digit(b) * 10 + digit(c), rest)
        }
        _ => return Err(error),
    };
    // Many peers leave the space out when there is no reason phrase.
    if !matches!(rest.first(), None | Some(b' ')) {
        return Err(error);
    }
    let code = StatusCode::new(code).ok_or(error)?;
    Ok(StartLine::Response { code, reason: Span::new(line.len().min(12), line.len()) })
}

// message-header   = (header-name HCOLON header-value) CRLF
// HCOLON           = *( SP / HTAB ) ":" SWS
fn read_line(line: &[u8], at: usize) -> Result<Option<Slot>, ParseError> {
    let end = line.iter().position(|octet| !Class::TOKEN.contains(*octet)).unwrap_or(line.len());
    let mut colon = end;
    while matches!(line.get(colon), Some(b' ' | b'\t')) {
        colon += 1;
    }
    if end == 0 || line.get(colon) != Some(&b':') {
        return Ok(None);
    }
    if end > MAX_NAME_SIZE {
        return Err(ParseError::new(Kind::HeaderTooLarge, at));
    }
    let mut from = colon + 1;
    while matches!(line.get(from), Some(b' ' | b'\t')) {
        from += 1;
    }
    let mut to = line.len();
    while to > from && matches!(line[to - 1], b' ' | b'\t') {
        to -= 1;
    }
    Ok(Some(Slot {
        code: code_of(&line[..end]),
        name_length: end as u8,
        name_start: at as u16,
        value: Span::new(at + from, at + to),
    }))
}

fn finish(bytes: Bytes, head: Head) -> Result<Message, ParseError> {
    let Head { size, end, start, slots, content_length, mut defect } = head;
    let available = bytes.len() - end;
    let mut length = available;
    if let Some(span) = content_length {
        let from = usize::from(span.start);
        let value = &bytes[from..from + usize::from(span.length)];
        match decimal(value) {
            Some(told) if told <= available => length = told,
            Some(_) => {
                defect = defect.or(Some(ParseError::new(Kind::BodyTooShort, bytes.len())));
            }
            None => {
                let name = HeaderName::ContentLength;
                let kind = Kind::Header { name, expected: "a number" };
                defect = defect.or(Some(ParseError::new(kind, from)));
            }
        }
    }
    let bytes = if length == available { bytes } else { bytes.slice(..end + length) };
    Ok(Message { bytes, head: size, start, slots, body: end as u32, defect })
}

/// `1*DIGIT`; numbers too large for any message stay too large.
pub(crate) fn decimal(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits.iter().fold(0usize, |n, digit| {
            n.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        }),
    )
}

fn trim_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A copy of the same length whose head is unfolded UTF-8: the line end in
/// front of a folded line becomes spaces, so does a bare CR, and an octet that
/// isn't UTF-8 becomes a question mark.
fn repair(bytes: &[u8]) -> Bytes {
    let mut fixed = bytes.to_vec();
    let mut at = 0;
    let mut line_start = 0;
    while at < fixed.len().min(MAX_HEAD_SIZE) {
        match fixed[at] {
            b'\r' if fixed.get(at + 1) != Some(&b'\n') => fixed[at] = b' ',
            b'\n' => {
                let content = trim_return(&fixed[line_start..at]);
                if content.is_empty() && line_start > 0 {
                    at += 1;
                    break;
                }
                if line_start > 0 && matches!(fixed.get(at + 1), Some(b' ' | b'\t')) {
                    fixed[at] = b' ';
                    if fixed[at - 1] == b'\r' {
                        fixed[at - 1] = b' ';
                    }
                } else {
                    line_start = at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(&fixed[from..at]) {
        let bad = from + error.valid_up_to();
        let length = error.error_len().unwrap_or(at - bad);
        fixed[bad..bad + length].fill(b'?');
        from = bad + length;
    }
    fixed.into()
}
