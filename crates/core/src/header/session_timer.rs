//! `Session-Expires` and `Min-SE` (RFC 4028 §4, §5).

use std::fmt;

use super::{HeaderName, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

/// Who refreshes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answers it.
    Uas,
}

// Session-Expires = ("Session-Expires" / "x") HCOLON delta-seconds *(SEMI se-params)
// se-params       = refresher-param / generic-param
/// How long a session lives without a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires<'a> {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes, when said.
    pub refresher: Option<Refresher>,
    /// All parameters as received, the refresher among them.
    pub params: Params<'a>,
}

impl<'a> TypedHeader<'a> for SessionExpires<'a> {
    const NAME: HeaderName<'static> = HeaderName::SessionExpires;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let seconds = scanner.saturating_number()?;
        let mut refresher = None;
        let params = Params::scan(scanner, |param| {
            if param.is("refresher") {
                refresher = match param.value {
                    Some(value) if value.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                    Some(value) if value.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                    _ => None,
                };
            }
        })?;
        Ok(Self { seconds, refresher, params })
    }
}

impl fmt::Display for SessionExpires<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac")?,
            Some(Refresher::Uas) => f.write_str(";refresher=uas")?,
            None => {}
        }
        self.params.write_except(f, &["refresher"])
    }
}

// Min-SE = "Min-SE" HCOLON delta-seconds *(SEMI generic-param)
/// The shortest session interval that the sender takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinSe<'a> {
    /// Seconds.
    pub seconds: u32,
    /// The parameters.
    pub params: Params<'a>,
}

impl<'a> TypedHeader<'a> for MinSe<'a> {
    const NAME: HeaderName<'static> = HeaderName::MinSe;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let seconds = scanner.saturating_number()?;
        Ok(Self { seconds, params: Params::scan(scanner, |_| {})? })
    }
}

impl fmt::Display for MinSe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seconds, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let expires = SessionExpires::parse("4000;x=y;refresher=UAC").unwrap();
        assert_eq!(expires.refresher, Some(Refresher::Uac));
        assert_eq!(expires.to_string(), "4000;refresher=uac;x=y");
        assert_eq!(MinSe::parse("60").unwrap().to_string(), "60");
    }
}
