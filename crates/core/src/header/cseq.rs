//! `CSeq` (RFC 3261 §20.16).

use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::message::Method;
use crate::scan::{Scanner, SyntaxError};

// CSeq = "CSeq" HCOLON 1*DIGIT LWS Method
/// The place of a request in its dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// The number, below 2^31.
    pub number: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// A number and a method.
    pub const fn new(number: u32, method: Method) -> Self {
        Self { number, method }
    }
}

impl<'a> TypedHeader<'a> for CSeq {
    const NAME: HeaderName<'static> = HeaderName::CSeq;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let start = scanner.error("a number below 2^31");
        let number = scanner.number()?;
        if number >= 1 << 31 {
            return Err(start);
        }
        scanner.skip_space();
        let method = Method::from_token(scanner.take_some(crate::scan::Class::TOKEN, "a method")?);
        Ok(Self { number, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let cseq = CSeq::parse("0009\t INVITE ").unwrap();
        assert_eq!(cseq, CSeq::new(9, Method::Invite));
        assert_eq!(cseq.to_string(), "9 INVITE");
        for bad in ["", "INVITE", "1", "2147483648 ACK", "36893488147419103232 ACK", "-1 ACK"] {
            assert!(CSeq::parse(bad).is_err(), "{bad}");
        }
    }
}
