//! What a user agent server answers by itself (RFC 3261 §8.2, §12.2.2, §18.2).

use sipsimple_core::stack::*;

use crate::script::*;

/// A request as a peer would write it.
fn request(method: &str, uri: &str, lines: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\n\
         Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{}\n\
         From: <sip:bob@192.0.2.2>;tag=b\n\
         To: <sip:alice@192.0.2.1>\n\
         Call-ID: c1\n\
         CSeq: 1 {method}\n\
         Max-Forwards: 70\n\
         Contact: <sip:bob@192.0.2.2>\n\
         {lines}",
        lines.len() + 100 * method.len() + 10_000 * uri.len()
    )
}

fn answer(text: &str) -> sipsimple_core::message::Message {
    let mut script = Script::new();
    script.receive(text);
    script.expect("SIP/2.0 ")
}

#[test]
fn options_tells_what_we_can() {
    let response = answer(&request("OPTIONS", "sip:alice@192.0.2.1", ""));
    assert_eq!(response.status().unwrap().code(), 200);
    assert_eq!(value(&response, "Allow"), "INVITE, ACK, CANCEL, BYE, OPTIONS");
    assert_eq!(value(&response, "Accept"), "application/sdp");
}

#[test]
fn what_we_cannot_do_is_refused() {
    let uri = "sip:alice@192.0.2.1";
    let code = |text: &str| answer(text).status().unwrap().code();
    assert_eq!(code(&request("REGISTER", uri, "")), 405);
    assert_eq!(code(&request("MESSAGE", uri, "")), 405);
    assert_eq!(code(&request("DANCE", uri, "")), 501);
    assert_eq!(code(&request("INVITE", "tel:+1234", "")), 416);
    assert_eq!(code(&request("BYE", uri, "")), 481);
    let unknown = answer(&request("INVITE", uri, "Require: a, 100rel\nProxy-Require: p\n"));
    assert_eq!(unknown.status().unwrap().code(), 420);
    assert_eq!(value(&unknown, "Unsupported"), "a, 100rel");
    let html = "Content-Type: text/html\nContent-Length: 2\n\nhi";
    let body = answer(&request("INVITE", uri, html));
    assert_eq!(body.status().unwrap().code(), 415);
    assert_eq!(value(&body, "Accept"), "application/sdp");
    let encoded = "Content-Type: application/sdp\nContent-Encoding: gzip\nContent-Length: 2\n\nhi";
    assert_eq!(code(&request("INVITE", uri, encoded)), 415);
}

#[test]
fn what_is_malformed_gets_400_with_a_reason() {
    let text = request("INVITE", "sip:alice@192.0.2.1", "").replace("Call-ID: c1\n", "");
    let response = answer(&text);
    assert_eq!(response.status().unwrap().code(), 400);
    assert!(value(&response, "Warning").contains("Call-ID is missing"), "{response}");
}

#[test]
fn garbage_is_counted_and_dropped() {
    let mut script = Script::new();
    for garbage in ["\u{0}\u{1}", "hello", "INVITE", "SIP/2.0 200 OK\n", "ACK sip:a SIP/2.0\n"] {
        script.receive(garbage);
    }
    script.expect_nothing();
    assert_eq!(script.stack.statistics().malformed, 5, "{:?}", script.stack.statistics());
    script.receive_bytes(PEER, bytes::Bytes::from_static(b"\r\n\r\n"));
    script.expect_nothing();
    script.receive(&request("OPTIONS", "sip:alice@192.0.2.1", ""));
    script.expect("SIP/2.0 200 OK");
    script.settle();
}

#[test]
fn retransmissions_get_the_same_answer() {
    let mut script = Script::new();
    let options = request("OPTIONS", "sip:alice@192.0.2.1", "");
    script.receive(&options);
    let first = script.expect("SIP/2.0 200 OK");
    script.receive(&options);
    let second = script.expect("SIP/2.0 200 OK");
    assert_eq!(first.as_bytes(), second.as_bytes());
    assert_eq!(script.stack.statistics().retransmissions_received, 1);
    script.settle();
}

#[test]
fn the_same_request_over_two_ways_is_merged() {
    let mut script = Script::new();
    let invite = request("INVITE", "sip:alice@192.0.2.1", "");
    script.receive(&invite);
    script.expect("SIP/2.0 100 Trying");
    script.receive(&invite.replace("branch=z9hG4bK", "branch=z9hG4bKother"));
    script.expect("SIP/2.0 482 Loop Detected");
    let CallEvent::Incoming(_) = script.event() else { panic!() };
    assert!(script.events.is_empty());
}

