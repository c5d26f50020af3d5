//! `Warning` (RFC 3261 §20.43).

use std::borrow::Cow;
use std::fmt;

use super::{HeaderName, Quoted, TypedHeader, unquote};
use crate::scan::{Class, Scanner, SyntaxError};

// Warning       = "Warning" HCOLON warning-value *(COMMA warning-value)
// warning-value = warn-code SP warn-agent SP warn-text
// warn-code     = 3DIGIT
// warn-agent    = hostport / pseudonym
// warn-text     = quoted-string
/// What was wrong with a request, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning<'a> {
    /// The code, 100 to 999; 399 for anything.
    pub code: u16,
    /// Who warns.
    pub agent: &'a str,
    /// The words.
    pub text: Cow<'a, str>,
}

impl<'a> Warning<'a> {
    /// A warning.
    pub fn new(code: u16, agent: &'a str, text: &'a str) -> Self {
        Self { code, agent, text: Cow::Borrowed(text) }
    }
}

impl<'a> TypedHeader<'a> for Warning<'a> {
    const NAME: HeaderName<'static> = HeaderName::Warning;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let error = scanner.error("a warning code of three digits");
        let code = match scanner.number()? {
            code @ 100..=999 => code as u16,
            _ => return Err(error),
        };
        scanner.skip_space();
        let agent = scanner.take_some(Class::VALUE, "who warns")?;
        scanner.skip_space();
        Ok(Self { code, agent, text: unquote(scanner.quoted()?) })
    }
}

impl fmt::Display for Warning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {} {}", self.code, self.agent, Quoted(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let text = "307 isi.edu:5060 \"Session parameter 'foo' not understood\"";
        let warning = Warning::parse(text).unwrap();
        assert_eq!((warning.code, warning.agent), (307, "isi.edu:5060"));
        assert_eq!(warning.to_string(), text);
        assert!(Warning::parse("1000 a \"b\"").is_err());
        assert!(Warning::parse("301 a b").is_err());
    }
}
