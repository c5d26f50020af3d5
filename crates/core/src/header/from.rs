//! `From` (RFC 3261 §20.20).

use std::fmt;

use super::{HeaderName, NameAddr, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// From       = ( "From" / "f" ) HCOLON from-spec
// from-spec  = ( name-addr / addr-spec ) *( SEMI from-param )
// from-param = tag-param / generic-param
/// Who sent the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From<'a> {
    /// The address.
    pub address: NameAddr<'a>,
    /// The tag; RFC 2543 peers have none.
    pub tag: Option<&'a str>,
    /// All parameters as received, the tag among them.
    pub params: Params<'a>,
}

impl<'a> From<'a> {
    /// An address with a tag.
    pub fn new(address: impl Into<NameAddr<'a>>, tag: impl Into<Option<&'a str>>) -> Self {
        Self { address: address.into(), tag: tag.into(), params: Params::default() }
    }
}

impl<'a> TypedHeader<'a> for From<'a> {
    const NAME: HeaderName<'static> = HeaderName::From;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let (address, tag, params) = scan_tagged(scanner)?;
        Ok(Self { address, tag, params })
    }
}

impl fmt::Display for From<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_tagged(f, self.address, self.tag, self.params)
    }
}

/// The grammar that From and To share.
pub(super) fn scan_tagged<'a>(
    scanner: &mut Scanner<'a>,
) -> Result<(NameAddr<'a>, Option<&'a str>, Params<'a>), SyntaxError> {
    let address = NameAddr::scan(scanner)?;
    let mut tag = None;
    let params = Params::scan(scanner, |param| {
        if tag.is_none() && param.is("tag") {
            tag = param.value;
        }
    })?;
    Ok((address, tag, params))
}

pub(super) fn write_tagged(
    f: &mut fmt::Formatter<'_>,
    address: NameAddr<'_>,
    tag: Option<&str>,
    params: Params<'_>,
) -> fmt::Result {
    write!(f, "{address}")?;
    if let Some(tag) = tag {
        write!(f, ";tag={tag}")?;
    }
    params.write_except(f, &["tag"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let from = From::parse("\"A\" <sip:a@b;x=y>;p=1 ; TAG = 7").unwrap();
        assert_eq!(from.tag, Some("7"));
        assert_eq!(from.to_string(), "\"A\" <sip:a@b;x=y>;tag=7;p=1");
        assert_eq!(From::parse("sip:a@b").unwrap().tag, None);
        assert!(From::parse("sip:a@b, sip:c@d").is_err());
    }
}
