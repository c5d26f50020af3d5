//! Starting and stopping.

use std::time::Duration;

use sipsimple_core::net::{Engine, EngineConfig, EngineError, Listener};
use sipsimple_core::stack::*;
use sipsimple_testkit::Simulation;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn stopping_in_mid_call_says_goodbye_and_leaves_nothing() {
    let mut world = world(1);
    let _ = world.established("sip:bob@10.0.0.2").await;
    let _ringing = world.alice.call("sip:bob@10.0.0.2;transport=tcp").await;
    let (_, event) = world.bob.event().await;
    assert!(matches!(event, CallEvent::Incoming(_)));
    world.alice.engine.shutdown(true).await;
    assert!(world.alice.host.open().is_nothing(), "{:?}", world.alice.host.open());
    let mut ended = 0;
    for _ in 0..2 {
        let (_, event) = world.bob.event().await;
        ended += usize::from(matches!(
            event,
            CallEvent::Ended { by: Originator::Remote, .. }
                | CallEvent::Failed { cause: Cause::Request(_) }
        ));
    }
    assert_eq!(ended, 2);
    // What the engine did not deliver yet is still there, then comes the end.
    while world.alice.events.next().await.is_some() {}
    let stopped = world.alice.engine.statistics().await;
    assert!(matches!(stopped, Err(EngineError::Stopped)));
    assert!(world.alice.engine.traces().is_none());
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_does_not_hold_up_the_end() {
    let mut world = world(2);
    let _ = world.established("sip:bob@10.0.0.2").await;
    world.bob.host.down();
    let before = tokio::time::Instant::now();
    world.alice.engine.shutdown(true).await;
    let took = before.elapsed();
    assert!(took <= sipsimple_core::net::SHUTDOWN_TIMEOUT + Duration::from_secs(1), "{took:?}");
    world.bob.host.up();
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_stops_the_engine() {
    let mut world = world(3);
    let _ = world.established("sip:bob@10.0.0.2").await;
    let Agent { engine, mut events, host, .. } = world.alice;
    drop(engine);
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Stopped)), "{last:?}");
    world.bob.expect_ended().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(host.open().is_nothing());
    world.bob.engine.shutdown(true).await;
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_taken_is_an_error_that_says_which() {
    let simulation = Simulation::new(4);
    let alice = agent(&simulation, ALICE);
    let listener = |transport| Listener { transport, address: "10.0.0.1:5060".parse().unwrap() };
    let start = |listeners| {
        let config = EngineConfig { listeners, ..EngineConfig::default() };
        let (network, resolver) = (alice.host.clone(), simulation.resolver.clone());
        Engine::start(config, network, resolver, simulation.clock.clone()).map(drop)
    };
    assert!(matches!(start(vec![]), Err(EngineError::NoListener)));
    let error = start(vec![listener(Transport::Udp)]).unwrap_err().to_string();
    assert!(error.starts_with("can't listen at UDP 10.0.0.1:5060: "), "{error}");
    alice.engine.shutdown(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_application_gets_503_sent_for_it_and_recovers() {
    let mut world = world(5);
    // Bob reads no event until three quarters of his queue are full.
    let full = sipsimple_core::net::EVENT_QUEUE * 3 / 4;
    for _ in 0..full + 20 {
        world.alice.call("sip:bob@10.0.0.2").await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut refused = 0;
    while let Some(event) = world.alice.events.try_next() {
        let Event::Call { event: CallEvent::Failed { cause }, .. } = event else { panic!() };
        assert_eq!(cause.code().code(), 503);
        refused += 1;
    }
    assert!((10..=20).contains(&refused), "{refused}");
    // Then he does.
    while world.bob.events.try_next().is_some() {}
    world.established("sip:bob@10.0.0.2;transport=tcp").await;
    world.stop().await;
}
