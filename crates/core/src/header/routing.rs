//! `Route` and `Record-Route` (RFC 3261 §20.30, §20.34).

use std::fmt;

use super::{HeaderName, NameAddr, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

macro_rules! route_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a> {
            /// The address of the proxy.
            pub address: NameAddr<'a>,
            /// Parameters of the header, outside the angle brackets.
            pub params: Params<'a>,
        }

        impl<'a> $name<'a> {
            /// A route without header parameters.
            pub fn new(address: impl Into<NameAddr<'a>>) -> Self {
                Self { address: address.into(), params: Params::default() }
            }
        }

        impl<'a> TypedHeader<'a> for $name<'a> {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                let address = NameAddr::scan_bracketed(scanner)?;
                let params = Params::scan(scanner, |_| {})?;
                Ok(Self { address, params })
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.address)?;
                write!(f, "{}", self.params)
            }
        }
    };
}

// Route       = "Route" HCOLON route-param *(COMMA route-param)
// route-param = name-addr *( SEMI rr-param )
route_header! {
    /// One proxy that the request is to visit.
    Route
}

// Record-Route = "Record-Route" HCOLON rec-route *(COMMA rec-route)
// rec-route    = name-addr *( SEMI rr-param )
route_header! {
    /// One proxy that wants to stay on the path of the dialog.
    RecordRoute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let route = Route::parse("<sip:p.example.com;lr> ; x=1").unwrap();
        assert!(route.address.uri.as_sip().unwrap().is_loose_router());
        assert_eq!(route.to_string(), "<sip:p.example.com;lr>;x=1");
        assert!(RecordRoute::parse("sip:p.example.com").is_err());
    }
}
