//! Two machines talk to each other, in virtual time.

mod support;

use std::time::Duration;

use bytes::Bytes;
use sipsimple_msrp::connection::*;
use sipsimple_msrp::{FailureReport, Method, StatusCode};
use support::*;

fn text(body: &str) -> Outgoing {
    Outgoing::new("text/plain", body.to_owned())
}

fn pattern(len: usize) -> Bytes {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>().into()
}

#[test]
fn binding_and_messages_both_ways() {
    let mut pair = Pair::new();
    pair.run();
    assert!(matches!(pair.a.events[..], [Event::Bound { session: SESSION }]));
    assert!(matches!(pair.b.events[..], [Event::Bound { session: SESSION }]));
    pair.a.send(pair.now, 1, text("Hey Bob, are you there?"));
    pair.b.send(pair.now, 1, text("I'm here"));
    pair.run();
    assert_eq!(pair.b.bodies(), ["Hey Bob, are you there?"]);
    assert_eq!(pair.a.bodies(), ["I'm here"]);
    assert_eq!(pair.a.states(1), [(Delivery::Accepted, true)]);
    assert_eq!(pair.b.states(1), [(Delivery::Accepted, true)]);
}

#[test]
fn every_combination_of_reports() {
    use Delivery::{Accepted, Delivered, Sent};
    use FailureReport::{No, Partial, Yes};
    for (success, failure, states, on_the_wire) in [
        (false, Yes, vec![(Accepted, true)], vec!["200"]),
        (false, Partial, vec![(Sent, false), (Sent, true)], vec![]),
        (false, No, vec![(Sent, true)], vec![]),
        (true, Yes, vec![(Accepted, false), (Delivered, true)], vec!["200", "REPORT"]),
        (true, Partial, vec![(Sent, false), (Delivered, true)], vec!["REPORT"]),
        (true, No, vec![(Sent, false), (Delivered, true)], vec!["REPORT"]),
    ] {
        for len in [0, 5, 5000, 300_000] {
            let mut pair = Pair::bound();
            pair.b.log = Some(Vec::new());
            let content = Outgoing::new("text/plain", pattern(len)).reports(success, failure);
            pair.a.send(pair.now, 1, content);
            pair.sleep(Duration::from_secs(40));
            assert_eq!(pair.a.states(1), states, "{success} {failure:?} {len}");
            let heard = String::from_utf8(pair.b.log.take().expect("log")).expect("text");
            let mut heard = starts(&heard);
            heard.dedup();
            assert_eq!(heard, on_the_wire, "{success} {failure:?} {len}");
            assert_eq!(pair.b.bodies(), [pattern(len)]);
        }
    }
}

#[test]
fn a_text_overtakes_a_gigabyte() {
    const TOTAL: u64 = 1 << 30;
    let bob =
        SessionConfig { mode: ReceiveMode::Streamed, max_size: u64::MAX, ..config(BOB, ALICE) };
    let mut pair = Pair::with(config(ALICE, BOB), bob, ConnectionConfig::default());
    pair.run();
    let zeros = Bytes::from(vec![0; 256 * 1024]);
    let mut left = TOTAL;
    pair.a.source = Some(Box::new(move |room| {
        let n = left.min(room as u64);
        left -= n;
        (zeros.slice(..n as usize), left == 0)
    }));
    let file = Outgoing::streamed("application/octet-stream", Some(TOTAL));
    pair.a.send(pair.now, 1, file.reports(true, FailureReport::Yes));
    for round in 0..100 {
        for _ in 0..10 {
            pair.tick();
        }
        pair.b.events.clear();
        pair.a.send(pair.now, 100 + round, text("short"));
        // What was made before can't be overtaken; the slice under way ends.
        let ahead = pair.a.waiting();
        assert!(ahead <= OUTPUT_WINDOW + SLICE + 1024, "{ahead} bytes ahead");
        let mut carried = 0;
        while !pair.b.events.iter().any(|e| matches!(e, Event::Completed { total: 5, .. })) {
            let before = pair.a.waiting();
            pair.tick();
            carried += before;
            assert!(carried <= 2 * (OUTPUT_WINDOW + SLICE), "{carried} bytes before the text");
            pair.b.events.retain(|e| matches!(e, Event::Completed { .. }));
        }
    }
    while pair.a.states(1).is_empty() || !pair.a.states(1).iter().any(|s| s.1) {
        assert!(pair.tick(), "stuck");
        pair.b.events.clear();
        pair.a.events.retain(|e| matches!(e, Event::Delivery { message: MessageKey(1), .. }));
    }
    assert_eq!(pair.a.states(1).last(), Some(&(Delivery::Delivered, true)));
}

