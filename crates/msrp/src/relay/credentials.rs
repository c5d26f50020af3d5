//! Digest authentication towards one relay (RFC 4976 §9.1).

use sipsimple_net::digest::{
    AuthenticationInfo, Authorization, Challenge, Credentials, DigestError, Refusal, Request,
    Secret,
};

#[derive(Debug, Default)]
pub(super) struct Authenticator {
    challenge: Option<Challenge>,
    /// How often the nonce was used.
    count: u32,
    last: Option<Authorization>,
    /// Whether a challenge of this round was answered already.
    tried: bool,
}

impl Authenticator {
    /// The value of Authorization, when there is a challenge to answer.
    pub(super) fn authorization(
        &mut self,
        credentials: &Credentials,
        target: &str,
        cnonce: &str,
    ) -> Result<Option<String>, DigestError> {
        let Some(challenge) = &self.challenge else { return Ok(None) };
        self.count += 1;
        // H(A2) is made of the rightmost URI of To-Path.
        let request = Request { method: "AUTH", uri: target, body: b"" };
        let answer = challenge.respond(credentials, &request, cnonce, self.count)?;
        let value = answer.to_string();
        self.last = Some(answer);
        Ok(Some(value))
    }

    /// Takes the challenges of a 401; whether it is worth another try.
    pub(super) fn challenged<'a>(
        &mut self,
        values: impl Iterator<Item = &'a str>,
        credentials: &Credentials,
    ) -> Result<bool, DigestError> {
        let mut error = None;
        let mut challenges = Vec::new();
        for value in values {
            match Challenge::parse(value) {
                Ok(challenge) => challenges.push(challenge),
                // One that is not understood is passed over for another one.
                Err(e) => error = Some(e),
            }
        }
        let Some(best) = Challenge::best(&challenges, credentials) else {
            return error.map_or(Ok(false), Err);
        };
        if self.tried && !best.stale() {
            return Ok(false);
        }
        self.challenge = Some(best.clone());
        self.count = 0;
        self.tried = true;
        Ok(true)
    }

    /// A success came. Whether the relay proves that it knows the password too,
    /// or does not say; and the next nonce is taken over.
    pub(super) fn is_proven(&mut self, credentials: &Credentials, info: Option<&str>) -> bool {
        self.tried = false;
        let Some(last) = self.last.take() else { return true };
        let Some(Ok(info)) = info.map(AuthenticationInfo::parse) else { return true };
        let proven = match last.verify_server(&info, Secret::Password(credentials), b"") {
            Ok(()) | Err(Refusal::NoProof) => true,
            Err(_) => false,
        };
        if info.next_nonce().is_some()
            && let Some(challenge) = self.challenge.take()
        {
            self.challenge = Some(challenge.with_next_nonce(&info));
            self.count = 0;
        }
        proven
    }
}
