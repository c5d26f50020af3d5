//! Endpoints over a simulated network, in virtual time.
#![cfg(feature = "net")]

use std::time::Duration;

use bytes::Bytes;
use sipsimple_msrp::connection::*;
use sipsimple_msrp::net::*;
use sipsimple_msrp::{FailureReport, Method, MsrpUri, Scheme, StatusCode};
use sipsimple_testkit::{Link, Simulation};
use tokio::time::timeout;

struct World {
    simulation: Simulation,
    alice: Endpoint,
    bob: Endpoint,
}

const BOB: &str = "bob.example";

impl World {
    fn new() -> Self {
        let simulation = Simulation::new(7);
        simulation.network.set_link(Link { latency: Duration::from_millis(20), ..Link::default() });
        simulation.resolver.insert(BOB, ["10.0.0.2"]);
        let endpoint = |host: &str| {
            Endpoint::new(
                EndpointConfig::default(),
                simulation.host(host),
                simulation.resolver.clone(),
                simulation.clock.clone(),
                simulation.seed_for(host),
            )
        };
        let (alice, bob) = (endpoint("10.0.0.1"), endpoint("10.0.0.2"));
        bob.listen("10.0.0.2:2855".parse().expect("an address")).expect("a listener");
        Self { simulation, alice, bob }
    }

    fn uris(&self) -> (MsrpUri, MsrpUri) {
        let alice = self.alice.new_uri(Scheme::Msrp, "10.0.0.1", 9).expect("a URI");
        (alice, self.bob.new_uri(Scheme::Msrp, BOB, 2855).expect("a URI"))
    }

    /// Alice connects to Bob.
    async fn sessions(&self, change: fn(&mut SessionConfig)) -> [(Session, SessionEvents); 2] {
        let (alice, bob) = self.uris();
        let mut config = SessionConfig::new(bob.clone(), alice.clone().into());
        change(&mut config);
        let theirs = self.bob.accept(config).expect("a free session-id");
        let ours = self.alice.connect(SessionConfig::new(alice, bob.into())).await;
        [ours.expect("a connection"), theirs]
    }
}

