//! Whom to trust and who we are, and what is made of it: [`Tls`].

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::sync::OnceCell;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::identity::{certificates, read};
use super::stream::Gather;
use super::verify::ServerVerifier;
use super::{
    CertificateVerifier, HANDSHAKE_TIMEOUT, PeerName, TlsConfigError, TlsError, TlsIdentity,
    TlsStream,
};
use crate::{ByteStream, Clock};

/// Whose signatures count.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those that the operating system trusts.
    #[default]
    System,
    /// These authorities' only.
    Own(Arc<[CertificateDer<'static>]>),
}

impl Roots {
    /// The certificates in PEM text; at least one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsConfigError> {
        Ok(Self::Own(certificates(pem)?.into()))
    }

    /// The certificates in a PEM file; at least one.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Self::from_pem(&read(path.as_ref())?)
    }

    /// Reads files where they are the system's: slow.
    fn load(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        match self {
            Self::System => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)
            }
            Self::Own(own) => store.add_parsable_certificates(own.iter().cloned()),
        };
        store
    }
}

/// Whether clients that connect to us have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    Ignore,
    /// One that is shown must be good; none is good as well.
    Ask,
    /// Without a good one there is no connection.
    Require,
}

/// What [`Tls`] is made of.
#[derive(Clone)]
pub struct TlsConfig {
    /// Whose signatures count.
    pub roots: Roots,
    /// Our certificate: what clients are shown, and servers that ask for one.
    pub identity: Option<TlsIdentity>,
    /// Whether a server's certificate has to be good. Without it everybody on
    /// the way can read and change everything.
    pub verify_server: bool,
    /// Whether clients are asked for certificates.
    pub client_certificates: ClientCertificates,
    /// Has the last word about servers' certificates.
    pub verifier: Option<Arc<dyn CertificateVerifier>>,
}

impl Default for TlsConfig {
    /// The system's authorities, no certificate of our own, verification on.
    fn default() -> Self {
        Self {
            roots: Roots::System,
            identity: None,
            verify_server: true,
            client_certificates: ClientCertificates::Ignore,
            verifier: None,
        }
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("identity", &self.identity)
            .field("verify_server", &self.verify_server)
            .field("client_certificates", &self.client_certificates)
            .field("verifier", &self.verifier.is_some())
            .finish_non_exhaustive()
    }
}

/// Turns streams into encrypted ones. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    config: TlsConfig,
    clock: Arc<dyn Clock>,
    provider: Arc<CryptoProvider>,
    /// Made when it is first needed: the system's authorities are many files.
    client: OnceCell<Arc<ClientConfig>>,
    server: Option<Arc<ServerConfig>>,
}

impl Tls {
    /// Checks the configuration; certificates are checked by `clock`'s wall time.
    pub fn new(config: TlsConfig, clock: Arc<dyn Clock>) -> Result<Self, TlsConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let time: Arc<dyn TimeProvider> = Arc::new(WallTime(Arc::clone(&clock)));
        let server = match &config.identity {
            Some(identity) => Some(Arc::new(server(&config, identity, &provider, time)?)),
            None => None,
        };
        let client = OnceCell::new();
        Ok(Self { shared: Arc::new(Shared { config, clock, provider, client, server }) })
    }

    /// Whether there is a certificate to [`accept`](Self::accept) with.
    pub fn can_accept(&self) -> bool {
        self.shared.server.is_some()
    }

    /// Speaks TLS as the client, with a server that must be `peer`. Gives up
    /// after [`HANDSHAKE_TIMEOUT`].
    pub async fn connect(
        &self,
        stream: Box<dyn ByteStream>,
        peer: &PeerName,
    ) -> Result<TlsStream, TlsError> {
        let config = Arc::clone(self.client().await?);
        let name = peer.as_server_name().clone();
        let handshake = TlsConnector::from(config).connect(name, Gather(stream));
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
            Ok(Ok(stream)) => Ok(TlsStream::new(stream.into())),
            Ok(Err(e)) => Err(TlsError::from_io(e)),
            Err(_) => Err(TlsError::Timeout),
        }
    }

    /// Speaks TLS as the server. Gives up after [`HANDSHAKE_TIMEOUT`].
    pub async fn accept(&self, stream: Box<dyn ByteStream>) -> Result<TlsStream, TlsError> {
        let config = self.shared.server.as_ref().ok_or(TlsConfigError::NoIdentity)?;
        let handshake = TlsAcceptor::from(Arc::clone(config)).accept(Gather(stream));
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
            Ok(Ok(stream)) => Ok(TlsStream::new(stream.into())),
            Ok(Err(e)) => Err(TlsError::from_io(e)),
            Err(_) => Err(TlsError::Timeout),
        }
    }

    async fn client(&self) -> Result<&Arc<ClientConfig>, TlsConfigError> {
        let shared = &self.shared;
        let make = async || {
            let roots = match &shared.config.roots {
                Roots::System => {
                    // Many files, so not on this thread.
                    let load = tokio::task::spawn_blocking(|| Roots::System.load());
                    load.await.unwrap_or_else(|_| RootCertStore::empty())
                }
                own @ Roots::Own(_) => own.load(),
            };
            client(shared, roots).map(Arc::new)
        };
        shared.client.get_or_try_init(make).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.shared.config).finish()
    }
}

fn unusable(error: impl fmt::Display) -> TlsConfigError {
    TlsConfigError::Unusable(error.to_string().into())
}

fn client(shared: &Shared, roots: RootCertStore) -> Result<ClientConfig, TlsConfigError> {
    let Shared { config, clock, provider, .. } = shared;
    let verifier = ServerVerifier {
        roots,
        provider: Arc::clone(provider),
        enforce: config.verify_server,
        application: config.verifier.clone(),
    };
    let time = Arc::new(WallTime(Arc::clone(clock)));
    let builder = ClientConfig::builder_with_details(Arc::clone(provider), time)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut made = match &config.identity {
        Some(identity) => builder
            .with_client_auth_cert(identity.chain.to_vec(), identity.key.clone_key())
            .map_err(unusable)?,
        None => builder.with_no_client_auth(),
    };
    // A resumed session would not be verified again, and SIP's connections
    // live long enough.
    made.resumption = Resumption::disabled();
    Ok(made)
}

fn server(
    config: &TlsConfig,
    identity: &TlsIdentity,
    provider: &Arc<CryptoProvider>,
    time: Arc<dyn TimeProvider>,
) -> Result<ServerConfig, TlsConfigError> {
    let clients: Arc<dyn ClientCertVerifier> = match config.client_certificates {
        ClientCertificates::Ignore => WebPkiClientVerifier::no_client_auth(),
        asked => {
            let roots = Arc::new(config.roots.load());
            let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
            match asked {
                ClientCertificates::Require => builder,
                _ => builder.allow_unauthenticated(),
            }
            .build()
            .map_err(unusable)?
        }
    };
    ServerConfig::builder_with_details(Arc::clone(provider), time)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_client_cert_verifier(clients)
        .with_single_cert(identity.chain.to_vec(), identity.key.clone_key())
        .map_err(unusable)
}

/// A [`Clock`] as rustls wants it.
struct WallTime(Arc<dyn Clock>);

impl TimeProvider for WallTime {
    fn current_time(&self) -> Option<UnixTime> {
        self.0.wall().duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

impl fmt::Debug for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallTime")
    }
}