#[test]
fn thousand_messages_from_both_sides_keep_their_order() {
    let mut pair = Pair::bound();
    pair.step = 1000;
    for n in 0..1000 {
        let body = format!("message {n} {}", "x".repeat(n * 37 % 5000));
        pair.a.send(pair.now, n as u64, text(&body).reports(true, FailureReport::Yes));
        pair.b.send(pair.now, n as u64, text(&body).reports(true, FailureReport::Yes));
    }
    pair.run();
    for side in [&pair.a, &pair.b] {
        let bodies = side.bodies();
        assert_eq!(bodies.len(), 1000);
        for (n, body) in bodies.iter().enumerate() {
            assert!(body.starts_with(format!("message {n} ").as_bytes()));
        }
        for n in 0..1000 {
            assert_eq!(side.states(n).last(), Some(&(Delivery::Delivered, true)));
        }
    }
}

#[test]
fn the_queue_is_bounded() {
    let mut pair = Pair::bound();
    let send =
        |n| Input::Send { session: SESSION, message: MessageKey(n), content: Box::new(text("x")) };
    for n in 0..SessionConfig::DEFAULT_MAX_QUEUED as u64 {
        pair.a.input(pair.now, send(n));
    }
    assert_eq!(pair.a.try_input(pair.now, send(99_999)), Err(CommandError::QueueFull));
    assert_eq!(pair.a.try_input(pair.now, send(5)), Err(CommandError::KeyInUse));
}

#[test]
fn silence_is_a_failure_after_30_seconds() {
    let mut pair = Pair::bound();
    pair.a.send(pair.now, 1, text("hello"));
    pair.a.send(pair.now, 2, text("hello").reports(false, FailureReport::Partial));
    let start = pair.now;
    // The transport takes the bytes, the peer never answers.
    pair.a.take(pair.now, usize::MAX);
    assert_eq!(pair.a.states(1), []);
    let at = pair.a.deadline.expect("a deadline");
    assert_eq!(at - start, Duration::from_secs(30));
    pair.a.input(at - Duration::from_millis(1), Input::Timeout);
    assert_eq!(pair.a.states(1), []);
    pair.a.input(at, Input::Timeout);
    assert_eq!(pair.a.states(1), [(Delivery::Failed(Failure::Timeout), true)]);
    assert_eq!(pair.a.states(2), [(Delivery::Sent, false), (Delivery::Sent, true)]);
}

#[test]
fn the_timer_waits_for_the_transport() {
    let mut pair = Pair::bound();
    pair.a.send(pair.now, 1, text("hello"));
    pair.now += Duration::from_secs(25);
    pair.a.take(pair.now, 10);
    pair.now += Duration::from_secs(25);
    pair.a.input(pair.now, Input::Timeout);
    assert_eq!(pair.a.states(1), [], "a slow transport is no timeout");
    pair.a.take(pair.now, usize::MAX);
    pair.a.input(pair.now + Duration::from_secs(30), Input::Timeout);
    assert_eq!(pair.a.states(1), [(Delivery::Failed(Failure::Timeout), true)]);
}

