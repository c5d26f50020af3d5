//! The server's check, and the client's check of the server (RFC 7616 §3.4.6, §3.5).

use super::algorithm::same_hash;
use super::respond::Proof;
use super::{AuthenticationInfo, Authorization, Challenge, DigestError, Refusal, Secret};

impl Authorization {
    /// Checks the answer to `challenge`: that it uses what was offered and
    /// nothing weaker, and that its sender knows the secret.
    ///
    /// Left to the caller: that [`uri`](Self::uri) fits the request, and that
    /// [`nonce_count`](Self::nonce_count) rises.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] that applies; [`Refusal::Stale`] only when all
    /// else is right.
    pub fn verify(
        &self,
        challenge: &Challenge,
        method: &str,
        body: &[u8],
        secret: Secret<'_>,
    ) -> Result<(), Refusal> {
        if self.realm != challenge.realm {
            return Err(Refusal::Realm);
        }
        if self.algorithm() != challenge.algorithm() {
            return Err(Refusal::Algorithm);
        }
        let offered = match self.qop {
            Some(qop) => challenge.qop.contains(&qop),
            None => challenge.qop.is_empty(),
        };
        if !offered {
            return Err(Refusal::Qop);
        }
        if challenge.opaque.is_some() && challenge.opaque != self.opaque {
            return Err(Refusal::Opaque);
        }
        if !self.names(&secret) {
            return Err(Refusal::Username);
        }
        let expected = self.proof(method, body).compute(&secret.ha1(self.algorithm(), &self.realm));
        if !same_hash(&expected, &self.response) {
            return Err(Refusal::Response);
        }
        if self.nonce != challenge.nonce {
            return Err(Refusal::Stale);
        }
        Ok(())
    }

    /// The server's proof that it knows the secret too, for its answer with
    /// this body, and the nonce to use next.
    ///
    /// # Errors
    ///
    /// [`DigestError::Unquotable`] when the nonce has control characters.
    pub fn authentication_info(
        &self,
        secret: Secret<'_>,
        body: &[u8],
        next_nonce: Option<&str>,
    ) -> Result<AuthenticationInfo, DigestError> {
        let rspauth = self.proof("", body).compute(&secret.ha1(self.algorithm(), &self.realm));
        AuthenticationInfo::new(self, rspauth, next_nonce)
    }

    /// The client's check that the server, whose answer had this body, knows
    /// the secret too. A server that proves nothing is [`Refusal::NoProof`]:
    /// whether that matters is the caller's policy, for it is optional.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the proof is absent or wrong.
    pub fn verify_server(
        &self,
        info: &AuthenticationInfo,
        secret: Secret<'_>,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let rspauth = info.rspauth.as_deref().ok_or(Refusal::NoProof)?;
        if info.qop.is_some() && info.qop != self.qop {
            return Err(Refusal::Qop);
        }
        let fresh = (info.cnonce.is_none() || info.cnonce == self.cnonce)
            && (info.nc.is_none() || info.nc == self.nc);
        let expected = self.proof("", body).compute(&secret.ha1(self.algorithm(), &self.realm));
        if !fresh || !same_hash(&expected, rspauth) {
            return Err(Refusal::Response);
        }
        Ok(())
    }

    fn names(&self, secret: &Secret<'_>) -> bool {
        let Secret::Password(credentials) = secret else { return true };
        if self.userhash {
            same_hash(&credentials.userhash(self.algorithm(), &self.realm), &self.username)
        } else {
            credentials.username() == self.username()
        }
    }

    fn proof<'a>(&'a self, method: &'a str, body: &'a [u8]) -> Proof<'a> {
        Proof {
            algorithm: self.algorithm(),
            nonce: &self.nonce,
            cnonce: self.cnonce.as_deref(),
            nc: self.nc.as_deref(),
            qop: self.qop,
            method,
            uri: &self.uri,
            body,
        }
    }
}
