//! [`TokioNetwork`] over the machine's own loopback interface.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use sipsimple_net::{
    Clock, DatagramSocket, MediaSocket, Network, Received, TokioClock, TokioNetwork,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

const PATIENCE: Duration = Duration::from_secs(10);

/// IPv4, and IPv6 where the machine has it.
fn loopbacks() -> Vec<IpAddr> {
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let mut all = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    if std::net::UdpSocket::bind((v6, 0)).is_ok() {
        all.push(v6);
    }
    all
}

async fn receive(socket: &dyn DatagramSocket, room: usize) -> (Vec<u8>, SocketAddr) {
    let mut bytes = vec![0; room];
    let mut buf = ReadBuf::new(&mut bytes);
    let receiving = std::future::poll_fn(|cx| socket.poll_recv_from(cx, &mut buf));
    let from = tokio::time::timeout(PATIENCE, receiving).await.unwrap().unwrap();
    (buf.filled().to_vec(), from)
}

#[tokio::test]
async fn datagrams() {
    for ip in loopbacks() {
        let a = TokioNetwork.bind_datagram((ip, 0).into()).unwrap();
        let b = TokioNetwork.bind_datagram((ip, 0).into()).unwrap();
        let (here, there) = (a.local_addr().unwrap(), b.local_addr().unwrap());
        // At once after the bind: nothing has polled either socket yet.
        assert_eq!(a.try_send_to(b"hello", there).unwrap(), 5);
        assert_eq!(receive(&*b, 100).await, (b"hello".to_vec(), here));
        b.try_send_to(b"cut short", here).unwrap();
        assert_eq!(receive(&*a, 3).await, (b"cut".to_vec(), there));
        let taken = TokioNetwork.bind_datagram(here).err().unwrap();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        assert_eq!(TokioNetwork.local_address_for(ip).unwrap(), ip);
    }
}

#[tokio::test]
async fn streams() {
    for ip in loopbacks() {
        let mut listener = TokioNetwork.listen_stream((ip, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) =
            tokio::join!(TokioNetwork.connect_stream(Some(ip), address), listener.accept());
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        assert_eq!(client.peer_addr().unwrap(), address);
        assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
        client.write_all(b"ping").await.unwrap();
        client.shutdown().await.unwrap();
        let mut got = String::new();
        server.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "ping");
        server.write_all(b"pong").await.unwrap();
        drop(server);
        got.clear();
        client.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "pong");
        drop(listener);
        let refused = TokioNetwork.connect_stream(None, address).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}

/// Polls as a media thread does, but without its clock.
fn poll_until_received(socket: &mut dyn MediaSocket, clock: &TokioClock) -> (Vec<u8>, Received) {
    let mut buf = [0; 100];
    let end = clock.now() + PATIENCE;
    loop {
        match socket.try_recv_from(&mut buf) {
            Ok(received) => return (buf[..received.len].to_vec(), received),
            Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
        }
        assert!(clock.now() < end, "nothing came");
        std::thread::yield_now();
    }
}

#[test]
fn media_time_stamps() {
    let clock = TokioClock::new();
    for ip in loopbacks() {
        let mut a = TokioNetwork.bind_media((ip, 0).into()).unwrap();
        let mut b = TokioNetwork.bind_media((ip, 0).into()).unwrap();
        let there = b.local_addr().unwrap();
        let mut last: Option<Instant> = None;
        for number in 0..50u8 {
            let sent = clock.now();
            a.try_send_to(&[number; 3], there).unwrap();
            let (bytes, received) = poll_until_received(&mut *b, &clock);
            assert_eq!((bytes, received.from), (vec![number; 3], a.local_addr().unwrap()));
            assert!(received.at <= clock.now(), "in the future");
            // The wall clock may be slewed between two looks at it.
            assert!(received.at + Duration::from_millis(100) >= sent, "before it was sent");
            assert!(last <= Some(received.at), "backwards");
            last = Some(received.at);
        }
    }
}

/// A packet that lies in the socket keeps the time at which it came.
#[cfg(target_os = "linux")]
#[test]
fn media_time_stamps_are_the_kernels() {
    let clock = TokioClock::new();
    let mut a = TokioNetwork.bind_media((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let mut b = TokioNetwork.bind_media((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let there = b.local_addr().unwrap();
    // The kernel starts to stamp a moment after the first socket asked for it.
    let end = clock.now() + PATIENCE;
    loop {
        a.try_send_to(b"x", there).unwrap();
        let resume = clock.now() + Duration::from_millis(50);
        while clock.now() < resume {
            std::thread::yield_now();
        }
        let (_, received) = poll_until_received(&mut *b, &clock);
        if clock.now() - received.at >= Duration::from_millis(45) {
            return;
        }
        assert!(clock.now() < end, "stamped when it was read, not when it came");
    }
}