#[test]
fn a_report_that_never_comes() {
    let bob = SessionConfig { reports: ReportMode::Manual, ..config(BOB, ALICE) };
    let mut pair = Pair::with(config(ALICE, BOB), bob, ConnectionConfig::default());
    pair.run();
    pair.a.send(pair.now, 1, text("hello").reports(true, FailureReport::Yes));
    pair.sleep(Duration::from_secs(119));
    assert_eq!(pair.a.states(1), [(Delivery::Accepted, false)]);
    pair.sleep(Duration::from_secs(2));
    assert_eq!(pair.a.states(1)[1], (Delivery::Failed(Failure::NotConfirmed), true));
}

#[test]
fn reports_by_hand() {
    let bob = SessionConfig { reports: ReportMode::Manual, ..config(BOB, ALICE) };
    let mut pair = Pair::with(config(ALICE, BOB), bob, ConnectionConfig::default());
    pair.run();
    for (key, code) in [(1, StatusCode::OK), (2, StatusCode::BAD_REQUEST)] {
        pair.a.send(pair.now, key, text("hello").reports(true, FailureReport::Yes));
        pair.run();
        let Some(Event::Message { message, .. }) = pair.b.events.pop() else {
            panic!("no message")
        };
        let comment = "said so".to_owned();
        pair.b.input(pair.now, Input::Report { session: SESSION, message, code, comment });
        pair.run();
    }
    assert_eq!(pair.a.states(1)[1], (Delivery::Delivered, true));
    let failure = Failure::Reported { code: StatusCode::BAD_REQUEST, comment: "said so".into() };
    assert_eq!(pair.a.states(2)[1], (Delivery::Failed(failure), true));
}

#[test]
fn refusing_in_the_middle_stops_the_sender() {
    let bob =
        SessionConfig { mode: ReceiveMode::Streamed, max_size: u64::MAX, ..config(BOB, ALICE) };
    let mut pair = Pair::with(config(ALICE, BOB), bob, ConnectionConfig::default());
    pair.run();
    pair.a.events.clear();
    pair.step = 8 * 1024;
    pair.a.send(pair.now, 1, Outgoing::new("a/b", pattern(10 << 20)));
    pair.tick();
    let started = |e: &Event| match e {
        Event::Started { message, .. } => Some(*message),
        _ => None,
    };
    let message = pair.b.events.iter().find_map(started).expect("started");
    let code = StatusCode::STOP_SENDING;
    pair.b.input(pair.now, Input::Refuse { session: SESSION, message, code });
    pair.a.log = Some(Vec::new());
    pair.run();
    let more = pair.a.log.take().expect("log").len();
    assert!(more < 2 * OUTPUT_WINDOW, "{more} bytes after the refusal");
    let failure = Failure::Refused { code, comment: "Stop Sending".into() };
    assert_eq!(pair.a.states(1), [(Delivery::Failed(failure), true)]);
    let reason =
        |e: &Event| matches!(e, Event::IncomingFailed { reason: IncomingFailure::Refused(_), .. });
    assert_eq!(pair.b.events.iter().filter(|e| reason(e)).count(), 1);
    // The connection goes on.
    pair.a.send(pair.now, 2, text("still here"));
    pair.run();
    assert_eq!(pair.a.states(2), [(Delivery::Accepted, true)]);
}

#[test]
fn aborting_in_the_middle() {
    for ticks in [0, 1, 2, 5, 9] {
        let mut pair = Pair::bound();
        pair.step = 10_000;
        pair.a.send(pair.now, 1, Outgoing::new("a/b", pattern(1 << 20)));
        for _ in 0..ticks {
            pair.tick();
        }
        pair.a.input(pair.now, Input::Abort { session: SESSION, message: MessageKey(1) });
        pair.a.send(pair.now, 2, text("after"));
        pair.run();
        assert_eq!(pair.a.states(1), [(Delivery::Failed(Failure::Aborted), true)]);
        assert_eq!(pair.b.bodies(), ["after"], "{ticks}");
        let again = Input::Abort { session: SESSION, message: MessageKey(1) };
        assert_eq!(pair.a.try_input(pair.now, again), Err(CommandError::NoSuchMessage));
    }
}