async fn wait<T>(events: &mut SessionEvents, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    let found = timeout(Duration::from_secs(300), async {
        loop {
            let event = events.next().await.expect("an event before the end");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    });
    found.await.expect("in time")
}

async fn body(events: &mut SessionEvents) -> Bytes {
    let pick = |event| match event {
        Event::Message { body, .. } => Some(body),
        _ => None,
    };
    wait(events, pick).await
}

async fn last_state(events: &mut SessionEvents, key: MessageKey) -> Delivery {
    let pick = |event| match event {
        Event::Delivery { message, state, is_final: true, .. } if message == key => Some(state),
        _ => None,
    };
    wait(events, pick).await
}

#[tokio::test(start_paused = true)]
async fn chat_both_ways() {
    let world = World::new();
    let [(alice, mut to_alice), (bob, mut to_bob)] = world.sessions(|_| ()).await;
    let hello = Outgoing::new("text/plain", "hello").reports(true, FailureReport::Yes);
    let key = alice.send(hello).await.expect("sent");
    assert_eq!(body(&mut to_bob).await, "hello");
    assert_eq!(last_state(&mut to_alice, key).await, Delivery::Delivered);
    // Bob's handle works as soon as Alice is there.
    bob.send(Outgoing::new("text/plain", "hi")).await.expect("sent");
    assert_eq!(body(&mut to_alice).await, "hi");
}

#[tokio::test(start_paused = true)]
async fn a_passive_session_waits_for_its_peer() {
    let world = World::new();
    let (alice_uri, bob_uri) = world.uris();
    let (bob, mut to_bob) = world
        .bob
        .accept(SessionConfig::new(bob_uri.clone(), alice_uri.clone().into()))
        .expect("free");
    let early =
        tokio::spawn(
            async move { bob.send(Outgoing::new("text/plain", "early")).await.map(|_| bob) },
        );
    tokio::time::sleep(Duration::from_secs(5)).await;
    let config = SessionConfig::new(alice_uri, bob_uri.into());
    let (_alice, mut to_alice) = world.alice.connect(config).await.expect("connected");
    assert_eq!(body(&mut to_alice).await, "early");
    let _bob = early.await.expect("no panic").expect("sent");
    wait(&mut to_bob, |e| matches!(e, Event::Bound { .. }).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn sessions_share_connection_and_listener() {
    let world = World::new();
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(world.sessions(|_| ()).await);
    }
    for (n, [(alice, _), (_, to_bob)]) in sessions.iter_mut().enumerate() {
        alice.send(Outgoing::new("text/plain", format!("{n}"))).await.expect("sent");
        assert_eq!(body(to_bob).await, format!("{n}"));
    }
    assert_eq!(world.simulation.host("10.0.0.1").open().streams, 1);
}

#[tokio::test(start_paused = true)]
async fn strangers_and_second_connections_are_refused() {
    let world = World::new();
    let [(_alice, mut to_alice), (bob, _to_bob)] = world.sessions(|_| ()).await;
    wait(&mut to_alice, |e| matches!(e, Event::Bound { .. }).then_some(())).await;
    let mallory = Endpoint::new(
        EndpointConfig::default(),
        world.simulation.host("10.0.0.3"),
        world.simulation.resolver.clone(),
        world.simulation.clock.clone(),
        [3; 32],
    );
    let unknown: MsrpUri = "msrp://bob.example:2855/guessed;tcp".parse().expect("a URI");
    for (target, code) in
        [(bob.local().clone(), StatusCode::ALREADY_BOUND), (unknown, StatusCode::NO_SUCH_SESSION)]
    {
        let local = mallory.new_uri(Scheme::Msrp, "10.0.0.3", 9).expect("a URI");
        let config = SessionConfig::new(local, target.into());
        let (_session, mut events) = mallory.connect(config).await.expect("connected");
        let pick = |event| match event {
            Event::Failed { failure: SessionFailure::Refused(code), .. } => Some(code),
            _ => None,
        };
        assert_eq!(wait(&mut events, pick).await, code);
        assert!(events.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn session_matching_by_id_alone() {
    let world = World::new();
    let (alice, bob) = world.uris();
    let mut config = SessionConfig::new(bob.clone(), alice.clone().into());
    config.matching = Matching::SessionId;
    let (_bob, mut to_bob) = world.bob.accept(config).expect("free");
    // A middlebox has written another address.
    let rewritten = format!("msrp://10.0.0.2:2855/{};tcp", bob.session_id().expect("an id"));
    let config = SessionConfig::new(alice, rewritten.parse().expect("a path"));
    let (alice, _to_alice) = world.alice.connect(config).await.expect("connected");
    alice.send(Outgoing::new("text/plain", "through")).await.expect("sent");
    assert_eq!(body(&mut to_bob).await, "through");
}

#[tokio::test(start_paused = true)]
async fn the_reader_sets_the_pace() {
    let world = World::new();
    let [(alice, mut to_alice), (_bob, mut to_bob)] = world
        .sessions(|config| {
            config.mode = ReceiveMode::Streamed;
            config.max_size = u64::MAX;
        })
        .await;
    const TOTAL: usize = 32 << 20;
    let content = Outgoing::streamed("application/octet-stream", Some(TOTAL as u64));
    let mut message = alice.send_streamed(content).await.expect("sent");
    let piece = Bytes::from(vec![7; 1 << 20]);
    let sender = tokio::spawn(async move {
        for written in 0..TOTAL >> 20 {
            let result = timeout(Duration::from_secs(20), message.write(piece.clone())).await;
            if result.is_err() {
                return (written, message, piece);
            }
        }
        panic!("all was written though nobody reads");
    });
    let events = tokio::spawn(async move { while to_alice.next().await.is_some() {} });
    let (stuck_at, mut message, piece) = sender.await.expect("no panic");
    assert!(stuck_at < 8, "{stuck_at} MiB were taken though nobody reads");
    // Now Bob reads, and everything comes.
    let rest = tokio::spawn(async move {
        // What was cut off above is written again; the total is then too long,
        // so the message ends by being given up here.
        while message.write(piece.clone()).await.is_ok() {}
        message
    });
    let mut received = 0;
    while received < TOTAL as u64 / 2 {
        let pick = |event| match event {
            Event::Data { data, .. } => Some(data.len() as u64),
            _ => None,
        };
        received += wait(&mut to_bob, pick).await;
    }
    rest.abort();
    drop(alice);
    events.abort();
}

#[tokio::test(start_paused = true)]
async fn a_reset_tells_everybody() {
    let world = World::new();
    let [(alice, mut to_alice), (_bob, mut to_bob)] = world.sessions(|_| ()).await;
    wait(&mut to_alice, |e| matches!(e, Event::Bound { .. }).then_some(())).await;
    world.simulation.network.cut("10.0.0.1".parse().expect("ip"), "10.0.0.2".parse().expect("ip"));
    let key = alice.send(Outgoing::new("text/plain", "lost")).await.expect("taken");
    world.simulation.network.reset_streams("10.0.0.1".parse().expect("ip"));
    let state = last_state(&mut to_alice, key).await;
    assert!(matches!(state, Delivery::Failed(Failure::SessionEnded { .. })), "{state:?}");
    for events in [&mut to_alice, &mut to_bob] {
        wait(events, |e| matches!(e, Event::Failed { .. }).then_some(())).await;
        assert!(events.next().await.is_none());
    }
    let late = alice.send(Outgoing::new("text/plain", "late")).await;
    assert_eq!(late, Err(SessionError::Over));
}

#[tokio::test(start_paused = true)]
async fn shutdown_loses_nothing() {
    let world = World::new();
    let [(alice, _to_alice), (_bob, mut to_bob)] = world.sessions(|_| ()).await;
    for n in 0..20 {
        let body = vec![n; 10_000];
        alice.send(Outgoing::new("a/b", body)).await.expect("taken");
    }
    let (endpoint, done) = (world.alice.clone(), tokio::sync::oneshot::channel());
    tokio::spawn(async move {
        endpoint.shutdown().await;
        let _ = done.0.send(());
    });
    for n in 0..20 {
        assert_eq!(body(&mut to_bob).await, vec![n; 10_000]);
    }
    // Bob's side of the connection is closed too.
    wait(&mut to_bob, |e| matches!(e, Event::Failed { .. }).then_some(())).await;
    done.1.await.expect("shut down");
    assert_eq!(world.simulation.host("10.0.0.1").open().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn nicknames() {
    let world = World::new();
    let [(alice, _to_alice), (bob, mut to_bob)] =
        world.sessions(|config| config.methods = vec![Method::Nickname]).await;
    let asked = tokio::spawn(async move {
        let headers = vec![("Use-Nickname".to_owned(), "\"Alice\"".to_owned())];
        let answer = alice.request(Method::Nickname, headers).await;
        (alice, answer)
    });
    let pick = |event| match event {
        Event::Requested { request, .. } => Some(request),
        _ => None,
    };
    let request = wait(&mut to_bob, pick).await;
    bob.respond(request, StatusCode::OK).await.expect("answered");
    let (alice, answer) = asked.await.expect("no panic");
    assert_eq!(answer.expect("an answer").code, StatusCode::OK);
    let answer = alice.request(Method::from("FOO"), Vec::new()).await;
    assert_eq!(answer.expect("an answer").code, StatusCode::UNKNOWN_METHOD);
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_connected() {
    let world = World::new();
    for (remote, expected) in [
        ("msrp://bob.example:2856/x;tcp", "can't connect to msrp://bob.example:2856/x;tcp"),
        ("msrp://nowhere.example:1/x;tcp", "no address for nowhere.example"),
        ("msrps://bob.example:2855/x;tcp", "asks for a transport that is not supported"),
        ("msrp://bob.example/x;tcp", "has no port"),
    ] {
        let (alice, _) = world.uris();
        let config = SessionConfig::new(alice, remote.parse().expect("a path"));
        let Err(error) = world.alice.connect(config).await else { panic!("{remote} connected") };
        assert!(error.to_string().contains(expected), "{error}");
    }
    let (alice, bob) = world.uris();
    let config = SessionConfig::new(bob, alice.into());
    let _kept = world.bob.accept(config.clone()).expect("free");
    assert!(matches!(world.bob.accept(config), Err(ConnectError::SessionIdInUse)));
}

#[tokio::test(start_paused = true)]
async fn handles_that_are_dropped_end_their_session() {
    let world = World::new();
    let [(alice, to_alice), (_bob, mut to_bob)] = world.sessions(|_| ()).await;
    alice.send(Outgoing::new("text/plain", "hello")).await.expect("taken");
    assert_eq!(body(&mut to_bob).await, "hello");
    drop((alice, to_alice));
    // The connection stays for a while, to be used again, and then ends.
    wait(&mut to_bob, |e| matches!(e, Event::Failed { .. }).then_some(())).await;
    assert!(world.simulation.network.elapsed() < Duration::from_secs(40));
}
