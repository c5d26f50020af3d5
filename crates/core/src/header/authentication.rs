//! Challenges and credentials as text: `WWW-Authenticate`,
//! `Proxy-Authenticate`, `Authorization`, `Proxy-Authorization`,
//! `Authentication-Info`, `Proxy-Authentication-Info` (RFC 3261 §20.6, §20.7,
//! §20.27, §20.28, §20.44; RFC 7616).
//!
//! What they mean is computed by `sipsimple-net`, from [`AuthParams::as_str`].

use std::borrow::Cow;
use std::fmt;

use super::params::Param;
use super::{HeaderName, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// auth-param = auth-param-name EQUAL ( token / quoted-string )
/// `name=value, name=value`, in order, read lazily.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuthParams<'a>(&'a str);

impl<'a> AuthParams<'a> {
    /// Parses a list of parameters, of at least one.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        let params = Self::scan(&mut scanner)?;
        scanner.finish()?;
        Ok(params)
    }

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let start = scanner.position();
        loop {
            if Param::scan(scanner)?.value.is_none() {
                return Err(scanner.error("a value for the parameter"));
            }
            let end = scanner.position();
            if !scanner.eat_separator(b',') {
                return Ok(Self(scanner.slice(start, end)));
            }
        }
    }

    /// The text, as written.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Each parameter.
    pub fn iter(self) -> impl Iterator<Item = Param<'a>> {
        let mut scanner = Scanner::new(self.0);
        std::iter::from_fn(move || {
            if scanner.is_empty() {
                return None;
            }
            let param = Param::scan(&mut scanner).ok();
            scanner.eat_separator(b',');
            param
        })
    }

    /// The value of a parameter, without quotes.
    pub fn get(self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|param| param.is(name)).map(|param| param.text())
    }
}

impl fmt::Display for AuthParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! scheme_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a> {
            /// The scheme (`Digest`).
            pub scheme: &'a str,
            /// The parameters.
            pub params: AuthParams<'a>,
        }

        impl<'a> TypedHeader<'a> for $name<'a> {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                let scheme = scanner.token()?;
                scanner.skip_space();
                Ok(Self { scheme, params: AuthParams::scan(scanner)? })
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", self.scheme, self.params)
            }
        }
    };
}

// WWW-Authenticate = "WWW-Authenticate" HCOLON challenge
// challenge        = ("Digest" LWS digest-cln *(COMMA digest-cln)) / other-challenge
scheme_header! {
    /// A challenge of a user agent or registrar.
    WwwAuthenticate
}

// Proxy-Authenticate = "Proxy-Authenticate" HCOLON challenge
scheme_header! {
    /// A challenge of a proxy.
    ProxyAuthenticate
}

// Authorization = "Authorization" HCOLON credentials
// credentials   = ("Digest" LWS digest-response) / other-response
scheme_header! {
    /// Credentials for a user agent or registrar.
    Authorization
}

// Proxy-Authorization = "Proxy-Authorization" HCOLON credentials
scheme_header! {
    /// Credentials for a proxy.
    ProxyAuthorization
}

macro_rules! info_header {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a>(pub AuthParams<'a>);

        impl<'a> TypedHeader<'a> for $name<'a> {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                AuthParams::scan(scanner).map(Self)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

// Authentication-Info = "Authentication-Info" HCOLON ainfo *(COMMA ainfo)
info_header! {
    /// What a server says after a successful authentication.
    AuthenticationInfo
}

// Proxy-Authentication-Info (RFC 7615 §4)
info_header! {
    /// What a proxy says after a successful authentication.
    ProxyAuthenticationInfo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let text =
            "Digest realm=\"a, \\\"b\\\"\", nonce=\"x\",\tqop=\"auth,auth-int\" , stale=FALSE";
        let challenge = WwwAuthenticate::parse(text).unwrap();
        assert_eq!(challenge.scheme, "Digest");
        assert_eq!(challenge.params.get("Realm").unwrap(), "a, \"b\"");
        assert_eq!(challenge.params.get("stale").unwrap(), "FALSE");
        assert_eq!(challenge.params.iter().count(), 4);
        assert_eq!(challenge.to_string(), text);
        let info = AuthenticationInfo::parse("nextnonce=\"1\", nc=00000001").unwrap();
        assert_eq!(info.0.get("nc").unwrap(), "00000001");
        for bad in
            ["", "Digest", "Digest realm", "Digest realm=\"a", "Digest a=b c=d", "Digest a=b,"]
        {
            assert!(Authorization::parse(bad).is_err(), "{bad}");
        }
    }
}