#[test]
fn aborting_between_chunks_tells_the_receiver() {
    let bob = SessionConfig { mode: ReceiveMode::Streamed, ..config(BOB, ALICE) };
    let mut pair = Pair::with(config(ALICE, BOB), bob, ConnectionConfig::default());
    pair.run();
    let message = pair.a.send(pair.now, 1, Outgoing::streamed("a/b", None));
    let data = pattern(5000);
    pair.a.input(pair.now, Input::Provide { session: SESSION, message, data, last: false });
    pair.run();
    pair.a.input(pair.now, Input::Abort { session: SESSION, message });
    pair.run();
    let aborted = |e: &Event| match e {
        Event::IncomingFailed { reason: IncomingFailure::Aborted, received, .. } => {
            Some(received.prefix())
        }
        _ => None,
    };
    assert_eq!(pair.b.events.iter().find_map(aborted), Some(5000));
}

#[test]
fn a_connection_cut_at_every_byte() {
    let whole = {
        let mut pair = Pair::bound();
        pair.a.send(pair.now, 1, text("hello").reports(true, FailureReport::Yes));
        pair.a.waiting()
    };
    for cut in 0..=whole {
        let mut pair = Pair::bound();
        pair.a.send(pair.now, 1, text("hello").reports(true, FailureReport::Yes));
        let bytes = pair.a.take(pair.now, cut);
        pair.b.input(pair.now, Input::Received(bytes));
        pair.a.input(pair.now, Input::Lost);
        pair.b.input(pair.now, Input::Lost);
        let sent = if cut == whole { 5 } else { 0 };
        let failure = Failure::SessionEnded { sent, confirmed: 0 };
        assert_eq!(pair.a.states(1), [(Delivery::Failed(failure), true)], "cut at {cut}");
        assert_eq!(pair.b.bodies().len(), usize::from(cut == whole));
        for side in [&pair.a, &pair.b] {
            let failed =
                Event::Failed { session: SESSION, failure: SessionFailure::ConnectionLost };
            assert_eq!(format!("{:?}", side.events.last()), format!("{:?}", Some(failed)));
            assert!(side.closed);
            assert_eq!(side.deadline, None);
        }
    }
}

#[test]
fn nothing_that_was_queued_is_lost_by_closing() {
    let mut pair = Pair::bound();
    pair.step = 3000;
    for n in 0..50 {
        pair.a.send(pair.now, n, Outgoing::new("a/b", pattern(n as usize * 1000)));
    }
    pair.a.input(pair.now, Input::Shutdown);
    let late =
        Input::Send { session: SESSION, message: MessageKey(99), content: Box::new(text("x")) };
    assert_eq!(pair.a.try_input(pair.now, late), Err(CommandError::Closing));
    pair.run();
    assert_eq!(pair.b.bodies().len(), 50);
    for n in 0..50 {
        assert_eq!(pair.a.states(n), [(Delivery::Accepted, true)]);
    }
    assert!(matches!(pair.a.events.last(), Some(Event::Closed { session: SESSION })));
    assert!(pair.a.closed);
}

#[test]
fn closing_does_not_wait_for_ever() {
    let mut pair = Pair::bound();
    pair.a.send(pair.now, 1, text("hello").reports(false, FailureReport::No));
    pair.a.input(pair.now, Input::Close(SESSION));
    // The transport takes nothing.
    pair.a.input(pair.now + Duration::from_secs(30), Input::Timeout);
    let failure = Failure::SessionEnded { sent: 0, confirmed: 0 };
    assert_eq!(pair.a.states(1), [(Delivery::Failed(failure), true)]);
    assert!(matches!(pair.a.events.last(), Some(Event::Closed { .. })));
}

