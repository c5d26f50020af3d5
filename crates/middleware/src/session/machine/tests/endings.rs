//! How sessions end.

use super::*;

#[test]
fn we_hang_up() {
    let mut script = Script::connected(&[1]);
    assert_eq!(
        script.command(Command::End),
        ["state terminating", "WillEnd local", "stream 1 Deactivate", "call Hangup -"]
    );
    assert_eq!(script.command(Command::End), NOTHING);
    assert_eq!(
        script.give(bye_answered()),
        [
            "DidProcessTransaction local BYE 200",
            "stream 1 Deactivate",
            "stream 1 End",
            "state terminated",
            "DidEnd local user_request"
        ]
    );
    assert_eq!(script.give(bye()), NOTHING);
}

#[test]
fn a_bye_that_is_not_answered_holds_nobody_up() {
    let mut script = Script::connected(&[1]);
    script.command(Command::End);
    assert_eq!(
        script.wait(1.0),
        ["stream 1 Deactivate", "stream 1 End", "state terminated", "DidEnd local user_request"]
    );
}

#[test]
fn the_other_party_hangs_up() {
    let mut script = Script::connected(&[1]);
    assert_eq!(
        script.give(bye()),
        [
            "state terminating",
            "WillEnd remote",
            "DidProcessTransaction remote BYE 200",
            "stream 1 Deactivate",
            "stream 1 End",
            "state terminated",
            "DidEnd remote user_request"
        ]
    );
}

#[test]
fn we_cancel() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(script.command(Command::End), ["call Hangup -", "state terminating"]);
    let cancelled = failure(Originator::Local, 487, "Request Terminated", USER_REQUEST);
    assert_eq!(
        script.give(Input::Failed(cancelled)),
        [
            "DidProcessTransaction local INVITE 487 ACK Unknown",
            "stream 1 Deactivate",
            "stream 1 End",
            "state terminated",
            "DidFail local 487 user_request"
        ]
    );
}

#[test]
fn we_cancel_before_the_invite_is_out() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    assert_eq!(
        script.command(Command::End),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "state terminated",
            "DidFail local 487 user_request"
        ]
    );
    assert_eq!(script.stream(1, StreamInput::Initialized), NOTHING);
}

#[test]
fn nobody_answers_our_call() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    script.pass(3);
    script.give(Input::Progress { code: 180, reason: "Ringing".into() });
    script.now -= Duration::from_secs(3);
    assert_eq!(script.wait(90.0), ["call Hangup -", "state terminating"]);
    assert_eq!(script.wait(1.0).last().unwrap(), "DidFail local 408 timeout");
}

#[test]
fn nobody_answers_their_call() {
    let mut script = Script::new();
    script.give(incoming(&[1]));
    assert_eq!(script.wait(90.0), ["call Reject 480 Temporarily Unavailable", "state terminating"]);
    assert_eq!(script.wait(1.0).last().unwrap(), "DidFail local 480 timeout");
}

#[test]
fn we_refuse() {
    let mut script = Script::new();
    script.give(incoming(&[1]));
    assert_eq!(
        script.command(Command::Reject { code: 486, reason: "Busy Here".into() }),
        ["call Reject 486 Busy Here", "state terminating"]
    );
    let requested = Failure::local(487, "Request Terminated", USER_REQUEST);
    assert_eq!(
        script.give(Input::Failed(requested)),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "DidProcessTransaction remote INVITE 486 ACK Unknown",
            "state terminated",
            "DidFail local 486 user_request"
        ]
    );
}

#[test]
fn hanging_up_on_a_call_that_rings_declines_it() {
    let mut script = Script::new();
    script.give(incoming(&[1]));
    assert_eq!(script.command(Command::End), ["call Reject 603 Decline", "state terminating"]);
    let mut script = Script::new();
    script.give(incoming(&[1]));
    script.command(Command::Accept { streams: members(&[1]) });
    assert_eq!(script.command(Command::End), ["call Reject 603 Decline", "state terminating"]);
}

#[test]
fn the_other_party_cancels() {
    for accept in [false, true] {
        let mut script = Script::new();
        script.give(incoming(&[1]));
        if accept {
            script.command(Command::Accept { streams: members(&[1]) });
        }
        let mut cancel = failure(Originator::Remote, 487, "Request Terminated", USER_REQUEST);
        cancel.transaction = Some((Originator::Remote, "INVITE"));
        assert_eq!(
            script.give(Input::Failed(cancel)).last().unwrap(),
            "DidFail remote 487 user_request"
        );
        assert_eq!(script.machine.state(), SessionState::Terminated);
    }
}

#[test]
fn the_ack_never_comes() {
    let mut script = Script::new();
    script.give(incoming(&[1]));
    script.command(Command::Accept { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    script.stream(1, StreamInput::Started);
    script.waits_for_nothing();
    let missing = Failure::local(408, "Request Timeout", "missing ACK");
    assert_eq!(
        script.give(Input::Ended(missing)),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "state terminated",
            "DidFail local 408 missing ACK"
        ]
    );
}

#[test]
fn the_last_stream_fails() {
    let mut script = Script::connected(&[1]);
    assert_eq!(
        script.stream_fails(1),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "DidRenegotiateStreams Remove [1]",
            "state terminating",
            "WillEnd local",
            "call Hangup broken"
        ]
    );
    assert_eq!(script.give(bye_answered()).last().unwrap(), "DidEnd local broken");
}

#[test]
fn one_of_several_streams_fails() {
    let mut script = Script::connected(&[1, 2]);
    assert_eq!(
        script.stream_fails(1),
        [
            "stream 1 Deactivate",
            "stream 1 End",
            "DidRenegotiateStreams Remove [1]",
            "call Reinvite [-, 2]",
            "state sending_proposal"
        ]
    );
    assert_eq!(
        script
            .give(Input::ReinviteAnswered { media: Ok(vec![AnsweredMedia::Rejected, accepted()]) }),
        ["DidProcessTransaction local INVITE 200 ACK Yes", "state connected", "stream 2 Update(1)"]
    );
    assert_eq!(script.stream_fails(1), NOTHING, "it has left already");
}

#[test]
fn the_engine_can_not_call() {
    let mut script = Script::new();
    script.command(Command::Connect { streams: members(&[1]) });
    script.stream(1, StreamInput::Initialized);
    assert_eq!(
        script.give(Input::Refused { reason: "no endpoint".into() }).last().unwrap(),
        "DidFail local 500 no endpoint"
    );
}
