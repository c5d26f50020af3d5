//! The client's answer, and the arithmetic behind it (RFC 7616 §3.4.1–§3.4.3).

use super::authorization::Authorization;
use super::params::quote;
use super::{Algorithm, Challenge, Credentials, DigestError, Qop};

/// What a response protects.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, as on the request line.
    pub method: &'a str,
    /// The URI, as on the request line.
    pub uri: &'a str,
    /// The body; it counts for `auth-int` only.
    pub body: &'a [u8],
}

impl Challenge {
    /// Answers with `auth` where it is offered, else with `auth-int`, else in
    /// RFC 2069's way.
    ///
    /// `nc` counts the answers to this nonce from 1. `cnonce` is random (RFC
    /// 7616 §3.4); with a `-sess` algorithm it stays the same while the nonce does.
    ///
    /// # Errors
    ///
    /// [`DigestError::Unquotable`] when user name, URI or cnonce have
    /// characters that a header can't carry.
    pub fn respond(
        &self,
        credentials: &Credentials,
        request: &Request<'_>,
        cnonce: &str,
        nc: u32,
    ) -> Result<Authorization, DigestError> {
        let algorithm = self.algorithm();
        let qop =
            if self.qop.contains(&Qop::Auth) { Some(Qop::Auth) } else { self.qop.first().copied() };
        // Escapes would make the hashed and the sent text differ.
        for (what, value) in [("uri", request.uri), ("cnonce", cnonce)] {
            if value.contains(['"', '\\']) {
                return Err(DigestError::Unquotable { what });
            }
            quote(what, value)?;
        }
        let username = if self.userhash {
            credentials.userhash(algorithm, &self.realm)
        } else {
            quote("user name", credentials.username())?.into_owned()
        };
        // The session key needs the cnonce even where there is no qop.
        let cnonce = (qop.is_some() || algorithm.is_session()).then_some(cnonce);
        let nc = qop.map(|_| format!("{nc:08x}"));
        let proof = Proof {
            algorithm,
            nonce: &self.nonce,
            cnonce,
            nc: nc.as_deref(),
            qop,
            method: request.method,
            uri: request.uri,
            body: request.body,
        };
        let response = proof.compute(&credentials.ha1(algorithm, &self.realm));
        Ok(Authorization {
            username,
            userhash: self.userhash,
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: request.uri.to_owned(),
            response,
            algorithm: self.algorithm,
            cnonce: cnonce.map(str::to_owned),
            opaque: self.opaque.clone(),
            qop,
            nc,
        })
    }
}

/// Everything but the secret that goes into a response or an `rspauth`.
pub(super) struct Proof<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) nonce: &'a str,
    pub(super) cnonce: Option<&'a str>,
    pub(super) nc: Option<&'a str>,
    pub(super) qop: Option<Qop>,
    /// Empty in an `rspauth` (RFC 7616 §3.5).
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) body: &'a [u8],
}

impl Proof<'_> {
    /// The proof in hex, from H(A1) without the session part.
    pub(super) fn compute(&self, ha1: &str) -> String {
        let hash = |parts: &[&[u8]]| self.algorithm.hash(parts);
        let cnonce = self.cnonce.unwrap_or_default().as_bytes();
        let nonce = self.nonce.as_bytes();
        let session;
        let ha1 = if self.algorithm.is_session() {
            session = hash(&[ha1.as_bytes(), nonce, cnonce]);
            session.as_bytes()
        } else {
            ha1.as_bytes()
        };
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let ha2 = match self.qop {
            Some(Qop::AuthInt) => hash(&[method, uri, hash(&[self.body]).as_bytes()]),
            Some(Qop::Auth) | None => hash(&[method, uri]),
        };
        match self.qop {
            None => hash(&[ha1, nonce, ha2.as_bytes()]),
            Some(qop) => {
                let nc = self.nc.unwrap_or_default().as_bytes();
                hash(&[ha1, nonce, nc, cnonce, qop.as_str().as_bytes(), ha2.as_bytes()])
            }
        }
    }
}
