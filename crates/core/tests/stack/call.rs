//! Calls between two stacks in virtual time.

use crate::pair::*;
use sipsimple_core::stack::*;

#[test]
fn a_call_from_ring_to_bye() {
    let mut pair = Pair::new(1);
    let alice = pair.call();
    let bob = pair.incoming(BOB);
    pair.ring(BOB, bob);
    pair.run_for(seconds(2));
    pair.answer(BOB, bob, "v=0 answer");
    let answered = pair.expect(ALICE, alice, |event| matches!(event, CallEvent::Answered { .. }));
    let CallEvent::Answered { response } = answered else { unreachable!() };
    assert_eq!(response.body(), b"v=0 answer");
    pair.expect(BOB, bob, |event| matches!(event, CallEvent::Acknowledged { .. }));
    pair.run_for(seconds(60));
    for stack in &pair.stacks {
        let statistics = stack.statistics();
        assert_eq!((statistics.calls, statistics.dialogs), (1, 1));
        assert_eq!((statistics.client_transactions, statistics.server_transactions), (0, 0));
    }
    pair.hangup(ALICE, alice);
    let (by, _) = pair.expect_ended(BOB, bob);
    assert_eq!(by, Originator::Remote);
    let (by, _) = pair.expect_ended(ALICE, alice);
    assert_eq!(by, Originator::Local);
    pair.settle();
    assert_eq!(
        pair.messages(),
        [
            "a: INVITE",
            "b: 100 INVITE",
            "b: 180 INVITE",
            "b: 200 INVITE",
            "a: ACK",
            "a: BYE",
            "b: 200 BYE",
        ],
        "{}",
        pair.ladder()
    );
}

#[test]
fn the_called_side_hangs_up_over_tcp() {
    let mut pair = Pair::over(Transport::Tcp, 2);
    let (alice, bob) = pair.established();
    pair.hangup(BOB, bob);
    pair.expect_ended(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.settle();
}

#[test]
fn a_command_out_of_turn_changes_nothing() {
    let mut pair = Pair::new(4);
    let refuse_all = |pair: &mut Pair, peer: usize, call: CallKey| {
        let headers = Content::default;
        for command in [
            Command::Acknowledge { call, body: None },
            Command::Reinvite { call, content: headers() },
            Command::CancelReinvite { call },
        ] {
            let refused = pair.command(peer, command);
            assert!(matches!(refused, Err(Refused::IllegalState { .. })), "{refused:?}");
        }
    };
    let alice = pair.call();
    refuse_all(&mut pair, ALICE, alice);
    let bob = pair.incoming(BOB);
    refuse_all(&mut pair, BOB, bob);
    pair.answer(BOB, bob, "v=0 answer");
    refuse_all(&mut pair, BOB, bob);
    pair.expect(ALICE, alice, |event| matches!(event, CallEvent::Answered { .. }));
    pair.expect(BOB, bob, |event| matches!(event, CallEvent::Acknowledged { .. }));
    pair.hangup(ALICE, alice);
    refuse_all(&mut pair, ALICE, alice);
    pair.expect_ended(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.settle();
}

#[test]
fn an_ack_that_comes_too_late_is_not_kept() {
    let mut pair = Pair::new(5);
    let alice = pair.call_with(None);
    let bob = pair.incoming(BOB);
    pair.answer(BOB, bob, "v=0 offer");
    pair.expect(ALICE, alice, |event| matches!(event, CallEvent::Answered { .. }));
    // The INVITE's transaction ends, and Bob gives up; his BYE is lost.
    pair.lose(|seen| seen.summary() == "BYE");
    pair.run_for(seconds(100));
    pair.command(ALICE, Command::Acknowledge { call: alice, body: None }).unwrap();
    assert_eq!(pair.stacks[ALICE].statistics().client_transactions, 0);
    pair.expect_ended(BOB, bob);
    pair.hangup(ALICE, alice);
    pair.expect_ended(ALICE, alice);
    pair.settle();
}
