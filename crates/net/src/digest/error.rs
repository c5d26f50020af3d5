//! What can be wrong with a challenge, and why an answer is refused.

/// Why a header value can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The peer uses another scheme than Digest (Basic, Bearer…).
    #[error("not a Digest value")]
    NotDigest,
    /// The peer sent more than [`MAX_VALUE`](super::MAX_VALUE) bytes or
    /// [`MAX_PARAMETERS`](super::MAX_PARAMETERS) parameters.
    #[error("longer than a digest value may be")]
    TooLong,
    /// The peer's value breaks the grammar.
    #[error("syntax error at byte {offset}")]
    Syntax {
        /// Where, in bytes from the start of the value.
        offset: usize,
    },
    /// The peer left out a parameter that must be there.
    #[error("no {parameter} parameter")]
    Missing {
        /// Its name.
        parameter: &'static str,
    },
    /// The peer gave one parameter twice: there is no telling which one counts.
    #[error("two {parameter} parameters")]
    Duplicate {
        /// Its name.
        parameter: &'static str,
    },
    /// The peer gave a parameter a value that it can't have.
    #[error("bad {parameter} value")]
    BadValue {
        /// Its name.
        parameter: &'static str,
    },
    /// The peer asks for an algorithm that is not known here.
    #[error("unknown algorithm {token}")]
    UnsupportedAlgorithm {
        /// The algorithm's name.
        token: String,
    },
    /// The peer offers only protection that is not known here.
    #[error("unknown qop {offered}")]
    UnsupportedQop {
        /// What it offers.
        offered: String,
    },
    /// The caller's value can't stand in a header (it has control characters).
    #[error("the {what} has characters that a header can't carry")]
    Unquotable {
        /// Which value.
        what: &'static str,
    },
}

/// Why an [`Authorization`](super::Authorization) or an
/// [`AuthenticationInfo`](super::AuthenticationInfo) proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It answers for another realm.
    #[error("another realm")]
    Realm,
    /// It uses another algorithm than the one that was asked for.
    #[error("another algorithm")]
    Algorithm,
    /// It uses a protection that was not offered, or none where one was.
    #[error("another qop")]
    Qop,
    /// It does not bring back the opaque value.
    #[error("another opaque value")]
    Opaque,
    /// It names another user than the one whose password was given.
    #[error("another user")]
    Username,
    /// The response is wrong: a wrong password, or a changed message.
    #[error("wrong response")]
    Response,
    /// The password is right, but the nonce is not the one of the challenge:
    /// challenge again with `stale=true`.
    #[error("stale nonce")]
    Stale,
    /// The server did not prove that it knows the password.
    #[error("no rspauth parameter")]
    NoProof,
}
