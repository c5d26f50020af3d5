//! What must hold for every input: no panic on any octets, and whatever is
//! built or printed reads as the same again.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use proptest::prelude::*;
use sipsimple_core::framing::{Frame, StreamFramer};
use sipsimple_core::header::*;
use sipsimple_core::message::{Message, MessageBuilder, Method, StatusCode};
use sipsimple_core::sdp::{Candidate, Crypto, SessionDescription};
use sipsimple_core::uri::{SipUri, SipUriView, UriView};

/// Reads everything that a message offers, in every way.
fn read_all(message: &Message) {
    let _ = (message.validate(), message.request_uri(), message.reason(), message.body());
    let _ = (message.to_string(), format!("{message:?}"));
    for line in message.headers() {
        assert!(!line.value.contains(['\r', '\n']), "{line:?}");
    }
    macro_rules! read {
        ($($header:ident)*) => {
            $(for header in message.all::<$header>().flatten() {
                // What one can read prints as something that reads the same.
                let printed = header.to_string();
                let again = $header::parse(&printed);
                let again = again.unwrap_or_else(|error| panic!("{printed:?}: {error}"));
                assert_eq!(again.to_string(), printed);
            })*
        };
    }
    read! {
        Accept Allow AuthenticationInfo Authorization CSeq CallId Contact ContactValue
        ContentLength ContentType Date Event Expires From MaxForwards MinExpires MinSe
        ProxyAuthenticate ProxyAuthorization ProxyRequire Reason RecordRoute ReferTo ReferredBy
        Replaces Require RetryAfter Route Server SessionExpires Subject SubscriptionState
        Supported To Unsupported UserAgent Via Warning WwwAuthenticate
    }
    read_session(message.body());
}

fn read_session(body: &[u8]) {
    if let Ok(session) = SessionDescription::parse(body) {
        let again: SessionDescription = session.to_string().parse().unwrap();
        assert_eq!(again, session);
        for media in &session.media {
            let _ = (session.rtcp_address(media), session.is_hold(media), media.ptime());
            let _ = (media.rtpmaps().count(), media.payload_types().count());
            media.attributes.all("candidate").filter_map(Candidate::parse).for_each(drop);
            media.attributes.all("crypto").filter_map(Crypto::parse).for_each(drop);
        }
    }
}

