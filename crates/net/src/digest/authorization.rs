//! `Authorization` and `Proxy-Authorization` (RFC 7616 §3.4).

use std::fmt;

use super::challenge::parse_algorithm;
use super::params::{Param, once, parse_digest, required, unquote};
use super::{Algorithm, DigestError, Qop};

/// A client's answer to a [`Challenge`](super::Challenge).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// In quotable form.
    pub(super) username: String,
    pub(super) userhash: bool,
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) uri: String,
    pub(super) response: String,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) cnonce: Option<String>,
    pub(super) opaque: Option<String>,
    pub(super) qop: Option<Qop>,
    /// The eight digits as written: they are hashed.
    pub(super) nc: Option<String>,
}

impl Authorization {
    /// Parses a header value: `Digest username="…", realm="…", …`.
    ///
    /// # Errors
    ///
    /// A [`DigestError`] that says what is wrong: answer 400, or for
    /// [`DigestError::NotDigest`] and the unsupported ones challenge again.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let (mut username, mut realm, mut nonce, mut uri) = (None, None, None, None);
        let (mut response, mut algorithm, mut cnonce, mut opaque) = (None, None, None, None);
        let (mut qop, mut nc, mut userhash) = (None, None, None);
        for Param { name, value } in parse_digest(value)? {
            let text = || value.to_owned();
            match name.to_ascii_lowercase().as_str() {
                "username" => once(&mut username, "username", text())?,
                "username*" => once(&mut username, "username", extended(value)?)?,
                "realm" => once(&mut realm, "realm", text())?,
                "nonce" => once(&mut nonce, "nonce", text())?,
                "uri" => once(&mut uri, "uri", text())?,
                "response" => once(&mut response, "response", text())?,
                "algorithm" => once(&mut algorithm, "algorithm", parse_algorithm(value)?)?,
                "cnonce" => once(&mut cnonce, "cnonce", text())?,
                "opaque" => once(&mut opaque, "opaque", text())?,
                "qop" => once(&mut qop, "qop", one_qop(value)?)?,
                "nc" => once(&mut nc, "nc", nonce_count(value)?)?,
                "userhash" => once(&mut userhash, "userhash", value.eq_ignore_ascii_case("true"))?,
                _ => {}
            }
        }
        if qop.is_some() {
            required(cnonce.as_ref(), "cnonce")?;
            required(nc.as_ref(), "nc")?;
        }
        Ok(Self {
            username: required(username, "username")?,
            userhash: userhash.unwrap_or(false),
            realm: required(realm, "realm")?,
            nonce: required(nonce, "nonce")?,
            uri: required(uri, "uri")?,
            response: required(response, "response")?,
            algorithm,
            cnonce,
            opaque,
            qop,
            nc,
        })
    }

    /// The user's name, or its hash when [`is_userhash`](Self::is_userhash).
    pub fn username(&self) -> String {
        unquote(&self.username)
    }

    /// Whether the name is the hash of user name and realm (RFC 7616 §3.4.4).
    pub fn is_userhash(&self) -> bool {
        self.userhash
    }

    /// The realm that is answered. Quoted values are given as written, with
    /// their escapes.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The nonce that is answered.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The URI that is protected. The caller checks that it names what the
    /// request is for.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The algorithm, MD5 when the client names none.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or_default()
    }

    /// What the client wants back unchanged.
    pub fn opaque(&self) -> Option<&str> {
        self.opaque.as_deref()
    }

    /// The client's nonce.
    pub fn cnonce(&self) -> Option<&str> {
        self.cnonce.as_deref()
    }

    /// The quality of protection, or none in RFC 2069's way.
    pub fn qop(&self) -> Option<Qop> {
        self.qop
    }

    /// How often the client has used this nonce, from 1. A server that wants
    /// no replays remembers the highest of each nonce.
    pub fn nonce_count(&self) -> Option<u32> {
        self.nc.as_deref().and_then(|nc| u32::from_str_radix(nc, 16).ok())
    }

    /// The proof, in hex.
    pub fn response(&self) -> &str {
        &self.response
    }
}

pub(super) fn one_qop(token: &str) -> Result<Qop, DigestError> {
    Qop::from_token(token).ok_or_else(|| DigestError::UnsupportedQop { offered: token.to_owned() })
}

/// `nc-value = 8LHEX`; the case of the digits is the sender's.
pub(super) fn nonce_count(text: &str) -> Result<String, DigestError> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(DigestError::BadValue { parameter: "nc" });
    }
    Ok(text.to_owned())
}

/// `UTF-8''J%C3%A4s%C3%B8n` (RFC 5987), as the quotable form of the name.
fn extended(value: &str) -> Result<String, DigestError> {
    const BAD: DigestError = DigestError::BadValue { parameter: "username*" };
    let mut parts = value.splitn(3, '\'');
    let charset = parts.next().unwrap_or_default();
    let (Some(_language), Some(encoded)) = (parts.next(), parts.next()) else { return Err(BAD) };
    if !charset.eq_ignore_ascii_case("UTF-8") {
        return Err(BAD);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = after.get(..2).and_then(|d| std::str::from_utf8(d).ok()).ok_or(BAD)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(BAD);
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| BAD)?);
        rest = &after[2..];
    }
    let name = String::from_utf8(bytes).map_err(|_| BAD)?;
    super::params::quote("username", &name).map(|q| q.into_owned()).map_err(|_| BAD)
}

impl fmt::Display for Authorization {
    /// The header value, `Digest username="…", …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\"",
            self.username, self.realm, self.nonce, self.uri, self.response
        )?;
        // RFC 7616 §3.4: algorithm, qop and nc stand without quotes.
        if let Some(algorithm) = self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        if let Some(cnonce) = &self.cnonce {
            write!(f, ", cnonce=\"{cnonce}\"")?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque=\"{opaque}\"")?;
        }
        if let Some(qop) = self.qop {
            write!(f, ", qop={qop}")?;
        }
        if let Some(nc) = &self.nc {
            write!(f, ", nc={nc}")?;
        }
        if self.userhash {
            f.write_str(", userhash=true")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "Digest username=\"b\\\"ob\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", \
                         response=\"00ff\", algorithm=MD5, cnonce=\"c\", opaque=\"o\", qop=auth, \
                         nc=0000000A";

    #[test]
    fn parses_and_prints() {
        let authorization = Authorization::parse(VALUE).unwrap();
        assert_eq!(authorization.to_string(), VALUE);
        assert_eq!(authorization.username(), "b\"ob");
        assert_eq!(authorization.nonce_count(), Some(10));
        assert_eq!(authorization.qop(), Some(Qop::Auth));
    }

    #[test]
    fn refuses_halves() {
        let without = |cut: &str| Authorization::parse(&VALUE.replace(cut, ""));
        assert_eq!(without(", cnonce=\"c\""), Err(DigestError::Missing { parameter: "cnonce" }));
        assert_eq!(without(", nc=0000000A"), Err(DigestError::Missing { parameter: "nc" }));
        assert_eq!(
            without(", response=\"00ff\""),
            Err(DigestError::Missing { parameter: "response" })
        );
        assert_eq!(without("0000000"), Err(DigestError::BadValue { parameter: "nc" }));
    }

    #[test]
    fn extended_names() {
        assert_eq!(extended("UTF-8''J%C3%A4s%C3%B8n%20Doe").unwrap(), "Jäsøn Doe");
        for bad in ["UTF-8'x", "latin-1''x", "UTF-8''%c", "UTF-8''%+1", "UTF-8''%FF", "UTF-8''%0D"]
        {
            assert!(extended(bad).is_err(), "{bad}");
        }
    }
}
