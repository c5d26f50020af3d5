//! Challenges, credentials and realms (RFC 3261 §22, RFC 8760) over the digest
//! functions of `sipsimple-net`.

pub use sipsimple_net::digest::Credentials;

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
    #[error("no usable algorithm in the challenge of {realm}")]
    NoUsableAlgorithm {
        /// The realm that asked.
        realm: Box<str>,
    },
    /// A 401 or 407 without a challenge that can be read.
    #[error("no readable challenge")]
    NoChallenge,
}