fn fixtures() -> Vec<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sip");
    let mut files = Vec::new();
    for folder in ["rfc4475-torture", "rfc5118-ipv6", "bench"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            files.push(std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
    files
}

#[test]
fn every_fixture_reads() {
    for octets in fixtures() {
        if let Ok(message) = Message::parse(octets.into()) {
            read_all(&message);
        }
    }
}

/// A change to one place of a fixture.
#[derive(Debug, Clone)]
enum Mutation {
    Replace(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Repeat(usize),
}

fn mutation() -> impl Strategy<Value = (usize, Mutation)> {
    let special = prop::sample::select(b"\r\n\t ;,:<>\"\\=@%?/[]()*\0\xff\xc3.0".to_vec());
    let octet = prop_oneof![special, any::<u8>()];
    let change = prop_oneof![
        octet.clone().prop_map(Mutation::Replace),
        prop::collection::vec(octet, 1..6).prop_map(Mutation::Insert),
        (1usize..40).prop_map(Mutation::Remove),
        (1usize..80).prop_map(Mutation::Repeat),
    ];
    (any::<usize>(), change)
}

fn mutate(octets: &mut Vec<u8>, (at, change): (usize, Mutation)) {
    let at = at % (octets.len() + 1);
    let end = |length: usize| (at + length).min(octets.len());
    match change {
        Mutation::Replace(octet) => {
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
        }
        Mutation::Insert(new) => drop(octets.splice(at..at, new)),
        Mutation::Remove(length) => drop(octets.drain(at..end(length))),
        Mutation::Repeat(length) => {
            let piece = octets[at..end(length)].to_vec();
            octets.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(message) = Message::parse(Bytes::from(octets.clone())) {
            read_all(&message);
        }
        read_session(&octets);
        let mut framer = StreamFramer::accepted();
        framer.push(&octets);
        while let Ok(Some(_)) = framer.next_frame() {}
    }

    #[test]
    fn no_changed_fixture_panics(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(mutation(), 1..8),
    ) {
        let mut octets = which.get(&fixtures()).clone();
        for change in changes {
            mutate(&mut octets, change);
        }
        if let Ok(message) = Message::parse(octets.into()) {
            read_all(&message);
            // The parsed message is one: it reads as itself.
            let again = Message::parse(message.as_bytes().clone()).unwrap();
            prop_assert_eq!(again.headers().count(), message.headers().count());
            prop_assert_eq!(again.body(), message.body());
        }
    }

    #[test]
    fn no_text_panics_a_uri(text in "(sip:|sips:|tel:|)[ -~é]{0,60}") {
        if let Ok(uri) = UriView::parse(&text) {
            let printed = uri.to_string();
            let again = UriView::parse(&printed);
            prop_assert!(again.is_ok(), "{} {:?}", printed, again);
            let many = |uri: &SipUriView<'_>| {
                uri.params.iter().count() > 32 || uri.headers.iter().count() > 32
            };
            let same = uri.equivalent(&again.unwrap()) || uri.as_sip().is_some_and(many);
            prop_assert!(same, "{}", printed);
        }
    }

    #[test]
    fn any_user_and_parameter_survives(user in "\\PC{1,20}", name in "[a-z]{1,8}", value in "\\PC{1,20}") {
        let uri = SipUri::new("example.com".parse().unwrap())
            .with_user(&user)
            .with_param(&name, &value);
        let again: SipUri = uri.to_string().parse().unwrap();
        prop_assert_eq!(again.view().user_text().unwrap(), user);
        let found = sipsimple_core::uri::unescape(again.params().get(&name).unwrap());
        prop_assert_eq!(found, value);
    }

    #[test]
    fn what_is_built_is_what_is_parsed(
        code in 100u16..700,
        reason in "[ -~é]{0,20}",
        name in "\\PC{0,20}",
        subject in "[!-~é]([ -~é]{0,30}[!-~])?",
        other in "X-[a-z]{1,10}",
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let uri: SipUri = "sip:alice@example.com".parse().unwrap();
        let request = MessageBuilder::request(Method::Message, &uri)
            .header(HeaderName::Via, "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
            .typed(From::new(NameAddr::from(&uri).with_display_name(&name), "1"))
            .typed(To::new(&uri, None))
            .typed(CallId("a@b"))
            .typed(CSeq::new(1, Method::Message))
            .header(HeaderName::Subject, &subject)
            .header(HeaderName::Other(&other), &subject)
            .body("application/octet-stream", body.clone())
            .build()
            .unwrap();
        prop_assert_eq!(request.validate(), Ok(()));
        let parsed = Message::parse(request.as_bytes().clone()).unwrap();
        for message in [&request, &parsed] {
            let from = message.required::<From>().unwrap();
            let display_name = from.address.display_name.map(|name| name.text().into_owned());
            prop_assert_eq!(display_name.unwrap_or_default(), name.clone());
            prop_assert_eq!(message.value(HeaderName::Subject), Some(subject.as_str()));
            prop_assert_eq!(message.value(HeaderName::Other(&other.to_uppercase())), Some(subject.as_str()));
            prop_assert_eq!(message.body(), &body[..]);
        }
        prop_assert!(request.headers().eq(parsed.headers()));

        let code = StatusCode::new(code).unwrap();
        let response = MessageBuilder::response_to(&parsed, code, &reason)
            .to_tag("2")
            .to_tag("3")
            .build()
            .unwrap();
        prop_assert_eq!(response.validate(), Ok(()));
        let parsed = Message::parse(response.as_bytes().clone()).unwrap();
        prop_assert_eq!(parsed.status(), Some(code));
        prop_assert_eq!(parsed.reason(), reason.trim());
        prop_assert_eq!(parsed.required::<To>().unwrap().tag, Some("2"));
        prop_assert!(response.headers().eq(parsed.headers()));
    }

    #[test]
    fn a_stream_is_cut_the_same_however_it_arrives(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..5),
        sizes in prop::collection::vec(1usize..100, 1..10),
    ) {
        let mut stream = Vec::new();
        for body in &bodies {
            stream.extend_from_slice(b"\r\n\r\n");
            let message = MessageBuilder::request(Method::Info, "sip:a@b")
                .body("a/b", body.clone())
                .build()
                .unwrap();
            stream.extend_from_slice(message.as_bytes());
        }
        let mut framer = StreamFramer::accepted();
        let mut found = Vec::new();
        let mut rest = &stream[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, next) = rest.split_at((*size).min(rest.len()));
            framer.push(piece);
            rest = next;
            while let Some(frame) = framer.next_frame().unwrap() {
                if let Frame::Message(octets) = frame {
                    found.push(Message::parse(octets).unwrap().body().to_vec());
                }
            }
        }
        prop_assert_eq!(found, bodies);
    }
}

#[test]
fn line_ends_never_get_into_a_message() {
    let build = |name, value: &str| {
        MessageBuilder::request(Method::Options, "sip:a@b").header(name, value).build()
    };
    assert!(build(HeaderName::Subject, "a\r\nVia: x").is_err());
    assert!(build(HeaderName::Subject, "a\nb").is_err());
    assert!(build(HeaderName::Other("X: y\r\nZ"), "a").is_err());
    assert!(build(HeaderName::Other(""), "a").is_err());
    assert!(MessageBuilder::request(Method::Options, "sip:a b").build().is_err());
    assert!(MessageBuilder::request(Method::Options, "sip:a\r\nX: y").build().is_err());
    assert!(MessageBuilder::request("A B".into(), "sip:a").build().is_err());
    assert!(MessageBuilder::response(StatusCode::OK, "a\r\nb").build().is_err());
    let long = build(HeaderName::Subject, &"a".repeat(70_000));
    assert!(long.is_err());
}
