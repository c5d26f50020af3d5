//! `crypto` (RFC 4568 §9.1).

use std::fmt;

use crate::scan::{decimal, split_once};

// attribute = "a=crypto:" tag 1*WSP crypto-suite 1*WSP key-params *(1*WSP session-param)
/// One way to encrypt a stream, keys among it; don't log it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// The number that an answer refers to, at most nine digits.
    pub tag: u32,
    /// The suite (`AES_CM_128_HMAC_SHA1_80`).
    pub suite: &'a str,
    /// `method:information`, separated by semicolons.
    pub keys: &'a str,
    /// Session parameters, separated by spaces.
    pub session_params: &'a str,
}

impl<'a> Crypto<'a> {
    /// Parses the value of a `crypto` attribute.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (tag, rest) = split_word(value);
        let (suite, rest) = split_word(rest);
        let (keys, session_params) = split_word(rest);
        if tag.len() > 9 || suite.is_empty() {
            return None;
        }
        split_once(keys, b':')?;
        Some(Self { tag: decimal(tag)?, suite, keys, session_params })
    }

    /// The inline key in base64, without lifetime and MKI.
    pub fn inline_key(&self) -> Option<&'a str> {
        let inline = self.keys.split(';').next()?.strip_prefix("inline:")?;
        inline.split('|').next()
    }
}

/// The text up to a space or tab, and what follows the white space.
fn split_word(text: &str) -> (&str, &str) {
    let space = |octet: &u8| matches!(octet, b' ' | b'\t');
    let at = text.as_bytes().iter().position(space).unwrap_or(text.len());
    let (word, rest) = text.split_at(at);
    (word, rest.trim_ascii())
}

impl fmt::Display for Crypto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.tag, self.suite, self.keys)?;
        if self.session_params.is_empty() { Ok(()) } else { write!(f, " {}", self.session_params) }
    }
}

impl fmt::Debug for Crypto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crypto({} {}, keys withheld)", self.tag, self.suite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = "1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZi|2^20|1:32 KDR=1";
        let crypto = Crypto::parse(text).unwrap();
        assert_eq!(crypto.inline_key(), Some("d0RmdmcmVCspeEc3QGZi"));
        assert_eq!(crypto.session_params, "KDR=1");
        assert_eq!(crypto.to_string(), text);
        assert!(!format!("{crypto:?}").contains("d0Rm"));
        for bad in ["", "1", "1 X", "1 X key", "x X inline:a", "1234567890 X inline:a"] {
            assert!(Crypto::parse(bad).is_none(), "{bad}");
        }
    }
}
