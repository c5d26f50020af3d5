//! The registrar, driven by hand.

use bytes::Bytes;
use sipsimple_core::header::HeaderName;
use sipsimple_core::message::Message;
use sipsimple_net::digest::{Challenge, Credentials, Request};

use super::{Datagram, Registrar};

fn registrar() -> Registrar {
    let mut registrar =
        Registrar::new("127.0.0.1:5060".parse().unwrap(), "demo.invalid", "f00d").unwrap();
    registrar.add_user("bob", "secret");
    registrar
}

fn register(authorization: Option<&str>, contact: &str) -> Bytes {
    let authorization =
        authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    format!(
        "REGISTER sip:demo.invalid SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:bob@demo.invalid>;tag=1\r\nTo: <sip:bob@demo.invalid>\r\n\
         Call-ID: r\r\nCSeq: 1 REGISTER\r\nContact: {contact}\r\n{authorization}\
         Content-Length: 0\r\n\r\n"
    )
    .into()
}

fn send(registrar: &mut Registrar, bytes: Bytes) -> Option<(Message, Datagram)> {
    let datagram = registrar.receive(bytes, "127.0.0.1:5070".parse().unwrap())?;
    Some((Message::parse(datagram.bytes.clone()).unwrap(), datagram))
}

fn answered_challenge(registrar: &mut Registrar, password: &str) -> String {
    let (response, _) = send(registrar, register(None, "<sip:bob@127.0.0.1:5070>")).unwrap();
    assert_eq!(response.status().unwrap().code(), 401);
    let challenge = response.value(HeaderName::WwwAuthenticate).unwrap();
    let challenge = Challenge::parse(challenge).unwrap();
    let request = Request { method: "REGISTER", uri: "sip:demo.invalid", body: b"" };
    challenge.respond(&Credentials::new("bob", password), &request, "c", 1).unwrap().to_string()
}

#[test]
fn the_right_password_registers_and_the_wrong_one_does_not() {
    let mut registrar = registrar();
    let wrong = answered_challenge(&mut registrar, "guess");
    let (response, _) =
        send(&mut registrar, register(Some(&wrong), "<sip:b@127.0.0.1:1>")).unwrap();
    assert_eq!(response.status().unwrap().code(), 401);
    assert!(!registrar.is_registered("bob"));

    let right = answered_challenge(&mut registrar, "secret");
    let contact = "<sip:bob@127.0.0.1:5070>;expires=60";
    let (response, _) = send(&mut registrar, register(Some(&right), contact)).unwrap();
    assert_eq!(response.status().unwrap().code(), 200);
    assert_eq!(response.value(HeaderName::Contact), Some(contact));
    assert!(registrar.is_registered("bob"));

    let contact = "<sip:bob@127.0.0.1:5070>;expires=0";
    send(&mut registrar, register(Some(&right), contact)).unwrap();
    assert!(!registrar.is_registered("bob"));
}

#[test]
fn a_request_goes_to_the_contact_and_its_response_comes_back() {
    let mut registrar = registrar();
    let right = answered_challenge(&mut registrar, "secret");
    send(&mut registrar, register(Some(&right), "<sip:bob@127.0.0.1:5070>")).unwrap();
    let invite = "INVITE sip:bob@demo.invalid SIP/2.0\r\n\
        Via: SIP/2.0/UDP 10.0.0.9:5090;branch=z9hG4bK77;rport\r\nMax-Forwards: 70\r\n\
        From: <sip:alice@demo.invalid>;tag=1\r\nTo: <sip:bob@demo.invalid>\r\n\
        Call-ID: i\r\nCSeq: 1 INVITE\r\nRoute: <sip:127.0.0.1:5060;lr>\r\n\
        Content-Length: 0\r\n\r\n";
    let from = "127.0.0.1:5090".parse().unwrap();
    let forwarded = registrar.receive(invite.into(), from).unwrap();
    assert_eq!(forwarded.to, "127.0.0.1:5070".parse().unwrap());
    let forwarded = Message::parse(forwarded.bytes).unwrap();
    assert_eq!(forwarded.request_uri_text(), "sip:bob@127.0.0.1:5070");
    assert_eq!(forwarded.value(HeaderName::MaxForwards), Some("69"));
    assert!(!forwarded.contains(HeaderName::Route));

    let response = sipsimple_core::message::MessageBuilder::response_to(
        &forwarded,
        sipsimple_core::message::StatusCode::OK,
        "OK",
    );
    let response = response.build().unwrap().as_bytes().clone();
    let back = registrar.receive(response, "127.0.0.1:5070".parse().unwrap()).unwrap();
    assert_eq!(back.to, from);
    let back = Message::parse(back.bytes).unwrap();
    assert_eq!(back.values(HeaderName::Via).count(), 1);
}

#[test]
fn nobody_there_is_404() {
    let mut registrar = registrar();
    let options = "OPTIONS sip:eve@demo.invalid SIP/2.0\r\n\
        Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK9\r\nMax-Forwards: 70\r\n\
        From: <sip:a@demo.invalid>;tag=1\r\nTo: <sip:eve@demo.invalid>\r\n\
        Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    let (response, _) = send(&mut registrar, options.into()).unwrap();
    assert_eq!(response.status().unwrap().code(), 404);
    assert_eq!(registrar.receive("garbage".into(), "127.0.0.1:1".parse().unwrap()), None);
}
