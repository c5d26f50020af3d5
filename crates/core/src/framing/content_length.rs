//! The Content-Length of a head, before it is parsed (RFC 3261 §20.14).

use super::FramingErrorKind;
use crate::header::{CONTENT_LENGTH, code_of};
use crate::message::decimal;

/// The value, or why there is none that could be relied on.
pub(super) fn content_length(head: &[u8]) -> Result<usize, FramingErrorKind> {
    let mut found = None;
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', &head[from..]) {
        let start = from;
        from += at + 1;
        if !matches!(head[start], b'c' | b'C' | b'l' | b'L') {
            continue;
        }
        // A folded line goes on in the next one.
        while matches!(head.get(from), Some(b' ' | b'\t')) {
            from += memchr::memchr(b'\n', &head[from..]).map_or(head.len() - from, |at| at + 1);
        }
        let line = &head[start..from];
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        if code_of(line[..colon].trim_ascii_end()) != CONTENT_LENGTH {
            continue;
        }
        let value = decimal(line[colon + 1..].trim_ascii());
        if found.is_some() || value.is_none() {
            return Err(FramingErrorKind::BadContentLength);
        }
        found = value;
    }
    found.ok_or(FramingErrorKind::MissingContentLength)
}
