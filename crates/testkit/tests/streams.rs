//! TCP connections over the simulated network.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use sipsimple_net::{ByteStream, Network};
use sipsimple_testkit::{Link, Protocol, STREAM_BUFFER, Simulation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

const MS: Duration = Duration::from_millis(1);
const SERVER: &str = "10.0.0.2:5060";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

async fn connected(simulation: &Simulation) -> (Box<dyn ByteStream>, Box<dyn ByteStream>) {
    let (client, server) = (simulation.host("10.0.0.1"), simulation.host("10.0.0.2"));
    let mut listener = server.listen_stream(at(SERVER)).unwrap();
    let (client, server) = tokio::join!(client.connect_stream(None, at(SERVER)), listener.accept());
    (client.unwrap(), server.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_connection_takes_a_round_trip_and_data_half_of_one() {
    let simulation = Simulation::new(1);
    let start = Instant::now();
    let (mut client, mut server) = connected(&simulation).await;
    assert_eq!(start.elapsed(), 20 * MS);
    assert_eq!(client.peer_addr().unwrap(), at(SERVER));
    assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
    assert_eq!(simulation.network.open().streams, 2);

    client.write_all(b"hello").await.unwrap();
    client.write_all(b" there").await.unwrap();
    client.shutdown().await.unwrap();
    let mut text = String::new();
    server.read_to_string(&mut text).await.unwrap();
    assert_eq!((text.as_str(), start.elapsed()), ("hello there", 30 * MS));
    // The other half is still open.
    assert_eq!(client.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    server.write_all(b"bye").await.unwrap();
    drop(server);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"bye");
    drop(client);
    assert!(simulation.network.open().is_nothing());
    let pieces: Vec<_> = simulation.network.trace().iter().map(|t| t.packet.first_line()).collect();
    assert_eq!(pieces, ["hello", " there", "bye"]);
    assert!(simulation.network.trace().iter().all(|t| t.packet.protocol == Protocol::Stream));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_holds_the_writer_back() {
    let simulation = Simulation::new(2);
    let (mut client, mut server) = connected(&simulation).await;
    let sent = vec![7; 3 * STREAM_BUFFER];
    let copy = sent.clone();
    let writer = tokio::spawn(async move {
        client.write_all(&copy).await.unwrap();
        Instant::now()
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!writer.is_finished());
    let written: usize = simulation.network.trace().iter().map(|t| t.packet.bytes.len()).sum();
    assert_eq!(written, STREAM_BUFFER);
    let reading = Instant::now();
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, sent);
    assert!(writer.await.unwrap() >= reading);
}

#[tokio::test(start_paused = true)]
async fn refused_and_timed_out() {
    let simulation = Simulation::new(3);
    let (client, server) = (simulation.host("10.0.0.1"), simulation.host("10.0.0.2"));
    let start = Instant::now();
    let refused = client.connect_stream(None, at(SERVER)).await.err().unwrap();
    assert_eq!((refused.kind(), start.elapsed()), (ErrorKind::ConnectionRefused, 20 * MS));
    server.down();
    let start = Instant::now();
    let silent = client.connect_stream(None, at(SERVER)).await.err().unwrap();
    assert_eq!((silent.kind(), start.elapsed()), (ErrorKind::TimedOut, Duration::from_secs(127)));
    let foreign = client.connect_stream(Some(at("10.0.0.9:0").ip()), at(SERVER)).await;
    assert_eq!(foreign.err().unwrap().kind(), ErrorKind::AddrNotAvailable);

    // Back before the third SYN.
    let mut listener = server.listen_stream(at(SERVER)).unwrap();
    let start = Instant::now();
    let back = tokio::spawn(async move {
        tokio::time::sleep(2000 * MS).await;
        server.up();
    });
    let (connected, accepted) =
        tokio::join!(client.connect_stream(None, at(SERVER)), listener.accept());
    assert!(connected.is_ok() && accepted.is_ok());
    assert_eq!(start.elapsed(), 3020 * MS);
    back.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn resets_reach_both_ends_at_once() {
    let simulation = Simulation::new(4);
    let (mut client, mut server) = connected(&simulation).await;
    client.write_all(b"lost").await.unwrap();
    let start = Instant::now();
    let reader = tokio::spawn(async move {
        let mut byte = [0];
        server.read(&mut byte).await.unwrap_err().kind()
    });
    tokio::time::sleep(MS).await;
    simulation.network.reset_streams(at(SERVER).ip());
    assert_eq!(reader.await.unwrap(), ErrorKind::ConnectionReset);
    assert_eq!(client.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(start.elapsed(), MS);
}

#[tokio::test(start_paused = true)]
async fn data_waits_while_the_way_is_cut() {
    let simulation = Simulation::new(5);
    let (mut client, mut server) = connected(&simulation).await;
    let mut byte = [0];
    let host = simulation.host("10.0.0.2");
    host.down();
    client.write_all(b"x").await.unwrap();
    assert!(timeout(Duration::from_secs(30), server.read(&mut byte)).await.is_err());
    host.up();
    assert_eq!(server.read(&mut byte).await.unwrap(), 1);

    let (a, b) = (at("10.0.0.1:0").ip(), at(SERVER).ip());
    simulation.network.cut(a, b);
    server.write_all(b"y").await.unwrap();
    assert!(timeout(Duration::from_secs(30), client.read(&mut byte)).await.is_err());
    simulation.network.heal(a, b);
    assert_eq!(client.read(&mut byte).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn loss_delays_but_never_reorders() {
    let simulation = Simulation::new(6);
    simulation.network.set_link(Link { loss: 0.3, jitter: 20 * MS, ..Link::default() });
    let (mut client, mut server) = connected(&simulation).await;
    let sent: Vec<u8> = (0..200).collect();
    for byte in &sent {
        client.write_all(&[*byte]).await.unwrap();
    }
    drop(client);
    let start = Instant::now();
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, sent);
    assert!(start.elapsed() >= 200 * MS);
}

#[tokio::test(start_paused = true)]
async fn listeners() {
    let simulation = Simulation::new(7);
    let server = simulation.network.host_with(["10.0.0.2", "2001:db8::2"]);
    let listener = server.listen_stream(at("0.0.0.0:5060")).unwrap();
    assert_eq!(server.listen_stream(at(SERVER)).err().unwrap().kind(), ErrorKind::AddrInUse);
    let free = server.listen_stream(at("[::]:0")).unwrap();
    assert_ne!(free.local_addr().unwrap().port(), 0);
    assert_eq!(server.open().listeners, 2);

    // Nobody accepts: what waits is reset when the listener goes.
    let client = simulation.network.host_with(["10.0.0.1", "2001:db8::1"]);
    let mut waiting = client.connect_stream(None, at(SERVER)).await.unwrap();
    let v6 = SocketAddr::new(at("[2001:db8::2]:0").ip(), free.local_addr().unwrap().port());
    let six = client.connect_stream(None, v6).await.unwrap();
    assert_eq!(six.local_addr().unwrap().ip(), at("[2001:db8::1]:0").ip());
    drop(listener);
    let mut byte = [0];
    assert_eq!(waiting.read(&mut byte).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    drop((waiting, six, free));
    assert!(simulation.network.open().is_nothing());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_connect_leaves_nothing() {
    let simulation = Simulation::new(8);
    let server = simulation.host("10.0.0.2");
    let mut listener = server.listen_stream(at(SERVER)).unwrap();
    let client = simulation.host("10.0.0.1");
    assert!(timeout(15 * MS, client.connect_stream(None, at(SERVER))).await.is_err());
    let mut accepted = listener.accept().await.unwrap();
    assert_eq!(accepted.read(&mut [0]).await.unwrap(), 0);
    drop((accepted, listener));
    assert!(simulation.network.open().is_nothing());
}
