//! Peers that send garbage, too much, or nothing; that don't read, or never
//! finish. The next call works.

use std::time::Duration;

use sipsimple_core::stack::*;
use sipsimple_net::Network;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::*;

const OPTIONS: &str = "OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\n\
    Via: SIP/2.0/TCP 10.0.0.9:5060;branch=z9hG4bK1\r\n\
    From: <sip:x@10.0.0.9>;tag=1\r\n\
    To: <sip:bob@10.0.0.2>\r\n\
    Call-ID: options\r\n\
    CSeq: 1 OPTIONS\r\n\
    Max-Forwards: 70\r\n\
    Content-Length: 0\r\n\r\n";

async fn connect(world: &World) -> Box<dyn sipsimple_net::ByteStream> {
    let host = world.simulation.host("10.0.0.9");
    host.connect_stream(None, "10.0.0.2:5060".parse().unwrap()).await.unwrap()
}

/// Everything until the connection is closed.
async fn read_to_end(stream: &mut Box<dyn sipsimple_net::ByteStream>) -> String {
    let mut all = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut all)).await;
    String::from_utf8_lossy(&all).into_owned()
}

/// The next call works, and the world ends well.
async fn next_call_works(mut world: World) {
    let (_, bob) = world.established("sip:bob@10.0.0.2;transport=tcp").await;
    world.bob.engine.hangup(bob, ExtraHeaders::new()).await.unwrap();
    world.bob.expect_ended().await;
    world.alice.expect_ended().await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn garbage_datagrams_are_counted_and_dropped() {
    let world = world(1);
    let socket =
        world.simulation.host("10.0.0.9").bind_datagram("10.0.0.9:5060".parse().unwrap()).unwrap();
    let to = "10.0.0.2:5060".parse().unwrap();
    for garbage in [&b"\xff\xfe\x00"[..], b"INVITE sip:bob", b"", &[b'a'; 2000]] {
        socket.try_send_to(garbage, to).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let statistics = world.bob.engine.statistics().await.unwrap();
    assert_eq!(statistics.malformed, 3, "{statistics:?}");
    drop(socket);
    next_call_works(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_megabyte_of_header_ends_the_connection() {
    let world = world(2);
    let mut stream = connect(&world).await;
    let head = OPTIONS.replace("Content-Length: 0\r\n\r\n", "X: ");
    let _ = stream.write_all(head.as_bytes()).await;
    for _ in 0..1024 {
        if stream.write_all(&[b'x'; 1024]).await.is_err() {
            break;
        }
    }
    let answer = read_to_end(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("SIP/2.0 4"), "{answer}");
    drop(stream);
    let statistics = world.bob.engine.statistics().await.unwrap();
    assert_eq!(statistics.connections, 0, "{statistics:?}");
    next_call_works(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_content_length_gets_400_and_the_end() {
    let world = world(3);
    for bad in ["Content-Length: -5", "Content-Length: 1\r\nContent-Length: 2", "X: y"] {
        let mut stream = connect(&world).await;
        let text = OPTIONS.replace("Content-Length: 0", bad);
        stream.write_all(text.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("SIP/2.0 400 "), "{bad}: {answer}");
    }
    next_call_works(world).await;
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_and_pings_are_answered_in_order() {
    let world = world(4);
    let mut stream = connect(&world).await;
    let second = OPTIONS.replace("z9hG4bK1", "z9hG4bK2").replace("Call-ID: o", "Call-ID: p");
    stream.write_all(format!("\r\n\r\n{OPTIONS}{second}").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut buffer = vec![0; 4096];
    let mut text = String::new();
    while text.matches("SIP/2.0 200 OK").count() < 2 {
        let n = stream.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    assert!(text.starts_with("\r\nSIP/2.0 200 OK"), "{text}");
    let place = |needle: &str| text.find(needle).unwrap();
    assert!(place("Call-ID: options") < place("Call-ID: pptions"));
    drop(stream);
    next_call_works(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_finishes_is_cut_off() {
    let world = world(5);
    let mut stream = connect(&world).await;
    for byte in OPTIONS.bytes().take(60) {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let statistics = world.bob.engine.statistics().await.unwrap();
    assert_eq!(statistics.connections, 0, "{statistics:?}");
    drop(stream);
    next_call_works(world).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_hinders_nobody() {
    let mut world = world(6);
    let mut stuck = connect(&world).await;
    let (reader, mut writer) = tokio::io::split(&mut stuck);
    // It asks and asks, and never reads an answer.
    let flood = async {
        for n in 0..20_000u32 {
            let request = OPTIONS.replace("z9hG4bK1", &format!("z9hG4bKf{n}"));
            let request = request.replace("Call-ID: options", &format!("Call-ID: f{n}"));
            if writer.write_all(request.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let calls = async {
        for _ in 0..5 {
            let before = tokio::time::Instant::now();
            let (alice, _) = world.established("sip:bob@10.0.0.2;transport=tcp").await;
            world.alice.engine.hangup(alice, ExtraHeaders::new()).await.unwrap();
            world.alice.expect_ended().await;
            world.bob.expect_ended().await;
            assert!(before.elapsed() < Duration::from_millis(500), "{:?}", before.elapsed());
        }
    };
    tokio::join!(flood, calls);
    let _ = reader;
    let statistics = world.bob.engine.statistics().await.unwrap();
    assert_eq!(statistics.connections, 1, "{statistics:?}");
    drop(stuck);
    next_call_works(world).await;
}