#[test]
fn keep_alive_finds_a_dead_peer() {
    let mut pair = Pair::bound();
    pair.b.log = Some(Vec::new());
    pair.sleep(Duration::from_secs(200));
    let log = String::from_utf8(pair.b.log.take().expect("log")).expect("text");
    assert!(starts(&log).len() >= 3, "answers to keep-alives: {log}");
    assert!(pair.a.events.is_empty() && pair.b.events.is_empty());
    // Now nothing is carried any more.
    let mut waited = pair.now;
    while pair.a.events.is_empty() {
        waited = pair.a.deadline.expect("a deadline");
        pair.a.input(waited, Input::Timeout);
        pair.a.take(waited, usize::MAX);
    }
    assert!(waited - pair.now <= Duration::from_secs(91));
    let [Event::Failed { failure: SessionFailure::Timeout, .. }] = pair.a.events[..] else {
        panic!("{:?}", pair.a.events)
    };
    assert!(pair.a.closed);
}

#[test]
fn a_connection_that_nobody_uses_is_closed() {
    let now = beginning();
    let mut side = Side::new(now, 1, ConnectionConfig::default());
    side.drain(now);
    side.input(now + Duration::from_secs(29), Input::Timeout);
    assert!(!side.closed);
    side.input(now + Duration::from_secs(30), Input::Timeout);
    assert!(side.closed);
}

#[test]
fn several_sessions_share_a_connection_fairly() {
    let mut pair = Pair::bound();
    let keys: Vec<SessionKey> = (10..15).map(SessionKey).collect();
    for key in &keys {
        let (alice, bob) = (
            format!("msrp://a.example:1/a{};tcp", key.0),
            format!("msrp://b.example:1/b{};tcp", key.0),
        );
        pair.b.sessions.push((*key, config(&bob, &alice)));
        let config = Box::new(config(&alice, &bob));
        pair.a.input(pair.now, Input::Attach { session: *key, config, active: true });
    }
    pair.run();
    assert_eq!((pair.a.machine.sessions(), pair.b.machine.sessions()), (6, 6));
    for key in &keys {
        let content = Box::new(Outgoing::new("a/b", pattern(1 << 20)));
        pair.a.input(pair.now, Input::Send { session: *key, message: MessageKey(1), content });
    }
    pair.b.events.clear();
    let mut done = Vec::new();
    let mut ticks = 0;
    while done.len() < 5 {
        assert!(pair.tick());
        ticks += 1;
        for event in pair.b.events.drain(..) {
            if let Event::Message { body, session, .. } = event {
                assert_eq!(body, pattern(1 << 20));
                done.push((session, ticks));
            }
        }
    }
    // All finish near the end: none was served before the others.
    assert!(done[0].1 * 10 > done[4].1 * 9, "{done:?}");
}

#[test]
fn a_session_that_is_not_there() {
    let mut pair = Pair::with(
        config(ALICE, BOB),
        config("msrp://x:1/y;tcp", ALICE),
        ConnectionConfig::default(),
    );
    pair.a.send(pair.now, 1, text("hello"));
    pair.run();
    let ended = Failure::SessionEnded { sent: 5, confirmed: 0 };
    assert_eq!(pair.a.states(1), [(Delivery::Failed(ended), true)]);
    let failure = SessionFailure::Refused(StatusCode::NO_SUCH_SESSION);
    let last = format!("{:?}", pair.a.events.last().expect("an event"));
    assert_eq!(last, format!("{:?}", Event::Failed { session: SESSION, failure }));
}

