//! Challenges, credentials and realms (RFC 3261 §22, RFC 8760) over the digest
//! functions of `sipsimple-net`.

pub use sipsimple_net::digest::Credentials;

use sipsimple_net::digest::{Challenge, DigestError, Request};

use crate::header::HeaderName;
use crate::message::Message;

/// Why a challenge could not be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthFailure {
    /// The peer has seen our credentials and refused them.
    #[error("credentials refused by {realm}")]
    Refused {
        /// The realm that refused.
        realm: Box<str>,
    },
    /// We have no credentials for this realm.
    #[error("no credentials for {realm}")]
    NoCredentials {
        /// The realm that asked.
        realm: Box<str>,
    },
    /// No algorithm or qop that we know.
    #[error("no usable algorithm in the challenge")]
    NoUsableAlgorithm,
    /// A 401 or 407 without a challenge that can be read.
    #[error("no readable challenge")]
    NoChallenge,
    /// One request was challenged more often than any honest peer does.
    #[error("too many challenges")]
    TooManyChallenges,
}

/// How often one request may be challenged: by a few proxies in turn, and by
/// each again with a fresh nonce.
pub const MAX_CHALLENGES: u8 = 5;

/// Answers the challenges that one series of requests meets (a registration, a
/// call), and remembers them for the next request.
///
/// It never sends the same proof twice: a realm that challenges again the
/// request which already answered it has refused, unless it says that only the
/// nonce was stale.
#[derive(Debug, Default)]
pub struct Authenticator {
    known: Vec<Known>,
    /// Challenges of the request at hand.
    rounds: u8,
}

#[derive(Debug)]
struct Known {
    challenge: Challenge,
    proxy: bool,
    credentials: Credentials,
    /// How often its nonce has been used.
    count: u32,
    /// Whether the request at hand has been challenged with it.
    fresh: bool,
}

impl Authenticator {
    /// A new request begins: nonces of earlier ones may have expired, so that
    /// a challenge is no refusal.
    pub fn begin(&mut self) {
        self.rounds = 0;
        for known in &mut self.known {
            known.fresh = false;
        }
    }

    /// Learns from a 401 or 407. `Ok` means: send the request again, with
    /// [`headers`](Self::headers).
    pub fn on_challenge(
        &mut self,
        response: &Message,
        credentials: &[Credentials],
    ) -> Result<(), AuthFailure> {
        self.rounds += 1;
        if self.rounds > MAX_CHALLENGES {
            return Err(AuthFailure::TooManyChallenges);
        }
        let mut failure = AuthFailure::NoChallenge;
        let mut learned = false;
        for (name, proxy) in
            [(HeaderName::WwwAuthenticate, false), (HeaderName::ProxyAuthenticate, true)]
        {
            let mut challenges = Vec::new();
            for value in response.values(name) {
                match Challenge::parse(value) {
                    Ok(challenge) => challenges.push(challenge),
                    Err(
                        DigestError::UnsupportedAlgorithm { .. }
                        | DigestError::UnsupportedQop { .. }
                        | DigestError::NotDigest,
                    ) => failure = AuthFailure::NoUsableAlgorithm,
                    Err(_) => {}
                }
            }
            for challenge in Challenge::best_per_realm(&challenges) {
                match self.learn(challenge, proxy, credentials)? {
                    None => learned = true,
                    Some(missing) => failure = missing,
                }
            }
        }
        if learned { Ok(()) } else { Err(failure) }
    }

    /// `Ok(Some)`: this one can't be answered, but others may.
    fn learn(
        &mut self,
        challenge: &Challenge,
        proxy: bool,
        credentials: &[Credentials],
    ) -> Result<Option<AuthFailure>, AuthFailure> {
        let realm = challenge.realm();
        let own = credentials.iter().find(|credentials| credentials.realm() == Some(realm));
        let any = || credentials.iter().find(|credentials| credentials.fit(realm));
        let Some(credentials) = own.or_else(any) else {
            return Ok(Some(AuthFailure::NoCredentials { realm: realm.into() }));
        };
        let same = |known: &&mut Known| known.proxy == proxy && known.challenge.realm() == realm;
        if let Some(known) = self.known.iter_mut().find(same) {
            let renewed = challenge.stale() && challenge.nonce() != known.challenge.nonce();
            if known.fresh && !renewed {
                return Err(AuthFailure::Refused { realm: realm.into() });
            }
            known.challenge = challenge.clone();
            known.credentials = credentials.clone();
            known.count = 0;
            known.fresh = true;
        } else {
            let (challenge, credentials) = (challenge.clone(), credentials.clone());
            self.known.push(Known { challenge, proxy, credentials, count: 0, fresh: true });
        }
        Ok(None)
    }

