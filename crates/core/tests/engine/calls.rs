//! Calls between two engines.

use std::time::Duration;

use sipsimple_core::net::TraceItem;
use sipsimple_core::stack::*;
use sipsimple_testkit::{Link, Simulation};

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn a_call_over_each_transport() {
    for to in ["sip:bob@10.0.0.2", "sip:bob@10.0.0.2;transport=tcp"] {
        let mut world = world(1);
        let (alice, _) = world.established(to).await;
        tokio::time::sleep(Duration::from_secs(100)).await;
        world.alice.engine.hangup(alice, ExtraHeaders::new()).await.unwrap();
        let (by, _) = world.alice.expect_ended().await;
        assert_eq!(by, Originator::Local);
        let (by, _) = world.bob.expect_ended().await;
        assert_eq!(by, Originator::Remote);
        tokio::time::sleep(Duration::from_secs(40)).await;
        for agent in [&world.alice, &world.bob] {
            let statistics = agent.engine.statistics().await.unwrap();
            assert!(statistics.is_idle(), "{statistics:?}");
        }
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn names_wildcards_and_ipv6() {
    for (ours, theirs, bound, to) in [
        ("10.0.0.1", "10.0.0.2", "0.0.0.0", "sip:bob@bob.example"),
        ("2001:db8::1", "2001:db8::2", "2001:db8::2", "sip:bob@[2001:db8::2]"),
        ("2001:db8::1", "2001:db8::2", "::", "sip:bob@bob.example;transport=tcp"),
    ] {
        let simulation = Simulation::new(2);
        simulation.resolver.insert("bob.example", [theirs]);
        let any = if bound.contains(':') { "::" } else { "0.0.0.0" };
        let alice = agent_at(&simulation, ours, any);
        let bob = agent_at(&simulation, theirs, bound);
        let mut world = World { simulation, alice, bob };
        let (_, bob) = world.established(to).await;
        world.bob.engine.hangup(bob, ExtraHeaders::new()).await.unwrap();
        world.bob.expect_ended().await;
        world.alice.expect_ended().await;
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tcp_reset_in_mid_call_is_no_end() {
    let mut world = world(3);
    let (alice, bob) = world.established("sip:bob@10.0.0.2;transport=tcp").await;
    world.simulation.network.reset_streams(BOB.parse().unwrap());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let content = Body::sdp("v=0 hold").into();
    world.alice.engine.reinvite(alice, content).await.unwrap();
    let (_, event) = world.bob.event().await;
    assert!(matches!(event, CallEvent::Reinvite { .. }));
    world.bob.engine.answer(bob, Body::sdp("v=0").into()).await.unwrap();
    let (_, event) = world.alice.event().await;
    assert!(matches!(event, CallEvent::ReinviteAnswered { .. }));
    let (_, event) = world.bob.event().await;
    assert!(matches!(event, CallEvent::Acknowledged { .. }));
    world.bob.engine.hangup(bob, ExtraHeaders::new()).await.unwrap();
    world.alice.expect_ended().await;
    world.bob.expect_ended().await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn calls_survive_a_bad_network() {
    for seed in 0..20 {
        let mut world = world(seed);
        world.simulation.network.set_link(Link {
            latency: Duration::from_millis(30),
            jitter: Duration::from_millis(40),
            loss: 0.2,
            duplicate: 0.1,
            ..Link::default()
        });
        let (alice, _) = world.established("sip:bob@10.0.0.2").await;
        world.alice.engine.hangup(alice, ExtraHeaders::new()).await.unwrap();
        world.alice.expect_ended().await;
        world.bob.expect_ended().await;
        world.simulation.network.set_link(Link::default());
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn traces_show_every_message_in_order() {
    let mut world = world(4);
    let mut traces = world.bob.engine.traces().unwrap();
    let (alice, _) = world.established("sip:bob@10.0.0.2;transport=tcp").await;
    world.alice.engine.hangup(alice, ExtraHeaders::new()).await.unwrap();
    world.alice.expect_ended().await;
    world.bob.expect_ended().await;
    let mut seen = Vec::new();
    for _ in 0..7 {
        let Some(TraceItem::Message(trace)) = traces.next().await else { panic!() };
        assert_eq!(trace.transport, Transport::Tcp);
        assert_eq!(trace.remote.ip().to_string(), ALICE);
        assert_eq!(trace.local.to_string(), "10.0.0.2:5060");
        let text = String::from_utf8_lossy(&trace.bytes).into_owned();
        let line = text.lines().next().unwrap_or_default().to_owned();
        let word = line.replace("SIP/2.0 ", "").split(' ').next().unwrap_or_default().to_owned();
        seen.push((trace.direction, word));
    }
    use Direction::{Incoming as In, Outgoing as Out};
    let expected = [
        (In, "INVITE"),
        (Out, "100"),
        (Out, "180"),
        (Out, "200"),
        (In, "ACK"),
        (In, "BYE"),
        (Out, "200"),
    ];
    assert_eq!(seen, expected.map(|(direction, word)| (direction, word.to_owned())));
    world.stop().await;
}
