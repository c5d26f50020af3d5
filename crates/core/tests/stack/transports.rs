//! TCP, name resolution and fail-over between addresses.

use std::sync::Arc;

use sipsimple_core::stack::*;

use crate::pair::*;

#[test]
fn one_connection_carries_a_call() {
    let mut pair = Pair::over(Transport::Tcp, 1);
    let (alice, bob) = pair.established();
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);
    assert_eq!(pair.connected, 1);
    pair.settle();
    // Reliable: nothing is sent twice.
    assert_eq!(pair.count(ALICE, "INVITE"), 1);
}

#[test]
fn a_reset_in_mid_call_keeps_the_dialog() {
    let mut pair = Pair::over(Transport::Tcp, 2);
    let (alice, bob) = pair.established();
    pair.run_for(seconds(10));
    pair.reset_connections();
    pair.run_for(seconds(10));
    assert_eq!(pair.stacks[ALICE].statistics().calls, 1);
    assert_eq!(pair.stacks[ALICE].statistics().connections, 0);
    let content = Body::sdp("v=0").into();
    pair.command(ALICE, Command::Reinvite { call: alice, content }).unwrap();
    pair.expect(BOB, bob, |e| matches!(e, CallEvent::Reinvite { .. }));
    // Again, before the answer: it takes a connection of its own.
    pair.reset_connections();
    let lost = pair.expect(ALICE, alice, |e| matches!(e, CallEvent::ReinviteFailed { .. }));
    assert!(matches!(
        lost,
        CallEvent::ReinviteFailed { cause: Cause::Transport(TransportError::Lost) }
    ));
    pair.answer(BOB, bob, "v=0");
    pair.run_for(seconds(1));
    pair.hangup(ALICE, alice);
    pair.expect_ended(ALICE, alice);
    let _ = pair.expect(BOB, bob, |e| matches!(e, CallEvent::Ended { .. }));
    // Alice's first, for the re-INVITE, and for the BYE; Bob's for his answer.
    assert_eq!(pair.connected, 4);
    pair.settle();
}

#[test]
fn a_refused_connection_fails_at_once() {
    let mut pair = Pair::over(Transport::Tcp, 3);
    pair.refuse_connections = true;
    let alice = pair.call();
    let cause = pair.expect_failed(ALICE, alice);
    assert_eq!(cause.code().code(), 503);
    assert_eq!(cause.to_string(), "could not connect: connection refused");
    assert!(pair.now - pair.start < seconds(1));
    pair.settle();
}

#[test]
fn a_large_request_goes_over_tcp_and_falls_back_to_udp() {
    for refuse in [false, true] {
        let mut pair = Pair::new(4);
        pair.refuse_connections = refuse;
        let identity = Arc::new(Identity { transport: None, ..(*pair.identity(ALICE)).clone() });
        let body = Body::sdp(vec![b'x'; 2000]);
        let alice = pair.call_to(identity, "sip:bob@192.0.2.2", Some(body));
        let bob = pair.incoming(BOB);
        assert_eq!(pair.connected, usize::from(!refuse));
        pair.hangup(BOB, bob);
        pair.expect_failed(BOB, bob);
        pair.expect_failed(ALICE, alice);
        pair.settle();
    }
}

#[test]
fn names_are_resolved_and_dead_addresses_passed_over() {
    let mut pair = Pair::new(5);
    let addresses = ["192.0.2.77", "192.0.2.2"].map(|a| a.parse().unwrap());
    pair.names.insert("example.com".into(), addresses.to_vec());
    let identity = pair.identity(ALICE);
    let alice = pair.call_to(identity, "sip:bob@example.com", Some(Body::sdp("v=0")));
    let bob = pair.incoming(BOB);
    // Timer B of the first address, then the second one.
    assert_eq!((pair.now - pair.start).as_secs(), 32);
    pair.hangup(BOB, bob);
    pair.expect_failed(BOB, bob);
    assert_eq!(pair.expect_failed(ALICE, alice).code().code(), 603);
    pair.settle();
}

