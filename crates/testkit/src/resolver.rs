//! Names that a test makes up.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sipsimple_net::dns::{Naptr, Records, Srv};
use sipsimple_net::{BoxFuture, ResolveError, Resolver};

/// How long the answers of a [`SimResolver`] may be kept.
const TTL: Duration = Duration::from_secs(300);

/// A [`Resolver`] that answers from a map.
///
/// Names are compared without case and without a final dot. IP addresses
/// resolve to themselves, as the system's resolver does it.
#[derive(Debug, Default)]
pub struct SimResolver(Mutex<Zones>);

#[derive(Debug, Default)]
struct Zones {
    hosts: Zone<IpAddr>,
    services: Zone<Srv>,
    rules: Zone<Naptr>,
    failing: BTreeMap<String, String>,
    latency: Duration,
    queries: Vec<String>,
}

type Zone<T> = BTreeMap<String, Vec<T>>;

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
        let mut zones = self.zones();
        zones.failing.remove(&canonical(name));
        zones.hosts.insert(canonical(name), addresses);
    }

    /// Gives `name`, for example `_sip._udp.example.com`, these SRV records:
    /// priority, weight, port and target.
    pub fn insert_srv<'a>(
        &self,
        name: &str,
        records: impl IntoIterator<Item = (u16, u16, u16, &'a str)>,
    ) {
        let record = |(priority, weight, port, target): (u16, u16, u16, &str)| Srv {
            priority,
            weight,
            port,
            target: target.into(),
        };
        let records = records.into_iter().map(record).collect();
        self.zones().services.insert(canonical(name), records);
    }

    /// Gives `name` these NAPTR records: order, preference, flags, services
    /// and replacement.
    pub fn insert_naptr<'a>(
        &self,
        name: &str,
        records: impl IntoIterator<Item = (u16, u16, &'a str, &'a str, &'a str)>,
    ) {
        let record =
            |(order, preference, flags, services, replacement): (_, _, &str, &str, &str)| Naptr {
                order,
                preference,
                flags: flags.into(),
                services: services.into(),
                regexp: "".into(),
                replacement: replacement.into(),
            };
        let records = records.into_iter().map(record).collect();
        self.zones().rules.insert(canonical(name), records);
    }

    /// Makes every question for `name` fail as if the name servers were away.
    pub fn fail(&self, name: &str, reason: &str) {
        self.zones().failing.insert(canonical(name), reason.to_owned());
    }

    /// Forgets everything about `name`.
    pub fn remove(&self, name: &str) {
        let name = canonical(name);
        let mut zones = self.zones();
        zones.hosts.remove(&name);
        zones.services.remove(&name);
        zones.rules.remove(&name);
        zones.failing.remove(&name);
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

    async fn answer<T: Clone>(
        &self,
        name: String,
        zone: fn(&Zones) -> &Zone<T>,
    ) -> Result<Records<T>, ResolveError> {
        let latency = {
            let mut zones = self.zones();
            zones.queries.push(name.clone());
            zones.latency
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let zones = self.zones();
        let key = canonical(&name);
        if let Some(reason) = zones.failing.get(&key) {
            return Err(ResolveError::Unreachable { name, reason: reason.clone() });
        }
        match zone(&zones).get(&key) {
            Some(records) if !records.is_empty() => {
                Ok(Records { records: records.clone(), ttl: TTL })
            }
            _ => Err(ResolveError::NotFound { name }),
        }
    }
}

impl Resolver for SimResolver {
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Records<IpAddr>, ResolveError>> {
        let name = name.to_owned();
        Box::pin(async move {
            match name.trim_matches(['[', ']']).parse() {
                Ok(address) => Ok(Records::new(vec![address])),
                Err(_) => self.answer(name, |zones| &zones.hosts).await,
            }
        })
    }

    fn srv(&self, name: &str) -> BoxFuture<'_, Result<Records<Srv>, ResolveError>> {
        Box::pin(self.answer(name.to_owned(), |zones| &zones.services))
    }

    fn naptr(&self, name: &str) -> BoxFuture<'_, Result<Records<Naptr>, ResolveError>> {
        Box::pin(self.answer(name.to_owned(), |zones| &zones.rules))
    }
}

fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
