//! `Replaces` (RFC 3891 §6.1).

use std::fmt;

use super::text::CallId;
use super::{HeaderName, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// Replaces       = "Replaces" HCOLON callid *(SEMI replaces-param)
// replaces-param = to-tag / from-tag / early-flag / generic-param
/// The dialog that the new one takes the place of. The tags are as the
/// receiver of the request sees them: `to-tag` is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaces<'a> {
    /// The Call-ID.
    pub call_id: &'a str,
    /// The tag of the receiver.
    pub to_tag: &'a str,
    /// The tag of the peer.
    pub from_tag: &'a str,
    /// True when only an early dialog may be replaced.
    pub early_only: bool,
}

impl<'a> TypedHeader<'a> for Replaces<'a> {
    const NAME: HeaderName<'static> = HeaderName::Replaces;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let CallId(call_id) = CallId::scan(scanner)?;
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        let error = scanner.error("one to-tag and one from-tag");
        let mut repeated = false;
        Params::scan(scanner, |param| {
            if param.is("to-tag") {
                repeated |= std::mem::replace(&mut to_tag, param.value).is_some();
            } else if param.is("from-tag") {
                repeated |= std::mem::replace(&mut from_tag, param.value).is_some();
            } else if param.is("early-only") {
                early_only = true;
            }
        })?;
        match (to_tag, from_tag) {
            (Some(to_tag), Some(from_tag)) if !repeated => {
                Ok(Self { call_id, to_tag, from_tag, early_only })
            }
            _ => Err(error),
        }
    }
}

impl fmt::Display for Replaces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let text = "98732@sip.example.com;to-tag=r33th4x0r;from-tag=ff87ff;early-only";
        assert_eq!(Replaces::parse(text).unwrap().to_string(), text);
        for bad in ["a@b", "a@b;to-tag=1", "a@b;to-tag=1;to-tag=1;from-tag=2", ";to-tag=1"] {
            assert!(Replaces::parse(bad).is_err(), "{bad}");
        }
    }
}
