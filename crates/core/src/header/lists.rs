//! Lists of tokens: `Allow`, `Supported`, `Require`, `Proxy-Require`,
//! `Unsupported` (RFC 3261 §20.5, §20.37, §20.32, §20.29, §20.40).

use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::message::Method;
use crate::scan::{Class, Scanner, SyntaxError};

// Allow = "Allow" HCOLON [Method *(COMMA Method)]
/// One method that the sender understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow(pub Method);

impl<'a> TypedHeader<'a> for Allow {
    const NAME: HeaderName<'static> = HeaderName::Allow;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        scanner.take_some(Class::TOKEN, "a method").map(|method| Self(Method::from_token(method)))
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! option_tag_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a>(pub &'a str);

        impl<'a> TypedHeader<'a> for $name<'a> {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                scanner.take_some(Class::TOKEN, "an option tag").map(Self)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
    };
}

// Supported = ( "Supported" / "k" ) HCOLON [option-tag *(COMMA option-tag)]
option_tag_header! {
    /// One extension that the sender understands.
    Supported
}

// Require = "Require" HCOLON option-tag *(COMMA option-tag)
option_tag_header! {
    /// One extension that the receiver must understand.
    Require
}

// Proxy-Require = "Proxy-Require" HCOLON option-tag *(COMMA option-tag)
option_tag_header! {
    /// One extension that proxies must understand.
    ProxyRequire
}

// Unsupported = "Unsupported" HCOLON option-tag *(COMMA option-tag)
option_tag_header! {
    /// One required extension that the sender doesn't understand.
    Unsupported
}
