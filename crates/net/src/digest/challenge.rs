//! `WWW-Authenticate` and `Proxy-Authenticate` (RFC 7616 §3.3, RFC 8760 §2).

use std::fmt;

use super::params::{Param, once, parse_digest, quote, required};
use super::{Algorithm, Credentials, DigestError, Qop};

/// A server's demand for a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) stale: bool,
    /// As on the wire: absent means MD5, and then the answer has none either.
    pub(super) algorithm: Option<Algorithm>,
    /// Without duplicates, as offered; empty is RFC 2069's way.
    pub(super) qop: Vec<Qop>,
    pub(super) userhash: bool,
}

impl Challenge {
    /// A server's challenge, for MD5 and `qop="auth"` until told otherwise.
    ///
    /// # Errors
    ///
    /// [`DigestError::Unquotable`] when realm or nonce have control characters.
    pub fn new(realm: &str, nonce: &str) -> Result<Self, DigestError> {
        Ok(Self {
            realm: quote("realm", realm)?.into_owned(),
            nonce: quote("nonce", nonce)?.into_owned(),
            opaque: None,
            domain: None,
            stale: false,
            algorithm: Some(Algorithm::Md5),
            qop: vec![Qop::Auth],
            userhash: false,
        })
    }

    /// The same with this algorithm.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// The same with these qualities of protection; none is RFC 2069's way.
    #[must_use]
    pub fn with_qop(mut self, offered: &[Qop]) -> Self {
        self.qop.clear();
        for qop in offered {
            if !self.qop.contains(qop) {
                self.qop.push(*qop);
            }
        }
        self
    }

    /// The same with `stale=true`: the password was right, the nonce too old.
    #[must_use]
    pub fn with_stale(mut self, stale: bool) -> Self {
        self.stale = stale;
        self
    }

    /// The same with a value that the client must bring back.
    ///
    /// # Errors
    ///
    /// [`DigestError::Unquotable`] when it has control characters.
    pub fn with_opaque(mut self, opaque: &str) -> Result<Self, DigestError> {
        self.opaque = Some(quote("opaque", opaque)?.into_owned());
        Ok(self)
    }

    /// The same with the nonce that an `Authentication-Info` named as the
    /// next one. The nonce count starts at 1 again.
    #[must_use]
    pub fn with_next_nonce(mut self, info: &super::AuthenticationInfo) -> Self {
        if let Some(next) = info.next_nonce() {
            self.nonce = next.to_owned();
            self.stale = false;
        }
        self
    }

    /// Parses a header value: `Digest realm="…", nonce="…", …`.
    ///
    /// # Errors
    ///
    /// [`DigestError::NotDigest`], [`DigestError::UnsupportedAlgorithm`] and
    /// [`DigestError::UnsupportedQop`] say that this challenge is to be passed
    /// over for another one; the others that the peer is broken.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let (mut realm, mut nonce, mut opaque, mut domain) = (None, None, None, None);
        let (mut stale, mut algorithm, mut qop, mut userhash) = (None, None, None, None);
        for Param { name, value } in parse_digest(value)? {
            match name.to_ascii_lowercase().as_str() {
                "realm" => once(&mut realm, "realm", value.to_owned())?,
                "nonce" => once(&mut nonce, "nonce", value.to_owned())?,
                "opaque" => once(&mut opaque, "opaque", value.to_owned())?,
                "domain" => once(&mut domain, "domain", value.to_owned())?,
                "stale" => once(&mut stale, "stale", value.eq_ignore_ascii_case("true"))?,
                "algorithm" => once(&mut algorithm, "algorithm", parse_algorithm(value)?)?,
                "qop" => once(&mut qop, "qop", parse_qop(value)?)?,
                "userhash" => once(&mut userhash, "userhash", value.eq_ignore_ascii_case("true"))?,
                _ => {}
            }
        }
        Ok(Self {
            realm: required(realm, "realm")?,
            nonce: required(nonce, "nonce")?,
            opaque,
            domain,
            stale: stale.unwrap_or(false),
            algorithm,
            qop: qop.unwrap_or_default(),
            userhash: userhash.unwrap_or(false),
        })
    }

    /// The one to answer of several challenges that these credentials fit:
    /// the topmost (RFC 8760 §2.4: that is the server's preference), but
    /// nothing on MD5 while the server would also take something better.
    pub fn best<'a>(challenges: &'a [Self], credentials: &Credentials) -> Option<&'a Self> {
        let fitting = || challenges.iter().filter(|c| credentials.fit(&c.realm));
        fitting().find(|c| !c.algorithm().is_weak()).or_else(|| fitting().next())
    }

    /// The best challenge of each realm, in the order of the realms: several
    /// proxies on the way may each want an answer (RFC 3261 §22.3).
    pub fn best_per_realm(challenges: &[Self]) -> Vec<&Self> {
        let mut best: Vec<&Self> = Vec::new();
        for challenge in challenges {
            match best.iter_mut().find(|b| b.realm == challenge.realm) {
                None => best.push(challenge),
                Some(b) if b.algorithm().is_weak() && !challenge.algorithm().is_weak() => {
                    *b = challenge;
                }
                Some(_) => {}
            }
        }
        best
    }

    /// Who asks. Quoted values are given as written, with their escapes.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The server's nonce.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What the server wants back unchanged.
    pub fn opaque(&self) -> Option<&str> {
        self.opaque.as_deref()
    }

    /// The URIs that the challenge holds for, separated by spaces (HTTP only).
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// Whether only the nonce of the last answer was wrong: answer again
    /// without asking the user.
    pub fn stale(&self) -> bool {
        self.stale
    }

    /// The algorithm, MD5 when the server names none.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or_default()
    }

    /// The known ones of the offered qualities of protection.
    pub fn qop(&self) -> &[Qop] {
        &self.qop
    }
}

