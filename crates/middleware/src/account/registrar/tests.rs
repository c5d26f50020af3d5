//! Scenarios of the registrar machine.

use super::*;

struct Script {
    registrar: Registrar,
    now: Instant,
}

impl Script {
    #[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn new() -> Self {
        Self { registrar: Registrar::new([7; 32]), now: Instant::now() }
    }

    fn give(&mut self, input: Input) -> Vec<String> {
        self.registrar.handle_input(self.now, input);
        self.drain().0
    }

    fn drain(&mut self) -> (Vec<String>, Option<Instant>) {
        let mut lines = Vec::new();
        loop {
            lines.push(match self.registrar.poll_output() {
                Output::Timeout(when) => return (lines, when),
                Output::Event(AccountEvent::RegistrationDidFail { error, retry_after, .. }) => {
                    let retry = if retry_after.is_some() { "again" } else { "never again" };
                    format!("DidFail {error}, {retry}")
                }
                Output::Event(event) => event.name().to_owned(),
                other => format!("{other:?}"),
            });
        }
    }

    /// Lets the deadline pass; how far it was.
    fn wait(&mut self) -> (f64, Vec<String>) {
        let deadline = self.drain().1.expect("a deadline");
        let wait = (deadline - self.now).as_secs_f64();
        self.now = deadline;
        (wait, self.give(Input::Timeout))
    }

    fn fails(&mut self, kind: FailureKind) -> Vec<String> {
        self.give(Input::Failed(Failure { code: None, error: "no".into(), kind }))
    }
}

fn registered() -> Input {
    let (contact, registrar) = ("<sip:1@192.0.2.1>".into(), "192.0.2.9:5060".into());
    Input::Registered { contact, expires: Duration::from_secs(600), registrar }
}

const REGISTER: [&str; 2] = ["SIPAccountWillRegister", "Register"];

#[test]
fn registers_refreshes_and_unregisters() {
    let mut script = Script::new();
    assert_eq!(script.give(Input::Register), REGISTER);
    assert!(script.give(Input::Register).is_empty());
    assert_eq!(script.give(registered()), ["SIPAccountRegistrationDidSucceed"]);
    assert!(script.registrar.is_registered());
    assert_eq!(script.drain().1, None);
    assert_eq!(script.give(registered()), ["SIPAccountRegistrationDidSucceed"]);
    assert_eq!(script.give(Input::Unregister), ["Unregister"]);
    assert_eq!(script.give(Input::Removed(None)), ["SIPAccountRegistrationDidEnd"]);
    assert!(script.registrar.is_idle());
}

#[test]
fn a_wrong_password_is_not_tried_for_ever() {
    let mut script = Script::new();
    script.give(Input::Register);
    assert_eq!(script.fails(kind_of(401)), ["DidFail no, never again"]);
    assert_eq!(script.drain().1, None);
    assert_eq!(script.give(Input::Register), REGISTER, "but when somebody says so");
}

#[test]
fn what_may_be_gone_next_time_is_tried_again() {
    let mut script = Script::new();
    script.give(Input::Register);
    for _ in 0..20 {
        assert_eq!(script.fails(kind_of(503)), ["DidFail no, again"]);
        let (wait, lines) = script.wait();
        assert!((15.0..40.0).contains(&wait), "{wait}");
        assert_eq!(lines, REGISTER);
    }
}

#[test]
fn a_missing_name_is_asked_for_less_and_less() {
    let mut script = Script::new();
    script.give(Input::Register);
    let mut waits = Vec::new();
    for _ in 0..7 {
        script.fails(FailureKind::Unresolved);
        waits.push(script.wait().0);
    }
    assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
}

#[test]
fn a_failed_refresh_is_tried_again() {
    let mut script = Script::new();
    script.give(Input::Register);
    script.give(registered());
    assert_eq!(script.fails(FailureKind::Temporary), ["DidFail no, again"]);
    assert!(!script.registrar.is_registered());
    assert_eq!(script.wait().1, REGISTER);
}

#[test]
fn a_removal_that_is_not_answered_holds_nobody_up() {
    let mut script = Script::new();
    script.give(Input::Register);
    script.give(registered());
    script.give(Input::Unregister);
    assert_eq!(script.wait(), (2.0, vec!["SIPAccountRegistrationDidNotEnd".to_owned()]));
    assert!(script.give(Input::Removed(None)).is_empty());
}

#[test]
fn registering_again_while_the_removal_is_under_way() {
    let mut script = Script::new();
    script.give(Input::Register);
    script.give(registered());
    script.give(Input::Unregister);
    assert!(script.give(Input::Register).is_empty());
    let lines = script.give(Input::Removed(None));
    assert_eq!(lines, ["SIPAccountRegistrationDidEnd", "SIPAccountWillRegister", "Register"]);
}

#[test]
fn unregistering_while_waiting_stops_the_tries() {
    let mut script = Script::new();
    script.give(Input::Register);
    script.fails(FailureKind::Temporary);
    let lines = script.give(Input::Unregister);
    assert_eq!(lines, ["Unregister", "SIPAccountRegistrationDidEnd"]);
    assert_eq!(script.drain().1, None);
    assert!(script.give(registered()).is_empty(), "too late");
}
