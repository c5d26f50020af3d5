//! Who we are: a certificate chain and its private key.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsConfigError;

/// A certificate chain and its private key. Cheap to clone; never prints the
/// key.
#[derive(Clone)]
pub struct TlsIdentity {
    pub(super) chain: Arc<[CertificateDer<'static>]>,
    pub(super) key: Arc<PrivateKeyDer<'static>>,
}

impl TlsIdentity {
    /// Reads PEM text that holds both: the certificate first, then those that
    /// signed it, and the key (PKCS #8, PKCS #1 or SEC 1) anywhere.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsConfigError> {
        Self::from_pem_parts(pem, pem)
    }

    /// The same from two texts.
    pub fn from_pem_parts(chain: &[u8], key: &[u8]) -> Result<Self, TlsConfigError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsConfigError::NoKey)?;
        Ok(Self { chain: chain.into(), key: Arc::new(key) })
    }

    /// Reads a file that holds both, as in [`from_pem`](Self::from_pem).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Self::from_pem(&read(path.as_ref())?)
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsIdentity({} certificates)", self.chain.len())
    }
}

/// All certificates in PEM text; at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|e| TlsConfigError::Pem(e.to_string().into()))?;
    if found.is_empty() { Err(TlsConfigError::NoCertificate) } else { Ok(found) }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsConfigError> {
    std::fs::read(path)
        .map_err(|source| TlsConfigError::File { path: path.display().to_string().into(), source })
}
