//! Headers that are one number: `Max-Forwards`, `Expires`, `Min-Expires`,
//! `Content-Length` (RFC 3261 §20.22, §20.19, §20.23, §20.14).

use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

macro_rules! number_header {
    ($(#[$doc:meta])* $name:ident($type:ty) = $scan:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $type);

        impl<'a> TypedHeader<'a> for $name {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                let scan: fn(&mut Scanner<'a>) -> Result<$type, SyntaxError> = $scan;
                scan(scanner).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

// Max-Forwards = "Max-Forwards" HCOLON 1*DIGIT
number_header! {
    /// How many more hops the request may take; what is above 255 reads as
    /// 255.
    MaxForwards(u8) = |scanner| {
        scanner.saturating_number().map(|hops| u8::try_from(hops).unwrap_or(u8::MAX))
    }
}

// Expires       = "Expires" HCOLON delta-seconds
// delta-seconds = 1*DIGIT
number_header! {
    /// Seconds that something is valid; what is above 2^32 - 1 reads as that.
    Expires(u32) = |scanner| scanner.saturating_number()
}

// Min-Expires = "Min-Expires" HCOLON delta-seconds
number_header! {
    /// The fewest seconds that a registrar takes.
    MinExpires(u32) = |scanner| scanner.saturating_number()
}

// Content-Length = ( "Content-Length" / "l" ) HCOLON 1*DIGIT
number_header! {
    /// Octets of the body.
    ContentLength(u32) = |scanner| scanner.number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_broken_numbers() {
        assert_eq!(MaxForwards::parse("300"), Ok(MaxForwards(255)));
        assert_eq!(Expires::parse("10000000000000"), Ok(Expires(u32::MAX)));
        assert!(ContentLength::parse("4294967296").is_err());
        for bad in ["", "-999", "1.0", "1 2", "0x10"] {
            assert!(Expires::parse(bad).is_err(), "{bad}");
        }
    }
}