pub(super) fn parse_algorithm(token: &str) -> Result<Algorithm, DigestError> {
    Algorithm::from_token(token)
        .ok_or_else(|| DigestError::UnsupportedAlgorithm { token: token.to_owned() })
}

fn parse_qop(offered: &str) -> Result<Vec<Qop>, DigestError> {
    let mut known = Vec::new();
    for qop in offered.split(',').filter_map(|token| Qop::from_token(token.trim())) {
        if !known.contains(&qop) {
            known.push(qop);
        }
    }
    // An empty list is no offer at all: some servers write qop="".
    if known.is_empty() && !offered.trim().is_empty() {
        return Err(DigestError::UnsupportedQop { offered: offered.to_owned() });
    }
    Ok(known)
}

impl fmt::Display for Challenge {
    /// The header value, `Digest realm="…", …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest realm=\"{}\", nonce=\"{}\"", self.realm, self.nonce)?;
        if let Some(domain) = &self.domain {
            write!(f, ", domain=\"{domain}\"")?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque=\"{opaque}\"")?;
        }
        if self.stale {
            f.write_str(", stale=true")?;
        }
        if let Some(algorithm) = self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        if let Some((first, more)) = self.qop.split_first() {
            write!(f, ", qop=\"{first}")?;
            for qop in more {
                write!(f, ",{qop}")?;
            }
            f.write_str("\"")?;
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

    fn offer(realm: &str, algorithm: Algorithm) -> Challenge {
        Challenge::new(realm, "n").unwrap().with_algorithm(algorithm)
    }

    #[test]
    fn parses_and_prints() {
        let value = "Digest realm=\"a \\\"b\\\"\", nonce=\"n==\", domain=\"sip:x\", opaque=\"\", \
                     stale=true, algorithm=SHA-256, qop=\"auth,auth-int\", userhash=true";
        let challenge = Challenge::parse(value).unwrap();
        assert_eq!(challenge.to_string(), value);
        assert_eq!(challenge.qop(), [Qop::Auth, Qop::AuthInt]);
        assert!(challenge.stale());
        assert_eq!(challenge.opaque(), Some(""));
        let bare = Challenge::parse("DIGEST nonce=n,REALM=r,algorithm=\"md5\",qop=auth").unwrap();
        assert_eq!((bare.realm(), bare.algorithm()), ("r", Algorithm::Md5));
        assert_eq!(bare.qop(), [Qop::Auth]);
        assert_eq!(Challenge::parse("Digest realm=r, nonce=n, qop=\"\"").unwrap().qop(), []);
    }

    #[test]
    fn refuses_what_it_cannot_answer() {
        let parse = |more: &str| Challenge::parse(&format!("Digest realm=r, nonce=n{more}"));
        assert_eq!(
            parse(", algorithm=SHA-1"),
            Err(DigestError::UnsupportedAlgorithm { token: "SHA-1".into() })
        );
        assert!(matches!(parse(", qop=token"), Err(DigestError::UnsupportedQop { .. })));
        assert_eq!(parse(", nonce=m"), Err(DigestError::Duplicate { parameter: "nonce" }));
        assert_eq!(
            Challenge::parse("Digest realm=r"),
            Err(DigestError::Missing { parameter: "nonce" })
        );
    }

    #[test]
    fn the_topmost_wins_unless_it_is_md5() {
        use Algorithm::*;
        let anyone = Credentials::new("u", "p");
        let best = |list: &[Challenge]| Challenge::best(list, &anyone).map(Challenge::algorithm);
        assert_eq!(best(&[]), None);
        assert_eq!(best(&[offer("r", Md5)]), Some(Md5));
        assert_eq!(best(&[offer("r", Md5), offer("r", Sha256)]), Some(Sha256));
        let sha = [offer("r", Md5), offer("r", Sha256), offer("r", Sha512_256)];
        assert_eq!(best(&sha), Some(Sha256));
        let other = Credentials::new("u", "p").for_realm("elsewhere");
        assert_eq!(Challenge::best(&sha, &other), None);

        let mixed = [offer("a", Md5), offer("b", Md5), offer("a", Sha512_256), offer("a", Sha256)];
        let chosen = Challenge::best_per_realm(&mixed);
        assert_eq!(chosen, [&mixed[2], &mixed[1]]);
    }
}
