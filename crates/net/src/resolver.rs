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
///
/// It asks on a thread of tokio's blocking pool and can take as long as the
/// system's time-outs say (30 s and more): the caller limits its patience.
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
                Err(e) if says_not_found(&e) => Err(ResolveError::NotFound { name }),
                Err(e) => Err(ResolveError::Unreachable { name, reason: e.to_string() }),
            }
        })
    }
}

/// `getaddrinfo` tells "no such name" from "no name server" by codes that the
/// standard library turns into text, in the C locale.
fn says_not_found(error: &io::Error) -> bool {
    const TEXTS: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname provided",
    ];
    /// WSAHOST_NOT_FOUND and WSANO_DATA.
    const WINDOWS: [i32; 2] = [11_001, 11_004];
    if let Some(code) = error.raw_os_error() {
        return cfg!(windows) && WINDOWS.contains(&code);
    }
    let text = error.to_string();
    TEXTS.iter().any(|known| text.contains(known))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn local_names_and_literals() {
        let found = SystemResolver.addresses("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.is_loopback()));
        let literal: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(SystemResolver.addresses("2001:db8::1").await, Ok(vec![literal]));
        // A name that needs no name server to be wrong.
        let bad = "a label that is no name";
        assert!(SystemResolver.addresses(bad).await.is_err());
    }

    #[test]
    fn errors_are_told_apart() {
        let lookup = |detail: &str| {
            io::Error::other(format!("failed to lookup address information: {detail}"))
        };
        assert!(says_not_found(&lookup("Name or service not known")));
        assert!(!says_not_found(&lookup("Temporary failure in name resolution")));
    }
}
