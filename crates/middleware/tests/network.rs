//! Calls over networks that lose, repeat and reorder, and over TCP.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

mod support;

use std::time::Duration;

use sipsimple::notification::Event;
use sipsimple::{SessionEvent, SessionState};
use sipsimple_testkit::{Link, Packet, Simulation};
use support::{alice_and_bob, established};

fn says(text: &'static str) -> impl Fn(&Packet) -> bool + Send + Sync + 'static {
    move |packet| packet.bytes.starts_with(text.as_bytes())
}

#[tokio::test(start_paused = true)]
async fn one_of_everything_is_lost() {
    for (seed, text) in
        [(1, "INVITE"), (2, "SIP/2.0 200"), (3, "ACK"), (4, "BYE"), (5, "SIP/2.0 100")]
    {
        let simulation = Simulation::new(seed);
        let (mut alice, mut bob) = alice_and_bob(&simulation).await;
        simulation.network.drop_first(1, says(text));
        let call = established(&mut alice, &mut bob).await;
        call.caller.end().await.unwrap();
        alice.wait_for("SIPSessionDidEnd").await;
        bob.wait_for("SIPSessionDidEnd").await;
        assert_eq!(alice.count("SIPSessionDidFail") + bob.count("SIPSessionDidFail"), 0, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_ack_is_always_lost() {
    let simulation = Simulation::new(6);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    simulation.network.drop_all(says("ACK"));
    let (session, _) = alice.call(&bob.uri()).await;
    let (incoming, streams) = bob.called().await;
    incoming.accept(streams.audio()).await.unwrap();
    let failed = bob.wait_for("SIPSessionDidFail").await;
    let Event::Session(SessionEvent::DidFail { code, failure_reason, .. }) = failed.event else {
        panic!("{failed:?}")
    };
    assert_eq!((code, &*failure_reason), (408, "missing ACK"));
    session.wait_for(SessionState::Terminated).await.unwrap();
    assert_eq!(alice.session_names().last().unwrap(), "DidEnd");
}

#[tokio::test(start_paused = true)]
async fn three_in_ten_are_lost() {
    for seed in 10..20 {
        let simulation = Simulation::new(seed);
        let (alice, mut bob) = alice_and_bob(&simulation).await;
        let link = Link { loss: 0.3, duplicate: 0.1, reorder: 0.1, ..Link::PERFECT };
        simulation.network.set_link(link);
        let (session, _) = alice.call(&bob.uri()).await;
        let (incoming, streams) = bob.called().await;
        incoming.accept(streams.audio()).await.unwrap();
        session.wait_for(SessionState::Connected).await.unwrap();
        incoming.wait_for(SessionState::Connected).await.unwrap();
        session.hold().await.unwrap();
        tokio::time::sleep(Duration::from_secs(40)).await;
        session.end().await.unwrap();
        session.wait_for(SessionState::Terminated).await.unwrap();
        tokio::time::sleep(Duration::from_secs(40)).await;
        assert_eq!(alice.app.sessions().sessions().len(), 0, "{seed}");
        assert_eq!(bob.app.sessions().sessions().len(), 0, "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancel_crosses_the_answer() {
    let simulation = Simulation::new(30);
    let (alice, mut bob) = alice_and_bob(&simulation).await;
    let (session, _) = alice.call(&bob.uri()).await;
    let (incoming, streams) = bob.called().await;
    let (accepted, ended) = tokio::join!(incoming.accept(streams.audio()), session.end());
    accepted.unwrap();
    ended.unwrap();
    incoming.wait_for(SessionState::Terminated).await.unwrap();
    session.wait_for(SessionState::Terminated).await.unwrap();
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert!(simulation.network.render_trace().contains("BYE"));
    assert!(bob.app.sessions().sessions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn over_tcp_and_the_connection_breaks() {
    let simulation = Simulation::new(31);
    let (alice, mut bob) = alice_and_bob(&simulation).await;
    let (session, _) = alice.call(&format!("{};transport=tcp", bob.uri())).await;
    let (incoming, streams) = bob.called().await;
    assert_eq!(incoming.transport(), Some(sipsimple::Transport::Tcp));
    incoming.accept(streams.audio()).await.unwrap();
    session.wait_for(SessionState::Connected).await.unwrap();
    incoming.wait_for(SessionState::Connected).await.unwrap();
    simulation.network.reset_streams(alice.address.ip());
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The call does not depend on its connection.
    assert_eq!(session.state(), SessionState::Connected);
    session.end().await.unwrap();
    incoming.wait_for(SessionState::Terminated).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_other_party_falls_silent() {
    let simulation = Simulation::new(32);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    simulation.network.cut(alice.address.ip(), bob.address.ip());
    alice.wait_for("AudioStreamDidTimeout").await;
    assert_eq!(call.caller.state(), SessionState::Connected);
    call.caller.end().await.unwrap();
    call.caller.wait_for(SessionState::Terminated).await.unwrap();
    let before = simulation.network.elapsed();
    tokio::join!(alice.app.stop(), bob.app.stop());
    assert!(simulation.network.elapsed() - before < Duration::from_secs(30));
    assert!(simulation.network.open().is_nothing(), "{:?}", simulation.network.open());
}

#[tokio::test(start_paused = true)]
async fn garbage_does_no_harm() {
    use sipsimple::net::Network;
    let simulation = Simulation::new(33);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let host = simulation.host("10.0.0.66");
    let socket = host.bind_datagram("10.0.0.66:5060".parse().unwrap()).unwrap();
    for garbage in [
        &b"\0\x01\x02"[..],
        b"INVITE sip:bob@10.0.0.2 SIP/2.0\r\n\r\n",
        b"INVITE sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.66;branch=z9hG4bK1\r\n\
          From: <sip:x@y>;tag=1\r\nTo: <sip:bob@10.0.0.2>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
          Max-Forwards: 70\r\nContact: <sip:x@10.0.0.66>\r\nContent-Type: application/sdp\r\n\
          Content-Length: 5\r\n\r\nv=0\r\n",
    ] {
        socket.try_send_to(garbage, bob.address).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bob.count("SIPSessionNewIncoming"), 0);
    established(&mut alice, &mut bob).await;
}
