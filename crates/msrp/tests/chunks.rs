//! A peer written by hand: chunks in any order, lies, and the RFC's examples.

mod support;

use bytes::BytesMut;
use proptest::prelude::*;
use sipsimple_msrp::connection::*;
use sipsimple_msrp::cpim::CpimMessage;
use sipsimple_msrp::{FailureReport, StatusCode};
use support::*;

fn bob() -> Scripted {
    Scripted::bob(config(BOB, ALICE))
}

fn streaming(max_size: u64) -> Scripted {
    Scripted::bob(SessionConfig { mode: ReceiveMode::Streamed, max_size, ..config(BOB, ALICE) })
}

#[test]
fn out_of_order_and_overlapping() {
    let mut bob = bob();
    bob.chunk("aaa1", "6-10/12", "67890", '+');
    bob.chunk("aaa2", "11-12/12", "XY", '$');
    assert!(bob.side.bodies().is_empty());
    bob.chunk("aaa3", "1-*/12", "12345abc", '+');
    // The chunk that came last takes precedence.
    assert_eq!(bob.side.bodies(), ["12345abc90XY"]);
}

#[test]
fn unknown_totals_and_short_chunks() {
    let mut bob = bob();
    bob.chunk("aaa1", "1-*/*", "12345", '+');
    // Says 100 bytes, and is interrupted.
    bob.chunk("aaa2", "6-105/*", "678", '+');
    let answer = bob.chunk("aaa3", "9-*/*", "", '$');
    assert_eq!(starts(&answer), ["200"]);
    assert_eq!(bob.side.bodies(), ["12345678"]);
}

#[test]
fn the_last_chunk_says_what_the_length_is() {
    // The examples of RFC 4975 count two bytes too many.
    let mut bob = bob();
    assert_eq!(starts(&bob.chunk("aaa1", "1-16/16", "Hi, I'm Alice!", '$')), ["200"]);
    assert_eq!(bob.side.bodies(), ["Hi, I'm Alice!"]);
}

#[test]
fn lies_are_refused() {
    for chunks in [
        // More bytes than the range, and than the total.
        &[("1-3/9", "12345", '+')][..],
        &[("1-*/3", "12345", '+')],
        // Another total than before.
        &[("1-*/9", "123", '+'), ("4-*/10", "4", '+')],
        // An end before what came already.
        &[("7-9/*", "789", '+'), ("1-*/*", "123", '$')],
        // Bytes behind the end.
        &[("4-6/*", "456", '$'), ("7-8/*", "78", '+')],
        &[("1-*/5", "1", '+'), ("7-*/*", "7", '+')],
        // Nonsense.
        &[("0-3/3", "123", '$')],
        &[("5-3/3", "123", '$')],
        &[("1-4/3", "123", '$')],
        &[("18446744073709551616-*/*", "123", '$')],
    ] {
        let mut bob = bob();
        let (last, before) = chunks.split_last().expect("chunks");
        for (n, (range, body, flag)) in before.iter().enumerate() {
            assert_eq!(starts(&bob.chunk(&format!("aaa{n}"), range, body, *flag)), ["200"]);
        }
        let answer = bob.chunk("last", last.0, last.1, last.2);
        assert_eq!(starts(&answer), ["400"], "{chunks:?}");
        assert!(bob.side.bodies().is_empty(), "{chunks:?}");
        // The connection goes on.
        let next = bob.say(&format!(
            "MSRP next SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: another\r\n\
             Content-Type: a/b\r\n\r\nok\r\n-------next$\r\n"
        ));
        assert_eq!(starts(&next), ["200"]);
        assert_eq!(bob.side.bodies(), ["ok"]);
    }
}

#[test]
fn positions_far_away_cost_nothing() {
    let mut bob = bob();
    let max = SessionConfig::DEFAULT_MAX_SIZE;
    assert_eq!(starts(&bob.chunk("aaa1", &format!("{max}-*/*"), "x", '+')), ["200"]);
    assert_eq!(starts(&bob.chunk("aaa2", &format!("{}-*/*", max + 1), "x", '+')), ["413"]);
}

