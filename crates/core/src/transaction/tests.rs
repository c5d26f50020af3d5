//! Each machine of RFC 3261 §17 on its own: what it sends, tells and waits for.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;

#[allow(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
fn zero() -> Instant {
    Instant::now()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const REQUEST: Bytes = Bytes::from_static(b"request");
const RESPONSE: Bytes = Bytes::from_static(b"response");
const ACK: Bytes = Bytes::from_static(b"ack");
const SETTINGS: fn() -> TimerSettings = TimerSettings::default;

fn sends(bytes: Bytes) -> Reaction {
    Reaction::transmit(bytes)
}

fn tells() -> Reaction {
    Reaction::tell(Tell::Message)
}

/// Fires every timer until the machine is silent: milliseconds and reactions.
fn run(
    start: Instant,
    mut step: impl FnMut(Option<Instant>) -> (Option<Instant>, Option<Reaction>),
) -> Vec<(u64, Reaction)> {
    let mut fired = Vec::new();
    let mut now = None;
    loop {
        let (deadline, reaction) = step(now);
        if let (Some(now), Some(reaction)) = (now, reaction) {
            fired.push(((now - start).as_millis() as u64, reaction));
        }
        match deadline {
            Some(deadline) => now = Some(deadline),
            None => return fired,
        }
    }
}

macro_rules! run {
    ($start:expr, $machine:expr) => {
        run($start, |now| {
            let reaction = now.and_then(|now| $machine.on_timer(now));
            ($machine.deadline(), reaction)
        })
    };
}

#[test]
fn invite_client_repeats_until_timer_b() {
    let start = zero();
    let (mut machine, first) = InviteClient::start(start, REQUEST, false, SETTINGS());
    assert_eq!(first, sends(REQUEST));
    let fired = run!(start, machine);
    let times: Vec<u64> = fired.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500, 32000]);
    assert_eq!(fired[6].1, Reaction::tell(Tell::TimedOut(Timer::B)));
    assert!(machine.is_terminated());
}

#[test]
fn invite_client_on_tcp_sends_once() {
    let start = zero();
    let (mut machine, _) = InviteClient::start(start, REQUEST, true, SETTINGS());
    let fired = run!(start, machine);
    assert_eq!(fired, [(32000, Reaction::tell(Tell::TimedOut(Timer::B)))]);
}

#[test]
fn invite_client_waits_for_ever_once_it_rings() {
    let start = zero();
    let (mut machine, _) = InviteClient::start(start, REQUEST, false, SETTINGS());
    assert_eq!(machine.on_response(start, 100, || ACK), tells());
    assert_eq!(machine.on_response(start, 180, || ACK), tells());
    assert_eq!(machine.deadline(), None);
    assert!(machine.is_proceeding() && !machine.is_final());
}

#[test]
fn invite_client_acknowledges_a_refusal_as_often_as_it_comes() {
    let start = zero();
    let (mut machine, _) = InviteClient::start(start, REQUEST, false, SETTINGS());
    let reaction = machine.on_response(start + ms(10), 486, || ACK);
    assert_eq!(reaction, Reaction { transmit: Some(ACK), tell: Some(Tell::Message) });
    let again = machine.on_response(start + ms(20), 486, || panic!("written once"));
    assert_eq!(again, sends(ACK));
    assert_eq!(machine.on_response(start, 200, || ACK), Reaction::NOTHING);
    assert_eq!(machine.on_response(start, 180, || ACK), Reaction::NOTHING);
    // Timer D.
    assert_eq!(run!(start, machine), [(32010, Reaction::NOTHING)]);
    assert!(machine.is_terminated());

    let (mut machine, _) = InviteClient::start(start, REQUEST, true, SETTINGS());
    machine.on_response(start, 603, || ACK);
    assert!(machine.is_terminated(), "Timer D is zero on TCP");
}

/// RFC 6026 §7.2.
#[test]
fn invite_client_gives_up_every_2xx_until_timer_m() {
    let start = zero();
    for reliable in [false, true] {
        let (mut machine, _) = InviteClient::start(start, REQUEST, reliable, SETTINGS());
        for _ in 0..3 {
            assert_eq!(machine.on_response(start, 200, || ACK), tells());
        }
        assert_eq!(machine.on_response(start, 486, || ACK), Reaction::NOTHING);
        assert_eq!(machine.on_transport_error(), Reaction::NOTHING);
        assert!(!machine.is_terminated());
        assert_eq!(run!(start, machine), [(32000, Reaction::NOTHING)]);
        assert!(machine.is_terminated());
    }
}

#[test]
fn clients_tell_when_the_transport_fails_before_an_answer() {
    let start = zero();
    let failed = Reaction::tell(Tell::TransportFailed);
    let (mut invite, _) = InviteClient::start(start, REQUEST, true, SETTINGS());
    assert_eq!(invite.on_transport_error(), failed);
    assert_eq!(invite.on_transport_error(), Reaction::NOTHING);
    let (mut other, _) = NonInviteClient::start(start, REQUEST, true, SETTINGS());
    assert_eq!(other.on_transport_error(), failed);
    assert_eq!(other.on_transport_error(), Reaction::NOTHING);
    assert!(invite.is_terminated() && other.is_terminated());
}

