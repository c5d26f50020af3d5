//! Hold and unhold, in any state.

use super::*;

const HOLD: [&str; 3] = ["stream 1 Hold", "call Reinvite [1]", "state sending_proposal"];

fn agree(script: &mut Script) -> Vec<String> {
    script.give(Input::ReinviteAnswered { media: Ok(vec![accepted()]) })
}

#[test]
fn hold_and_unhold() {
    let mut script = Script::connected(&[1]);
    assert_eq!(script.command(Command::Hold), HOLD);
    assert_eq!(
        agree(&mut script),
        [
            "DidProcessTransaction local INVITE 200 ACK Yes",
            "state connected",
            "stream 1 Update(0)",
            "DidChangeHoldState local true"
        ]
    );
    assert_eq!(script.command(Command::Hold), NOTHING);
    assert_eq!(
        script.command(Command::Unhold),
        ["stream 1 Unhold", "call Reinvite [1]", "state sending_proposal"]
    );
    assert_eq!(agree(&mut script).last().unwrap(), "DidChangeHoldState local false");
}

#[test]
fn unhold_while_hold_is_under_way() {
    let mut script = Script::connected(&[1]);
    script.command(Command::Hold);
    assert_eq!(script.command(Command::Unhold), ["stream 1 Unhold"]);
    assert_eq!(
        agree(&mut script)[3..],
        ["DidChangeHoldState local true", "call Reinvite [1]", "state sending_proposal"]
    );
    assert_eq!(agree(&mut script).last().unwrap(), "DidChangeHoldState local false");
}

#[test]
fn hold_before_the_call() {
    let mut script = Script::new();
    assert_eq!(script.command(Command::Hold), NOTHING);
    assert_eq!(
        script.command(Command::Connect { streams: members(&[1]) })[2..],
        ["stream 1 Initialize(Outgoing)", "stream 1 Hold"]
    );
    script.stream(1, StreamInput::Initialized);
    script.give(Input::Answered { media: Ok(vec![accepted()]) });
    assert_eq!(
        script.stream(1, StreamInput::Started),
        ["state connected", "DidStart [1]", "DidChangeHoldState local true"]
    );
}

#[test]
fn hold_while_it_rings_waits_for_the_answer() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(script.command(Command::Hold), ["stream 1 Hold"]);
    script.give(Input::Answered { media: Ok(vec![accepted()]) });
    assert_eq!(
        script.stream(1, StreamInput::Started)[2..],
        ["call Reinvite [1]", "state sending_proposal"]
    );
}

#[test]
fn hold_an_incoming_call_before_accepting_it() {
    let mut script = Script::new();
    script.give(incoming(&[1, 99]));
    assert_eq!(script.command(Command::Hold), NOTHING);
    assert_eq!(
        script.command(Command::Accept { streams: members(&[1, 99]) })[1..],
        ["stream 1 Initialize(Incoming)", "stream 99 Initialize(Incoming)", "stream 1 Hold"]
    );
}

#[test]
fn streams_that_can_not_be_held_need_no_reinvite() {
    let mut script = Script::connected(&[99]);
    assert_eq!(script.command(Command::Hold), NOTHING);
}

#[test]
fn glare_is_tried_again() {
    for engine_says_when in [true, false] {
        let mut script = Script::connected(&[1]);
        script.command(Command::Hold);
        assert_eq!(
            script.give(Input::ReinvitePostponed { pause: Duration::from_millis(3000) }),
            ["DidProcessTransaction local INVITE 491 ACK Unknown", "state connected"]
        );
        let again =
            if engine_says_when { script.give(Input::ReinviteDue) } else { script.wait(3.5) };
        assert_eq!(again, HOLD[1..]);
        assert_eq!(agree(&mut script).last().unwrap(), "DidChangeHoldState local true");
        assert_eq!(script.give(Input::ReinviteDue), NOTHING);
    }
}

#[test]
fn a_reinvite_that_the_engine_can_not_send_is_tried_again() {
    let mut script = Script::connected(&[1]);
    script.command(Command::Hold);
    let refused = Input::Refused { reason: "theirs was faster".into() };
    assert_eq!(script.give(refused), ["state connected"]);
    assert_eq!(script.wait(2.1), HOLD[1..]);
}

#[test]
fn a_refused_hold_is_in_force_on_our_side() {
    let mut script = Script::connected(&[1]);
    script.command(Command::Hold);
    assert_eq!(
        script.give(Input::ReinviteFailed { code: 488, reason: "Not Acceptable Here".into() }),
        [
            "DidProcessTransaction local INVITE 488 ACK Unknown",
            "state connected",
            "DidChangeHoldState local true"
        ]
    );
    script.waits_for_nothing();
}

#[test]
fn a_hold_that_is_not_answered_is_given_up() {
    let mut script = Script::connected(&[1]);
    script.command(Command::Hold);
    assert_eq!(script.wait(5.0), ["call CancelReinvite"]);
    script.waits_for_nothing();
    script.give(Input::ReinviteFailed { code: 487, reason: "Request Terminated".into() });
    assert_eq!(script.machine.state(), SessionState::Connected);
}

#[test]
fn the_other_party_holds_one_of_two() {
    let mut script = Script::connected(&[1, 2]);
    let offer = |first, second| {
        Input::Reinvite(Reinvite::Offer(vec![
            offered(MediaChange::Keep, first),
            offered(MediaChange::Keep, second),
        ]))
    };
    assert_eq!(
        script.give(offer(true, false)),
        [
            "call AnswerReinvite [1, 2]",
            "stream 1 Update(0)",
            "stream 2 Update(1)",
            "DidChangeHoldState remote true partial",
            "state received_proposal"
        ]
    );
    script.give(Input::Acknowledged { media: None });
    assert!(script.give(offer(true, true)).contains(&"DidChangeHoldState remote true".into()));
    script.give(Input::Acknowledged { media: None });
    assert!(script.give(offer(false, false)).contains(&"DidChangeHoldState remote false".into()));
    script.give(Input::Acknowledged { media: None });
    let again = script.give(offer(false, false));
    assert!(!again.iter().any(|line| line.starts_with("DidChangeHoldState")), "{again:?}");
}

#[test]
fn a_call_that_arrives_on_hold() {
    let mut script = Script::new();
    let held = OfferedStream { member: member(1), held: true };
    script.give(Input::Incoming { media: vec![Some(held)], late_offer: false });
    script.command(Command::Accept { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    script.stream(1, StreamInput::Started);
    assert_eq!(
        script.give(Input::Acknowledged { media: None })[1..],
        ["state connected", "DidStart [1]", "DidChangeHoldState remote true"]
    );
}
