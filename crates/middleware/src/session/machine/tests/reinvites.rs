//! Re-INVITEs of the other party.

use super::*;

fn offer(changes: Vec<MediaChange>) -> Input {
    let media = changes.into_iter().map(|change| offered(change, false)).collect();
    Input::Reinvite(Reinvite::Offer(media))
}

fn acknowledge(script: &mut Script) -> Vec<String> {
    script.give(Input::Acknowledged { media: None })
}

#[test]
fn a_changed_stream_is_updated() {
    let mut script = Script::answered(&[1]);
    assert_eq!(
        script.give(offer(vec![MediaChange::Keep])),
        ["call AnswerReinvite [1]", "stream 1 Update(0)", "state received_proposal"]
    );
    assert_eq!(
        acknowledge(&mut script),
        ["DidProcessTransaction remote INVITE 200 ACK Yes", "state connected"]
    );
}

#[test]
fn a_change_that_the_stream_refuses() {
    let mut script = Script::answered(&[1, 2]);
    let reason = "no common codec".to_owned();
    assert_eq!(
        script.give(offer(vec![MediaChange::Remove, MediaChange::Refuse { reason }])),
        [
            "call RejectReinvite no common codec",
            "DidProcessTransaction remote INVITE 488 ACK Unknown"
        ]
    );
    assert_eq!(
        script.give(offer(vec![MediaChange::Keep])),
        [
            "call RejectReinvite media are missing from the description",
            "DidProcessTransaction remote INVITE 488 ACK Unknown"
        ]
    );
    let unusable = Reinvite::Unusable { reason: "not a description".into() };
    assert_eq!(script.give(Input::Reinvite(unusable))[0], "call RejectReinvite not a description");
    assert_eq!(script.machine.state(), SessionState::Connected);
}

#[test]
fn a_stream_is_removed() {
    let mut script = Script::answered(&[1, 2]);
    assert_eq!(
        script.give(offer(vec![MediaChange::Remove, MediaChange::Keep])),
        [
            "call AnswerReinvite [-, 2]",
            "stream 2 Update(1)",
            "stream 1 Deactivate",
            "stream 1 End",
            "DidRenegotiateStreams Remove [1]",
            "state received_proposal"
        ]
    );
    assert_eq!(acknowledge(&mut script).last().unwrap(), "state connected");
}

#[test]
fn every_stream_is_removed() {
    let mut script = Script::answered(&[1]);
    script.give(offer(vec![MediaChange::Remove]));
    assert_eq!(
        acknowledge(&mut script)[1..],
        ["state connected", "state terminating", "WillEnd local", "call Hangup no stream is left"]
    );
}

#[test]
fn an_added_stream_is_answered_with_port_0() {
    let mut script = Script::answered(&[1]);
    assert_eq!(
        script.give(offer(vec![MediaChange::Keep, MediaChange::Add])),
        ["call AnswerReinvite [1, -]", "stream 1 Update(0)", "state received_proposal"]
    );
    acknowledge(&mut script);
    // The place stays in every later description.
    assert_eq!(script.command(Command::Hold)[1], "call Reinvite [1, -]");
}

#[test]
fn a_reinvite_without_an_offer_gets_ours() {
    let mut script = Script::answered(&[1]);
    assert_eq!(
        script.give(Input::Reinvite(Reinvite::NoOffer)),
        ["call AnswerReinvite [1]", "state received_proposal"]
    );
    assert_eq!(
        script.give(Input::Acknowledged { media: Some(Ok(vec![accepted()])) }),
        [
            "DidProcessTransaction remote INVITE 200 ACK Yes",
            "state connected",
            "stream 1 Update(0)"
        ]
    );
}

#[test]
fn hold_waits_for_the_ack_of_their_reinvite() {
    let mut script = Script::answered(&[1]);
    script.give(offer(vec![MediaChange::Keep]));
    assert_eq!(script.command(Command::Hold), ["stream 1 Hold"]);
    assert_eq!(
        acknowledge(&mut script)[1..],
        ["state connected", "call Reinvite [1]", "state sending_proposal"]
    );
}

#[test]
fn a_reinvite_before_our_streams_run_is_answered_when_they_do() {
    let mut script = Script::new();
    script.give(incoming(&[1]));
    script.command(Command::Accept { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    acknowledge(&mut script);
    assert_eq!(script.give(offer(vec![MediaChange::Keep])), NOTHING);
    assert_eq!(
        script.stream(1, StreamInput::Started),
        [
            "state connected",
            "DidStart [1]",
            "call AnswerReinvite [1]",
            "stream 1 Update(0)",
            "state received_proposal"
        ]
    );
}

#[test]
fn hanging_up_while_a_reinvite_is_answered() {
    let mut script = Script::answered(&[1]);
    script.give(offer(vec![MediaChange::Keep]));
    assert_eq!(
        script.command(Command::End),
        ["state terminating", "WillEnd local", "stream 1 Deactivate", "call Hangup -"]
    );
    assert_eq!(acknowledge(&mut script), NOTHING);
}
