//! What can be wrong with a certificate, a handshake or a configuration, and
//! whose fault it is.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, OtherError};

/// Why TLS can't be set up: all of these are faults of our own configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// A file could not be read.
    #[error("can't read {path}: {source}")]
    File {
        /// Which one.
        path: Box<str>,
        /// What the system said.
        source: io::Error,
    },
    /// What should be PEM is none.
    #[error("not a PEM file: {0}")]
    Pem(Box<str>),
    /// No certificate in it.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// No private key in it.
    #[error("there is no private key in it")]
    NoKey,
    /// A listener needs a certificate and has none.
    #[error("a TLS listener needs a certificate and its key")]
    NoIdentity,
    /// What rustls refused: a key of an unknown kind, or one that does not
    /// belong to the certificate.
    #[error("the certificate or its key can't be used: {0}")]
    Unusable(Box<str>),
}

/// What is wrong with the certificate that a peer has shown: its fault, or our
/// list of authorities lacks one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Its time is over.
    #[error("the peer's certificate has expired")]
    Expired,
    /// Its time has not come.
    #[error("the peer's certificate is not valid yet")]
    NotYetValid,
    /// It is signed by itself, and we don't trust it.
    #[error("the peer's certificate is signed by itself and not in our list of authorities")]
    SelfSigned,
    /// No authority of ours stands behind it.
    #[error("the peer's certificate is signed by no authority that we trust")]
    UnknownIssuer,
    /// It is somebody else's.
    #[error(
        "the peer's certificate is not for {expected:?} but for {}",
        if presented.is_empty() { "no SIP domain".into() } else { presented.join(", ") }
    )]
    WrongName {
        /// Whom we wanted to talk to.
        expected: Box<str>,
        /// Whom the certificate is for (at most
        /// [`MAX_PRESENTED`](Self::MAX_PRESENTED) names, for people to read).
        presented: Vec<String>,
    },
    /// It is not meant for this, for example a client's certificate shown by a
    /// server.
    #[error("the peer's certificate is not meant for this purpose")]
    WrongPurpose,
    /// Its authority has taken it back.
    #[error("the peer's certificate is revoked")]
    Revoked,
    /// Its signature, or a signature made with its key, is wrong.
    #[error("the peer's certificate has a wrong signature")]
    BadSignature,
    /// It can't be read, or is not as RFC 5280 wants it.
    #[error("the peer's certificate is malformed: {0}")]
    Malformed(Box<str>),
    /// The application's verifier refused it.
    #[error("the application refused the peer's certificate: {0}")]
    Refused(Box<str>),
}

impl CertificateFault {
    /// The most names that a [`WrongName`](Self::WrongName) shows.
    pub const MAX_PRESENTED: usize = 8;

    /// As rustls wants it: its own words where it has them, since they choose
    /// the alert that the peer is told.
    pub(super) fn into_rustls(self) -> Error {
        Error::InvalidCertificate(match self {
            Self::Expired => CertificateError::Expired,
            Self::NotYetValid => CertificateError::NotValidYet,
            Self::UnknownIssuer => CertificateError::UnknownIssuer,
            Self::WrongPurpose => CertificateError::InvalidPurpose,
            Self::Revoked => CertificateError::Revoked,
            Self::BadSignature => CertificateError::BadSignature,
            other => CertificateError::Other(OtherError(std::sync::Arc::new(other))),
        })
    }

    pub(super) fn from_rustls(error: &Error) -> Self {
        use CertificateError as E;
        let Error::InvalidCertificate(error) = error else {
            return Self::Malformed(error.to_string().into());
        };
        match error {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::UnknownIssuer => Self::UnknownIssuer,
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => Self::WrongPurpose,
            E::Revoked => Self::Revoked,
            E::BadSignature => Self::BadSignature,
            E::Other(OtherError(other)) => match other.downcast_ref::<Self>() {
                Some(fault) => fault.clone(),
                None => Self::Malformed(other.to_string().into()),
            },
            other => Self::Malformed(other.to_string().into()),
        }
    }
}

/// Why a stream did not become an encrypted one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// We don't accept the peer's certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    /// We want a certificate of the peer, and it has shown none.
    #[error("the peer has shown no certificate")]
    NoPeerCertificate,
    /// The peer refuses us, and says why.
    #[error("the peer refused the handshake: {}", in_words(*alert))]
    RefusedByPeer {
        /// The alert's number (RFC 8446 §6).
        alert: u8,
    },
    /// What the peer sends is no TLS.
    #[error("the peer does not speak TLS")]
    NotTls,
    /// No protocol version or cipher suite in common, or the peer broke the
    /// protocol.
    #[error("the handshake failed: {0}")]
    Protocol(Box<str>),
    /// The peer took longer than [`HANDSHAKE_TIMEOUT`](super::HANDSHAKE_TIMEOUT).
    #[error("the peer did not finish the handshake in time")]
    Timeout,
    /// The stream under it failed or was closed.
    #[error("the connection failed during the handshake: {0}")]
    Io(io::Error),
    /// Our own configuration does not allow it.
    #[error(transparent)]
    Config(#[from] TlsConfigError),
}

impl TlsError {
    pub(super) fn from_io(error: io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            None => Self::Io(error),
            Some(inner @ Error::InvalidCertificate(_)) => {
                Self::Certificate(CertificateFault::from_rustls(inner))
            }
            Some(Error::NoCertificatesPresented) => Self::NoPeerCertificate,
            Some(Error::AlertReceived(alert)) => Self::RefusedByPeer { alert: u8::from(*alert) },
            Some(Error::InvalidMessage(_)) => Self::NotTls,
            Some(other) => Self::Protocol(other.to_string().into()),
        }
    }
}

/// An alert's name, for people.
fn in_words(alert: u8) -> String {
    match AlertDescription::from(alert) {
        AlertDescription::UnknownCA => "it does not know who signed our certificate".into(),
        AlertDescription::CertificateExpired => "our certificate has expired".into(),
        AlertDescription::CertificateRequired => "it wants a certificate of ours".into(),
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            "it does not accept our certificate".into()
        }
        AlertDescription::ProtocolVersion => "no TLS version in common".into(),
        AlertDescription::HandshakeFailure => "no way of encryption in common".into(),
        other => format!("{other:?}"),
    }
}
