//! REGISTER, refresh, removal and failure (RFC 3261 §10.2).

use std::sync::Arc;
use std::time::Duration;

use sipsimple_core::auth::Credentials;
use sipsimple_core::stack::*;

use crate::script::*;

const CHALLENGE: &str =
    "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n1\", qop=\"auth\"";

fn request() -> RegistrationRequest {
    let credentials = Credentials::new("alice", "secret");
    RegistrationRequest {
        identity: Arc::new(Identity { credentials: vec![credentials], ..Script::identity() }),
        registrar: Some("sip:192.0.2.2".parse().unwrap()),
        expires: Duration::from_secs(3600),
        contact_params: Some("+sip.instance=\"<urn:uuid:1>\"".into()),
        headers: ExtraHeaders::new(),
        retry: RetryPolicy::Never,
    }
}

fn register(script: &mut Script, request: RegistrationRequest) -> RegistrationKey {
    match script.command(Command::Register(Box::new(request))) {
        Ok(Accepted::Registration(key)) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn register_refresh_and_unregister() {
    let mut script = Script::new();
    let registration = register(&mut script, request());
    let first = script.expect("REGISTER sip:192.0.2.2 SIP/2.0");
    assert_eq!(
        value(&first, "Contact"),
        "<sip:alice@192.0.2.1:5060>;+sip.instance=\"<urn:uuid:1>\";expires=3600"
    );
    script.respond(&first, "401 Unauthorized", CHALLENGE);
    let second = script.expect("REGISTER ");
    assert_eq!((cseq(&first), cseq(&second)), (1, 2));
    assert!(value(&second, "Authorization").contains("uri=\"sip:192.0.2.2\""));
    let contacts = "Contact: <sip:alice@198.51.100.7:5060>;expires=99, \
                    <sip:alice@192.0.2.1:5060>;expires=300";
    script.respond(&second, "200 OK", contacts);
    let RegistrationEvent::Registered { contact, expires, .. } = script.registration_event() else {
        panic!()
    };
    assert_eq!(&*contact, "<sip:alice@192.0.2.1:5060>");
    assert_eq!(expires.as_secs(), 300);

    script.advance(Duration::from_secs(259));
    script.expect_nothing();
    script.advance(Duration::from_secs(1));
    let refresh = script.expect("REGISTER ");
    assert_eq!(cseq(&refresh), 3);
    assert_eq!(value(&refresh, "Call-ID"), value(&first, "Call-ID"));
    assert!(value(&refresh, "Authorization").contains("nc=00000002"));
    script.respond(&refresh, "200 OK", "Expires: 3600");
    let RegistrationEvent::Registered { expires, .. } = script.registration_event() else {
        panic!()
    };
    assert_eq!(expires.as_secs(), 3600);

    script.command(Command::Unregister { registration }).unwrap();
    let removal = script.expect("REGISTER ");
    assert_eq!(value(&removal, "Expires"), "0");
    script.respond(&removal, "200 OK", "");
    assert!(matches!(script.registration_event(), RegistrationEvent::Removed { cause: None }));
    script.settle();
}

#[test]
fn too_brief_is_raised_to_what_the_registrar_wants() {
    let mut script = Script::new();
    register(&mut script, RegistrationRequest { expires: Duration::from_secs(60), ..request() });
    let first = script.expect("REGISTER ");
    assert_eq!(value(&first, "Expires"), "60");
    script.respond(&first, "423 Interval Too Brief", "Min-Expires: 120");
    let second = script.expect("REGISTER ");
    assert_eq!(value(&second, "Expires"), "120");
    script.respond(&second, "423 Interval Too Brief", "Min-Expires: 120");
    assert!(matches!(script.registration_event(), RegistrationEvent::Failed { .. }));
    script.expect_nothing();
}

#[test]
fn a_wrong_password_is_reported_and_not_tried_again() {
    let mut script = Script::new();
    let back_off =
        RetryPolicy::BackOff { first: Duration::from_secs(1), max: Duration::from_secs(60) };
    let registration = register(&mut script, RegistrationRequest { retry: back_off, ..request() });
    let first = script.expect("REGISTER ");
    script.respond(&first, "401 Unauthorized", CHALLENGE);
    let second = script.expect("REGISTER ");
    script.respond(&second, "401 Unauthorized", &CHALLENGE.replace("n1", "n2"));
    let RegistrationEvent::Failed { cause, retry_after } = script.registration_event() else {
        panic!()
    };
    assert_eq!(cause.to_string(), "credentials refused by example.com");
    assert_eq!(retry_after, None);
    script.advance(Duration::from_secs(100_000));
    script.expect_nothing();
    script.command(Command::Unregister { registration }).unwrap();
    assert!(matches!(script.registration_event(), RegistrationEvent::Removed { .. }));
    script.settle();
}

#[test]
fn a_registrar_that_is_away_is_asked_again_as_told() {
    let mut script = Script::new();
    let back_off =
        RetryPolicy::BackOff { first: Duration::from_secs(10), max: Duration::from_secs(30) };
    register(&mut script, RegistrationRequest { retry: back_off, ..request() });
    let mut pauses = Vec::new();
    for _ in 0..4 {
        script.advance(Duration::from_secs(32));
        let first = script.expect("REGISTER ");
        while script.sent.pop_front().is_some() {}
        let RegistrationEvent::Failed { retry_after, .. } = script.registration_event() else {
            panic!()
        };
        let pause = retry_after.unwrap();
        pauses.push(pause.as_secs());
        script.advance(pause);
        let _ = first;
    }
    assert_eq!(pauses, [10, 20, 30, 30]);
    let again = script.expect("REGISTER ");
    script.respond(&again, "200 OK", "Expires: 60");
    assert!(matches!(script.registration_event(), RegistrationEvent::Registered { .. }));
}

#[test]
fn unregistering_while_registering_waits_for_the_answer() {
    let mut script = Script::new();
    let registration = register(&mut script, request());
    let first = script.expect("REGISTER ");
    script.command(Command::Unregister { registration }).unwrap();
    script.expect_nothing();
    let again = script.command(Command::Unregister { registration });
    assert!(matches!(again, Err(Refused::IllegalState { .. })));
    script.respond(&first, "200 OK", "Expires: 60");
    let removal = script.expect("REGISTER ");
    assert_eq!(value(&removal, "Expires"), "0");
    script.respond(&removal, "200 OK", "");
    assert!(matches!(script.registration_event(), RegistrationEvent::Removed { .. }));
    script.settle();
}

#[test]
fn absurd_lifetimes_do_not_flood() {
    let mut script = Script::new();
    register(&mut script, request());
    let first = script.expect("REGISTER ");
    script.respond(&first, "200 OK", "Expires: 0");
    script.registration_event();
    script.advance(Duration::from_millis(999));
    script.expect_nothing();
    script.advance(Duration::from_millis(1));
    let second = script.expect("REGISTER ");
    script.respond(&second, "200 OK", "Expires: 4294967295");
    script.registration_event();
    script.advance(Duration::from_secs(1_000_000));
    script.expect_nothing();
}
