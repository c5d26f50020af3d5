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
