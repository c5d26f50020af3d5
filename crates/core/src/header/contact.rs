//! `Contact` (RFC 3261 §20.10).

use std::fmt;

use super::{HeaderName, NameAddr, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// Contact        = ("Contact" / "m" ) HCOLON ( STAR / (contact-param *(COMMA contact-param)))
// contact-param  = (name-addr / addr-spec) *(SEMI contact-params)
// contact-params = c-p-q / c-p-expires / contact-extension
/// Where to reach the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The address.
    pub address: NameAddr<'a>,
    /// `q`, in thousandths (0 to 1000).
    pub q: Option<u16>,
    /// `expires` in seconds; what doesn't fit or isn't a number reads as 3600
    /// (RFC 3261 §10.2.1.1).
    pub expires: Option<u32>,
    /// All parameters as received, those above among them.
    pub params: Params<'a>,
}

impl<'a> Contact<'a> {
    /// A contact without parameters.
    pub fn new(address: impl Into<NameAddr<'a>>) -> Self {
        Self { address: address.into(), q: None, expires: None, params: Params::default() }
    }

    /// With `expires` in seconds.
    pub fn with_expires(mut self, seconds: u32) -> Self {
        self.expires = Some(seconds);
        self
    }

    /// With parameters, as `;name=value;name`.
    pub fn with_params(mut self, params: Params<'a>) -> Self {
        self.params = params;
        self
    }
}

impl<'a> TypedHeader<'a> for Contact<'a> {
    const NAME: HeaderName<'static> = HeaderName::Contact;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let address = NameAddr::scan(scanner)?;
        let (mut q, mut expires) = (None, None);
        let params = Params::scan(scanner, |param| {
            if param.is("q") {
                q = param.value.and_then(thousandths);
            } else if param.is("expires") {
                let value = param.value.unwrap_or_default();
                let mut scanner = Scanner::new(value.trim_matches('"'));
                expires = Some(scanner.number().unwrap_or(3600));
            }
        })?;
        Ok(Self { address, q, expires, params })
    }
}

impl fmt::Display for Contact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        match self.q {
            Some(1000..) => f.write_str(";q=1")?,
            Some(q) => write!(f, ";q=0.{q:03}")?,
            None => {}
        }
        if let Some(expires) = self.expires {
            write!(f, ";expires={expires}")?;
        }
        self.params.write_except(f, &["q", "expires"])
    }
}

/// A contact, or the `*` that stands for all of them (RFC 3261 §10.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactValue<'a> {
    /// `*`
    Star,
    /// One contact.
    Contact(Contact<'a>),
}

impl<'a> TypedHeader<'a> for ContactValue<'a> {
    const NAME: HeaderName<'static> = HeaderName::Contact;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        // A display name may start with a star.
        if scanner.rest().trim_end() == "*" && scanner.eat(b'*') {
            return Ok(ContactValue::Star);
        }
        Contact::scan(scanner).map(ContactValue::Contact)
    }
}

impl fmt::Display for ContactValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContactValue::Star => f.write_str("*"),
            ContactValue::Contact(contact) => contact.fmt(f),
        }
    }
}

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
pub(super) fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.bytes().chain(*b"000").take(3);
    let fraction = fraction.fold(0, |n, digit| n * 10 + u16::from(digit - b'0'));
    match (whole, fraction) {
        ("0" | "", _) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let contact = Contact::parse("<sip:a@b;x>;q=0.7;expires=60;+sip.instance=\"<u>\"").unwrap();
        assert_eq!((contact.q, contact.expires), (Some(700), Some(60)));
        assert_eq!(contact.to_string(), "<sip:a@b;x>;q=0.700;expires=60;+sip.instance=\"<u>\"");
        assert_eq!(Contact::parse("sip:a@b;expires=x").unwrap().expires, Some(3600));
        assert_eq!(Contact::parse("sip:a@b;q=1.000").unwrap().q, Some(1000));
        assert_eq!(Contact::parse("sip:a@b;q=1.1").unwrap().q, None);
        assert!(Contact::parse("\"J\" <sip:a@b>;;;;").is_err());
    }

    #[test]
    fn the_star() {
        assert_eq!(ContactValue::parse(" * "), Ok(ContactValue::Star));
        assert!(matches!(ContactValue::parse("* <sip:a@b>"), Ok(ContactValue::Contact(_))));
        assert!(Contact::parse("*").is_err());
        assert!(ContactValue::parse("*, <sip:a@b>").is_err());
    }
}
