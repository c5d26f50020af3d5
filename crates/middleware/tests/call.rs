//! Calls between two applications in one process, over a simulated network.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

mod support;

use std::time::Duration;

use sipsimple::notification::Event;
use sipsimple::{Originator, SessionError, SessionEvent, SessionState};
use sipsimple_testkit::Simulation;
use support::{alice_and_bob, established};

#[tokio::test(start_paused = true)]
async fn call_ring_answer_hang_up() {
    let simulation = Simulation::new(1);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let (session, audio) = alice.call(&bob.uri()).await;
    assert_eq!(session.state(), SessionState::Outgoing);

    let (incoming, streams) = bob.called().await;
    assert_eq!(incoming.remote_identity().unwrap().to_string(), "sip:alice@example.com");
    incoming.send_ring_indication().await.unwrap();
    alice.wait_for("SIPSessionGotRingIndication").await;
    incoming.accept(streams.audio()).await.unwrap();
    session.wait_for(SessionState::Connected).await.unwrap();
    incoming.wait_for(SessionState::Connected).await.unwrap();
    assert_eq!(audio.codec().unwrap().name(), "PCMU");
    assert_eq!(audio.remote_rtp_port_sdp(), streams.audio()[0].local_rtp_port());

    tokio::time::sleep(Duration::from_secs(2)).await;
    let statistics = audio.statistics().unwrap();
    assert!(statistics.rx.packets > 90, "{statistics:?}");
    assert_eq!(statistics.rx.packets_lost, 0);

    session.end().await.unwrap();
    incoming.wait_for(SessionState::Terminated).await.unwrap();
    session.wait_for(SessionState::Terminated).await.unwrap();
    assert_eq!(
        alice.session_names(),
        [
            "NewOutgoing",
            "GotRingIndication",
            "GotProvisionalResponse",
            "DidProcessTransaction",
            "WillStart",
            "DidStart",
            "WillEnd",
            "DidProcessTransaction",
            "DidEnd"
        ]
    );
    assert_eq!(
        bob.session_names(),
        [
            "NewIncoming",
            "WillStart",
            "DidProcessTransaction",
            "DidStart",
            "WillEnd",
            "DidProcessTransaction",
            "DidEnd"
        ]
    );
    assert!(alice.app.sessions().sessions().is_empty());
    alice.app.stop().await;
    bob.app.stop().await;
    assert!(simulation.network.open().is_nothing(), "{:?}", simulation.network.open());
}

