//! Names to addresses and to services.

#[cfg(feature = "dns")]
mod hickory;

use std::io;
use std::net::{IpAddr, SocketAddr};

#[cfg(feature = "dns")]
pub use hickory::{HickoryResolver, QUERY_TIMEOUT};

use crate::BoxFuture;
use crate::dns::{Naptr, Records, ResolveError, Srv};

/// Answers DNS questions.
///
/// No answer is empty: where there is no record, the error is
/// [`ResolveError::NotFound`].
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a host (A and AAAA), as the name servers order them.
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Records<IpAddr>, ResolveError>>;

    /// The servers of a service, for example of `_sip._udp.example.com`, in no
    /// order. A resolver that knows none has none.
    fn srv(&self, name: &str) -> BoxFuture<'_, Result<Records<Srv>, ResolveError>> {
        not_found(name)
    }

    /// The rules of a domain, in no order. A resolver that knows none has none.
    fn naptr(&self, name: &str) -> BoxFuture<'_, Result<Records<Naptr>, ResolveError>> {
        not_found(name)
    }
}

fn not_found<'a, T: Send + 'a>(name: &str) -> BoxFuture<'a, Result<T, ResolveError>> {
    let name = name.to_owned();
    Box::pin(std::future::ready(Err(ResolveError::NotFound { name })))
}

/// The operating system's resolver: it knows hosts only, no NAPTR and no SRV.
///
/// It asks on a thread of tokio's blocking pool and can take as long as the
/// system's time-outs say (30 s and more): the caller limits its patience.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Records<IpAddr>, ResolveError>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            match found.map(distinct) {
                Ok(addresses) if addresses.is_empty() => Err(ResolveError::NotFound { name }),
                Ok(addresses) => Ok(Records::new(addresses)),
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
        let found = SystemResolver.addresses("localhost").await.unwrap().records;
        assert!(!found.is_empty() && found.iter().all(|address| address.is_loopback()));
        let literal: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(SystemResolver.addresses("2001:db8::1").await, Ok(Records::new(vec![literal])));
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
