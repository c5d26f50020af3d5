//! The machine's own addresses, and when they change.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::BoxFuture;

/// Knows the addresses of the local interfaces.
pub trait InterfaceWatcher: Send + Sync + 'static {
    /// The addresses now, without loopback, sorted.
    fn addresses(&self) -> Vec<IpAddr>;
    /// Resolves when the addresses differ from those that `known` lists, at
    /// once if they do already.
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
        read().unwrap_or_default()
    }

    fn changed(&self, mut known: Vec<IpAddr>) -> BoxFuture<'_, Vec<IpAddr>> {
        known.sort();
        Box::pin(async move {
            loop {
                // A failed look is no news: the addresses are most likely there.
                match read() {
                    Ok(now) if now != known => return now,
                    _ => tokio::time::sleep(Self::INTERVAL).await,
                }
            }
        })
    }
}

/// One system call of some 50 µs: no thread is needed for it.
fn read() -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn says_at_once_what_changed_before() {
        let addresses = SystemInterfaces.addresses();
        assert!(addresses.is_sorted());
        assert!(addresses.iter().all(|address| !address.is_loopback()));
        let nowhere: IpAddr = "192.0.2.1".parse().unwrap();
        let start = tokio::time::Instant::now();
        assert_eq!(SystemInterfaces.changed(vec![nowhere]).await, addresses);
        assert!(start.elapsed().is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_quiet_while_nothing_changes() {
        let same = SystemInterfaces.changed(SystemInterfaces.addresses());
        assert!(tokio::time::timeout(Duration::from_secs(60), same).await.is_err());
    }
}
