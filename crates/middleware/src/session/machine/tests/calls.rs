//! Calls that come about, and those that fail before.

use super::*;

#[test]
fn outgoing_call() {
    let mut script = Script::new();
    assert_eq!(
        script.command(Command::Connect { streams: members(&[1]) }),
        ["state outgoing", "NewOutgoing [1]", "stream 1 Initialize(Outgoing)"]
    );
    assert_eq!(script.stream(1, StreamInput::Initialized), ["call Invite [1]"]);
    assert_eq!(
        script.give(Input::Progress { code: 180, reason: "Ringing".into() }),
        ["GotRingIndication", "GotProvisionalResponse 180"]
    );
    assert_eq!(
        script.give(Input::Progress { code: 183, reason: "Session Progress".into() }),
        ["GotProvisionalResponse 183"]
    );
    assert_eq!(
        script.give(Input::Answered { media: Ok(vec![accepted()]) }),
        ["DidProcessTransaction local INVITE 200 ACK Yes", "WillStart", "stream 1 Start(0)"]
    );
    assert_eq!(script.stream(1, StreamInput::Started), ["state connected", "DidStart [1]"]);
    script.waits_for_nothing();
}

#[test]
fn incoming_call() {
    let mut script = Script::new();
    assert_eq!(script.give(incoming(&[1])), ["state incoming", "NewIncoming [1]"]);
    assert_eq!(script.command(Command::SendRingIndication), ["call Ring"]);
    assert_eq!(
        script.command(Command::Accept { streams: members(&[1]) }),
        ["state accepting", "stream 1 Initialize(Incoming)"]
    );
    assert_eq!(
        script.stream(1, StreamInput::Initialized),
        ["call Answer [1]", "WillStart", "stream 1 Start(0)"]
    );
    assert_eq!(script.stream(1, StreamInput::Started), NOTHING, "the ACK is missing");
    assert_eq!(
        script.give(Input::Acknowledged { media: None }),
        ["DidProcessTransaction remote INVITE 200 ACK Yes", "state connected", "DidStart [1]"]
    );
}

#[test]
fn the_ack_may_come_before_the_streams_run() {
    let mut script = Script::new();
    script.give(incoming(&[1, 2]));
    script.command(Command::Accept { streams: members(&[1, 2]) });
    script.stream(1, StreamInput::Initialized);
    script.stream(2, StreamInput::Initialized);
    script.stream(1, StreamInput::Started);
    script.give(Input::Acknowledged { media: None });
    assert_eq!(script.stream(2, StreamInput::Started), ["state connected", "DidStart [1, 2]"]);
}

#[test]
fn late_offer() {
    let mut script = Script::new();
    assert_eq!(
        script.give(Input::Incoming { media: vec![], late_offer: true }),
        ["state incoming", "NewIncoming []"]
    );
    script.command(Command::Accept { streams: members(&[1]) });
    assert_eq!(script.stream(1, StreamInput::Initialized), ["call Answer [1]", "WillStart"]);
    assert_eq!(
        script.give(Input::Acknowledged { media: Some(Ok(vec![accepted()])) }),
        ["DidProcessTransaction remote INVITE 200 ACK Yes", "stream 1 Start(0)"]
    );
    assert_eq!(script.stream(1, StreamInput::Started), ["state connected", "DidStart [1]"]);
}

#[test]
fn late_offer_that_is_never_answered() {
    let mut script = Script::new();
    script.give(Input::Incoming { media: vec![], late_offer: true });
    script.command(Command::Accept { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(
        script.give(Input::Acknowledged { media: None })[1..],
        ["call Hangup the ACK has no answer to our offer", "state terminating"]
    );
}

#[test]
fn accepting_some_of_the_streams() {
    let mut script = Script::new();
    script.give(incoming(&[1, 2, 3]));
    let stranger = script.refused(Command::Accept { streams: members(&[2, 9]) });
    assert_eq!(stranger, SessionError::NotProposed);
    assert_eq!(script.refused(Command::Accept { streams: vec![] }), SessionError::NoStreams);
    script.command(Command::Accept { streams: members(&[2]) });
    assert_eq!(
        script.stream(2, StreamInput::Initialized),
        ["call Answer [-, 2, -]", "WillStart", "stream 2 Start(1)"]
    );
}

#[test]
fn the_other_party_accepts_some_of_the_streams() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1, 2]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(script.stream(2, StreamInput::Initialized), ["call Invite [1, 2]"]);
    assert_eq!(
        script.give(Input::Answered { media: Ok(vec![AnsweredMedia::Rejected, accepted()]) })[1..],
        ["stream 1 Deactivate", "stream 1 End", "WillStart", "stream 2 Start(1)"]
    );
    assert_eq!(script.stream(2, StreamInput::Started), ["state connected", "DidStart [2]"]);
}

