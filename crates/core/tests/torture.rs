//! The messages of RFC 4475 and RFC 5118, each against its verdict in
//! `fixtures/sip/torture.tsv`.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use bytes::Bytes;
use sipsimple_core::header::{
    Accept, CSeq, CallId, Contact, From, HeaderName, MaxForwards, Subject, To, Via,
};
use sipsimple_core::message::{Message, Method};
use sipsimple_core::sdp::SessionDescription;

fn fixture(name: &str) -> Bytes {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sip").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

fn accepted(name: &str) -> Message {
    let message = Message::parse(fixture(name)).unwrap();
    message.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
    message
}

/// What becomes of a message, in the words of the table.
fn verdict(octets: Bytes) -> String {
    let message = match Message::parse(octets) {
        Ok(message) => message,
        Err(_) => return "drop".into(),
    };
    match message.validate() {
        Ok(()) => "accept".into(),
        Err(error) if message.is_request() => error.status().to_string(),
        Err(_) => "drop".into(),
    }
}

#[test]
fn every_message_against_its_verdict() {
    let table = String::from_utf8(fixture("torture.tsv").to_vec()).unwrap();
    let mut failures = Vec::new();
    let mut seen = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, section, expected, _, note] = columns[..] else { panic!("{line}") };
        let found = verdict(fixture(file));
        let (known_failure, verdicts) = match expected.strip_prefix("known failure: ") {
            Some(rest) => (true, rest.rsplit_once("; ").unwrap().1),
            None => (false, expected),
        };
        let passes = verdicts == "any" || verdicts.split(',').any(|verdict| verdict == found);
        if passes == known_failure {
            failures.push(format!("{file} ({section}): {found}, expected {expected}: {note}"));
        }
        seen += 1;
    }
    assert_eq!(seen, 62, "messages in the table");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn wsinv_is_read_through_all_its_white_space() {
    let message = accepted("rfc4475-torture/wsinv.dat");
    let to = message.required::<To>().unwrap();
    assert_eq!(to.tag, Some("1918181833n"));
    let from = message.required::<From>().unwrap();
    assert_eq!(from.address.display_name.unwrap().text(), "J Rosenberg \\\"");
    assert_eq!(from.tag, Some("98asjd8"));
    assert_eq!(message.required::<MaxForwards>().unwrap(), MaxForwards(68));
    assert_eq!(message.required::<CSeq>().unwrap(), CSeq::new(9, Method::Invite));
    assert_eq!(message.required::<Subject>().unwrap().0, "");
    let vias: Vec<_> = message.all::<Via>().map(|via| via.unwrap().to_string()).collect();
    assert_eq!(
        vias,
        [
            "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
            "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
        ]
    );
    let contact = message.required::<Contact>().unwrap();
    assert_eq!(contact.address.display_name.unwrap().text(), "Quoted string \"\"");
    assert_eq!((contact.q, contact.params.value("newparam")), (Some(330), Some("newvalue")));
    assert_eq!(message.value(HeaderName::Other("unknownheaderwithunusualvalue")), Some(";;,,;;,;"));
    assert_eq!(message.body().len(), 150);
    assert_eq!(SessionDescription::parse(message.body()).unwrap().media.len(), 2);
}