#[test]
fn responses_go_where_the_via_says() {
    let mut script = Script::new();
    let options = request("OPTIONS", "sip:alice@192.0.2.1", "");
    script.receive_from("198.51.100.9:1024", &options);
    let (to, response) = script.sent.pop_front().unwrap();
    assert_eq!(to, "198.51.100.9:5060".parse().unwrap());
    assert!(value(&response, "Via").contains(";received=198.51.100.9"));

    let rport = options.replace(";branch=z9hG4bK", ";rport;branch=z9hG4bKr");
    script.receive_from("198.51.100.9:1024", &rport.replace("c1", "c2"));
    let (to, response) = script.sent.pop_front().unwrap();
    assert_eq!(to, "198.51.100.9:1024".parse().unwrap());
    assert!(value(&response, "Via").contains(";rport=1024"), "{response}");
    assert!(value(&response, "Via").contains(";received=198.51.100.9"), "{response}");
}

#[test]
fn a_peer_of_rfc_2543_can_call() {
    let mut script = Script::new();
    let old = "INVITE sip:alice@192.0.2.1 SIP/2.0\n\
               Via: SIP/2.0/UDP 192.0.2.2:5060\n\
               From: <sip:bob@192.0.2.2>\n\
               To: <sip:alice@192.0.2.1>\n\
               Call-ID: old\n\
               CSeq: 1 INVITE\n\
               Contact: <sip:bob@192.0.2.2>\n";
    script.receive(old);
    script.expect("SIP/2.0 100 Trying");
    script.receive(old);
    script.expect("SIP/2.0 100 Trying");
    let Some(Event::Call { call, .. }) = script.events.pop_front() else { panic!() };
    script.command(Command::Answer { call, content: Body::sdp("v=0").into() }).unwrap();
    let ok = script.expect("SIP/2.0 200 OK");
    let to = value(&ok, "To").to_owned();
    let within = |method: &str, number: u32| {
        old.replace("INVITE", method)
            .replace("To: <sip:alice@192.0.2.1>", &format!("To: {to}"))
            .replace("CSeq: 1", &format!("CSeq: {number}"))
    };
    script.receive(&within("ACK", 1));
    let CallEvent::Acknowledged { .. } = script.event() else { panic!() };
    script.receive(&within("BYE", 2));
    script.expect("SIP/2.0 200 OK");
    let CallEvent::Ended { .. } = script.event() else { panic!() };
    script.settle();
}

/// An answered call with the To value that requests inside it carry.
fn answered(script: &mut Script) -> (CallKey, String) {
    script.receive(&request("INVITE", "sip:alice@192.0.2.1", ""));
    script.expect("SIP/2.0 100 Trying");
    let Some(Event::Call { call, .. }) = script.events.pop_front() else { panic!() };
    script.command(Command::Answer { call, content: Body::sdp("v=0").into() }).unwrap();
    let ok = script.expect("SIP/2.0 200 OK");
    assert_eq!(value(&ok, "Contact"), "<sip:alice@192.0.2.1:5060>");
    let to = value(&ok, "To").to_owned();
    script.receive(&within(&to, "ACK", 1));
    script.event();
    (call, to)
}

fn within(to: &str, method: &str, number: u32) -> String {
    request(method, "sip:alice@192.0.2.1:5060", "")
        .replace("To: <sip:alice@192.0.2.1>", &format!("To: {to}"))
        .replace("CSeq: 1", &format!("CSeq: {number}"))
        .replace("branch=z9hG4bK", &format!("branch=z9hG4bK{number}x"))
}

#[test]
fn inside_a_call_only_what_belongs_there() {
    let mut script = Script::new();
    let (_, to) = answered(&mut script);
    for (method, number, answer) in [
        ("OPTIONS", 5, "SIP/2.0 200 OK"),
        ("INFO", 6, "SIP/2.0 405 Method Not Allowed"),
        ("UPDATE", 7, "SIP/2.0 405 Method Not Allowed"),
        ("DANCE", 8, "SIP/2.0 501 Not Implemented"),
        ("OPTIONS", 4, "SIP/2.0 500 "),
    ] {
        script.receive(&within(&to, method, number));
        script.expect(answer);
    }
    for (what, with) in [("Call-ID: c1", "Call-ID: c9"), ("tag=b", "tag=z"), ("tag=", "tag=f")] {
        script.receive(&within(&to, "BYE", 9).replace(what, with));
        script.expect("SIP/2.0 481 ");
        script.advance(std::time::Duration::from_secs(40));
    }
    script.receive(&within(&to, "BYE", 10));
    script.expect("SIP/2.0 200 OK");
    script.event();
    script.receive(&within(&to, "BYE", 11));
    script.expect("SIP/2.0 481 ");
    script.settle();
}

