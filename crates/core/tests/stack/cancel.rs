//! CANCEL in every state of the INVITE (RFC 3261 §9).

use sipsimple_core::stack::*;

use crate::pair::*;

#[test]
fn a_ringing_call_is_cancelled() {
    let mut pair = Pair::new(1);
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    pair.ring(BOB, bob);
    pair.run_for(seconds(1));
    pair.hangup(ALICE, alice);
    assert!(matches!(pair.expect_failed(BOB, bob), Cause::Request(_)));
    assert!(matches!(pair.expect_failed(ALICE, alice), Cause::Requested));
    pair.settle();
    assert_eq!(
        pair.messages()[3..],
        ["a: CANCEL", "b: 200 CANCEL", "b: 487 INVITE", "a: ACK"],
        "{}",
        pair.ladder()
    );
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut pair = Pair::new(2);
    pair.conditions.latency = millis(100);
    let alice = pair.call();
    pair.hangup(ALICE, alice);
    assert_eq!(pair.messages(), ["a: INVITE"]);
    pair.run_for(millis(150));
    assert_eq!(pair.messages(), ["a: INVITE", "b: 100 INVITE"]);
    let bob = pair.incoming(BOB);
    pair.expect_failed(BOB, bob);
    pair.expect_failed(ALICE, alice);
    pair.settle();
    assert_eq!(pair.count(ALICE, "CANCEL"), 1);
}

#[test]
fn a_call_to_nobody_is_given_up_without_cancel() {
    let mut pair = Pair::new(3);
    pair.lose(|seen| seen.from == ALICE);
    let alice = pair.call();
    pair.run_for(seconds(1));
    pair.hangup(ALICE, alice);
    assert!(matches!(pair.expect_failed(ALICE, alice), Cause::Requested));
    pair.settle();
    assert_eq!(pair.count(ALICE, "CANCEL"), 0);
}

#[test]
fn cancel_crossing_200_is_followed_by_ack_and_bye() {
    let mut pair = Pair::new(4);
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    pair.ring(BOB, bob);
    pair.run_for(seconds(1));
    pair.answer(BOB, bob, "v=0 answer");
    pair.hangup(ALICE, alice);
    pair.expect(BOB, bob, |event| matches!(event, CallEvent::Acknowledged { .. }));
    let (by, _) = pair.expect_ended(BOB, bob);
    assert_eq!(by, Originator::Remote);
    assert!(matches!(pair.expect_failed(ALICE, alice), Cause::Requested));
    pair.settle();
    let messages = pair.messages();
    for message in ["a: CANCEL", "b: 200 CANCEL", "a: ACK", "a: BYE", "b: 200 BYE"] {
        assert!(messages.iter().any(|m| m == message), "{message}\n{}", pair.ladder());
    }
    assert_eq!(pair.count(BOB, "487 INVITE"), 0);
}

#[test]
fn an_invite_that_is_never_answered_after_cancel_is_given_up() {
    let mut pair = Pair::new(5);
    let alice = pair.call();
    let _bob = pair.incoming(BOB);
    pair.run_for(seconds(1));
    pair.lose(|seen| seen.from == BOB);
    pair.hangup(ALICE, alice);
    assert!(matches!(pair.expect_failed(ALICE, alice), Cause::Requested));
    let given_up = pair.now - pair.start;
    assert!(given_up >= seconds(32) && given_up < seconds(40), "{given_up:?}");
    pair.events[BOB].clear();
    pair.settle();
}

#[test]
fn hanging_up_twice_is_refused() {
    let mut pair = Pair::new(6);
    let alice = pair.call();
    pair.hangup(ALICE, alice);
    let again = pair.command(ALICE, Command::Hangup { call: alice, headers: ExtraHeaders::new() });
    assert!(matches!(again, Err(Refused::IllegalState { command: "hangup", state: "calling" })));
    let bob = pair.incoming(BOB);
    pair.expect_failed(BOB, bob);
    pair.expect_failed(ALICE, alice);
    let gone = pair.command(ALICE, Command::Hangup { call: alice, headers: ExtraHeaders::new() });
    assert_eq!(gone, Err(Refused::NoSuchCall));
    pair.settle();
}

#[test]
fn an_expired_invite_gets_487() {
    let mut pair = Pair::new(7);
    let identity = pair.identity(ALICE);
    let call = OutgoingCall {
        identity,
        to: format!("sip:bob@{}", address(BOB)).parse().unwrap(),
        to_display_name: None,
        body: Some(Body::sdp("v=0")),
        headers: ExtraHeaders::new().with("Expires", "5").unwrap(),
    };
    let Ok(Accepted::Call(alice)) = pair.command(ALICE, Command::Call(Box::new(call))) else {
        panic!("refused");
    };
    let bob = pair.incoming(BOB);
    pair.ring(BOB, bob);
    assert!(matches!(pair.expect_failed(BOB, bob), Cause::Timeout));
    assert_eq!(pair.expect_failed(ALICE, alice).code().code(), 487);
    assert_eq!((pair.now - pair.start).as_secs(), 5);
    pair.settle();
}
