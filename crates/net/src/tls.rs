//! TLS over any [`ByteStream`]: RFC 8446 and RFC 5246 by rustls, names as SIP
//! wants them (RFC 5922).
//!
//! A [`TlsConfig`] says whom to trust and who we are; [`Tls`] is made of it
//! and turns streams into encrypted ones. The time that certificates are
//! checked against comes from a [`Clock`](crate::Clock), and a handshake does
//! nothing but read and write its stream, so TLS runs over a simulated network
//! in virtual time like everything else.

mod config;
mod error;
mod identity;
mod name;
mod stream;
mod verify;

pub use config::{ClientCertificates, Roots, Tls, TlsConfig};
pub use error::{CertificateFault, TlsConfigError, TlsError};
pub use identity::TlsIdentity;
pub use name::{PeerName, sip_identities};
pub use stream::TlsStream;
pub use verify::{CertificateVerifier, Presented};

use std::time::Duration;

/// How long a handshake may take from its first byte to its last.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