#[test]
fn the_other_party_accepts_no_stream() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(
        script.give(Input::Answered { media: Ok(vec![AnsweredMedia::Rejected]) })[1..],
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "call Hangup no stream was accepted",
            "state terminating"
        ]
    );
    assert_eq!(
        script.give(bye_answered()),
        [
            "DidProcessTransaction local BYE 200",
            "state terminated",
            "DidFail local 488 no stream was accepted"
        ]
    );
}

#[test]
fn a_stream_that_can_not_initialize_is_left_out() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1, 2]) });
    script.stream(2, StreamInput::Initialized);
    assert_eq!(
        script.stream_fails(1),
        ["stream 1 Deactivate", "stream 1 End", "call Invite [-, 2]"]
    );
}

#[test]
fn no_stream_can_initialize() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    assert_eq!(
        script.stream_fails(1),
        ["stream 1 Deactivate", "stream 1 End", "state terminated", "DidFail local 500 broken"]
    );
    let mut script = Script::new();
    script.give(incoming(&[1]));
    script.command(Command::Accept { streams: members(&[1]) });
    assert_eq!(
        script.stream_fails(1)[2..],
        ["call Reject 500 Server Internal Error", "state terminating"]
    );
    assert_eq!(
        script.wait(1.0),
        [
            "DidProcessTransaction remote INVITE 500 ACK Unknown",
            "state terminated",
            "DidFail local 500 broken"
        ]
    );
}

#[test]
fn a_stream_that_can_not_start_is_taken_out() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1, 2]) });
    script.stream(1, StreamInput::Initialized);
    script.stream(2, StreamInput::Initialized);
    script.give(Input::Answered { media: Ok(vec![accepted(), accepted()]) });
    script.stream(1, StreamInput::Started);
    assert_eq!(
        script.stream_fails(2),
        [
            "stream 2 Deactivate",
            "stream 2 End",
            "state connected",
            "DidStart [1]",
            "call Reinvite [1, -]",
            "state sending_proposal"
        ]
    );
}

#[test]
fn streams_have_fifteen_seconds() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1, 2]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(script.wait(15.0), ["stream 2 Deactivate", "stream 2 End", "call Invite [1, -]"]);
    script.give(Input::Answered { media: Ok(vec![accepted(), AnsweredMedia::Rejected]) });
    assert_eq!(
        script.wait(15.0),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "call Hangup the media stream took too long",
            "state terminating"
        ]
    );
}

#[test]
fn the_other_party_refuses() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    let busy = failure(Originator::Remote, 486, "Busy Here", "Busy Here");
    assert_eq!(
        script.give(Input::Failed(busy)),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "DidProcessTransaction local INVITE 486 ACK Unknown",
            "state terminated",
            "DidFail remote 486 Busy Here"
        ]
    );
    assert_eq!(script.stream(1, StreamInput::Initialized), NOTHING);
    script.waits_for_nothing();
}

#[test]
fn commands_belong_to_their_states() {
    let illegal = |script: &mut Script, command, state, method| {
        assert_eq!(script.refused(command), SessionError::IllegalState { state, method });
    };
    let mut script = Script::new();
    illegal(&mut script, Command::End, SessionState::Null, "end");
    illegal(&mut script, Command::SendRingIndication, SessionState::Null, "send_ring_indication");
    illegal(&mut script, Command::Accept { streams: members(&[1]) }, SessionState::Null, "accept");
    let mut script = Script::connected(&[1]);
    let again = Command::Connect { streams: members(&[1]) };
    illegal(&mut script, again, SessionState::Connected, "connect");
    let reject = Command::Reject { code: 486, reason: String::new() };
    illegal(&mut script, reject, SessionState::Connected, "reject");
    let mut script = Script::new();
    script.give(incoming(&[1]));
    let ok = script.refused(Command::Reject { code: 200, reason: String::new() });
    assert_eq!(ok, SessionError::BadStatus(200));
}
