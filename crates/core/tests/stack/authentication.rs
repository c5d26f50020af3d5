//! Challenges on INVITE, BYE and re-INVITE (RFC 3261 §22).

use sipsimple_core::auth::{AuthFailure, Credentials};
use sipsimple_core::stack::*;

use crate::script::*;

const CHALLENGE: &str =
    "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

fn known() -> Identity {
    let credentials = Credentials::new("alice", "secret").for_realm("example.com");
    Identity { credentials: vec![credentials], ..Script::identity() }
}

#[test]
fn a_challenged_invite_is_sent_again_with_credentials() {
    let mut script = Script::new();
    script.call(known());
    let first = script.expect("INVITE sip:bob@192.0.2.2 SIP/2.0");
    script.respond(&first, "401 Unauthorized", CHALLENGE);
    script.expect("ACK ");
    let second = script.expect("INVITE ");
    assert_eq!(cseq(&second), cseq(&first) + 1);
    for same in ["Call-ID", "From", "To"] {
        assert_eq!(value(&first, same), value(&second, same));
    }
    assert_ne!(value(&first, "Via"), value(&second, "Via"));
    let answer = value(&second, "Authorization");
    for part in ["username=\"alice\"", "algorithm=SHA-256", "qop=auth", "nc=00000001"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    script.respond(&second, "200 OK", "Contact: <sip:bob@192.0.2.2>");
    let ack = script.expect("ACK sip:bob@192.0.2.2 SIP/2.0");
    assert_eq!(value(&ack, "Authorization"), answer);
    assert_eq!(cseq(&ack), cseq(&second));
    let CallEvent::Answered { .. } = script.event() else { panic!() };

    let call = script.stack.statistics().calls;
    assert_eq!(call, 1);
}

#[test]
fn the_second_401_is_a_refusal() {
    let mut script = Script::new();
    script.call(known());
    let first = script.expect("INVITE ");
    script.respond(&first, "401 Unauthorized", CHALLENGE);
    script.expect("ACK ");
    let second = script.expect("INVITE ");
    script.respond(&second, "401 Unauthorized", &CHALLENGE.replace("n1", "n2"));
    script.expect("ACK ");
    script.expect_nothing();
    let CallEvent::Failed { cause: Cause::Authentication { failure, .. } } = script.event() else {
        panic!()
    };
    assert_eq!(failure, AuthFailure::Refused { realm: "example.com".into() });
    script.settle();
}

#[test]
fn a_stale_nonce_is_answered_once_more() {
    let mut script = Script::new();
    script.call(known());
    let first = script.expect("INVITE ");
    script.respond(&first, "401 Unauthorized", CHALLENGE);
    script.expect("ACK ");
    let second = script.expect("INVITE ");
    let stale = format!("{}, stale=true", CHALLENGE.replace("n1", "n2"));
    script.respond(&second, "401 Unauthorized", &stale);
    script.expect("ACK ");
    let third = script.expect("INVITE ");
    assert!(value(&third, "Authorization").contains("nonce=\"n2\""));
    script.respond(&third, "486 Busy Here", "");
    script.expect("ACK ");
    script.event();
    script.settle();
}

#[test]
fn a_proxy_and_a_server_may_both_ask() {
    let mut script = Script::new();
    let mut identity = known();
    identity.credentials.push(Credentials::new("p", "q").for_realm("proxy"));
    script.call(identity);
    let first = script.expect("INVITE ");
    let proxy = "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"p1\"";
    script.respond(&first, "407 Proxy Authentication Required", proxy);
    script.expect("ACK ");
    let second = script.expect("INVITE ");
    assert!(value(&second, "Proxy-Authorization").contains("username=\"p\""));
    script.respond(&second, "401 Unauthorized", CHALLENGE);
    script.expect("ACK ");
    let third = script.expect("INVITE ");
    assert!(value(&third, "Proxy-Authorization").contains("username=\"p\""));
    assert!(value(&third, "Authorization").contains("username=\"alice\""));
    script.respond(&third, "603 Decline", "");
    script.expect("ACK ");
    script.event();
    script.settle();
}

#[test]
fn the_password_is_not_given_to_another_realm() {
    let mut script = Script::new();
    script.call(known());
    let first = script.expect("INVITE ");
    script.respond(&first, "401 Unauthorized", &CHALLENGE.replace("example.com", "evil.com"));
    script.expect("ACK ");
    script.expect_nothing();
    let CallEvent::Failed { cause } = script.event() else { panic!() };
    assert_eq!(cause.to_string(), "no credentials for evil.com");
    script.settle();
}

#[test]
fn bye_and_reinvite_are_challenged_too() {
    let mut script = Script::new();
    let call = script.call(known());
    let invite = script.expect("INVITE ");
    script.respond(&invite, "200 OK", "Contact: <sip:bob@192.0.2.2>");
    script.expect("ACK ");
    script.event();
    let content = Body::sdp("v=0 hold").into();
    script.command(Command::Reinvite { call, content }).unwrap();
    let first = script.expect("INVITE ");
    script.respond(&first, "401 Unauthorized", CHALLENGE);
    script.expect("ACK ");
    let second = script.expect("INVITE ");
    assert_eq!(second.body(), b"v=0 hold");
    assert!(value(&second, "Authorization").contains("nc=00000001"));
    script.respond(&second, "200 OK", "Contact: <sip:bob@192.0.2.2>");
    script.expect("ACK ");
    script.event();
    script.command(Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
    let bye = script.expect("BYE ");
    assert!(value(&bye, "Authorization").contains("nc=00000002"));
    script.respond(&bye, "401 Unauthorized", &CHALLENGE.replace("n1", "n2"));
    let bye = script.expect("BYE ");
    assert!(value(&bye, "Authorization").contains("nonce=\"n2\""));
    script.respond(&bye, "200 OK", "");
    let CallEvent::Ended { by: Originator::Local, .. } = script.event() else { panic!() };
    script.settle();
}