#[test]
fn intmeth_is_kept_octet_by_octet() {
    let message = accepted("rfc4475-torture/intmeth.dat");
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    assert_eq!(message.method(), Some(&Method::Other(method.into())));
    let uri = message.request_uri().unwrap();
    let sip = uri.as_sip().unwrap();
    assert_eq!(sip.user, Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(sip.password, Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    let to = message.required::<To>().unwrap();
    assert_eq!(to.address.display_name.unwrap().text(), "BEL:\x07 NUL:\0 DEL:\x7f");
    let call_id = message.required::<CallId>().unwrap();
    assert_eq!(call_id.0, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
}

#[test]
fn escapes_mean_what_they_say() {
    let message = accepted("rfc4475-torture/esc01.dat");
    let uri = message.request_uri().unwrap();
    assert_eq!(uri.as_sip().unwrap().user_text().unwrap(), "sips:user@example.com");
    let message = accepted("rfc4475-torture/esc02.dat");
    assert_eq!(message.method(), Some(&Method::Other("RE%47IST%45R".into())));
    // An escaped header name is no header name.
    assert_eq!(message.all::<Contact>().count(), 2);
    let message = accepted("rfc4475-torture/escnull.dat");
    let users: Vec<_> = message
        .all::<Contact>()
        .map(|contact| contact.unwrap().address.uri.as_sip().unwrap().user_text().unwrap())
        .collect();
    assert_eq!(users, ["\0", "\0\0"]);
}

#[test]
fn parameters_belong_where_the_brackets_say() {
    let outside = accepted("rfc4475-torture/cparam01.dat");
    let contact = outside.required::<Contact>().unwrap();
    assert!(contact.params.contains("unknownparam"));
    assert!(!contact.address.uri.as_sip().unwrap().params.contains("unknownparam"));
    let inside = accepted("rfc4475-torture/cparam02.dat");
    let contact = inside.required::<Contact>().unwrap();
    assert!(contact.params.is_empty());
    assert!(contact.address.uri.as_sip().unwrap().params.contains("unknownparam"));
    let message = accepted("rfc4475-torture/semiuri.dat");
    assert_eq!(
        message.request_uri().unwrap().as_sip().unwrap().user,
        Some("user;par=u%40example.net")
    );
    assert_eq!(message.all::<Accept>().count(), 6);
    let message = accepted("rfc4475-torture/regescrt.dat");
    let contact = message.required::<Contact>().unwrap();
    let route = contact.address.uri.as_sip().unwrap().headers.get("route");
    assert_eq!(route, Some("%3Csip:sip.example.com%3E"));
    assert!(!message.contains(HeaderName::Route));
}

#[test]
fn octets_after_the_body_are_cut_off() {
    let octets = fixture("rfc4475-torture/dblreq.dat");
    let message = accepted("rfc4475-torture/dblreq.dat");
    assert_eq!(message.method(), Some(&Method::Register));
    assert!(message.body().is_empty() && message.as_bytes().len() < octets.len());
}

#[test]
fn long_and_binary_ones_are_whole() {
    let message = accepted("rfc4475-torture/longreq.dat");
    assert_eq!(message.all::<Via>().filter(Result::is_ok).count(), 34);
    let message = accepted("rfc4475-torture/mpart01.dat");
    assert_eq!(message.body().len(), 553);
    let message = accepted("rfc4475-torture/unreason.dat");
    assert_eq!(message.reason(), "= 2**3 * 5**2 но сто девяносто девять - простое");
    assert_eq!(accepted("rfc4475-torture/noreason.dat").reason(), "");
}

#[test]
fn ipv6_addresses_and_ports() {
    let port = |name: &str| {
        let message = accepted(name);
        let uri = message.request_uri().unwrap();
        uri.as_sip().unwrap().port
    };
    assert_eq!(port("rfc5118-ipv6/port-ambiguous.sip"), None);
    assert_eq!(port("rfc5118-ipv6/port-unambiguous.sip"), Some(5070));
    for name in ["with", "no"] {
        let message = accepted(&format!("rfc5118-ipv6/via-received-param-{name}-delim.sip"));
        let via = message.required::<Via>().unwrap();
        assert_eq!(via.received, Some("2001:db8::9:255".parse().unwrap()), "{name}");
    }
    for name in ["ipv6-in-sdp", "mult-ip-in-sdp"] {
        let message = accepted(&format!("rfc5118-ipv6/{name}.sip"));
        let session = SessionDescription::parse(message.body()).unwrap();
        for media in &session.media {
            assert!(session.rtp_address(media).is_some(), "{name}");
        }
    }
}
