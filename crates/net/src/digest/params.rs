//! The parameter lists of digest headers (RFC 7235 §2.1).
//!
//! ```text
//! value      = "Digest" 1*SP auth-param *( OWS "," OWS auth-param )
//! auth-param = token OWS "=" OWS ( token / quoted-string )
//! ```
//!
//! Tokens are accepted where the RFC wants quoted strings and the other way
//! round: both are on the wire. A quoted value is kept as it was written,
//! without its quotes but with its escapes: that is what is hashed ("unq" in
//! RFC 7616 §3.4.2) and what must be sent back.

use std::borrow::Cow;

use super::{DigestError, MAX_PARAMETERS, MAX_VALUE};

/// One `name=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Param<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

/// The parameters after the `Digest` scheme.
pub(super) fn parse_digest(value: &str) -> Result<Vec<Param<'_>>, DigestError> {
    let start = value.len() - value.trim_start_matches(is_space).len();
    let rest = &value[start..];
    let scheme = rest.split(is_space).next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("Digest") {
        return Err(DigestError::NotDigest);
    }
    Scanner { text: value, at: start + scheme.len() }.list()
}

/// A bare parameter list, as in `Authentication-Info`.
pub(super) fn parse_list(value: &str) -> Result<Vec<Param<'_>>, DigestError> {
    Scanner { text: value, at: 0 }.list()
}

/// Puts `value` where a parameter may stand once.
pub(super) fn once<T>(
    slot: &mut Option<T>,
    parameter: &'static str,
    value: T,
) -> Result<(), DigestError> {
    if slot.is_some() {
        return Err(DigestError::Duplicate { parameter });
    }
    *slot = Some(value);
    Ok(())
}

/// A parameter that must be there.
pub(super) fn required<T>(slot: Option<T>, parameter: &'static str) -> Result<T, DigestError> {
    slot.ok_or(DigestError::Missing { parameter })
}

/// Plain text with what a quoted string needs escaped. Control characters
/// (a line break would start a header of its own) are refused.
pub(super) fn quote<'a>(what: &'static str, plain: &'a str) -> Result<Cow<'a, str>, DigestError> {
    if plain.len() > MAX_VALUE || plain.chars().any(|c| c.is_control()) {
        return Err(DigestError::Unquotable { what });
    }
    if !plain.contains(['"', '\\']) {
        return Ok(Cow::Borrowed(plain));
    }
    let mut quoted = String::with_capacity(plain.len() + 2);
    for c in plain.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    Ok(Cow::Owned(quoted))
}

/// The plain text of what stands between quotes.
pub(super) fn unquote(quoted: &str) -> String {
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// What an unquoted value may hold beyond a token: base64 nonces and URIs
/// come without quotes from some peers.
fn is_loose_token(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',')
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn list(mut self) -> Result<Vec<Param<'a>>, DigestError> {
        if self.text.len() > MAX_VALUE {
            return Err(DigestError::TooLong);
        }
        let mut params = Vec::new();
        loop {
            // Empty list elements are allowed (RFC 7230 §7).
            self.take(|c| is_space(c) || c == ',');
            if self.at == self.text.len() {
                return Ok(params);
            }
            if params.len() == MAX_PARAMETERS {
                return Err(DigestError::TooLong);
            }
            params.push(self.param()?);
            self.take(is_space);
            if self.at < self.text.len() && !self.rest().starts_with(',') {
                return Err(self.error());
            }
        }
    }

    fn param(&mut self) -> Result<Param<'a>, DigestError> {
        let name = self.take(is_token);
        self.take(is_space);
        if name.is_empty() || !self.rest().starts_with('=') {
            return Err(self.error());
        }
        self.at += 1;
        self.take(is_space);
        let value = if self.rest().starts_with('"') {
            self.quoted_string()?
        } else {
            let value = self.take(is_loose_token);
            if value.is_empty() {
                return Err(self.error());
            }
            value
        };
        Ok(Param { name, value })
    }

    fn quoted_string(&mut self) -> Result<&'a str, DigestError> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        for (i, c) in self.rest().char_indices() {
            self.at = start + i;
            match c {
                _ if c.is_control() && c != '\t' => return Err(self.error()),
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.at += 1;
                    return Ok(&self.text[start..start + i]);
                }
                _ => {}
            }
        }
        Err(DigestError::Syntax { offset: self.text.len() })
    }

    fn take(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self) -> DigestError {
        DigestError::Syntax { offset: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(value: &str) -> Vec<(&str, &str)> {
        parse_digest(value).unwrap().iter().map(|p| (p.name, p.value)).collect()
    }

    #[test]
    fn lists() {
        assert_eq!(
            pairs("  digest  realm = \"a, \\\"b\\\"\" ,, nonce=abc==,\r\n qop=\"auth,auth-int\","),
            [("realm", "a, \\\"b\\\""), ("nonce", "abc=="), ("qop", "auth,auth-int")]
        );
        assert_eq!(pairs("Digest"), []);
        assert_eq!(unquote("a, \\\"b\\\\"), "a, \"b\\");
        assert_eq!(quote("x", "a\"b\\").unwrap(), "a\\\"b\\\\");
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(parse_digest("Basic realm=x"), Err(DigestError::NotDigest));
        assert_eq!(parse_digest("Digestrealm=x"), Err(DigestError::NotDigest));
        assert_eq!(parse_digest("Digest realm"), Err(DigestError::Syntax { offset: 12 }));
        assert_eq!(parse_digest("Digest realm=\"x"), Err(DigestError::Syntax { offset: 15 }));
        assert_eq!(parse_digest("Digest realm=\"\\\""), Err(DigestError::Syntax { offset: 16 }));
        assert_eq!(parse_digest("Digest a=\"b\" c=d"), Err(DigestError::Syntax { offset: 13 }));
        assert_eq!(parse_digest("Digest a=\"b\r\nX: y\""), Err(DigestError::Syntax { offset: 11 }));
        assert!(matches!(quote("user", "a\r\nb"), Err(DigestError::Unquotable { what: "user" })));
    }

    #[test]
    fn sizes_are_bounded() {
        let long = format!("Digest realm=\"{}\"", "x".repeat(MAX_VALUE));
        assert_eq!(parse_digest(&long), Err(DigestError::TooLong));
        let many = format!("Digest {}", "a=b,".repeat(MAX_PARAMETERS + 1));
        assert_eq!(parse_digest(&many), Err(DigestError::TooLong));
    }
}