    /// The Authorization and Proxy-Authorization headers of a request.
    /// `cnonce` gives a new client nonce for each.
    pub fn headers(
        &mut self,
        method: &str,
        uri: &str,
        body: &[u8],
        mut cnonce: impl FnMut() -> String,
        mut header: impl FnMut(&'static str, String),
    ) {
        for known in &mut self.known {
            known.count += 1;
            let request = Request { method, uri, body };
            let answer =
                known.challenge.respond(&known.credentials, &request, &cnonce(), known.count);
            // Credentials that can't be written are as good as none: the
            // server's next challenge ends it.
            if let Ok(answer) = answer {
                let name = if known.proxy { "Proxy-Authorization" } else { "Authorization" };
                header(name, answer.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(code: u16, lines: &[&str]) -> Message {
        let mut text = format!("SIP/2.0 {code} No\r\n");
        for line in lines {
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        Message::parse(text.into()).unwrap()
    }

    fn answers(auth: &mut Authenticator) -> Vec<String> {
        let mut found = Vec::new();
        let cnonce = || "c".to_owned();
        auth.headers("REGISTER", "sip:x", b"", cnonce, |name, value| {
            found.push(format!("{name}: {value}"));
        });
        found
    }

    #[test]
    fn the_same_challenge_twice_is_a_refusal() {
        let mut auth = Authenticator::default();
        let anyone = [Credentials::new("u", "p")];
        let first =
            challenge(401, &["WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"auth\""]);
        let again =
            challenge(401, &["WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", qop=\"auth\""]);
        auth.begin();
        assert_eq!(auth.on_challenge(&first, &anyone), Ok(()));
        assert!(answers(&mut auth)[0].contains("nc=00000001"));
        let refused = AuthFailure::Refused { realm: "r".into() };
        assert_eq!(auth.on_challenge(&again, &anyone), Err(refused));
        // The next request may find its nonce expired.
        auth.begin();
        assert!(answers(&mut auth)[0].contains("nc=00000002"));
        assert_eq!(auth.on_challenge(&again, &anyone), Ok(()));
        assert!(answers(&mut auth)[0].contains("nonce=\"2\""));
    }

    #[test]
    fn a_stale_nonce_is_renewed_but_not_for_ever() {
        let mut auth = Authenticator::default();
        let anyone = [Credentials::new("u", "p")];
        let mut results = Vec::new();
        for nonce in 0..8 {
            let line = format!("WWW-Authenticate: Digest realm=r, nonce=\"{nonce}\", stale=true");
            results.push(auth.on_challenge(&challenge(401, &[&line]), &anyone));
        }
        assert!(results[..5].iter().all(Result::is_ok));
        assert_eq!(results[5], Err(AuthFailure::TooManyChallenges));
    }

    #[test]
    fn credentials_stay_in_their_realm() {
        let mut auth = Authenticator::default();
        let bound = [Credentials::new("u", "p").for_realm("home")];
        let foreign = challenge(407, &["Proxy-Authenticate: Digest realm=away, nonce=1"]);
        let missing = AuthFailure::NoCredentials { realm: "away".into() };
        assert_eq!(auth.on_challenge(&foreign, &bound), Err(missing));
        assert!(answers(&mut auth).is_empty());
        let home = challenge(407, &["Proxy-Authenticate: Digest realm=home, nonce=1"]);
        assert_eq!(auth.on_challenge(&home, &bound), Ok(()));
        assert!(answers(&mut auth)[0].starts_with("Proxy-Authorization: Digest username=\"u\""));
    }

    #[test]
    fn what_cannot_be_answered_says_why() {
        let mut auth = Authenticator::default();
        let anyone = [Credentials::new("u", "p")];
        let odd = challenge(401, &["WWW-Authenticate: Digest realm=r, nonce=1, algorithm=ROT13"]);
        assert_eq!(auth.on_challenge(&odd, &anyone), Err(AuthFailure::NoUsableAlgorithm));
        let none = challenge(401, &[]);
        assert_eq!(auth.on_challenge(&none, &anyone), Err(AuthFailure::NoChallenge));
        let both = challenge(
            401,
            &[
                "WWW-Authenticate: Digest realm=r, nonce=1, algorithm=ROT13",
                "WWW-Authenticate: Digest realm=r, nonce=1, algorithm=MD5",
                "WWW-Authenticate: Digest realm=r, nonce=1, algorithm=SHA-256",
            ],
        );
        assert_eq!(auth.on_challenge(&both, &anyone), Ok(()));
        let sent = answers(&mut auth);
        assert!(sent.len() == 1 && sent[0].contains("algorithm=SHA-256"), "{sent:?}");
    }
}
