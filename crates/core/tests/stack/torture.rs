//! The messages of RFC 4475 and RFC 5118 on the wire, each against the user
//! agent's verdict in `fixtures/sip/torture.tsv`.

use std::path::PathBuf;

use bytes::Bytes;
use sipsimple_core::stack::*;

use crate::script::*;

fn fixture(name: &str) -> Bytes {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sip").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

/// What the stack does with a message, in the words of the table, and the
/// response if there is one.
fn verdict(bytes: Bytes) -> (String, Option<sipsimple_core::message::Message>) {
    let mut script = Script::new();
    script.receive_bytes(PEER, bytes);
    let statistics = script.stack.statistics();
    let (malformed, unmatched) = (statistics.malformed, statistics.unmatched);
    let last = script.sent.pop_back().map(|(_, message)| message);
    let verdict = match last.as_ref().and_then(|message| message.status()) {
        Some(code) => code.to_string(),
        None if malformed > 0 => "drop".into(),
        None if unmatched > 0 => "response".into(),
        None => "nothing".into(),
    };
    // Whatever it was, the next request is answered.
    script.receive(
        "OPTIONS sip:a@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKnext\n\
         From: <sip:b@192.0.2.2>;tag=b\nTo: <sip:a@192.0.2.1>\nCall-ID: next\n\
         CSeq: 1 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n",
    );
    script.expect("SIP/2.0 200 OK");
    while let Some(event) = script.events.pop_front() {
        if let Event::Call { call, event: CallEvent::Incoming(_) } = event {
            script.command(Command::Hangup { call, headers: ExtraHeaders::new() }).unwrap();
        }
    }
    script.settle();
    (verdict, last)
}

#[test]
fn every_message_against_its_verdict() {
    let table = String::from_utf8(fixture("torture.tsv").to_vec()).unwrap();
    let mut failures = Vec::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, section, _, expected, note] = columns[..] else { panic!("{line}") };
        let (found, _) = verdict(fixture(file));
        let (known_failure, verdicts) = match expected.strip_prefix("known failure: ") {
            Some(rest) => (true, rest.rsplit_once("; ").unwrap().1),
            None => (false, expected),
        };
        let processed = !matches!(&*found, "400" | "drop" | "response" | "nothing");
        let passes = verdicts == "any"
            || verdicts.split(',').any(|v| v == found || (v == "processed" && processed));
        if passes == known_failure {
            failures.push(format!("{file} ({section}): {found}, expected {expected}: {note}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn refusals_say_what_is_missing() {
    let response = |name| verdict(fixture(name)).1.unwrap();
    let extensions = response("rfc4475-torture/bext01.dat");
    assert_eq!(value(&extensions, "Unsupported"), "nothingSupportsThis, nothingSupportsThisEither");
    let body = response("rfc4475-torture/invut.dat");
    assert_eq!(value(&body, "Accept"), "application/sdp");
    let accept = response("rfc4475-torture/sdp01.dat");
    assert!(value(&accept, "Warning").starts_with("399 "));
}
