//! Interface addresses that a test sets.

use std::net::IpAddr;

use sipsimple_net::{BoxFuture, InterfaceWatcher};
use tokio::sync::watch;

/// An [`InterfaceWatcher`] that says what it was told. Every
/// [`SimHost`](crate::SimHost) has one that follows the host's addresses.
#[derive(Debug)]
pub struct SimInterfaces(watch::Sender<Vec<IpAddr>>);

impl SimInterfaces {
    /// Interfaces with these addresses.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(watch::Sender::new(sorted(addresses)))
    }

    /// Changes the addresses and tells those who watch.
    pub fn set(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        self.0.send_replace(sorted(addresses));
    }
}

fn sorted(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = addresses.into_iter().collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

impl InterfaceWatcher for SimInterfaces {
    fn addresses(&self) -> Vec<IpAddr> {
        self.0.borrow().clone()
    }

    fn changed(&self, known: Vec<IpAddr>) -> BoxFuture<'_, Vec<IpAddr>> {
        let known = sorted(known);
        let mut addresses = self.0.subscribe();
        Box::pin(async move {
            let found = addresses.wait_for(|now| *now != known).await.map(|now| now.clone());
            match found {
                Ok(now) => now,
                // The sender is borrowed for as long as this future lives.
                Err(_) => std::future::pending().await,
            }
        })
    }
}
