//! Names and values of header fields (RFC 4975 §9, 4976 §7, 7701 §7).

use std::fmt;
use std::str::FromStr;

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A header field that this crate knows by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HeaderName {
            $($(#[$doc])* $variant,)*
        }

        impl HeaderName {
            /// The name as the RFCs write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The known name that `text` is, without regard to case.
            pub fn from_text(text: &str) -> Option<Self> {
                $(if text.eq_ignore_ascii_case($text) { return Some(Self::$variant); })*
                None
            }
        }
    };
}

names! {
    /// The hops to the receiver.
    ToPath = "To-Path",
    /// The hops back to the sender.
    FromPath = "From-Path",
    /// Names a message over all its chunks.
    MessageId = "Message-ID",
    /// Where a chunk is in its message.
    ByteRange = "Byte-Range",
    /// Whether a REPORT of success is wanted.
    SuccessReport = "Success-Report",
    /// Whether failures are to be told.
    FailureReport = "Failure-Report",
    /// What a REPORT reports.
    Status = "Status",
    /// The media type of the body.
    ContentType = "Content-Type",
    /// Names a body.
    ContentId = "Content-ID",
    /// Describes a body.
    ContentDescription = "Content-Description",
    /// What to do with a body.
    ContentDisposition = "Content-Disposition",
    /// How long a relay's URI lives.
    Expires = "Expires",
    /// The shortest life that a relay grants.
    MinExpires = "Min-Expires",
    /// The longest life that a relay grants.
    MaxExpires = "Max-Expires",
    /// The URIs that a relay hands out.
    UsePath = "Use-Path",
    /// A relay's challenge.
    WwwAuthenticate = "WWW-Authenticate",
    /// The answer to a challenge.
    Authorization = "Authorization",
    /// What a relay says about the next challenge.
    AuthenticationInfo = "Authentication-Info",
    /// The nickname that is asked for (RFC 7701).
    UseNickname = "Use-Nickname",
}

impl HeaderName {
    /// Whether the field describes the body, so that it stands behind all others.
    pub fn is_mime(self) -> bool {
        matches!(
            self,
            Self::ContentType
                | Self::ContentId
                | Self::ContentDescription
                | Self::ContentDisposition
        )
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A header value that does not follow its grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at offset {offset}")]
pub struct ValueError {
    /// Offset in bytes from the beginning of the value.
    pub offset: usize,
    /// What should have been there.
    pub expected: &'static str,
}

/// Where a chunk is in its message: `start-end/total`, the first byte is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// The position of the first byte; never 0.
    pub start: u64,
    /// The position of the last byte, `start - 1` for none; `None` is `*`.
    pub end: Option<u64>,
    /// The length of the message; `None` is `*`.
    pub total: Option<u64>,
}

impl ByteRange {
    /// The range of a whole message of `total` bytes.
    pub fn whole(total: u64) -> Self {
        Self { start: 1, end: Some(total), total: Some(total) }
    }
}

// Byte-Range = "Byte-Range:" SP range-start "-" range-end "/" total
impl FromStr for ByteRange {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error = |offset, expected| ValueError { offset, expected };
        let dash = text.find('-').ok_or(error(text.len(), "\"-\""))?;
        let slash = text.find('/').ok_or(error(text.len(), "\"/\""))?;
        if slash < dash {
            return Err(error(slash, "\"-\" before \"/\""));
        }
        let start = number(&text[..dash]).ok_or(error(0, "range-start"))?;
        let end = number_or_star(&text[dash + 1..slash]).ok_or(error(dash + 1, "range-end"))?;
        let total = number_or_star(&text[slash + 1..]).ok_or(error(slash + 1, "total"))?;
        if start == 0 {
            return Err(error(0, "a range-start of 1 or more"));
        }
        if end.is_some_and(|end| end < start - 1) {
            return Err(error(dash + 1, "a range-end not before range-start"));
        }
        if total.is_some_and(|total| end.unwrap_or(start - 1) > total) {
            return Err(error(slash + 1, "a total not less than the range"));
        }
        Ok(Self { start, end, total })
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.start)?;
        match self.end {
            Some(end) => write!(f, "{end}/")?,
            None => f.write_str("*/")?,
        }
        match self.total {
            Some(total) => write!(f, "{total}"),
            None => f.write_str("*"),
        }
    }
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[allow(clippy::option_option, reason = "the outer one is the parse, the inner one is the star")]
fn number_or_star(text: &str) -> Option<Option<u64>> {
    if text == "*" { Some(None) } else { number(text).map(Some) }
}

/// Which failures the sender wants to hear of (RFC 4975 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FailureReport {
    /// Every chunk is answered; silence is a failure.
    #[default]
    Yes,
    /// Only errors are answered.
    Partial,
    /// Nothing is answered.
    No,
}

impl FailureReport {
    /// The value as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partial => "partial",
            Self::No => "no",
        }
    }
}

