//! [`HickoryResolver`]: DNS as SIP needs it, over hickory-resolver.
//!
//! Hickory checks that an answer comes from the server that was asked, carries
//! the transaction's number and repeats the question; it picks source ports at
//! random, asks again over TCP where an answer was cut, follows aliases at most
//! eight deep and caches as the times to live say, failures too. What we add is
//! in [`check`](crate::dns::check): records of other names are dropped, and
//! there is a limit to how many are kept.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::{Resolver, SystemResolver};
use crate::BoxFuture;
use crate::dns::check::{self, Data, Found, Lame};
use crate::dns::{Naptr, Records, ResolveError, Srv, is_name};

/// How long one name server is given, and then once more.
pub const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
/// Answers that are kept, failures too.
const CACHE: u64 = 1_024;
/// The longest that a failure is believed: a domain that has just been set up
/// is not unreachable for a day.
const NEGATIVE_TTL: Duration = Duration::from_secs(60);

/// A DNS client with a cache. Cheap to clone.
#[derive(Clone)]
pub struct HickoryResolver {
    inner: TokioResolver,
    /// The names in `.local` are the operating system's (RFC 6762 §3), unless
    /// the application has named the servers to ask.
    system: Option<SystemResolver>,
}

impl HickoryResolver {
    /// Asks the name servers that the operating system is set to, and reads
    /// its file of hosts.
    ///
    /// # Errors
    ///
    /// When the system's settings can't be read.
    pub fn system() -> Result<Self, ResolveError> {
        let failed = |e: NetError| unreachable("the system's name servers", e);
        let mut builder = TokioResolver::builder_tokio().map_err(failed)?;
        tune(builder.options_mut());
        let inner = builder.build().map_err(failed)?;
        Ok(Self { inner, system: Some(SystemResolver) })
    }

    /// Asks these name servers and no others, over UDP and, where an answer
    /// does not fit, over TCP.
    ///
    /// # Errors
    ///
    /// When no client can be made of them.
    pub fn with_name_servers(servers: &[SocketAddr]) -> Result<Self, ResolveError> {
        let servers = servers.iter().map(|server| {
            let mut ways = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            ways.iter_mut().for_each(|way| way.port = server.port());
            NameServerConfig::new(server.ip(), true, ways)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        tune(builder.options_mut());
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        let inner = builder.build().map_err(|e| unreachable("the given name servers", e))?;
        Ok(Self { inner, system: None })
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Records<T>, ResolveError> {
        let lookup = match self.inner.lookup(question(name)?, kind).await {
            Ok(lookup) => lookup,
            Err(e) if e.is_no_records_found() => return not_found(name),
            Err(e) => return Err(unreachable(name, e)),
        };
        let found = lookup.answers().iter().map(|record| Found {
            owner: record.name.to_ascii(),
            ttl: Duration::from_secs(record.ttl.into()),
            data: match &record.data {
                RData::CNAME(alias) => Data::Alias(alias.0.to_ascii()),
                data => read(data).map_or(Data::Other, Data::Wanted),
            },
        });
        // A name without dots may have been looked for in the search list.
        let asked = lookup.query().name().to_ascii();
        match check::answer(&asked, found.collect()) {
            Ok(records) => Ok(records),
            Err(Lame::Nothing) => not_found(name),
            Err(lame @ Lame::TooManyAliases) => Err(unreachable(name, lame)),
        }
    }

    async fn hosts(&self, name: &str) -> Result<Records<IpAddr>, ResolveError> {
        if let Ok(literal) = name.trim_matches(['[', ']']).parse() {
            return Ok(Records::new(vec![literal]));
        }
        if let Some(system) = self.system.filter(|_| is_link_local(name)) {
            return system.addresses(name).await;
        }
        let read_v4 = |data: &RData| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            _ => None,
        };
        let read_v6 = |data: &RData| match data {
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        let (v4, v6) = tokio::join!(
            self.ask(name, RecordType::A, read_v4),
            self.ask(name, RecordType::AAAA, read_v6)
        );
        match (v6, v4) {
            (Ok(mut both), Ok(v4)) => {
                both.records.extend(v4.records);
                both.ttl = both.ttl.min(v4.ttl);
                Ok(both)
            }
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            // That a server could not be asked says more than that one family is missing.
            (Err(ResolveError::NotFound { .. }), Err(error)) | (Err(error), Err(_)) => Err(error),
        }
    }
}

fn tune(options: &mut ResolverOpts) {
    options.timeout = QUERY_TIMEOUT;
    options.attempts = 1;
    options.cache_size = CACHE;
    options.negative_max_ttl = Some(NEGATIVE_TTL);
    options.try_tcp_on_error = true;
}

/// The name as it is asked for; one with dots is whole as it stands.
fn question(name: &str) -> Result<Name, ResolveError> {
    let wrong = || unreachable(name, "not a host name");
    if !is_name(name) {
        return Err(wrong());
    }
    let mut question = Name::from_ascii(name).map_err(|_| wrong())?;
    if name.trim_end_matches('.').contains('.') {
        question.set_fqdn(true);
    }
    Ok(question)
}

fn is_link_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.len() > 6 && name.get(name.len() - 6..).is_some_and(|e| e.eq_ignore_ascii_case(".local"))
}

fn not_found<T>(name: &str) -> Result<T, ResolveError> {
    Err(ResolveError::NotFound { name: name.to_owned() })
}

fn unreachable(name: &str, reason: impl ToString) -> ResolveError {
    ResolveError::Unreachable { name: name.to_owned(), reason: reason.to_string() }
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

impl Resolver for HickoryResolver {
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Records<IpAddr>, ResolveError>> {
        let name = name.to_owned();
        Box::pin(async move { self.hosts(&name).await })
    }

    fn srv(&self, name: &str) -> BoxFuture<'_, Result<Records<Srv>, ResolveError>> {
        let name = name.to_owned();
        let read = |data: &RData| match data {
            RData::SRV(srv) => Some(Srv {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: srv.target.to_ascii().into(),
            }),
            _ => None,
        };
        Box::pin(async move { self.ask(&name, RecordType::SRV, read).await })
    }

    fn naptr(&self, name: &str) -> BoxFuture<'_, Result<Records<Naptr>, ResolveError>> {
        let name = name.to_owned();
        let read = |data: &RData| match data {
            RData::NAPTR(naptr) => Some(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                flags: text(&naptr.flags),
                services: text(&naptr.services),
                regexp: text(&naptr.regexp),
                replacement: naptr.replacement.to_ascii().into(),
            }),
            _ => None,
        };
        Box::pin(async move { self.ask(&name, RecordType::NAPTR, read).await })
    }
}

impl std::fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let system = self.system.is_some();
        f.debug_struct("HickoryResolver").field("system", &system).finish_non_exhaustive()
    }
}
