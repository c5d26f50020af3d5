//! Lost, doubled and reordered packets: the transactions make up for them.

use sipsimple_core::stack::*;

use crate::pair::*;

/// A call that is answered at once and ended by Alice, whatever is lost.
fn whole_call(pair: &mut Pair) {
    let (alice, bob) = pair.established();
    pair.run_for(seconds(40));
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);
    pair.settle();
}

#[test]
fn a_lost_invite_is_sent_again_after_t1_and_twice_t1() {
    let mut pair = Pair::new(1);
    pair.lose_first(2, "INVITE");
    whole_call(&mut pair);
    let times: Vec<u128> = pair
        .wire
        .iter()
        .filter(|seen| seen.summary() == "INVITE")
        .map(|seen| seen.at.as_millis())
        .collect();
    assert_eq!(times, [0, 500, 1500]);
}

#[test]
fn a_lost_200_is_sent_again_until_the_ack() {
    let mut pair = Pair::new(2);
    pair.lose_first(3, "200 INVITE");
    whole_call(&mut pair);
    assert_eq!(pair.count(BOB, "200 INVITE"), 4);
    assert_eq!(pair.count(ALICE, "ACK"), 1);
}

#[test]
fn a_lost_ack_is_sent_again_for_each_200() {
    let mut pair = Pair::new(3);
    pair.lose_first(2, "ACK");
    whole_call(&mut pair);
    assert_eq!(pair.count(BOB, "200 INVITE"), 3);
    assert_eq!(pair.count(ALICE, "ACK"), 3);
}

#[test]
fn a_lost_bye_and_its_lost_200_are_sent_again() {
    let mut pair = Pair::new(4);
    pair.lose_first(1, "BYE");
    whole_call(&mut pair);
    assert_eq!(pair.count(ALICE, "BYE"), 2);

    let mut pair = Pair::new(5);
    pair.lose_first(1, "200 BYE");
    whole_call(&mut pair);
    assert_eq!(pair.count(ALICE, "BYE"), 2);
    assert_eq!(pair.count(BOB, "200 BYE"), 2);
}

#[test]
fn a_third_of_everything_may_be_lost() {
    for seed in 0..200 {
        let mut pair = Pair::new(seed);
        pair.conditions.loss = 300;
        // One in about 10,000 transactions loses all of its 11 tries: the
        // outcome may be a failure, but it is always told, and nothing stays.
        let alice = pair.call();
        pair.run_for(seconds(70));
        let bob = pair.events[BOB].pop_front();
        if let Some(Event::Call { call, event: CallEvent::Incoming(_) }) = bob {
            pair.answer(BOB, call, "v=0");
            pair.run_for(seconds(70));
            let _ =
                pair.command(ALICE, Command::Hangup { call: alice, headers: ExtraHeaders::new() });
        }
        pair.run_for(seconds(200));
        let last = |peer: usize| pair.events[peer].back();
        assert!(
            matches!(
                last(ALICE),
                Some(Event::Call { event: CallEvent::Ended { .. } | CallEvent::Failed { .. }, .. })
            ),
            "seed {seed}: {:?}\n{}",
            pair.events,
            pair.ladder()
        );
        for events in &mut pair.events {
            events.clear();
        }
        // Bob may have missed all BYEs: then he still has the call.
        let statistics = pair.stacks[ALICE].statistics();
        assert!(statistics.is_idle(), "seed {seed}: {statistics:?}");
    }
}

#[test]
fn most_calls_survive_the_loss_of_a_third() {
    let answered = (0..100)
        .filter(|seed| {
            let mut pair = Pair::new(1000 + seed);
            pair.conditions.loss = 300;
            pair.call();
            pair.run_for(seconds(20));
            let Some(Event::Call { call, .. }) = pair.events[BOB].pop_front() else { return false };
            pair.answer(BOB, call, "v=0");
            pair.run_for(seconds(40));
            pair.events[BOB].iter().any(|event| {
                matches!(event, Event::Call { event: CallEvent::Acknowledged { .. }, .. })
            })
        })
        .count();
    assert!(answered >= 99, "{answered} of 100");
}

#[test]
fn doubled_packets_change_nothing() {
    for seed in 0..20 {
        let mut pair = Pair::new(seed);
        pair.conditions.duplication = 1000;
        whole_call(&mut pair);
    }
}

#[test]
fn reordered_packets_change_nothing() {
    for seed in 0..100 {
        let mut pair = Pair::new(seed);
        pair.conditions = Conditions {
            latency: millis(5),
            jitter: millis(300),
            duplication: 300,
            ..Conditions::default()
        };
        whole_call(&mut pair);
    }
}

#[test]
fn hundreds_of_calls_at_once() {
    let mut pair = Pair::new(9);
    pair.conditions.loss = 100;
    pair.conditions.jitter = millis(50);
    for _ in 0..300 {
        pair.call();
    }
    pair.run_for(seconds(32));
    let incoming: Vec<CallKey> = pair.events[BOB]
        .drain(..)
        .filter_map(|event| match event {
            Event::Call { call, event: CallEvent::Incoming(_) } => Some(call),
            _ => None,
        })
        .collect();
    assert_eq!(incoming.len(), 300);
    for call in incoming {
        pair.answer(BOB, call, "v=0");
    }
    pair.run_for(seconds(60));
    assert_eq!(pair.stacks[ALICE].statistics().calls, 300);
    pair.command(ALICE, Command::Shutdown { unregister: true }).unwrap();
    pair.run_for(seconds(60));
    assert!(pair.events[ALICE].iter().any(|event| matches!(event, Event::Stopped)));
    for events in &mut pair.events {
        events.clear();
    }
    pair.settle();
}