impl FromStr for FailureReport {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        [Self::Yes, Self::Partial, Self::No]
            .into_iter()
            .find(|value| text.eq_ignore_ascii_case(value.as_str()))
            .ok_or(ValueError { offset: 0, expected: "yes, no or partial" })
    }
}

/// What a REPORT says about a message (RFC 4975 §7.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What the code means; 0 is RFC 4975's own codes.
    pub namespace: u16,
    /// The code.
    pub code: StatusCode,
    /// A phrase for people.
    pub comment: String,
}

// Status = "Status:" SP namespace SP status-code [SP comment]
impl FromStr for Status {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut parts = text.splitn(3, ' ');
        let namespace = parts.next().and_then(three_digits);
        let namespace = namespace.ok_or(ValueError { offset: 0, expected: "a namespace" })?;
        let code = parts.next().and_then(three_digits);
        let code = code.ok_or(ValueError { offset: 4, expected: "a status-code" })?;
        let comment = parts.next().unwrap_or_default().to_owned();
        Ok(Self { namespace, code: StatusCode(code), comment })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {}", self.namespace, self.code)?;
        if self.comment.is_empty() { Ok(()) } else { write!(f, " {}", self.comment) }
    }
}

pub(crate) fn three_digits(text: &str) -> Option<u16> {
    if text.len() == 3 { number(text).and_then(|n| n.try_into().ok()) } else { None }
}

/// A status code (RFC 4975 §10, 4976, 7701).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusCode(pub u16);

impl StatusCode {
    /// The transaction succeeded.
    pub const OK: Self = Self(200);
    /// The request was unintelligible.
    pub const BAD_REQUEST: Self = Self(400);
    /// A relay wants credentials.
    pub const UNAUTHORIZED: Self = Self(401);
    /// The action is not allowed.
    pub const FORBIDDEN: Self = Self(403);
    /// A downstream transaction did not complete in time.
    pub const TIMEOUT: Self = Self(408);
    /// The receiver wishes that the message be no longer sent.
    pub const STOP_SENDING: Self = Self(413);
    /// The media type is not understood.
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self(415);
    /// A parameter is out of bounds.
    pub const OUT_OF_BOUNDS: Self = Self(423);
    /// The nickname is malformed (RFC 7701).
    pub const MALFORMED_NICKNAME: Self = Self(424);
    /// The nickname is reserved or in use (RFC 7701).
    pub const NICKNAME_IN_USE: Self = Self(425);
    /// The recipient of a private message is not there (RFC 7701).
    pub const NO_SUCH_RECIPIENT: Self = Self(404);
    /// Private messages are not supported (RFC 7701).
    pub const PRIVATE_MESSAGES_NOT_SUPPORTED: Self = Self(428);
    /// The session does not exist.
    pub const NO_SUCH_SESSION: Self = Self(481);
    /// The method is not understood.
    pub const UNKNOWN_METHOD: Self = Self(501);
    /// The session is bound to another connection.
    pub const ALREADY_BOUND: Self = Self(506);

    /// Whether the code says success.
    pub fn is_success(self) -> bool {
        (200..300).contains(&self.0)
    }

    /// The phrase that goes with the code where nobody gives another.
    pub fn comment(self) -> &'static str {
        match self.0 {
            200 => "OK",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Recipient Not Found",
            408 => "Timeout",
            413 => "Stop Sending",
            415 => "Unsupported Media Type",
            423 => "Parameter Out Of Bounds",
            424 => "Malformed Nickname",
            425 => "Nickname Reserved Or In Use",
            428 => "Private Messages Not Supported",
            481 => "No Such Session",
            501 => "Unknown Method",
            506 => "Session Already In Use",
            _ => "",
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_ranges() {
        for text in ["1-16/16", "1-*/8", "1-*/*", "138-148/148", "1-0/0", "5-4/4"] {
            assert_eq!(text.parse::<ByteRange>().expect(text).to_string(), text);
        }
        for (text, offset) in [
            ("", 0),
            ("1", 1),
            ("1-2", 3),
            ("0-2/2", 0),
            ("*-2/2", 0),
            ("+1-2/2", 0),
            ("9-3/20", 2),
            ("1-9/8", 4),
            ("9-*/7", 4),
            ("1-99999999999999999999/*", 2),
            ("1-2/3/4", 4),
            ("1/2-3", 1),
        ] {
            assert_eq!(text.parse::<ByteRange>().expect_err(text).offset, offset, "{text}");
        }
    }

    #[test]
    fn status() {
        for text in ["000 200 OK", "000 413", "001 299 what ever"] {
            assert_eq!(text.parse::<Status>().expect(text).to_string(), text);
        }
        for text in ["", "000", "00 200", "000 2000", "abc 200"] {
            assert!(text.parse::<Status>().is_err(), "{text}");
        }
    }
}
