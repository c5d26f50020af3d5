//! Datagrams over the simulated network.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use sipsimple_net::{Clock, DatagramSocket, MediaSocket, Network};
use sipsimple_testkit::{Action, Fate, Link, Occurrence, Simulation, receive};
use tokio::time::{Instant, timeout};

const MS: Duration = Duration::from_millis(1);

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn pair(simulation: &Simulation) -> (Box<dyn DatagramSocket>, Box<dyn DatagramSocket>) {
    let a = simulation.host("10.0.0.1").bind_datagram(at("10.0.0.1:5060")).unwrap();
    let b = simulation.host("10.0.0.2").bind_datagram(at("10.0.0.2:5060")).unwrap();
    (a, b)
}

async fn drain(socket: &dyn DatagramSocket) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Ok(received) = timeout(Duration::from_secs(5), receive(socket)).await {
        numbers.push(u32::from_be_bytes(received.unwrap().0[..4].try_into().unwrap()));
    }
    numbers
}

fn send_numbers(from: &dyn DatagramSocket, to: &dyn DatagramSocket, count: u32) {
    for number in 0..count {
        from.try_send_to(&number.to_be_bytes(), to.local_addr().unwrap()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn latency_is_exact() {
    let simulation = Simulation::new(1);
    let (a, b) = pair(&simulation);
    simulation.network.set_link(Link { latency: 137 * MS, ..Link::default() });
    let slow = Link { latency: 1500 * MS, ..Link::default() };
    simulation.network.set_link_between("10.0.0.2".parse().unwrap(), at("10.0.0.1:1").ip(), slow);

    let start = Instant::now();
    a.try_send_to(b"there", at("10.0.0.2:5060")).unwrap();
    assert_eq!(receive(&*b).await.unwrap(), ("there".into(), at("10.0.0.1:5060")));
    assert_eq!(start.elapsed(), 137 * MS);
    b.try_send_to(b"back", at("10.0.0.1:5060")).unwrap();
    receive(&*a).await.unwrap();
    assert_eq!(start.elapsed(), 1637 * MS);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_arrival_wakes_a_receiver_that_waits_for_a_later_one() {
    let simulation = Simulation::new(1);
    let (a, b) = pair(&simulation);
    let far = simulation.host("10.0.0.3").bind_datagram(at("10.0.0.3:0")).unwrap();
    let slow = Link { latency: 500 * MS, ..Link::default() };
    simulation.network.set_link_between(at("10.0.0.3:0").ip(), at("10.0.0.2:0").ip(), slow);
    far.try_send_to(b"far", at("10.0.0.2:5060")).unwrap();
    let start = Instant::now();
    let receiver = tokio::spawn(async move {
        let first = receive(&*b).await.unwrap().0;
        (first, start.elapsed(), receive(&*b).await.unwrap().0, start.elapsed())
    });
    tokio::time::sleep(100 * MS).await;
    a.try_send_to(b"near", at("10.0.0.2:5060")).unwrap();
    assert_eq!(receiver.await.unwrap(), ("near".into(), 110 * MS, "far".into(), 500 * MS));
}

#[tokio::test(start_paused = true)]
async fn loss_and_duplication_keep_their_rates() {
    let simulation = Simulation::new(3);
    let (a, b) = pair(&simulation);
    simulation.network.set_link(Link { loss: 0.3, duplicate: 0.1, ..Link::default() });
    send_numbers(&*a, &*b, 4000);
    let got = drain(&*b).await;
    let mut distinct = got.clone();
    distinct.dedup();
    assert!((2700..2900).contains(&distinct.len()), "{} of 4000 arrived", distinct.len());
    let twice = got.len() - distinct.len();
    assert!((230..330).contains(&twice), "{twice} of 2800 came twice");
    assert!(got.is_sorted(), "neither loss nor duplication reorders");
    let lost = simulation.network.trace().iter().filter(|t| t.fate == Fate::Lost).count();
    assert_eq!(lost, 4000 - distinct.len());
}

#[tokio::test(start_paused = true)]
async fn jitter_keeps_the_order_and_reordering_breaks_it() {
    let simulation = Simulation::new(4);
    let (a, b) = pair(&simulation);
    simulation.network.set_link(Link { jitter: 50 * MS, ..Link::default() });
    send_numbers(&*a, &*b, 500);
    assert_eq!(drain(&*b).await, (0..500).collect::<Vec<_>>());
    let spread: Vec<Duration> = simulation
        .network
        .trace()
        .iter()
        .map(|t| match t.fate {
            Fate::Delivered(arrival) => arrival - t.packet.at,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(spread.iter().all(|d| (10 * MS..60 * MS).contains(d)));
    assert!(spread.iter().max().unwrap() > &(50 * MS));

    simulation.network.set_link(Link { reorder: 0.2, ..Link::default() });
    send_numbers(&*a, &*b, 500);
    let mut got = drain(&*b).await;
    assert!(!got.is_sorted());
    got.sort();
    assert_eq!(got, (0..500).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn rules_pick_datagrams() {
    let simulation = Simulation::new(5);
    let (a, b) = pair(&simulation);
    let network = &simulation.network;
    let first_ok = network.drop_first(1, |p| p.text().starts_with("SIP/2.0 200"));
    let third = network.drop_nth(3, |p| p.text().starts_with("BYE"));
    let late = network.rule(Occurrence::First(1), |p| p.text() == "late", Action::Delay(100 * MS));
    network.rule(Occurrence::Always, |p| p.text() == "twice", Action::Duplicate);
    for text in
        ["SIP/2.0 200 OK", "late", "SIP/2.0 200 again", "BYE 1", "BYE 2", "BYE 3", "BYE 4", "twice"]
    {
        a.try_send_to(text.as_bytes(), at("10.0.0.2:5060")).unwrap();
    }
    let mut got = Vec::new();
    while let Ok(received) = timeout(1000 * MS, receive(&*b)).await {
        got.push(String::from_utf8(received.unwrap().0.to_vec()).unwrap());
    }
    assert_eq!(got, ["SIP/2.0 200 again", "BYE 1", "BYE 2", "BYE 4", "twice", "twice", "late"]);
    assert_eq!((first_ok.hits(), third.hits(), late.hits()), (1, 1, 1));
    let fates: Vec<_> = network
        .trace()
        .iter()
        .filter(|t| t.fate == Fate::Filtered)
        .map(|t| t.packet.first_line())
        .collect();
    assert_eq!(fates, ["SIP/2.0 200 OK", "BYE 3"]);
    assert!(network.render_trace().contains("10.0.0.1:5060 -> 10.0.0.2:5060 BYE 3 [Filtered]"));

    let all = network.drop_all(|_| true);
    a.try_send_to(b"x", at("10.0.0.2:5060")).unwrap();
    all.remove();
    a.try_send_to(b"y", at("10.0.0.2:5060")).unwrap();
    assert_eq!(receive(&*b).await.unwrap().0, "y");
}

#[tokio::test(start_paused = true)]
async fn what_gets_lost_says_why() {
    let simulation = Simulation::new(6);
    let (a, b) = pair(&simulation);
    let network = &simulation.network;
    network.set_link(Link { mtu: 1300, ..Link::default() });
    let host = simulation.host("10.0.0.2");
    let (here, there) = (at("10.0.0.1:0").ip(), at("10.0.0.2:0").ip());
    let send = |bytes: &[u8], to: &str| {
        a.try_send_to(bytes, at(to)).unwrap();
        network.trace().last().unwrap().fate
    };
    assert_eq!(send(&[0; 1301], "10.0.0.2:5060"), Fate::TooBig);
    assert_eq!(send(&[0; 1300], "10.0.0.2:5060"), Fate::Delivered(10 * MS));
    assert_eq!(send(b"x", "10.0.0.2:5061"), Fate::NobodyThere);
    assert_eq!(send(b"x", "10.9.9.9:5060"), Fate::Unreachable);
    network.cut(there, here);
    assert_eq!(send(b"x", "10.0.0.2:5060"), Fate::Unreachable);
    network.heal(here, there);
    assert_eq!(send(b"on its way", "10.0.0.2:5060"), Fate::Delivered(10 * MS));
    host.down();
    assert_eq!(send(b"x", "10.0.0.2:5060"), Fate::Unreachable);
    host.up();
    assert_eq!(send(b"after", "10.0.0.2:5060"), Fate::Delivered(10 * MS));
    assert_eq!(receive(&*b).await.unwrap().0, "after");
    assert_eq!(
        a.try_send_to(&[0; 65_508], at("10.0.0.2:1")).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test(start_paused = true)]
async fn addresses_and_ports() {
    let simulation = Simulation::new(7);
    let host = simulation.network.host_with(["10.0.0.1", "192.168.1.1", "2001:db8::1"]);
    let kind = |local: &str| host.bind_datagram(at(local)).err().map(|e| e.kind());
    let exact = host.bind_datagram(at("10.0.0.1:5060")).unwrap();
    assert_eq!(kind("10.0.0.1:5060"), Some(ErrorKind::AddrInUse));
    assert_eq!(kind("0.0.0.0:5060"), Some(ErrorKind::AddrInUse));
    assert_eq!(kind("10.0.0.9:5060"), Some(ErrorKind::AddrNotAvailable));
    assert_eq!(kind("[2001:db8::1]:5060"), None);
    drop(exact);
    let any = host.bind_datagram(at("0.0.0.0:5060")).unwrap();
    assert_eq!(kind("192.168.1.1:5060"), Some(ErrorKind::AddrInUse));

    let (one, two) =
        (host.bind_datagram(at("10.0.0.1:0")).unwrap(), host.bind_media(at("10.0.0.1:0")).unwrap());
    assert_ne!(one.local_addr().unwrap().port(), two.local_addr().unwrap().port());
    assert_eq!(host.open().datagrams, 3);

    let peer = simulation.network.host_with(["192.168.1.7", "2001:db8::7"]);
    assert_eq!(host.local_address_for(peer.ip()).unwrap(), at("192.168.1.1:0").ip());
    assert_eq!(
        simulation
            .host("10.0.0.8")
            .local_address_for(at("[2001:db8::7]:0").ip())
            .unwrap_err()
            .kind(),
        ErrorKind::NetworkUnreachable
    );
    let theirs = peer.bind_datagram(at("192.168.1.7:9")).unwrap();
    any.try_send_to(b"x", at("192.168.1.7:9")).unwrap();
    assert_eq!(receive(&*theirs).await.unwrap().1, at("192.168.1.1:5060"));
    theirs.try_send_to(b"y", at("192.168.1.1:5060")).unwrap();
    assert_eq!(receive(&*any).await.unwrap().0, "y");

    let v6 = host.bind_datagram(at("[2001:db8::1]:5060")).unwrap();
    let six = peer.bind_datagram(at("[::]:5060")).unwrap();
    v6.try_send_to(b"six", at("[2001:db8::7]:5060")).unwrap();
    assert_eq!(receive(&*six).await.unwrap(), ("six".into(), at("[2001:db8::1]:5060")));
    drop((any, one, two, v6, theirs, six));
    assert!(simulation.network.open().is_nothing());
}

#[tokio::test(start_paused = true)]
async fn media_sockets_say_when_a_packet_came() {
    let simulation = Simulation::new(8);
    let mut a = simulation.host("10.0.0.1").bind_media(at("10.0.0.1:0")).unwrap();
    let mut b = simulation.host("10.0.0.2").bind_media(at("10.0.0.2:0")).unwrap();
    let start = simulation.clock.now();
    a.try_send_to(b"rtp", b.local_addr().unwrap()).unwrap();
    let mut buf = [0; 2];
    let early =
        |b: &mut Box<dyn MediaSocket>, buf: &mut [u8]| b.try_recv_from(buf).unwrap_err().kind();
    assert_eq!(early(&mut b, &mut buf), ErrorKind::WouldBlock);
    tokio::time::sleep(25 * MS).await;
    let received = b.try_recv_from(&mut buf).unwrap();
    assert_eq!((received.len, received.from), (2, a.local_addr().unwrap()));
    assert_eq!(received.at - start, 10 * MS);
    assert_eq!(early(&mut b, &mut buf), ErrorKind::WouldBlock);
    assert!(simulation.network.trace().is_empty());
    assert_eq!(simulation.network.media_trace().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    async fn run(seed: u64) -> (Vec<u32>, Vec<sipsimple_testkit::Traced>) {
        let simulation = Simulation::new(seed);
        let (a, b) = pair(&simulation);
        simulation.network.set_link(Link {
            jitter: 40 * MS,
            loss: 0.2,
            duplicate: 0.1,
            reorder: 0.1,
            ..Link::default()
        });
        send_numbers(&*a, &*b, 300);
        (drain(&*b).await, simulation.network.trace())
    }
    let first = run(42).await;
    assert_eq!(first, run(42).await);
    assert_ne!(first.0, run(43).await.0);
    let simulation = Simulation::new(1);
    assert_eq!(simulation.seed_for("alice"), Simulation::new(1).seed_for("alice"));
    assert_ne!(simulation.seed_for("alice"), simulation.seed_for("bob"));
    assert_ne!(simulation.seed_for("alice"), Simulation::new(2).seed_for("alice"));
}

#[tokio::test(start_paused = true)]
async fn traffic_elsewhere_changes_nobodys_luck() {
    async fn run(noise: bool) -> Vec<u32> {
        let simulation = Simulation::new(9);
        let (a, b) = pair(&simulation);
        let other = simulation.host("10.0.0.3").bind_datagram(at("10.0.0.3:9")).unwrap();
        simulation.network.set_link(Link { loss: 0.5, ..Link::default() });
        for number in 0..200u32 {
            a.try_send_to(&number.to_be_bytes(), at("10.0.0.2:5060")).unwrap();
            if noise {
                other.try_send_to(b"noise", at("10.0.0.1:5060")).unwrap();
            }
        }
        drain(&*b).await
    }
    assert_eq!(run(false).await, run(true).await);
}
