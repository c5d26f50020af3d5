//! `Reason` (RFC 3326).

use std::borrow::Cow;
use std::fmt;

use super::{HeaderName, Params, Quoted, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// Reason        = "Reason" HCOLON reason-value *(COMMA reason-value)
// reason-value  = protocol *(SEMI reason-params)
// reason-params = protocol-cause / reason-text / reason-extension
/// Why a request was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850`…
    pub protocol: &'a str,
    /// The cause: for `SIP` a status code.
    pub cause: Option<u32>,
    /// The text for people.
    pub text: Option<Cow<'a, str>>,
    /// All parameters as received, those above among them.
    pub params: Params<'a>,
}

impl<'a> Reason<'a> {
    /// A cause with its text.
    pub fn new(protocol: &'a str, cause: u32, text: &'a str) -> Self {
        let text = (!text.is_empty()).then_some(Cow::Borrowed(text));
        Self { protocol, cause: Some(cause), text, params: Params::default() }
    }
}

impl<'a> TypedHeader<'a> for Reason<'a> {
    const NAME: HeaderName<'static> = HeaderName::Reason;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let protocol = scanner.token()?;
        let (mut cause, mut text) = (None, None);
        let params = Params::scan(scanner, |param| {
            if param.is("cause") {
                cause = param.value.and_then(|value| value.parse().ok());
            } else if param.is("text") {
                text = Some(param.text());
            }
        })?;
        Ok(Self { protocol, cause, text, params })
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ";text={}", Quoted(text))?;
        }
        self.params.write_except(f, &["cause", "text"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let text = "SIP;cause=200;text=\"Call completed \\\"elsewhere\\\"\"";
        let reason = Reason::parse(text).unwrap();
        assert_eq!(reason.cause, Some(200));
        assert_eq!(reason.text.as_deref(), Some("Call completed \"elsewhere\""));
        assert_eq!(reason.to_string(), text);
        assert_eq!(Reason::new("Q.850", 16, "").to_string(), "Q.850;cause=16");
    }
}
