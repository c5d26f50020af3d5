//! Names that a test makes up.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sipsimple_net::{BoxFuture, ResolveError, Resolver};

/// A [`Resolver`] that answers from a map.
///
/// Names are compared without case and without a final dot. IP addresses
/// resolve to themselves, as the system's resolver does it.
#[derive(Debug, Default)]
pub struct SimResolver(Mutex<Zones>);

#[derive(Debug, Default)]
struct Zones {
    names: BTreeMap<String, Answer>,
    latency: Duration,
    queries: Vec<String>,
}

#[derive(Debug, Clone)]
enum Answer {
    Addresses(Vec<IpAddr>),
    Failure(String),
}

impl SimResolver {
    /// A resolver that knows no name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `name` these addresses, in this order.
    ///
    /// # Panics
    ///
    /// When one is not an IP address.
    pub fn insert<'a>(&self, name: &str, addresses: impl IntoIterator<Item = &'a str>) {
        let addresses = addresses
            .into_iter()
            .map(|text| text.parse().unwrap_or_else(|_| panic!("{text} is no IP address")))
            .collect();
        self.zones().names.insert(canonical(name), Answer::Addresses(addresses));
    }

    /// Makes questions for `name` fail as if the name servers were away.
    pub fn fail(&self, name: &str, reason: &str) {
        self.zones().names.insert(canonical(name), Answer::Failure(reason.to_owned()));
    }

    /// Forgets `name`.
    pub fn remove(&self, name: &str) {
        self.zones().names.remove(&canonical(name));
    }

    /// How long an answer takes from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.zones().latency = latency;
    }

    /// The names that were asked for, in order.
    pub fn queries(&self) -> Vec<String> {
        self.zones().queries.clone()
    }

    fn zones(&self) -> MutexGuard<'_, Zones> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        match self.zones().names.get(&canonical(name)) {
            Some(Answer::Addresses(addresses)) if !addresses.is_empty() => Ok(addresses.clone()),
            Some(Answer::Failure(reason)) => {
                Err(ResolveError::Unreachable { name: name.to_owned(), reason: reason.clone() })
            }
            _ => Err(ResolveError::NotFound { name: name.to_owned() }),
        }
    }
}

impl Resolver for SimResolver {
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, ResolveError>> {
        let name = name.to_owned();
        Box::pin(async move {
            if let Ok(address) = name.trim_matches(['[', ']']).parse() {
                return Ok(vec![address]);
            }
            let latency = {
                let mut zones = self.zones();
                zones.queries.push(name.clone());
                zones.latency
            };
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            self.answer(&name)
        })
    }
}

fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
