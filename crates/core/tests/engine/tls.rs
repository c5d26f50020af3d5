//! Calls over TLS: names checked, strangers refused, slow ones delay nobody.

use std::time::Duration;

use sipsimple_core::net::{
    Engine, EngineConfig, EngineError, Listener, MAX_HANDSHAKES_PER_ADDRESS,
};
use sipsimple_core::stack::*;
use sipsimple_net::Network;
use sipsimple_net::tls::{Roots, TlsConfig, TlsIdentity};
use sipsimple_testkit::{Link, Simulation, TestAuthority, Validity, self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::*;

const BOB_CALLED: &str = "sip:bob@bob.example;transport=tls";

/// An engine with this certificate, that trusts the authority.
fn tls_agent(
    simulation: &Simulation,
    address: &'static str,
    authority: &TestAuthority,
    pem: &str,
) -> Agent {
    let host = simulation.host(address);
    let listeners = [(Transport::Udp, 5060), (Transport::Tls, 5061)]
        .map(|(transport, port)| Listener {
            transport,
            address: (address.parse::<std::net::IpAddr>().unwrap(), port).into(),
        })
        .to_vec();
    let config = EngineConfig {
        listeners,
        seed: Some(simulation.seed_for(address)),
        tls: TlsConfig {
            roots: Roots::from_pem(authority.pem().as_bytes()).unwrap(),
            identity: Some(TlsIdentity::from_pem(pem.as_bytes()).unwrap()),
            ..TlsConfig::default()
        },
        ..EngineConfig::default()
    };
    let (engine, events) =
        Engine::start(config, host.clone(), simulation.resolver.clone(), simulation.clock.clone())
            .unwrap();
    Agent { engine, events, host, address }
}

/// Bob is `bob.example` and shows `pem`.
fn tls_world(seed: u64, authority: &TestAuthority, pem: &str) -> World {
    let simulation = Simulation::new(seed);
    let latency = Duration::from_millis(10);
    simulation.network.set_link(Link { latency, ..Link::default() });
    simulation.resolver.insert("bob.example", [BOB]);
    let own = authority.issue(&["sip:alice.example", ALICE]);
    let alice = tls_agent(&simulation, ALICE, authority, &own);
    let bob = tls_agent(&simulation, BOB, authority, pem);
    World { simulation, alice, bob }
}

/// Why Alice's call to Bob ends.
async fn refused(pem: &str, authority: &TestAuthority) -> String {
    let mut world = tls_world(1, authority, pem);
    world.alice.call(BOB_CALLED).await;
    let (_, event) = world.alice.event().await;
    let CallEvent::Failed { cause, .. } = event else { panic!("{event:?}") };
    // Nothing of it came to Bob.
    assert!(world.bob.events.try_next().is_none());
    world.stop().await;
    cause.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_call_over_tls() {
    let authority = TestAuthority::new("us");
    let mut world = tls_world(1, &authority, &authority.issue(&["sip:bob.example", BOB]));
    let mut traces = world.alice.engine.traces().unwrap();
    let (alice, bob) = world.established(BOB_CALLED).await;
    // Each way: Bob's BYE goes to Alice's Contact, an address.
    world.bob.engine.hangup(bob, ExtraHeaders::new()).await.unwrap();
    world.bob.expect_ended().await;
    let (by, _) = world.alice.expect_ended().await;
    assert_eq!(by, Originator::Remote, "{alice:?}");
    let Some(sipsimple_core::net::TraceItem::Message(trace)) = traces.next().await else {
        panic!("no message")
    };
    assert_eq!((trace.transport, trace.remote.port()), (Transport::Tls, 5061));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_not_bob_is_not_called() {
    let authority = TestAuthority::new("us");
    let why = refused(&authority.issue(&["sip:eve.example", BOB]), &authority).await;
    assert_eq!(
        why,
        "could not connect: the peer's certificate is not for \"bob.example\" but for eve.example"
    );
    let over = authority.issue_for(&["bob.example"], Validity::Over);
    assert!(refused(&over, &authority).await.contains("expired"));
    assert!(refused(&self_signed(&["bob.example"]), &authority).await.contains("by itself"));
    let stranger = TestAuthority::new("stranger").issue(&["bob.example"]);
    assert!(refused(&stranger, &authority).await.contains("no authority that we trust"));
    assert!(refused(&authority.issue(&["*.example"]), &authority).await.contains("is not for"));
}

#[tokio::test(start_paused = true)]
async fn slow_handshakes_and_plain_text_delay_nobody() {
    let authority = TestAuthority::new("us");
    let mut world = tls_world(2, &authority, &authority.issue(&["bob.example", BOB]));
    let stranger = world.simulation.host("10.0.0.9");
    let address = "10.0.0.2:5061".parse().unwrap();
    let mut plain = stranger.connect_stream(None, address).await.unwrap();
    plain.write_all(b"OPTIONS sip:bob@bob.example SIP/2.0\r\n\r\n").await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..MAX_HANDSHAKES_PER_ADDRESS + 10 {
        silent.push(stranger.connect_stream(None, address).await.unwrap());
    }
    let before = tokio::time::Instant::now();
    let (alice, _) = world.established(BOB_CALLED).await;
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    world.alice.engine.hangup(alice, ExtraHeaders::new()).await.unwrap();
    world.alice.expect_ended().await;
    world.bob.expect_ended().await;
    // The strangers are let go.
    for mut stream in silent.into_iter().chain([plain]) {
        let mut all = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(11), stream.read_to_end(&mut all));
        let _ = end.await.expect("closed in time");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_tls_listener_without_a_certificate_does_not_start() {
    let simulation = Simulation::new(3);
    let listener = Listener { transport: Transport::Tls, address: "10.0.0.1:0".parse().unwrap() };
    let config = EngineConfig { listeners: vec![listener], ..EngineConfig::default() };
    let (host, clock) = (simulation.host(ALICE), simulation.clock.clone());
    let error = Engine::start(config, host, simulation.resolver.clone(), clock).unwrap_err();
    assert!(matches!(error, EngineError::Tls(_)), "{error:?}");
    assert_eq!(error.to_string(), "can't use TLS: a TLS listener needs a certificate and its key");
}