#[test]
fn too_long_stops_at_once_and_stays_refused() {
    let mut bob = bob();
    let answer = bob.say(&format!(
        "MSRP aaa1 SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: 87652491\r\n\
         Byte-Range: 1-*/99999999999\r\nContent-Type: text/plain\r\n\r\nbeginning"
    ));
    assert_eq!(starts(&answer), ["413"], "before the chunk ends");
    assert_eq!(bob.say("more\r\n-------aaa1+\r\n"), "");
    assert_eq!(starts(&bob.chunk("aaa2", "14-*/*", "x", '+')), ["413"]);
}

#[test]
fn many_unfinished_messages_are_bounded() {
    let mut bob = Scripted::bob(SessionConfig { max_size: 1000, ..config(BOB, ALICE) });
    let mut codes = Vec::new();
    for n in 0..100 {
        let answer = bob.say(&format!(
            "MSRP aaaa{n} SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: id{n}\r\n\
             Content-Type: a/b\r\n\r\n{}\r\n-------aaaa{n}+\r\n",
            "x".repeat(100)
        ));
        codes.extend(starts(&answer));
    }
    let taken = codes.iter().filter(|code| *code == "200").count();
    assert_eq!((taken, codes.len()), (10, 100), "{codes:?}");
}

#[test]
fn types_that_are_not_accepted() {
    let accept_types = vec!["message/cpim".into(), "image/*".into()];
    let mut bob = Scripted::bob(SessionConfig { accept_types, ..config(BOB, ALICE) });
    assert_eq!(starts(&bob.chunk("aaa1", "1-5/5", "hello", '$')), ["415"]);
    let send = |n: u32, kind: &str| {
        format!(
            "MSRP aaaa{n} SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: id{n}\r\n\
             Content-Type: {kind}\r\n\r\nx\r\n-------aaaa{n}$\r\n"
        )
    };
    for (n, (kind, code)) in [
        ("Message/CPIM; charset=utf-8", "200"),
        ("IMAGE/png", "200"),
        ("imagery/png", "415"),
        ("image", "415"),
        ("", "415"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(starts(&bob.say(&send(n as u32, kind))), [code], "{kind}");
    }
}

#[test]
fn failure_reports_decide_what_is_answered() {
    for (value, good, bad) in [("yes", 1, 1), ("partial", 0, 1), ("no", 0, 0)] {
        let extra = format!("Failure-Report: {value}\r\n");
        let mut bob = bob();
        assert_eq!(starts(&bob.chunk_with("aaa1", "1-1/1", &extra, "x", '$')).len(), good);
        assert_eq!(starts(&bob.chunk_with("aaa2", "9-1/1", &extra, "x", '$')).len(), bad);
    }
    let mut bob = bob();
    assert_eq!(
        starts(&bob.chunk_with("aaa3", "1-1/1", "Failure-Report: maybe\r\n", "x", '$')),
        ["400"]
    );
    assert_eq!(
        starts(&bob.chunk_with("aaa4", "1-1/1", "Success-Report: maybe\r\n", "x", '$')),
        ["400"]
    );
}

#[test]
fn reports_of_success_say_the_whole_range() {
    let mut bob = bob();
    bob.chunk_with("aaa1", "1-*/8", "Success-Report: yes\r\n", "abcd", '+');
    let answer = bob.chunk_with("aaa2", "5-8/8", "Success-Report: yes\r\n", "EFGH", '$');
    assert_eq!(starts(&answer), ["200", "REPORT"]);
    let report = &answer[answer.find("MSRP").expect("a message") + 4..];
    let report = &report[report.find("MSRP").expect("two messages")..];
    let id = report.split(' ').nth(1).expect("an id");
    assert_eq!(
        report,
        format!(
            "MSRP {id} REPORT\r\nTo-Path: {ALICE}\r\nFrom-Path: {BOB}\r\nMessage-ID: 87652491\r\n\
             Byte-Range: 1-8/8\r\nStatus: 000 200 OK\r\n-------{id}$\r\n"
        )
    );
}

#[test]
fn duplicates_are_marked_and_reported() {
    let mut bob = bob();
    for (n, duplicate) in [false, true].into_iter().enumerate() {
        let id = format!("aaa{n}");
        let answer = bob.chunk_with(&id, "1-1/1", "Success-Report: yes\r\n", "x", '$');
        assert_eq!(starts(&answer), ["200", "REPORT"]);
        let Some(Event::Message { info, .. }) = bob.side.events.pop() else { panic!("no message") };
        assert_eq!(info.duplicate, duplicate);
    }
}

#[test]
fn strangers_and_nonsense() {
    let mut bob = bob();
    let say = |to: &str, method: &str, rest: &str| {
        format!(
            "MSRP abcd {method}\r\nTo-Path: {to}\r\nFrom-Path: {ALICE}\r\n{rest}-------abcd$\r\n"
        )
    };
    let other = "msrp://bob.example:12763/other;tcp";
    assert_eq!(starts(&bob.say(&say(other, "SEND", ""))), ["481"]);
    assert_eq!(starts(&bob.say(&say(other, "SEND", "Failure-Report: no\r\n"))), [""; 0]);
    assert_eq!(starts(&bob.say(&say(other, "REPORT", "Status: 000 200 OK\r\n"))), [""; 0]);
    assert_eq!(starts(&bob.say(&say(BOB, "SEND", ""))), ["200"]);
    // A path of two is for a relay, which this is not.
    assert_eq!(starts(&bob.say(&say(&format!("{BOB} {BOB}"), "SEND", ""))), ["481"]);
    assert_eq!(starts(&bob.say(&say("sip:bob@example.com", "SEND", ""))), ["400"]);
    assert_eq!(starts(&bob.say(&say(BOB, "FROBNICATE", ""))), ["501"]);
    assert_eq!(starts(&bob.say(&say(BOB, "SEND", "what is this\r\n"))), ["400"]);
    // Responses to nothing, reports on nothing: silence.
    let response =
        format!("MSRP zzzz 200 OK\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\n-------zzzz$\r\n");
    assert_eq!(bob.say(&response), "");
    let report = "Message-ID: nothing\r\nByte-Range: 1-9/9\r\nStatus: 000 413 Stop\r\n";
    assert_eq!(bob.say(&say(BOB, "REPORT", report)), "");
    assert_eq!(bob.say(&say(BOB, "REPORT", "")), "");
    // A message with a body and without an id.
    assert_eq!(starts(&bob.say(&say(BOB, "SEND", "Content-Type: a/b\r\n\r\nx\r\n"))), ["400"]);
    bob.say(&"x".repeat(5000));
    let failure = SessionFailure::NotMsrp;
    let last = format!("{:?}", bob.side.events.last());
    assert_eq!(last, format!("{:?}", Some(Event::Failed { session: SESSION, failure })));
    assert!(bob.side.closed);
}

#[test]
fn answers_go_to_the_previous_hop() {
    let mut bob = bob();
    let relay = "msrps://relay.example:9000/aeiug;tcp";
    let head = format!("To-Path: {BOB}\r\nFrom-Path: {relay} {ALICE}\r\n");
    let answer = bob.say(&format!(
        "MSRP abcd SEND\r\n{head}Message-ID: 87652\r\nSuccess-Report: yes\r\nByte-Range: 1-2/2\r\n\
         Content-Type: text/plain\r\n\r\nHi\r\n-------abcd$\r\n"
    ));
    assert!(answer.starts_with(&format!(
        "MSRP abcd 200 OK\r\nTo-Path: {relay}\r\nFrom-Path: {BOB}\r\n-------abcd$\r\n"
    )));
    // The report goes all the way back.
    assert!(
        answer.contains(&format!(" REPORT\r\nTo-Path: {relay} {ALICE}\r\nFrom-Path: {BOB}\r\n"))
    );
    let answer = bob.say(&format!("MSRP abce FOO\r\n{head}-------abce$\r\n"));
    assert!(answer.contains(&format!("501 Unknown Method\r\nTo-Path: {relay} {ALICE}\r\n")));
}

#[test]
fn a_report_can_not_claim_more_than_was_sent() {
    for (ranges, delivered) in [
        (&["1-3/5", "4-5/5"][..], true),
        (&["4-5/5", "1-3/5"], true),
        (&["1-4/5"], false),
        (&["2-5/5"], false),
        (&["1-999999/999999"], true),
        (&["6-999999/999999"], false),
    ] {
        let mut pair = Pair::bound();
        let content =
            Outgoing { message_id: Some("12339sdqwer".into()), ..Outgoing::new("a/b", "hello") };
        pair.a.send(pair.now, 1, content.reports(true, FailureReport::No));
        pair.a.take(pair.now, usize::MAX);
        for range in ranges {
            let report = format!(
                "MSRP abcd REPORT\r\nTo-Path: {ALICE}\r\nFrom-Path: {BOB}\r\nMessage-ID: 12339sdqwer\r\n\
                 Byte-Range: {range}\r\nStatus: 000 200 OK\r\n-------abcd$\r\n"
            );
            pair.a.input(pair.now, Input::Received(BytesMut::from(&report[..])));
        }
        let last = pair.a.states(1).last().cloned();
        assert_eq!(last == Some((Delivery::Delivered, true)), delivered, "{ranges:?}");
    }
}

#[test]
fn codes_in_responses_and_reports() {
    for (code, failure, session_fails) in [
        (400, None, false),
        (403, None, false),
        (408, Some(Failure::Timeout), false),
        (413, None, false),
        (415, None, false),
        (481, None, true),
        (506, None, true),
    ] {
        for report in [false, true] {
            let mut pair = Pair::bound();
            let content = Outgoing {
                message_id: Some("12339sdqwer".into()),
                ..Outgoing::new("a/b", "hello")
            };
            pair.a.send(pair.now, 1, content);
            let sent = pair.a.take(pair.now, usize::MAX);
            let sent = String::from_utf8(sent.to_vec()).expect("text");
            let id = sent.split(' ').nth(1).expect("an id");
            let paths = format!("To-Path: {ALICE}\r\nFrom-Path: {BOB}\r\n");
            let answer = if report {
                format!(
                    "MSRP abcd REPORT\r\n{paths}Message-ID: 12339sdqwer\r\nByte-Range: 1-5/5\r\nStatus: 000 {code} Why\r\n-------abcd$\r\n"
                )
            } else {
                format!("MSRP {id} {code} Why\r\n{paths}-------{id}$\r\n")
            };
            pair.a.input(pair.now, Input::Received(BytesMut::from(&answer[..])));
            let (status, comment) = (StatusCode(code), "Why".to_owned());
            let expected = failure.clone().unwrap_or(match report {
                true => Failure::Reported { code: status, comment },
                false => Failure::Refused { code: status, comment },
            });
            assert_eq!(pair.a.states(1), [(Delivery::Failed(expected), true)]);
            let failed = pair.a.events.iter().any(|e| matches!(e, Event::Failed { .. }));
            assert_eq!(failed, session_fails, "{code}");
        }
    }
}

#[test]
fn a_flood_of_requests_stops_being_read() {
    let mut bob = bob();
    let request =
        format!("MSRP abcd SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\n-------abcd$\r\n");
    let piece = request.repeat(100);
    let mut pieces = 0;
    // The transport takes nothing.
    while bob.side.machine.wants_input() {
        bob.side.input(bob.now, Input::Received(BytesMut::from(&piece[..])));
        pieces += 1;
        assert!(pieces < 100, "reads for ever");
    }
    let heard: String = std::iter::from_fn(|| Some(bob.hear()).filter(|h| !h.is_empty())).collect();
    let answered = starts(&heard).len();
    assert_eq!(answered, pieces * 100);
    assert!(bob.side.machine.wants_input());
}

#[test]
fn streamed_bodies_are_not_kept() {
    let mut bob = streaming(u64::MAX);
    bob.say(&format!(
        "MSRP aaa1 SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: 1234\r\n\
         Byte-Range: 11-*/*\r\nContent-Type: a/b\r\n\r\nabc"
    ));
    let Some(Event::Data { offset: 10, data, .. }) = bob.side.events.pop() else {
        panic!("no data")
    };
    assert_eq!(data, "abc");
    let Some(Event::Started { info, .. }) = bob.side.events.pop() else { panic!("not started") };
    assert_eq!((info.total, info.content_type.as_str()), (None, "a/b"));
    bob.say("\r\n-------aaa1$\r\n");
    assert!(!matches!(bob.side.events.last(), Some(Event::Completed { .. })), "bytes are missing");
    bob.say(&format!(
        "MSRP aaa2 SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {ALICE}\r\nMessage-ID: 1234\r\n\
         Byte-Range: 1-10/13\r\nContent-Type: a/b\r\n\r\n0123456789\r\n-------aaa2+\r\n"
    ));
    assert!(matches!(bob.side.events.last(), Some(Event::Completed { total: 13, .. })));
}

#[test]
fn examples_of_rfc_4975_byte_by_byte() {
    let alice = "msrp://alicepc.example.com:7777/iau39soe2843z;tcp";
    let bob_uri = "msrp://bob.example.com:8888/9di4eae923wzd;tcp";
    let file = |name: &str| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/msrp/rfc4975/");
        std::fs::read_to_string(format!("{root}{name}")).expect("a fixture")
    };
    // Section 11.1: the answer is what the RFC prints, byte by byte.
    let mut bob = Scripted::bob(config(bob_uri, alice));
    let request = file("008-s11.1-SEND.msrp");
    let mut answer = String::new();
    for byte in request.as_bytes() {
        answer += &bob.say(std::str::from_utf8(&[*byte]).expect("ASCII"));
    }
    assert_eq!(answer, file("009-s11.1-200.msrp"));
    assert_eq!(bob.side.bodies(), ["Hi, I'm Alice!"]);

    // Section 11.4: a chunked message, one byte shorter in print than its ranges
    // say.
    let mut bob = Scripted::bob(config("msrp://bobpc.example.com:8888/9di4eae923wzd;tcp", alice));
    assert_eq!(starts(&bob.say(&file("013-s11.4-SEND.msrp"))), ["200"]);
    assert_eq!(starts(&bob.say(&file("014-s11.4-SEND.msrp"))), ["200"]);
    let cpim = CpimMessage::parse(&bob.side.bodies()[0]).expect("message/cpim");
    assert_eq!(cpim.body, "ABCD1234567890");

    // Section 11.5: a system message, and no answer.
    let local = "msrp://alicepc.example.com:8888/9di4eae923wzd;tcp";
    let mut alice_side = Scripted::bob(config(local, bob_uri));
    assert_eq!(alice_side.say(&file("015-s11.5-SEND.msrp")), "");
    assert_eq!(alice_side.side.bodies(), ["This conference will end in 5 minutes"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a peer says, the machine neither panics nor grows.
    #[test]
    fn a_peer_that_says_anything(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "MSRP abcd SEND\r\n", "MSRP abce REPORT\r\n", "MSRP abcd 200 OK\r\n", "MSRP abcf X\r\n",
                "To-Path: msrp://bob.example:12763/kjhd37s2s20w2a;tcp\r\n",
                "From-Path: msrp://alice.example:7654/jshA7weztas;tcp\r\n",
                "Message-ID: 1234\r\n", "Message-ID: 1235\r\n", "Byte-Range: 1-*/*\r\n",
                "Byte-Range: 5-9/10\r\n", "Byte-Range: 2-3/9\r\n", "Content-Type: a/b\r\n", "\r\n", "hello",
                "\r\n-------abcd$\r\n", "\r\n-------abcd+\r\n", "-------abcd#\r\n", "-------abcf$\r\n",
                "-------abce$\r\n", "Status: 000 200 OK\r\n", "Success-Report: yes\r\n",
            ]),
            0..200,
        ),
        streamed: bool,
    ) {
        let mut peer = if streamed { streaming(100) } else { bob() };
        for part in &parts {
            peer.say(part);
        }
        peer.side.input(peer.now, Input::Lost);
        prop_assert_eq!(peer.side.deadline, None);
    }

    /// A body cut in any chunks, in any order, comes out whole.
    #[test]
    fn chunks_in_any_order(
        body in "[a-z]{1,200}",
        cuts in prop::collection::vec(0usize..200, 0..10),
        seed in any::<u64>(),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c % body.len()).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut pieces: Vec<(usize, usize)> = cuts.windows(2).map(|w| (w[0], w[1])).collect();
        let mut state = seed;
        for n in (1..pieces.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            pieces.swap(n, (state >> 33) as usize % (n + 1));
        }
        let mut bob = bob();
        for (n, (from, to)) in pieces.iter().enumerate() {
            let flag = if *to == body.len() { '$' } else { '+' };
            let range = format!("{}-{}/{}", from + 1, to, body.len());
            let answer = bob.chunk(&format!("id{n:04}"), &range, &body[*from..*to], flag);
            prop_assert_eq!(starts(&answer), vec!["200"]);
        }
        prop_assert_eq!(bob.side.bodies(), vec![body]);
    }
}
