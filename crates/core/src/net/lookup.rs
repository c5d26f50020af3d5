//! Names to addresses, and our own address on the way to each.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sipsimple_net::{Network, Resolver};

use super::RESOLVE_TIMEOUT;
use crate::stack::Resolved;

/// Answers [`Output::Resolve`](crate::stack::Output::Resolve).
pub(super) async fn resolve(
    name: Box<str>,
    resolver: Arc<dyn Resolver>,
    network: Arc<dyn Network>,
) -> Result<Vec<Resolved>, Box<str>> {
    let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let addresses = match literal {
        Ok(address) => vec![address],
        Err(_) => {
            let asked = tokio::time::timeout(RESOLVE_TIMEOUT, resolver.addresses(&name)).await;
            match asked {
                Ok(answer) => answer.map_err(|e| e.to_string())?.records,
                Err(_) => return Err("the resolver did not answer in time".into()),
            }
        }
    };
    let with_source = |remote| Resolved { remote, local: network.local_address_for(remote).ok() };
    Ok(addresses.into_iter().map(with_source).collect())
}

/// Our own address on the way to a peer, remembered for a while: asking costs
/// three system calls.
#[derive(Default)]
pub(super) struct Sources {
    known: HashMap<IpAddr, IpAddr>,
    since: Option<Instant>,
}

/// How long an answer is trusted: interfaces come and go.
const SOURCE_LIFETIME: Duration = Duration::from_secs(10);
/// How many peers are remembered.
const MAX_SOURCES: usize = 1_024;

impl Sources {
    /// Our address towards `remote`.
    pub(super) fn towards(
        &mut self,
        remote: IpAddr,
        now: Instant,
        network: &dyn Network,
    ) -> Option<IpAddr> {
        let fresh = self.since.is_some_and(|since| now < since + SOURCE_LIFETIME);
        if !fresh || self.known.len() >= MAX_SOURCES {
            self.known.clear();
            self.since = Some(now);
        }
        if let Some(known) = self.known.get(&remote) {
            return Some(*known);
        }
        let source = network.local_address_for(remote).ok()?;
        self.known.insert(remote, source);
        Some(source)
    }
}
