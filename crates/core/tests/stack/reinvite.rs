//! Re-INVITE both ways, without an offer, and glare (RFC 3261 §14).

use sipsimple_core::stack::*;

use crate::pair::*;

fn offer(text: &'static str) -> Content {
    Body::sdp(text).into()
}

fn reinvite(pair: &mut Pair, peer: usize, call: CallKey, content: Content) {
    pair.command(peer, Command::Reinvite { call, content }).unwrap();
}

fn hang_up(pair: &mut Pair, alice: CallKey, bob: CallKey) {
    pair.run_for(seconds(1));
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);
    pair.settle();
}

#[test]
fn either_side_changes_the_call() {
    let mut pair = Pair::new(1);
    let (alice, bob) = pair.established();
    for (from, to, ours, theirs) in [(ALICE, BOB, alice, bob), (BOB, ALICE, bob, alice)] {
        reinvite(&mut pair, from, ours, offer("v=0 hold"));
        let event = pair.expect(to, theirs, |e| matches!(e, CallEvent::Reinvite { .. }));
        let CallEvent::Reinvite { request } = event else { unreachable!() };
        assert_eq!(request.body(), b"v=0 hold");
        pair.answer(to, theirs, "v=0 held");
        let event = pair.expect(from, ours, |e| matches!(e, CallEvent::ReinviteAnswered { .. }));
        let CallEvent::ReinviteAnswered { response } = event else { unreachable!() };
        assert_eq!(response.body(), b"v=0 held");
        pair.expect(to, theirs, |e| matches!(e, CallEvent::Acknowledged { .. }));
    }
    hang_up(&mut pair, alice, bob);
}

#[test]
fn an_offer_in_the_200_is_answered_in_the_ack() {
    let mut pair = Pair::new(2);
    let alice = pair.call_with(None);
    let bob = pair.incoming(BOB);
    pair.answer(BOB, bob, "v=0 late offer");
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::Answered { .. }));
    pair.run_for(seconds(3));
    assert_eq!(pair.count(ALICE, "ACK"), 0);
    let body = Some(Body::sdp("v=0 late answer"));
    pair.command(ALICE, Command::Acknowledge { call: alice, body }).unwrap();
    let event = pair.expect(BOB, bob, |e| matches!(e, CallEvent::Acknowledged { .. }));
    let CallEvent::Acknowledged { request } = event else { unreachable!() };
    assert_eq!(request.body(), b"v=0 late answer");

    reinvite(&mut pair, BOB, bob, Content::default());
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::Reinvite { .. }));
    pair.answer(ALICE, alice, "v=0 my offer");
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::ReinviteAnswered { .. }));
    let refused = pair.command(BOB, Command::Reinvite { call: bob, content: offer("v=0") });
    assert!(matches!(refused, Err(Refused::IllegalState { state: "owing the ACK", .. })));
    let body = Some(Body::sdp("v=0 your answer"));
    pair.command(BOB, Command::Acknowledge { call: bob, body }).unwrap();
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::Acknowledged { .. }));
    hang_up(&mut pair, alice, bob);
}

#[test]
fn glare_is_refused_on_both_sides_and_the_caller_waits_longer() {
    let mut pair = Pair::new(3);
    let (alice, bob) = pair.established();
    reinvite(&mut pair, ALICE, alice, offer("v=0 a"));
    reinvite(&mut pair, BOB, bob, offer("v=0 b"));
    let pause = |event| match event {
        CallEvent::ReinvitePostponed { pause } => pause,
        other => panic!("{other:?}"),
    };
    let postponed = |e: &CallEvent| matches!(e, CallEvent::ReinvitePostponed { .. });
    let alices = pause(pair.expect(ALICE, alice, postponed));
    let bobs = pause(pair.expect(BOB, bob, postponed));
    assert!((2100..=4000).contains(&alices.as_millis()), "{alices:?}");
    assert!(bobs <= seconds(2), "{bobs:?}");
    assert_eq!(pair.count(ALICE, "491 INVITE"), 1);
    assert_eq!(pair.count(BOB, "491 INVITE"), 1);
    let early = pair.command(ALICE, Command::Reinvite { call: alice, content: offer("v=0") });
    assert!(matches!(early, Err(Refused::IllegalState { state: "pausing after a 491", .. })));
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::ReinviteDue));
    reinvite(&mut pair, BOB, bob, offer("v=0 b again"));
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::Reinvite { .. }));
    pair.answer(ALICE, alice, "v=0 ok");
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::ReinviteAnswered { .. }));
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::Acknowledged { .. }));
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::ReinviteDue));
    hang_up(&mut pair, alice, bob);
}

