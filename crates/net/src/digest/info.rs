//! `Authentication-Info` and `Proxy-Authentication-Info` (RFC 7616 §3.5).

use std::fmt;

use super::authorization::{nonce_count, one_qop};
use super::params::{Param, once, parse_list, quote};
use super::{Authorization, DigestError, Qop};

/// What a server says after it accepted an [`Authorization`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationInfo {
    pub(super) next_nonce: Option<String>,
    pub(super) rspauth: Option<String>,
    pub(super) qop: Option<Qop>,
    pub(super) cnonce: Option<String>,
    pub(super) nc: Option<String>,
}

impl AuthenticationInfo {
    pub(super) fn new(
        answered: &Authorization,
        rspauth: String,
        next_nonce: Option<&str>,
    ) -> Result<Self, DigestError> {
        let next_nonce = match next_nonce {
            Some(nonce) => Some(quote("nextnonce", nonce)?.into_owned()),
            None => None,
        };
        Ok(Self {
            next_nonce,
            rspauth: Some(rspauth),
            qop: answered.qop,
            cnonce: answered.cnonce.clone(),
            nc: answered.nc.clone(),
        })
    }

    /// Parses a header value: `nextnonce="…", rspauth="…", …`.
    ///
    /// # Errors
    ///
    /// A [`DigestError`] that says what the peer did wrong.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let (mut next_nonce, mut rspauth, mut qop) = (None, None, None);
        let (mut cnonce, mut nc) = (None, None);
        for Param { name, value } in parse_list(value)? {
            match name.to_ascii_lowercase().as_str() {
                "nextnonce" => once(&mut next_nonce, "nextnonce", value.to_owned())?,
                "rspauth" => once(&mut rspauth, "rspauth", value.to_owned())?,
                "qop" => once(&mut qop, "qop", one_qop(value)?)?,
                "cnonce" => once(&mut cnonce, "cnonce", value.to_owned())?,
                "nc" => once(&mut nc, "nc", nonce_count(value)?)?,
                _ => {}
            }
        }
        Ok(Self { next_nonce, rspauth, qop, cnonce, nc })
    }

    /// The nonce for the next request: see
    /// [`Challenge::with_next_nonce`](super::Challenge::with_next_nonce).
    pub fn next_nonce(&self) -> Option<&str> {
        self.next_nonce.as_deref()
    }

    /// The server's proof, in hex: see [`Authorization::verify_server`].
    pub fn rspauth(&self) -> Option<&str> {
        self.rspauth.as_deref()
    }
}

impl fmt::Display for AuthenticationInfo {
    /// The header value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut put = |name: &str, value: &dyn fmt::Display, quotes: &str| {
            let result = write!(f, "{separator}{name}={quotes}{value}{quotes}");
            separator = ", ";
            result
        };
        if let Some(next_nonce) = &self.next_nonce {
            put("nextnonce", next_nonce, "\"")?;
        }
        if let Some(qop) = &self.qop {
            put("qop", qop, "")?;
        }
        if let Some(rspauth) = &self.rspauth {
            put("rspauth", rspauth, "\"")?;
        }
        if let Some(cnonce) = &self.cnonce {
            put("cnonce", cnonce, "\"")?;
        }
        if let Some(nc) = &self.nc {
            put("nc", nc, "")?;
        }
        Ok(())
    }
}
