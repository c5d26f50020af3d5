//! `Content-Type` and `Accept` (RFC 3261 §20.15, §20.1).

use std::fmt;

use super::contact::thousandths;
use super::{HeaderName, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// Content-Type = ( "Content-Type" / "c" ) HCOLON media-type
// media-type   = m-type SLASH m-subtype *(SEMI m-parameter)
/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentType<'a> {
    /// The type (`application`).
    pub kind: &'a str,
    /// The subtype (`sdp`).
    pub subtype: &'a str,
    /// The parameters.
    pub params: Params<'a>,
}

impl ContentType<'_> {
    /// True when it is this type and subtype, without case, whatever the
    /// parameters.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// True for `application/sdp`.
    pub fn is_sdp(&self) -> bool {
        self.is("application", "sdp")
    }
}

impl<'a> TypedHeader<'a> for ContentType<'a> {
    const NAME: HeaderName<'static> = HeaderName::ContentType;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let (kind, subtype) = scan_type(scanner)?;
        Ok(Self { kind, subtype, params: Params::scan(scanner, |_| {})? })
    }
}

impl fmt::Display for ContentType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}

// Accept       = "Accept" HCOLON [ accept-range *(COMMA accept-range) ]
// accept-range = media-range *(SEMI accept-param)
// media-range  = ( "*/*" / ( m-type SLASH "*" ) / ( m-type SLASH m-subtype ) )
//                *( SEMI m-parameter )
/// One kind of body that the sender understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept<'a> {
    /// The type, or `*`.
    pub kind: &'a str,
    /// The subtype, or `*`.
    pub subtype: &'a str,
    /// `q`, in thousandths (0 to 1000).
    pub q: Option<u16>,
    /// All parameters, `q` among them.
    pub params: Params<'a>,
}

impl Accept<'_> {
    /// True when a body of this type falls into the range.
    pub fn matches(&self, kind: &str, subtype: &str) -> bool {
        (self.kind == "*" || self.kind.eq_ignore_ascii_case(kind))
            && (self.subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype))
            && self.q != Some(0)
    }
}

impl<'a> TypedHeader<'a> for Accept<'a> {
    const NAME: HeaderName<'static> = HeaderName::Accept;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let (kind, subtype) = scan_type(scanner)?;
        let mut q = None;
        let params = Params::scan(scanner, |param| {
            if param.is("q") {
                q = param.value.and_then(thousandths);
            }
        })?;
        Ok(Self { kind, subtype, q, params })
    }
}

impl fmt::Display for Accept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}

/// A star is a token, so ranges need nothing of their own.
fn scan_type<'a>(scanner: &mut Scanner<'a>) -> Result<(&'a str, &'a str), SyntaxError> {
    let kind = scanner.token()?;
    if !scanner.eat_separator(b'/') {
        return Err(scanner.error("a slash between type and subtype"));
    }
    Ok((kind, scanner.token()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let content = ContentType::parse("multipart / mixed ; boundary=\"a b\"").unwrap();
        assert_eq!(content.params.get("Boundary").unwrap().text(), "a b");
        assert_eq!(content.to_string(), "multipart/mixed;boundary=\"a b\"");
        assert!(ContentType::parse("Application/SDP").unwrap().is_sdp());
        assert!(ContentType::parse("application").is_err());
    }

    #[test]
    fn ranges() {
        let accept = Accept::parse("text/*;q=0.5").unwrap();
        assert!(accept.matches("text", "plain") && !accept.matches("image", "png"));
        assert_eq!(accept.q, Some(500));
        assert!(Accept::parse("*/*").unwrap().matches("a", "b"));
        assert!(!Accept::parse("*/*;q=0").unwrap().matches("a", "b"));
    }
}