#[test]
fn a_refused_reinvite_leaves_the_call_as_it_was() {
    let mut pair = Pair::new(4);
    let (alice, bob) = pair.established();
    reinvite(&mut pair, ALICE, alice, offer("v=0 video"));
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::Reinvite { .. }));
    let code = sipsimple_core::message::StatusCode::NOT_ACCEPTABLE_HERE;
    pair.command(BOB, Command::Reject { call: bob, code, content: Content::default() }).unwrap();
    let event = pair.expect(ALICE, alice, |e| matches!(e, CallEvent::ReinviteFailed { .. }));
    let CallEvent::ReinviteFailed { cause } = event else { unreachable!() };
    assert_eq!(cause.code().code(), 488);
    hang_up(&mut pair, alice, bob);
}

#[test]
fn a_reinvite_can_be_cancelled() {
    let mut pair = Pair::new(5);
    let (alice, bob) = pair.established();
    reinvite(&mut pair, ALICE, alice, offer("v=0"));
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::Reinvite { .. }));
    pair.run_for(seconds(1));
    pair.command(ALICE, Command::CancelReinvite { call: alice }).unwrap();
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::ReinviteCancelled));
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::ReinviteFailed { .. }));
    hang_up(&mut pair, alice, bob);
}

#[test]
fn bye_ends_a_call_with_a_reinvite_under_way() {
    let mut pair = Pair::new(6);
    let (alice, bob) = pair.established();
    reinvite(&mut pair, ALICE, alice, offer("v=0"));
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::Reinvite { .. }));
    pair.hangup(BOB, bob);
    pair.expect(ALICE, alice, |e| matches!(e, CallEvent::ReinviteFailed { .. }));
    pair.expect_ended(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.settle();

    let mut pair = Pair::new(7);
    let (alice, bob) = pair.established();
    reinvite(&mut pair, ALICE, alice, offer("v=0"));
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::Reinvite { .. }));
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);
    pair.settle();
}

#[test]
fn a_reinvite_that_nobody_answers_ends_the_call() {
    let mut pair = Pair::new(8);
    let (alice, bob) = pair.established();
    pair.lose(|seen| seen.from == ALICE && seen.summary() == "INVITE");
    reinvite(&mut pair, ALICE, alice, offer("v=0"));
    let (by, cause) = pair.expect_ended(ALICE, alice);
    assert!(matches!((by, cause), (Originator::Local, Cause::Timeout)));
    pair.expect_ended(BOB, bob);
    pair.settle();
}

#[test]
fn reinvites_survive_loss() {
    for seed in 0..50 {
        let mut pair = Pair::new(seed);
        let (alice, bob) = pair.established();
        pair.conditions.loss = 250;
        reinvite(&mut pair, ALICE, alice, offer("v=0"));
        pair.expect(BOB, bob, |e| matches!(e, CallEvent::Reinvite { .. }));
        pair.answer(BOB, bob, "v=0");
        pair.expect(ALICE, alice, |e| matches!(e, CallEvent::ReinviteAnswered { .. }));
        pair.expect(BOB, bob, |e| matches!(e, CallEvent::Acknowledged { .. }));
        pair.conditions.loss = 0;
        hang_up(&mut pair, alice, bob);
    }
}
