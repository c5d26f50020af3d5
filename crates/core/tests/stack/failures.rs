//! Calls that don't come about, and peers that go silent.

use sipsimple_core::message::StatusCode;
use sipsimple_core::stack::*;

use crate::pair::*;

fn reject(pair: &mut Pair, code: u16, headers: ExtraHeaders) -> Cause {
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    let code = StatusCode::new(code).unwrap();
    let content = Content { headers, ..Content::default() };
    pair.command(BOB, Command::Reject { call: bob, code, content }).unwrap();
    assert!(matches!(pair.expect_failed(BOB, bob), Cause::Requested));
    let cause = pair.expect_failed(ALICE, alice);
    pair.settle();
    cause
}

#[test]
fn busy() {
    let mut pair = Pair::new(1);
    let cause = reject(&mut pair, 486, ExtraHeaders::new());
    assert_eq!(cause.to_string(), "486 Busy Here");
    assert_eq!(
        pair.messages(),
        ["a: INVITE", "b: 100 INVITE", "b: 486 INVITE", "a: ACK"],
        "{}",
        pair.ladder()
    );
}

#[test]
fn a_lost_ack_to_486_is_sent_again() {
    let mut pair = Pair::new(2);
    pair.lose_first(2, "ACK");
    reject(&mut pair, 486, ExtraHeaders::new());
    assert_eq!(pair.count(BOB, "486 INVITE"), 3);
    assert_eq!(pair.count(ALICE, "ACK"), 3);
}

#[test]
fn a_redirection_is_reported() {
    let mut pair = Pair::new(3);
    let headers = ExtraHeaders::new().with("X-Moved", "yes").unwrap();
    let Cause::Response(response) = reject(&mut pair, 302, headers) else { panic!() };
    assert_eq!(response.status().unwrap().code(), 302);
    assert!(response.to_string().contains("X-Moved: yes"));
}

/// Timer B.
#[test]
fn nobody_answers_the_invite() {
    let mut pair = Pair::new(4);
    pair.lose(|seen| seen.from == ALICE);
    let alice = pair.call();
    assert!(matches!(pair.expect_failed(ALICE, alice), Cause::Timeout));
    assert_eq!(pair.now - pair.start, seconds(32));
    assert_eq!(pair.count(ALICE, "INVITE"), 7);
    pair.settle();
}

/// Timer F.
#[test]
fn nobody_answers_the_bye() {
    let mut pair = Pair::new(5);
    let (alice, bob) = pair.established();
    pair.lose(|seen| seen.from == ALICE);
    let before = pair.now;
    pair.hangup(ALICE, alice);
    pair.expect_ended(ALICE, alice);
    assert_eq!(pair.now - before, seconds(32));
    assert_eq!(pair.count(ALICE, "BYE"), 11);
    pair.lose(|_| false);
    pair.hangup(BOB, bob);
    pair.expect_ended(BOB, bob);
    pair.settle();
}

/// Timer H.
#[test]
fn nobody_acknowledges_the_486() {
    let mut pair = Pair::new(6);
    pair.lose(|seen| seen.summary() == "ACK");
    reject(&mut pair, 486, ExtraHeaders::new());
    let last = pair.wire.iter().rfind(|seen| seen.summary() == "486 INVITE").unwrap();
    assert!(last.at > seconds(27) && last.at < seconds(33), "{}", pair.ladder());
}

/// 64×T1.
#[test]
fn nobody_acknowledges_the_200() {
    let mut pair = Pair::new(7);
    pair.lose(|seen| seen.summary() == "ACK");
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    pair.answer(BOB, bob, "v=0");
    pair.expect(ALICE, alice, |event| matches!(event, CallEvent::Answered { .. }));
    let (by, cause) = pair.expect_ended(BOB, bob);
    assert!(matches!((by, cause), (Originator::Local, Cause::AckMissing)));
    pair.expect_ended(ALICE, alice);
    let bye = pair.wire.iter().find(|seen| seen.summary() == "BYE").unwrap();
    assert_eq!((bye.from, bye.at.as_secs()), (BOB, 32));
    pair.settle();
}

/// RFC 3261 §15: no BYE before the ACK.
#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut pair = Pair::new(8);
    pair.lose_first(1, "ACK");
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    pair.answer(BOB, bob, "v=0");
    pair.hangup(BOB, bob);
    pair.expect(ALICE, alice, |event| matches!(event, CallEvent::Answered { .. }));
    pair.expect_ended(ALICE, alice);
    pair.expect_ended(BOB, bob);
    let ack = pair.wire.iter().rposition(|seen| seen.summary() == "ACK").unwrap();
    let bye = pair.wire.iter().position(|seen| seen.summary() == "BYE").unwrap();
    assert!(ack < bye, "{}", pair.ladder());
    pair.settle();
}

#[test]
fn both_hang_up_at_once() {
    let mut pair = Pair::new(9);
    let (alice, bob) = pair.established();
    pair.hangup(ALICE, alice);
    pair.hangup(BOB, bob);
    pair.expect_ended(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.settle();
}

#[test]
fn a_crowded_stack_answers_503() {
    let mut pair = Pair::with(Transport::Udp, 10, |_, config| config.limits.calls = 1);
    let (alice, bob) = pair.established();
    let refused = pair.command(
        BOB,
        Command::Call(Box::new(OutgoingCall {
            identity: pair.identity(BOB),
            to: format!("sip:x@{}", address(ALICE)).parse().unwrap(),
            to_display_name: None,
            body: None,
            headers: ExtraHeaders::new(),
        })),
    );
    assert_eq!(refused, Err(Refused::TooMany("calls")));
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);

    pair.feed(BOB, Input::Congested(true));
    let alice = pair.call();
    assert_eq!(pair.expect_failed(ALICE, alice).code().code(), 503);
    pair.feed(BOB, Input::Congested(false));
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    pair.hangup(BOB, bob);
    pair.expect_failed(BOB, bob);
    assert_eq!(pair.expect_failed(ALICE, alice).code().code(), 603);
    pair.settle();
}

#[test]
fn shutting_down_ends_what_runs_and_refuses_what_is_new() {
    let mut pair = Pair::new(11);
    let (_, bob) = pair.established();
    let _ringing = pair.call();
    let bob_ringing = pair.incoming(BOB);
    pair.command(ALICE, Command::Shutdown { unregister: true }).unwrap();
    let call = OutgoingCall {
        identity: pair.identity(ALICE),
        to: "sip:x@192.0.2.2".parse().unwrap(),
        to_display_name: None,
        body: None,
        headers: ExtraHeaders::new(),
    };
    let refused = pair.command(ALICE, Command::Call(Box::new(call)));
    assert_eq!(refused, Err(Refused::ShuttingDown));
    pair.run_for(seconds(5));
    assert!(matches!(pair.events[ALICE].pop_back(), Some(Event::Stopped)));
    let ended: Vec<CallKey> = pair.events[BOB]
        .drain(..)
        .filter_map(|event| match event {
            Event::Call { call, event: CallEvent::Ended { .. } | CallEvent::Failed { .. } } => {
                Some(call)
            }
            _ => None,
        })
        .collect();
    assert!(ended.contains(&bob) && ended.contains(&bob_ringing), "{ended:?}");
    pair.events[ALICE].clear();
    pair.settle();
}
