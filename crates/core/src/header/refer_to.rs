//! `Refer-To` (RFC 3515 §2.1) and `Referred-By` (RFC 3892 §3).

use std::fmt;

use super::{HeaderName, NameAddr, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

macro_rules! address_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a> {
            /// The address.
            pub address: NameAddr<'a>,
            /// Parameters of the header, outside the angle brackets.
            pub params: Params<'a>,
        }

        impl<'a> $name<'a> {
            /// An address without header parameters.
            pub fn new(address: impl Into<NameAddr<'a>>) -> Self {
                Self { address: address.into(), params: Params::default() }
            }
        }

        impl<'a> TypedHeader<'a> for $name<'a> {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                let address = NameAddr::scan(scanner)?;
                Ok(Self { address, params: Params::scan(scanner, |_| {})? })
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", self.address, self.params)
            }
        }
    };
}

// Refer-To = ("Refer-To" / "r") HCOLON ( name-addr / addr-spec ) *(SEMI generic-param)
address_header! {
    /// Whom to call, or what to fetch; its URI may carry a `Replaces` header.
    ReferTo
}

// Referred-By = ("Referred-By" / "b") HCOLON referrer-uri *(SEMI (referredby-id-param / generic-param))
address_header! {
    /// Who asked for the reference.
    ReferredBy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_carries_headers() {
        let text = "<sip:b@h?Replaces=1%40h%3Bto-tag%3D2%3Bfrom-tag%3D3>";
        let refer = ReferTo::parse(text).unwrap();
        let replaces = refer.address.uri.as_sip().unwrap().headers.get("replaces").unwrap();
        assert_eq!(crate::uri::unescape(replaces), "1@h;to-tag=2;from-tag=3");
        assert_eq!(refer.to_string(), text);
        assert_eq!(
            ReferredBy::parse("sip:a@b;cid=\"x\"").unwrap().params.value("cid"),
            Some("\"x\"")
        );
    }
}
