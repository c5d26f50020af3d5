//! Digest authentication (RFC 7616, RFC 8760) as pure functions.
//!
//! The client parses a [`Challenge`] and answers it with
//! [`Challenge::respond`], which makes an [`Authorization`]; the server makes a
//! [`Challenge`], and checks what comes back with [`Authorization::verify`].
//! Nothing here reads a clock or makes randomness: nonces, cnonces and nonce
//! counts are the caller's.
//!
//! ```
//! use sipsimple_net::digest::{Challenge, Credentials, Request};
//!
//! let value = r#"Digest realm="example.org", nonce="5f3a", algorithm=SHA-256, qop="auth""#;
//! let challenge = Challenge::parse(value)?;
//! let request = Request { method: "REGISTER", uri: "sip:example.org", body: b"" };
//! let answer = challenge.respond(&Credentials::new("alice", "secret"), &request, "0a4f113b", 1)?;
//! assert!(answer.to_string().starts_with(r#"Digest username="alice", realm="example.org""#));
//! # Ok::<(), sipsimple_net::digest::DigestError>(())
//! ```

mod algorithm;
mod authorization;
mod challenge;
mod credentials;
mod error;
mod info;
mod params;
mod respond;
mod verify;

pub use algorithm::{Algorithm, Qop};
pub use authorization::Authorization;
pub use challenge::Challenge;
pub use credentials::{Credentials, Secret};
pub use error::{DigestError, Refusal};
pub use info::AuthenticationInfo;
pub use respond::Request;

/// The longest header value that is parsed, in bytes.
pub const MAX_VALUE: usize = 8192;

/// The most parameters that a header value may have.
pub const MAX_PARAMETERS: usize = 32;
