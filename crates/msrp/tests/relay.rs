//! A relay written by hand, over a simulated network, in virtual time.
#![cfg(feature = "net")]

use std::time::Duration;

use sipsimple_msrp::connection::SessionConfig;
use sipsimple_msrp::net::{Endpoint, EndpointConfig, RelayState};
use sipsimple_msrp::relay::{RelayConfig, RelayError, path_to_peer};
use sipsimple_msrp::{MsrpUri, Scheme};
use sipsimple_net::digest::{Algorithm, Challenge, Credentials, Qop};
use sipsimple_net::{ByteStream, Network, StreamListener};
use sipsimple_testkit::Simulation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const RELAY: &str = "msrp://10.0.0.9:2855;tcp";
const HANDED_OUT: &str = "msrp://10.0.0.9:9000/jui787s2f;tcp";

struct Script {
    listener: Box<dyn StreamListener>,
    stream: Option<Box<dyn ByteStream>>,
}

impl Script {
    async fn accept(&mut self) {
        self.stream = Some(self.listener.accept().await.expect("a connection"));
    }

    /// The next request, whole.
    async fn hear(&mut self) -> String {
        let stream = self.stream.as_mut().expect("a connection");
        let mut text = String::new();
        while !text.ends_with("$\r\n") {
            let byte = stream.read_u8().await.expect("more");
            text.push(byte.into());
        }
        text
    }

    async fn answer(&mut self, request: &str, code: &str, fields: &str) {
        let id = request.split(' ').nth(1).expect("an id");
        let text = format!(
            "MSRP {id} {code}\r\nTo-Path: msrp://10.0.0.1:9/own;tcp\r\nFrom-Path: {RELAY}\r\n{fields}-------{id}$\r\n"
        );
        let stream = self.stream.as_mut().expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("written");
    }

    async fn admit(&mut self) {
        let first = self.hear().await;
        assert!(first.contains(" AUTH\r\n") && !first.contains("Authorization"), "{first}");
        let challenge = Challenge::new("relay", "n1").expect("a challenge");
        let challenge = challenge.with_algorithm(Algorithm::Sha256).with_qop(&[Qop::Auth]);
        self.answer(&first, "401 Unauthorized", &format!("WWW-Authenticate: {challenge}\r\n"))
            .await;
        let second = self.hear().await;
        assert!(second.contains("Authorization: Digest"), "{second}");
        self.grant(&second).await;
    }

    async fn grant(&mut self, request: &str) {
        self.answer(request, "200 OK", &format!("Use-Path: {HANDED_OUT}\r\nExpires: 100\r\n"))
            .await;
    }
}

fn setup() -> (Simulation, Endpoint, Script, RelayConfig) {
    let simulation = Simulation::new(3);
    let endpoint = Endpoint::new(
        EndpointConfig::default(),
        simulation.host("10.0.0.1"),
        simulation.resolver.clone(),
        simulation.clock.clone(),
        [9; 32],
    );
    let relay = simulation.host("10.0.0.9");
    let listener = relay.listen_stream("10.0.0.9:2855".parse().expect("ip")).expect("a listener");
    let config = RelayConfig {
        relays: vec![RELAY.parse().expect("a URI")],
        local: "msrp://10.0.0.1:9/own;tcp".parse().expect("a URI"),
        credentials: Credentials::new("alice", "secret"),
        expires: None,
    };
    (simulation, endpoint, Script { listener, stream: None }, config)
}

#[tokio::test(start_paused = true)]
async fn admitted_refreshed_and_connected_again() {
    let (simulation, endpoint, mut script, config) = setup();
    let mut relay = endpoint.relay(config);
    script.accept().await;
    script.admit().await;
    let relays: Vec<MsrpUri> = relay.ready().await.expect("admitted");
    assert_eq!(relays[0].as_str(), HANDED_OUT);

    // A session goes through the relay's connection, though its URI has
    // another port.
    let peer = "msrp://bob.example:1/x;tcp".parse().expect("a path");
    let local = endpoint.new_uri(Scheme::Msrp, "10.0.0.1", 9).expect("a URI");
    let config = SessionConfig::new(local, path_to_peer(&relays, &peer));
    let _session = endpoint.connect(config).await.expect("connected");
    let bind = script.hear().await;
    assert!(
        bind.contains(&format!("To-Path: {HANDED_OUT} msrp://bob.example:1/x;tcp\r\n")),
        "{bind}"
    );
    script.answer(&bind, "200 OK", "").await;

    // Refreshed before the 100 seconds are over.
    let before = simulation.network.elapsed();
    let mut again = script.hear().await;
    while again.contains(" SEND\r\n") {
        // The session keeps its connection alive meanwhile.
        script.answer(&again, "200 OK", "").await;
        again = script.hear().await;
    }
    assert!(again.contains(" AUTH\r\n"), "{again}");
    assert!(simulation.network.elapsed() - before < Duration::from_secs(100));
    script.grant(&again).await;

    // The relay goes away, and comes back.
    relay.changed().await;
    script.stream = None;
    while relay.changed().await != RelayState::Connecting {}
    script.accept().await;
    // The nonce of before is still good, so the first request has credentials.
    let request = script.hear().await;
    assert!(request.contains("Authorization: Digest"), "{request}");
    script.grant(&request).await;
    relay.ready().await.expect("admitted again");
}

#[tokio::test(start_paused = true)]
async fn refused() {
    let (_simulation, endpoint, mut script, config) = setup();
    let mut relay = endpoint.relay(config);
    script.accept().await;
    let request = script.hear().await;
    script.answer(&request, "403 Forbidden", "").await;
    assert!(matches!(relay.ready().await, Err(RelayError::Refused { .. })));
}