#[test]
fn a_name_that_does_not_exist_fails_at_once() {
    let mut pair = Pair::new(6);
    let identity = pair.identity(ALICE);
    let alice = pair.call_to(identity, "sip:bob@nowhere.example", Some(Body::sdp("v=0")));
    let cause = pair.expect_failed(ALICE, alice);
    assert_eq!(cause.to_string(), "no address for nowhere.example: no such name");
    pair.settle();
}

#[test]
fn what_cannot_be_reached_fails_at_once() {
    for uri in ["sips:bob@192.0.2.2", "sip:bob@192.0.2.2;transport=sctp", "sip:bob@[2001:db8::1]"] {
        let mut pair = Pair::new(7);
        let identity = pair.identity(ALICE);
        let alice = pair.call_to(identity, uri, Some(Body::sdp("v=0")));
        assert!(matches!(pair.expect_failed(ALICE, alice), Cause::Transport(_)), "{uri}");
        pair.settle();
    }
}

#[test]
fn idle_and_half_used_connections_are_closed() {
    let mut pair = Pair::over(Transport::Tcp, 8);
    let (alice, bob) = pair.established();
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);
    pair.run_for(seconds(500));
    assert_eq!(pair.stacks[BOB].statistics().connections, 1);
    pair.run_for(seconds(200));
    assert_eq!(pair.stacks[BOB].statistics().connections, 0);
    assert_eq!(pair.stacks[ALICE].statistics().connections, 0);

    let connection = ConnectionId::Accepted(77);
    let (local, remote) = (address(BOB), "192.0.2.9:7".parse().unwrap());
    pair.feed(BOB, Input::StreamOpened { connection, transport: Transport::Tcp, local, remote });
    let bytes = bytes::Bytes::from_static(b"INVITE sip:bob@exa");
    pair.feed(BOB, Input::StreamData { connection, bytes });
    pair.run_for(seconds(20));
    let bytes = bytes::Bytes::from_static(b"mple.com SIP/2.0\r\n");
    pair.feed(BOB, Input::StreamData { connection, bytes });
    assert_eq!(pair.stacks[BOB].statistics().connections, 1);
    pair.run_for(seconds(20));
    assert_eq!(pair.stacks[BOB].statistics().connections, 0);
    pair.settle();
}

#[test]
fn a_call_over_tls_says_so_and_names_its_peer() {
    let mut pair = Pair::over(Transport::Tls, 11);
    let (alice, bob) = pair.established();
    pair.hangup(ALICE, alice);
    pair.expect_ended(BOB, bob);
    pair.expect_ended(ALICE, alice);
    assert_eq!(pair.connected, 1);
    assert_eq!(pair.tls_names, ["192.0.2.2".into()] as [Box<str>; 1]);
    let invite = String::from_utf8_lossy(pair.wire[0].message.as_bytes()).into_owned();
    assert!(invite.contains("Via: SIP/2.0/TLS 192.0.2.1:5060;"), "{invite}");
    assert!(invite.contains(";transport=tls>"), "{invite}");
}

#[test]
fn a_tls_connection_is_reused_for_the_same_name_only() {
    let mut pair = Pair::over(Transport::Tls, 12);
    for name in ["a.example", "b.example"] {
        pair.names.insert(name.into(), vec![address(BOB).ip()]);
    }
    let identity = pair.identity(ALICE);
    for to in ["sip:x@a.example", "sip:x@A.example", "sips:y@a.example", "sip:x@b.example"] {
        pair.names.entry("A.example".into()).or_insert(vec![address(BOB).ip()]);
        let to = format!("{to}:5060;transport=tls");
        pair.call_to(identity.clone(), &to, None);
        pair.run_for(seconds(1));
    }
    assert_eq!(pair.tls_names, ["a.example".into(), "b.example".into()] as [Box<str>; 2]);
    assert_eq!(pair.connected, 2);
    // The account knows better what its server is called.
    let identity = Identity { tls_name: Some("B.example".into()), ..(*identity).clone() };
    pair.call_to(Arc::new(identity), "sip:x@a.example:5060;transport=tls", None);
    pair.run_for(seconds(1));
    assert_eq!(pair.connected, 2);
}
