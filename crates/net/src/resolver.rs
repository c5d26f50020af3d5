//! Host names to addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::BoxFuture;

/// Why a name has no addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist or has no addresses.
    #[error("no address for {name}")]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// The name servers could not be asked.
    #[error("could not resolve {name}: {reason}")]
    Unreachable {
        /// The name that was asked for.
        name: String,
        /// What the system said.
        reason: String,
    },
}

/// Answers DNS questions.
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a host name, in the order to try them. Never empty.
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, ResolveError>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, ResolveError>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            match found.map(distinct) {
                Ok(addresses) if addresses.is_empty() => Err(ResolveError::NotFound { name }),
                Ok(addresses) => Ok(addresses),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    Err(ResolveError::NotFound { name })
                }
                Err(e) => Err(ResolveError::Unreachable { name, reason: e.to_string() }),
            }
        })
    }
}

fn distinct(found: impl Iterator<Item = SocketAddr>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|a| a.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}
