//! `HickoryResolver` against name servers that a test scripts, on loopback.

#![cfg(feature = "dns")]
#![allow(clippy::unwrap_used, reason = "a test server that breaks is a failed test")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use sipsimple_net::{HickoryResolver, ResolveError, Resolver};
use tokio::net::UdpSocket;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn record(owner: &str, data: RData) -> Record {
    Record::from_rdata(name(owner), 60, data)
}

fn address(owner: &str, last: u8) -> Record {
    record(owner, RData::A(A(Ipv4Addr::new(192, 0, 2, last))))
}

fn response(query: &Message, records: Vec<Record>) -> Message {
    let mut response = Message::response(query.id, query.op_code);
    response.queries = query.queries.clone();
    response.metadata.recursion_available = true;
    if records.is_empty() {
        response.metadata.response_code = ResponseCode::NXDomain;
    }
    response.answers = records;
    response
}

/// A name server that answers each question with these messages, and how often
/// it was asked.
async fn server(
    answer: impl Fn(&Message, &Query) -> Vec<Message> + Send + 'static,
) -> (HickoryResolver, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server: SocketAddr = socket.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
            count.fetch_add(1, Ordering::Relaxed);
            for message in answer(&query, &query.queries[0]) {
                let _ = socket.send_to(&message.to_vec().unwrap(), from).await;
            }
        }
    });
    (HickoryResolver::with_name_servers(&[server]).unwrap(), asked)
}

/// sip.test, in the order of RFC 3263.
fn zone(query: &Query) -> Vec<Record> {
    let owner = query.name().to_ascii();
    match (query.query_type(), owner.as_str()) {
        (RecordType::NAPTR, "sip.test.") => vec![record(
            "sip.test.",
            RData::NAPTR(NAPTR::new(
                20,
                50,
                (*b"s").into(),
                (*b"SIP+D2U").into(),
                [].into(),
                name("_sip._udp.sip.test."),
            )),
        )],
        (RecordType::SRV, "_sip._udp.sip.test.") => vec![
            record("_sip._udp.sip.test.", RData::SRV(SRV::new(10, 60, 5060, name("a.sip.test.")))),
            record("_sip._udp.sip.test.", RData::SRV(SRV::new(20, 0, 5070, name("b.sip.test.")))),
        ],
        (RecordType::A, "a.sip.test.") => vec![
            record("a.sip.test.", RData::CNAME(CNAME(name("host.sip.test.")))),
            address("host.sip.test.", 1),
            address("bank.test.", 66),
        ],
        _ => vec![],
    }
}

#[tokio::test]
async fn records_of_every_kind_come_back() {
    let (resolver, asked) = server(|query, question| vec![response(query, zone(question))]).await;
    let rules = resolver.naptr("sip.test").await.unwrap();
    assert_eq!(rules.ttl.as_secs(), 60);
    assert_eq!((rules.records[0].order, &*rules.records[0].flags), (20, "s"));
    let services = resolver.srv(&rules.records[0].replacement).await.unwrap().records;
    let ports: Vec<u16> = services.iter().map(|srv| srv.port).collect();
    assert_eq!(ports, [5060, 5070]);
    // Aliases are followed, and what belongs to another name is not taken.
    let addresses = resolver.addresses(&services[0].target).await.unwrap().records;
    assert_eq!(addresses, ["192.0.2.1".parse::<std::net::IpAddr>().unwrap()]);
    // What was asked for once is remembered.
    let before = asked.load(Ordering::Relaxed);
    assert!(resolver.naptr("SIP.test").await.is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), before);
    assert!(matches!(resolver.srv("no.test").await, Err(ResolveError::NotFound { .. })));
}

#[tokio::test]
async fn forged_answers_are_passed_over() {
    let (resolver, _) = server(|query, question| {
        let forged = |change: fn(&mut Message)| {
            let mut message = response(query, vec![address("a.sip.test.", 66)]);
            change(&mut message);
            message
        };
        vec![
            forged(|message| message.metadata.id = message.id.wrapping_add(1)),
            forged(|message| {
                message.queries = vec![Query::query(name("bank.test."), RecordType::A)];
            }),
            response(query, zone(question)),
        ]
    })
    .await;
    let found = resolver.addresses("a.sip.test").await.unwrap().records;
    assert_eq!(found, ["192.0.2.1".parse::<std::net::IpAddr>().unwrap()]);
}

#[tokio::test]
async fn circles_of_aliases_end() {
    let (resolver, asked) = server(|query, question| {
        let owner = question.name().to_ascii();
        let other = if owner.starts_with('a') { "b.sip.test." } else { "a.sip.test." };
        vec![response(query, vec![record(&owner, RData::CNAME(CNAME(name(other))))])]
    })
    .await;
    assert!(resolver.srv("a.sip.test").await.is_err());
    assert!(asked.load(Ordering::Relaxed) < 50);
}

#[tokio::test]
async fn what_is_no_name_is_not_asked() {
    let (resolver, asked) = server(|_, _| vec![]).await;
    let long = "a.".repeat(200);
    for wrong in ["", ".", "a..b", "a b.test", &long, &"x".repeat(64)] {
        assert!(resolver.srv(wrong).await.is_err(), "{wrong}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let literal = resolver.addresses("[2001:db8::1]").await.unwrap().records;
    assert_eq!(literal, ["2001:db8::1".parse::<std::net::IpAddr>().unwrap()]);
    // Nobody has to be asked for these (RFC 6761 §6.3).
    assert!(resolver.addresses("localhost").await.is_ok());
}
