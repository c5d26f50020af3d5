//! The machine's own addresses, and when they change.

use std::net::IpAddr;
use std::time::Duration;

use crate::BoxFuture;

/// Knows the addresses of the local interfaces.
pub trait InterfaceWatcher: Send + Sync + 'static {
    /// The addresses now, without loopback, sorted.
    fn addresses(&self) -> Vec<IpAddr>;
    /// Resolves when the addresses differ from those that `known` lists.
    fn changed(&self, known: Vec<IpAddr>) -> BoxFuture<'_, Vec<IpAddr>>;
}

/// Asks the operating system, every [`SystemInterfaces::INTERVAL`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemInterfaces;

impl SystemInterfaces {
    /// How often the addresses are looked at.
    pub const INTERVAL: Duration = Duration::from_secs(2);
}

impl InterfaceWatcher for SystemInterfaces {
    fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
            .unwrap_or_default()
            .into_iter()
            .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
            .map(|interface| interface.ip())
            .collect();
        addresses.sort();
        addresses.dedup();
        addresses
    }

    fn changed(&self, known: Vec<IpAddr>) -> BoxFuture<'_, Vec<IpAddr>> {
        Box::pin(async move {
            loop {
                tokio::time::sleep(Self::INTERVAL).await;
                let now = self.addresses();
                if now != known {
                    return now;
                }
            }
        })
    }
}
