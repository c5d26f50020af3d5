//! Headers that are text: `Call-ID`, `User-Agent`, `Server`, `Subject`
//! (RFC 3261 §20.8, §20.41, §20.35, §20.36).

use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::scan::{Class, Scanner, SyntaxError};

macro_rules! text_header {
    ($(#[$doc:meta])* $name:ident = $scan:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a>(pub &'a str);

        impl<'a> TypedHeader<'a> for $name<'a> {
            const NAME: HeaderName<'static> = HeaderName::$name;

            fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
                let scan: fn(&mut Scanner<'a>) -> Result<&'a str, SyntaxError> = $scan;
                scan(scanner).map(Self)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
    };
}

// Call-ID = ( "Call-ID" / "i" ) HCOLON callid
// callid  = word [ "@" word ]
text_header! {
    /// The identity of a call; compared octet by octet.
    CallId = |scanner| {
        let start = scanner.position();
        scanner.take_some(Class::WORD, "a word")?;
        if scanner.eat(b'@') {
            scanner.take_some(Class::WORD, "a word after the @")?;
        }
        Ok(scanner.slice(start, scanner.position()))
    }
}

/// The rest of the value, without the white space around it.
fn text<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, SyntaxError> {
    let rest = scanner.rest();
    scanner.seek(scanner.position() + rest.len());
    Ok(rest.trim_matches([' ', '\t', '\r', '\n']))
}

// User-Agent = "User-Agent" HCOLON server-val *(LWS server-val)
text_header! {
    /// What made the request.
    UserAgent = text
}

// Server = "Server" HCOLON server-val *(LWS server-val)
text_header! {
    /// What made the response.
    Server = text
}

// Subject = ( "Subject" / "s" ) HCOLON [TEXT-UTF8-TRIM]
text_header! {
    /// What the call is about.
    Subject = text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_are_words() {
        assert_eq!(CallId::parse("a84b4c76e66710@pc33").unwrap().0, "a84b4c76e66710@pc33");
        assert!(CallId::parse("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{").is_ok());
        for bad in ["", "a b", "a@", "@b", "a@b@c"] {
            assert!(CallId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_may_be_empty() {
        assert_eq!(Subject::parse("  ").unwrap().0, "");
        assert_eq!(UserAgent::parse(" a/1 (b) ").unwrap().0, "a/1 (b)");
    }
}