#[test]
fn requests_follow_the_route_set() {
    let mut script = Script::new();
    let routes = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>\n";
    script.receive(&request("INVITE", "sip:alice@192.0.2.1", routes));
    script.expect("SIP/2.0 100 Trying");
    let Some(Event::Call { call, .. }) = script.events.pop_front() else { panic!() };
    script.command(Command::Answer { call, content: Body::sdp("v=0").into() }).unwrap();
    let ok = script.expect("SIP/2.0 200 OK");
    assert_eq!(value(&ok, "Record-Route"), "<sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>");
    let to = value(&ok, "To").to_owned();
    script.receive(&within(&to, "ACK", 1));
    script.event();
    script.command(Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
    assert_eq!(script.sent[0].0, "192.0.2.50:5060".parse().unwrap());
    let bye = script.expect("BYE sip:bob@192.0.2.2 SIP/2.0");
    let values: Vec<&str> = bye.values(sipsimple_core::header::HeaderName::Route).collect();
    assert_eq!(values, ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]);
    script.respond(&bye, "200 OK", "");
    script.event();
    script.settle();
}

#[test]
fn a_strict_router_is_tolerated() {
    let mut script = Script::new();
    let call = script.call(Script::identity());
    let invite = script.expect("INVITE ");
    let lines = "Contact: <sip:bob@198.51.100.4>\nRecord-Route: <sip:192.0.2.51;lr>\n\
                 Record-Route: <sip:192.0.2.50>";
    script.respond(&invite, "200 OK", lines);
    assert_eq!(script.sent[0].0, "192.0.2.50:5060".parse().unwrap());
    let ack = script.expect("ACK sip:192.0.2.50 SIP/2.0");
    let values: Vec<&str> = ack.values(sipsimple_core::header::HeaderName::Route).collect();
    assert_eq!(values, ["<sip:192.0.2.51;lr>", "<sip:bob@198.51.100.4>"]);
    script.event();
    script.command(Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
    let bye = script.expect("BYE sip:192.0.2.50 SIP/2.0");
    script.respond(&bye, "200 OK", "");
    script.event();
    script.settle();
}

#[test]
fn a_second_fork_that_answers_is_acknowledged_and_ended() {
    let mut script = Script::new();
    let call = script.call(Script::identity());
    let invite = script.expect("INVITE ");
    script.respond(&invite, "180 Ringing", "Contact: <sip:bob@192.0.2.2>");
    let CallEvent::Progress { .. } = script.event() else { panic!() };
    script.respond(&invite, "200 OK", "Contact: <sip:bob@192.0.2.2>");
    script.expect("ACK sip:bob@192.0.2.2 SIP/2.0");
    let CallEvent::Answered { .. } = script.event() else { panic!() };
    let other = format!(
        "SIP/2.0 200 OK\nVia: {}\nFrom: {}\nTo: <sip:bob@192.0.2.2>;tag=fork\n\
         Call-ID: {}\nCSeq: 1 INVITE\nContact: <sip:bob@192.0.2.3>\nContent-Length: 0\n",
        value(&invite, "Via"),
        value(&invite, "From"),
        value(&invite, "Call-ID"),
    );
    script.receive(&other);
    let ack = script.expect("ACK sip:bob@192.0.2.3 SIP/2.0");
    assert!(value(&ack, "To").ends_with(";tag=fork"));
    let bye = script.expect("BYE sip:bob@192.0.2.3 SIP/2.0");
    script.respond(&bye, "200 OK", "");
    script.receive(&other);
    script.expect("ACK sip:bob@192.0.2.3 SIP/2.0");
    script.expect_nothing();
    assert_eq!(script.stack.statistics().calls, 1);
    script.command(Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
    let bye = script.expect("BYE sip:bob@192.0.2.2 SIP/2.0");
    script.respond(&bye, "200 OK", "");
    script.event();
    script.settle();
}

#[test]
fn a_second_invite_before_the_answer_is_put_off() {
    let mut script = Script::new();
    script.receive(&request("INVITE", "sip:alice@192.0.2.1", ""));
    script.expect("SIP/2.0 100 Trying");
    let Some(Event::Call { call, .. }) = script.events.pop_front() else { panic!() };
    let code = sipsimple_core::message::StatusCode::RINGING;
    script.command(Command::Progress { call, code, content: Content::default() }).unwrap();
    let ringing = script.expect("SIP/2.0 180 Ringing");
    let to = value(&ringing, "To").to_owned();
    script.receive(&within(&to, "INVITE", 2));
    let refused = script.expect("SIP/2.0 500 ");
    assert!(value(&refused, "Retry-After").parse::<u8>().unwrap() <= 10);
    // A minute later the 180 is repeated, so that proxies keep the call.
    script.advance(std::time::Duration::from_secs(61));
    while let Some((_, message)) = script.sent.pop_front() {
        let code = message.status().unwrap().code();
        assert!(code == 500 || code == 180);
    }
    script.command(Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
    script.expect("SIP/2.0 603 ");
    script.event();
    script.settle();
}