#[test]
fn nicknames_and_unknown_methods() {
    let bob = SessionConfig { methods: vec![Method::Nickname], ..config(BOB, ALICE) };
    let mut pair = Pair::with(config(ALICE, BOB), bob, ConnectionConfig::default());
    pair.run();
    pair.a.events.clear();
    for (key, method) in [(1, Method::Nickname), (2, Method::from("FILE")), (3, Method::Nickname)] {
        let content = Box::new(OutgoingRequest {
            session: Some(SESSION),
            method,
            to: uri(BOB).into(),
            from: uri(ALICE).into(),
            headers: vec![("Use-Nickname".into(), "\"Alice the great\"".into())],
        });
        pair.a.input(pair.now, Input::Request { request: RequestKey(key), content });
        pair.run();
        if key == 1 {
            let Some(Event::Requested { request, head, .. }) = pair.b.events.pop() else {
                panic!()
            };
            assert_eq!(head.get_by_text("use-nickname"), Some("\"Alice the great\""));
            let code = StatusCode::NICKNAME_IN_USE;
            pair.b.input(pair.now, Input::Respond { request, code, comment: String::new() });
        }
        pair.run();
    }
    // The third one is never answered.
    pair.sleep(Duration::from_secs(31));
    let answers: Vec<_> = pair
        .a
        .events
        .iter()
        .map(|e| match e {
            Event::Answered { request, code, .. } => (request.0, code.0),
            Event::Unanswered { request } => (request.0, 0),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(answers, [(1, 425), (2, 501), (3, 0)]);
}

#[test]
fn values_stay_in_their_lines() {
    let mut pair = Pair::bound();
    let mut send = |change: fn(&mut Outgoing)| {
        let mut content = Box::new(text("x"));
        change(&mut content);
        pair.a
            .try_input(pair.now, Input::Send { session: SESSION, message: MessageKey(1), content })
    };
    assert!(matches!(send(|c| c.content_type = "a/b\r\nX: y".into()), Err(CommandError::Value(_))));
    assert!(matches!(send(|c| c.message_id = Some("a\r\n".into())), Err(CommandError::Value(_))));
    assert!(matches!(
        send(|c| c.headers.push(("X\r\n".into(), "y".into()))),
        Err(CommandError::Value(_))
    ));
    assert!(matches!(
        send(|c| c.headers.push(("X".into(), "y\n".into()))),
        Err(CommandError::Value(_))
    ));
    assert!(pair.a.states(1).is_empty());
}

#[test]
fn the_end_line_is_never_in_a_body() {
    // The same seed makes the same ids: learn them, and send them.
    let mut pair = Pair::bound();
    pair.a.log = Some(Vec::new());
    pair.a.send(pair.now, 1, Outgoing::new("a/b", pattern(200_000)));
    pair.a.send(pair.now, 2, text("x"));
    pair.run();
    let log = pair.a.log.take().expect("log");
    let ids: Vec<String> = String::from_utf8_lossy(&log)
        .lines()
        .filter_map(|line| line.strip_prefix("MSRP ").and_then(|l| l.strip_suffix(" SEND")))
        .map(str::to_owned)
        .collect();
    assert!(ids.len() > 3);
    let evil: String = ids.iter().map(|id| format!("x\r\n-------{id}$\r\n")).collect();
    for step in [1, 3, 1000, 20_000] {
        // At every place of a slice, and over its border.
        for shift in [0, 1, SLICE - 60, SLICE - 20, SLICE - 10, SLICE, 50_000] {
            let mut body = vec![b'y'; shift];
            while body.len() < 200_000 {
                body.extend_from_slice(evil.as_bytes());
            }
            if step < 1000 && shift > 1 {
                continue;
            }
            body.truncate(if step < 1000 { 3000 } else { 200_000 });
            let mut pair = Pair::bound();
            pair.step = step;
            pair.a.send(pair.now, 1, Outgoing::new("a/b", body.clone()));
            pair.a.send(pair.now, 2, Outgoing::new("a/b", evil.clone()));
            pair.run();
            let mut bodies = pair.b.bodies();
            bodies.sort_by_key(|b| std::cmp::Reverse(b.len()));
            assert!(bodies[0] == body && bodies[1] == evil, "step {step} shift {shift}");
            assert_eq!(pair.a.states(1), [(Delivery::Accepted, true)]);
        }
    }
}