#[tokio::test(start_paused = true)]
async fn the_other_party_hangs_up() {
    let simulation = Simulation::new(2);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    call.callee.end().await.unwrap();
    let ended = alice.wait_for("SIPSessionDidEnd").await;
    assert!(matches!(
        ended.event,
        Event::Session(SessionEvent::DidEnd { originator: Originator::Remote, .. })
    ));
    assert!(call.caller.stop_time().unwrap() >= call.caller.start_time().unwrap());
    assert!(matches!(
        call.caller.accept(vec![call.caller_audio]).await,
        Err(SessionError::Ended | SessionError::IllegalState { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn busy() {
    let simulation = Simulation::new(3);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let (session, _) = alice.call(&bob.uri()).await;
    let (incoming, _) = bob.called().await;
    incoming.reject(486).await.unwrap();
    let failed = alice.wait_for("SIPSessionDidFail").await;
    let Event::Session(SessionEvent::DidFail { originator, code, reason, .. }) = failed.event
    else {
        panic!("{failed:?}")
    };
    assert_eq!((originator, code, &*reason), (Originator::Remote, 486, "Busy Here"));
    assert_eq!(session.wait_for(SessionState::Connected).await, Err(SessionError::Ended));
    let failed = bob.wait_for("SIPSessionDidFail").await;
    assert!(matches!(
        failed.event,
        Event::Session(SessionEvent::DidFail { originator: Originator::Local, code: 486, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn refused_in_words_of_our_own() {
    let simulation = Simulation::new(3);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    alice.call(&bob.uri()).await;
    let (incoming, _) = bob.called().await;
    let injected = incoming.reject_with(480, "gone\r\nVia: x").await;
    assert_eq!(injected, Err(SessionError::BadText("reason phrase")));
    incoming.reject_with(480, "At lunch").await.unwrap();
    let failed = alice.wait_for("SIPSessionDidFail").await;
    let Event::Session(SessionEvent::DidFail { code, reason, .. }) = failed.event else {
        panic!("{failed:?}")
    };
    assert_eq!((code, &*reason), (480, "At lunch"));
}

#[tokio::test(start_paused = true)]
async fn cancelled_while_it_rings() {
    let simulation = Simulation::new(4);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let (session, _) = alice.call(&bob.uri()).await;
    let (incoming, _) = bob.called().await;
    incoming.send_ring_indication().await.unwrap();
    alice.wait_for("SIPSessionGotRingIndication").await;
    session.end().await.unwrap();
    for (agent, by) in [(&mut alice, Originator::Local), (&mut bob, Originator::Remote)] {
        let failed = agent.wait_for("SIPSessionDidFail").await;
        let Event::Session(SessionEvent::DidFail { originator, code, failure_reason, .. }) =
            failed.event
        else {
            panic!("{failed:?}")
        };
        assert_eq!((originator, code, &*failure_reason), (by, 487, "user_request"));
    }
    assert_eq!(incoming.state(), SessionState::Terminated);
}

#[tokio::test(start_paused = true)]
async fn hold_and_unhold() {
    let simulation = Simulation::new(5);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    call.caller.hold().await.unwrap();
    let change = |event: Event| match event {
        Event::Session(SessionEvent::DidChangeHoldState { originator, on_hold, partial }) => {
            (originator, on_hold, partial)
        }
        other => panic!("{other:?}"),
    };
    let seen = change(alice.wait_for("SIPSessionDidChangeHoldState").await.event);
    assert_eq!(seen, (Originator::Local, true, false));
    let seen = change(bob.wait_for("SIPSessionDidChangeHoldState").await.event);
    assert_eq!(seen, (Originator::Remote, true, false));
    assert!(call.caller.on_hold() && call.callee.on_hold());
    // Nothing is heard while it is held.
    let before = call.callee_audio.statistics().unwrap().rx.bytes;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(call.callee_audio.statistics().unwrap().rx.bytes - before < 500);
    assert!(call.callee_audio.bridge().unwrap().members().len() == 1);

    call.caller.unhold().await.unwrap();
    let seen = change(alice.wait_for("SIPSessionDidChangeHoldState").await.event);
    assert_eq!(seen, (Originator::Local, false, false));
    let seen = change(bob.wait_for("SIPSessionDidChangeHoldState").await.event);
    assert_eq!(seen, (Originator::Remote, false, false));
    assert!(!call.caller.on_hold() && !call.callee.on_hold());
    let before = call.callee_audio.statistics().unwrap().rx.packets;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(call.callee_audio.statistics().unwrap().rx.packets - before > 40);
}

#[tokio::test(start_paused = true)]
async fn both_hold_at_once() {
    let simulation = Simulation::new(6);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    let (one, other) = tokio::join!(call.caller.hold(), call.callee.hold());
    one.unwrap();
    other.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(alice.count("SIPSessionDidChangeHoldState"), 2);
    assert_eq!(bob.count("SIPSessionDidChangeHoldState"), 2);
    for session in [&call.caller, &call.callee] {
        assert_eq!(session.state(), SessionState::Connected);
    }
    let (one, other) = tokio::join!(call.caller.unhold(), call.callee.unhold());
    one.unwrap();
    other.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!call.caller.on_hold() && !call.callee.on_hold());
}

#[tokio::test(start_paused = true)]
async fn digits() {
    let simulation = Simulation::new(7);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    for digit in "12*#D".chars() {
        call.caller_audio.send_dtmf(digit).unwrap();
    }
    assert!(call.caller_audio.send_dtmf('x').is_err());
    tokio::time::sleep(Duration::from_secs(3)).await;
    bob.read();
    let heard: String = bob
        .log
        .iter()
        .filter(|n| n.name() == "AudioStreamGotDTMF")
        .map(|n| match n.event.data()[0].1.clone() {
            sipsimple::notification::Value::Text(digit) => digit,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(heard, "12*#D");
}

#[tokio::test(start_paused = true)]
async fn nobody_answers() {
    let simulation = Simulation::new(8);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let (session, _) = alice.call(&bob.uri()).await;
    bob.called().await;
    let failed = alice.wait_for("SIPSessionDidFail").await;
    let Event::Session(SessionEvent::DidFail { code, .. }) = failed.event else {
        panic!("{failed:?}")
    };
    assert!(matches!(code, 408 | 480), "{code}");
    assert_eq!(session.state(), SessionState::Terminated);
    bob.wait_for("SIPSessionDidFail").await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_there() {
    let simulation = Simulation::new(9);
    let (mut alice, _bob) = alice_and_bob(&simulation).await;
    alice.call("sip:carol@10.0.0.2").await;
    let failed = alice.wait_for("SIPSessionDidFail").await;
    assert!(matches!(failed.event, Event::Session(SessionEvent::DidFail { code: 404, .. })));
    alice.call("sip:carol@10.0.0.77").await;
    let failed = alice.wait_for("SIPSessionDidFail").await;
    assert!(matches!(failed.event, Event::Session(SessionEvent::DidFail { code: 408, .. })));
    alice.call("sip:carol@nowhere.example").await;
    let failed = alice.wait_for("SIPSessionDidFail").await;
    let Event::Session(SessionEvent::DidFail { code, failure_reason, .. }) = failed.event else {
        panic!("{failed:?}")
    };
    assert_eq!(code, 503);
    assert!(failure_reason.contains("no address for nowhere.example"), "{failure_reason}");
}

#[tokio::test(start_paused = true)]
async fn stopping_in_mid_call_leaves_nothing_behind() {
    let simulation = Simulation::new(10);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    alice.app.stop().await;
    assert!(!alice.app.running());
    bob.wait_for("SIPSessionDidEnd").await;
    assert_eq!(call.caller.state(), SessionState::Terminated);
    bob.app.stop().await;
    alice.read();
    assert_eq!(alice.names().last(), Some(&"SIPApplicationDidEnd"));
    assert!(alice.names().contains(&"SIPSessionDidEnd"));
    assert!(simulation.network.open().is_nothing(), "{:?}", simulation.network.open());
    tokio::task::yield_now().await;
    assert_eq!(sipsimple_testkit::process::alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_an_application_ends_it() {
    let simulation = Simulation::new(11);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let call = established(&mut alice, &mut bob).await;
    drop((call, alice, bob));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(simulation.network.open().is_nothing(), "{:?}", simulation.network.open());
    assert_eq!(sipsimple_testkit::process::alive_tasks(), 0);
}

/// `sipsimple answer` waited for ever for the end of a call that had been
/// cancelled before it looked, and refused all others meanwhile.
#[tokio::test(start_paused = true)]
async fn notifications_of_a_session_that_is_over_end_at_once() {
    let simulation = Simulation::new(8);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let (calling, _) = alice.call(&bob.uri()).await;
    let (called, _) = bob.called().await;
    let mut before = called.notifications().unwrap();
    calling.end().await.unwrap();
    alice.wait_for("SIPSessionDidFail").await;
    bob.wait_for("SIPSessionDidFail").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for session in [&calling, &called] {
        let mut after = session.notifications().unwrap();
        let next = tokio::time::timeout(Duration::from_secs(60), after.next()).await;
        assert!(next.expect("it has ended").is_none());
    }
    let mut last = None;
    while let Some(notification) = before.next().await {
        last = Some(notification.name());
    }
    assert_eq!(last, Some("SIPSessionDidFail"));
}
