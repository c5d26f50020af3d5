//! What proves who somebody is.

use std::fmt;

use super::Algorithm;

/// A user name and a password, for one realm or for all.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    password: String,
    realm: Option<String>,
}

impl Credentials {
    /// Credentials for every realm.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: username.into(), password: password.into(), realm: None }
    }

    /// The same for this realm only: they answer no other server's challenge.
    #[must_use]
    pub fn for_realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The realm they are limited to.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// Whether they may answer a challenge of `realm`.
    pub fn fit(&self, realm: &str) -> bool {
        self.realm.as_deref().is_none_or(|own| own == realm)
    }

    /// H(A1) without the session part: what a server keeps instead of the
    /// password. It depends on the hash function and the realm.
    pub fn ha1(&self, algorithm: Algorithm, realm: &str) -> String {
        algorithm.hash(&[self.username.as_bytes(), realm.as_bytes(), self.password.as_bytes()])
    }

    /// The user name as `userhash=true` sends it (RFC 7616 §3.4.4).
    pub(super) fn userhash(&self, algorithm: Algorithm, realm: &str) -> String {
        algorithm.hash(&[self.username.as_bytes(), realm.as_bytes()])
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &"…")
            .field("realm", &self.realm)
            .finish()
    }
}

/// What the two sides share.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    /// The password, with the name of its user.
    Password(&'a Credentials),
    /// [`Credentials::ha1`] in hex: of the user, the realm and the algorithm
    /// in question, which the caller looked up.
    Ha1(&'a str),
}

impl Secret<'_> {
    pub(super) fn ha1(&self, algorithm: Algorithm, realm: &str) -> String {
        match self {
            Self::Password(credentials) => credentials.ha1(algorithm, realm),
            // The hash is taken over the hex digits, so their case counts.
            Self::Ha1(ha1) => ha1.to_ascii_lowercase(),
        }
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(credentials) => f.debug_tuple("Password").field(credentials).finish(),
            Self::Ha1(_) => f.write_str("Ha1(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let credentials = Credentials::new("bob", "zanzibar").for_realm("here");
        let printed = format!(
            "{credentials:?} {:?} {:?}",
            Secret::Password(&credentials),
            Secret::Ha1("0123abcd")
        );
        assert!(printed.contains("bob") && printed.contains("here"));
        assert!(!printed.contains("zanzibar") && !printed.contains("0123abcd"));
    }

    #[test]
    fn a_realm_limits_them() {
        assert!(Credentials::new("bob", "x").fit("anywhere"));
        assert!(Credentials::new("bob", "x").for_realm("a").fit("a"));
        assert!(!Credentials::new("bob", "x").for_realm("a").fit("b"));
    }
}