#[test]
fn client_repeats_up_to_t2_until_timer_f() {
    let start = zero();
    let (mut machine, first) = NonInviteClient::start(start, REQUEST, false, SETTINGS());
    assert_eq!(first, sends(REQUEST));
    let fired = run!(start, machine);
    let times: Vec<u64> = fired.iter().map(|(at, _)| *at).collect();
    let expected = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000];
    assert_eq!(times, expected);
    assert_eq!(fired[10].1, Reaction::tell(Tell::TimedOut(Timer::F)));
}

#[test]
fn client_repeats_every_t2_after_a_provisional_response() {
    let start = zero();
    let (mut machine, _) = NonInviteClient::start(start, REQUEST, false, SETTINGS());
    assert_eq!(machine.on_response(start + ms(100), 100), tells());
    assert_eq!(machine.on_response(start + ms(150), 100), tells());
    let times: Vec<u64> = run!(start, machine).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [4100, 8100, 12100, 16100, 20100, 24100, 28100, 32000]);
}

#[test]
fn client_absorbs_repeated_final_responses_until_timer_k() {
    let start = zero();
    let (mut machine, _) = NonInviteClient::start(start, REQUEST, false, SETTINGS());
    assert_eq!(machine.on_response(start, 200), tells());
    assert_eq!(machine.on_response(start, 200), Reaction::NOTHING);
    assert_eq!(run!(start, machine), [(5000, Reaction::NOTHING)]);
    assert!(machine.is_terminated());

    let (mut machine, _) = NonInviteClient::start(start, REQUEST, true, SETTINGS());
    assert_eq!(machine.on_response(start, 404), tells());
    assert!(machine.is_terminated());
}

#[test]
fn invite_server_repeats_its_refusal_until_timer_h() {
    let start = zero();
    let mut machine = InviteServer::start(false, SETTINGS());
    assert_eq!(machine.on_invite(), Reaction::NOTHING);
    assert_eq!(machine.respond(start, 180, RESPONSE), sends(RESPONSE));
    assert_eq!(machine.on_invite(), sends(RESPONSE));
    assert_eq!(machine.respond(start, 486, RESPONSE), sends(RESPONSE));
    assert_eq!(machine.on_invite(), sends(RESPONSE));
    assert_eq!(machine.respond(start, 200, RESPONSE), Reaction::NOTHING, "one final response");
    let fired = run!(start, machine);
    let times: Vec<u64> = fired.iter().map(|(at, _)| *at).collect();
    let expected = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000];
    assert_eq!(times, expected);
    assert_eq!(fired[10].1, Reaction::tell(Tell::TimedOut(Timer::H)));
}

#[test]
fn invite_server_stops_at_the_ack() {
    let start = zero();
    for (reliable, end) in [(false, vec![(5000, Reaction::NOTHING)]), (true, vec![])] {
        let mut machine = InviteServer::start(reliable, SETTINGS());
        machine.respond(start, 486, RESPONSE);
        assert_eq!(machine.on_ack(start), Reaction::NOTHING);
        assert_eq!(machine.on_ack(start), Reaction::NOTHING);
        assert_eq!(machine.on_invite(), Reaction::NOTHING);
        assert_eq!(run!(start, machine), end, "Timer I");
        assert!(machine.is_terminated());
    }
}

/// RFC 6026 §7.1.
#[test]
fn invite_server_absorbs_invites_after_a_2xx_until_timer_l() {
    let start = zero();
    for reliable in [false, true] {
        let mut machine = InviteServer::start(reliable, SETTINGS());
        assert_eq!(machine.respond(start, 200, RESPONSE), sends(RESPONSE));
        assert_eq!(machine.on_invite(), Reaction::NOTHING);
        assert_eq!(machine.respond(start, 200, RESPONSE), sends(RESPONSE));
        assert_eq!(machine.respond(start, 486, RESPONSE), Reaction::NOTHING);
        assert_eq!(machine.on_ack(start), tells());
        assert_eq!(machine.on_transport_error(), Reaction::NOTHING);
        assert_eq!(run!(start, machine), [(32000, Reaction::NOTHING)]);
        assert!(machine.is_terminated());
    }
}

#[test]
fn server_repeats_its_answer_until_timer_j() {
    let start = zero();
    let mut machine = NonInviteServer::start(false, SETTINGS());
    assert_eq!(machine.on_request(), Reaction::NOTHING);
    assert_eq!(machine.respond(start, 100, REQUEST), sends(REQUEST));
    assert_eq!(machine.on_request(), sends(REQUEST));
    assert_eq!(machine.respond(start, 200, RESPONSE), sends(RESPONSE));
    assert_eq!(machine.on_request(), sends(RESPONSE));
    assert_eq!(machine.respond(start, 500, REQUEST), Reaction::NOTHING);
    assert_eq!(run!(start, machine), [(32000, Reaction::NOTHING)]);
    assert!(machine.is_terminated());

    let mut machine = NonInviteServer::start(true, SETTINGS());
    machine.respond(start, 200, RESPONSE);
    assert!(machine.is_terminated(), "Timer J is zero on TCP");
}

#[test]
fn t1_t2_and_t4_can_be_set() {
    let start = zero();
    let settings = TimerSettings { t1: ms(10), t2: ms(20), t4: ms(30) };
    let (mut machine, _) = NonInviteClient::start(start, REQUEST, false, settings);
    let times: Vec<u64> = run!(start, machine).iter().map(|(at, _)| *at).collect();
    assert_eq!((times[0], times[1], times[2], *times.last().unwrap()), (10, 30, 50, 640));
}
