//! `To` (RFC 3261 §20.39).

use std::fmt;

use super::from::{scan_tagged, write_tagged};
use super::{HeaderName, NameAddr, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// To       = ( "To" / "t" ) HCOLON to-spec
// to-spec  = ( name-addr / addr-spec ) *( SEMI to-param )
// to-param = tag-param / generic-param
/// Whom the request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct To<'a> {
    /// The address.
    pub address: NameAddr<'a>,
    /// The tag; a request outside a dialog has none.
    pub tag: Option<&'a str>,
    /// All parameters as received, the tag among them.
    pub params: Params<'a>,
}

impl<'a> To<'a> {
    /// An address with a tag.
    pub fn new(address: impl Into<NameAddr<'a>>, tag: impl Into<Option<&'a str>>) -> Self {
        Self { address: address.into(), tag: tag.into(), params: Params::default() }
    }
}

impl<'a> TypedHeader<'a> for To<'a> {
    const NAME: HeaderName<'static> = HeaderName::To;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let (address, tag, params) = scan_tagged(scanner)?;
        Ok(Self { address, tag, params })
    }
}

impl fmt::Display for To<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_tagged(f, self.address, self.tag, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let to = To::parse("\"A\" <sip:a@b;x=y>;p=1 ; TAG = 7").unwrap();
        assert_eq!(to.tag, Some("7"));
        assert_eq!(to.to_string(), "\"A\" <sip:a@b;x=y>;tag=7;p=1");
        assert_eq!(To::parse("sip:a@b").unwrap().tag, None);
        assert!(To::parse("sip:a@b, sip:c@d").is_err());
    }
}
