//! Names, interfaces and the wall clock of a simulation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use sipsimple_net::{Clock, ResolveError, Resolver};
use sipsimple_testkit::Simulation;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn names() {
    let resolver = Simulation::new(1).resolver;
    resolver.insert("Example.org", ["10.0.0.2", "2001:db8::2"]);
    resolver.fail("broken.example.org", "SERVFAIL");
    resolver.set_latency(Duration::from_millis(80));
    let start = Instant::now();
    let found = resolver.addresses("example.ORG.").await.unwrap().records;
    assert_eq!(
        found,
        ["10.0.0.2".parse::<std::net::IpAddr>().unwrap(), "2001:db8::2".parse().unwrap()]
    );
    assert_eq!(start.elapsed(), Duration::from_millis(80));
    assert!(matches!(
        resolver.addresses("broken.example.org").await,
        Err(ResolveError::Unreachable { reason, .. }) if reason == "SERVFAIL"
    ));
    resolver.remove("example.org");
    assert!(matches!(
        resolver.addresses("example.org").await,
        Err(ResolveError::NotFound { name }) if name == "example.org"
    ));
    assert_eq!(resolver.addresses("10.1.2.3").await.unwrap().records.len(), 1);
    assert_eq!(resolver.queries(), ["example.ORG.", "broken.example.org", "example.org"]);
}

#[tokio::test(start_paused = true)]
async fn zones_have_services_and_rules() {
    let resolver = Simulation::new(1).resolver;
    resolver.insert_srv("_sip._udp.example.org", [(10, 60, 5060, "one.example.org")]);
    resolver.insert_naptr("example.org", [(10, 50, "s", "SIP+D2U", "_sip._udp.example.org")]);
    let rules = resolver.naptr("Example.org").await.unwrap();
    assert_eq!(&*rules.records[0].services, "SIP+D2U");
    let services = resolver.srv(&rules.records[0].replacement).await.unwrap();
    assert_eq!((services.records[0].port, &*services.records[0].target), (5060, "one.example.org"));
    assert!(resolver.addresses("example.org").await.is_err());
    resolver.fail("example.org", "SERVFAIL");
    assert!(matches!(resolver.naptr("example.org").await, Err(ResolveError::Unreachable { .. })));
}

#[tokio::test(start_paused = true)]
async fn interfaces_follow_the_host() {
    let simulation = Simulation::new(2);
    let host = simulation.host("10.0.0.1");
    let interfaces = host.interfaces();
    let before = interfaces.addresses();
    assert_eq!(before, host.addresses());
    assert!(timeout(Duration::from_secs(60), interfaces.changed(before.clone())).await.is_err());
    let watcher = tokio::spawn({
        let interfaces = interfaces.clone();
        async move { interfaces.changed(before).await }
    });
    tokio::task::yield_now().await;
    host.set_addresses(["192.168.7.7".parse().unwrap()]);
    assert_eq!(watcher.await.unwrap(), host.addresses());
    // A change before the question counts as well.
    assert_eq!(interfaces.changed(vec![]).await, host.addresses());
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_virtual() {
    let clock = Simulation::new(3).clock;
    let (now, wall) = (clock.now(), clock.wall());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(clock.now() - now, Duration::from_secs(3600));
    assert_eq!(clock.wall().duration_since(wall).unwrap(), Duration::from_secs(3600));
}
