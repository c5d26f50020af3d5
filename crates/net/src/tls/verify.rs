//! Checking a server's certificate: the chain as RFC 5280 says, the name as
//! RFC 5922 says, and then the application's own verifier.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::{CertificateFault, name};

/// An application's say in whom to trust: pinned keys, or a question to a
/// person.
///
/// It is asked during the handshake and must not block.
pub trait CertificateVerifier: Send + Sync + 'static {
    /// Accepts the certificate or says what is wrong with it. To keep the
    /// standard check, return `presented.verdict`.
    fn verify(&self, presented: Presented<'_>) -> Result<(), CertificateFault>;
}

/// What a server has shown.
#[derive(Debug)]
#[non_exhaustive]
pub struct Presented<'a> {
    /// The server's certificate, DER.
    pub certificate: &'a [u8],
    /// Whom we wanted to talk to.
    pub name: &'a str,
    /// What the standard check says.
    pub verdict: Result<(), CertificateFault>,
}

pub(super) struct ServerVerifier {
    pub(super) roots: RootCertStore,
    pub(super) provider: Arc<CryptoProvider>,
    /// Whether the verdict counts where the application has no verifier.
    pub(super) enforce: bool,
    pub(super) application: Option<Arc<dyn CertificateVerifier>>,
}

impl ServerVerifier {
    fn verdict(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        expected: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), CertificateFault> {
        let certificate = ParsedCertificate::try_from(end_entity)
            .map_err(|e| CertificateFault::from_rustls(&e))?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )
        .map_err(|e| match CertificateFault::from_rustls(&e) {
            CertificateFault::UnknownIssuer if is_self_signed(end_entity) => {
                CertificateFault::SelfSigned
            }
            fault => fault,
        })?;
        name::check(end_entity, expected)
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verdict(end_entity, intermediates, server_name, now);
        let verdict = match &self.application {
            Some(application) => application.verify(Presented {
                certificate: end_entity,
                name: &server_name.to_str(),
                verdict,
            }),
            None if self.enforce => verdict,
            None => Ok(()),
        };
        verdict.map(|()| ServerCertVerified::assertion()).map_err(CertificateFault::into_rustls)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for ServerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerVerifier").field("roots", &self.roots.len()).finish_non_exhaustive()
    }
}
