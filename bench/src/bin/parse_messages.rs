//! Parses the six messages of `fixtures/sip/bench` and reads every header and
//! every SDP line as its type: `parse_messages [1-6] ROUNDS`, one of them or
//! all, as often as the last argument says. It prints nothing: callgrind
//! counts the instructions of two runs, and the difference is the cost of the
//! rounds.
//!
//! Headers without a type (there are none among the six) and bodies that
//! aren't SDP are not read.

use std::hint::black_box;

use bytes::Bytes;
use sipsimple_core::header::*;
use sipsimple_core::message::{Message, ParseError};
use sipsimple_core::sdp::{
    Candidate, Crypto, Direction, Fmtp, RtcpAttribute, RtpMap, SessionDescription,
};

const MESSAGES: [&[u8]; 6] = [
    include_bytes!("../../../fixtures/sip/bench/1-invite.sip"),
    include_bytes!("../../../fixtures/sip/bench/2-200ok.sip"),
    include_bytes!("../../../fixtures/sip/bench/3-register.sip"),
    include_bytes!("../../../fixtures/sip/bench/4-notify.sip"),
    include_bytes!("../../../fixtures/sip/bench/5-message.sip"),
    include_bytes!("../../../fixtures/sip/bench/6-ack.sip"),
];

fn main() {
    let numbers: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let (messages, rounds) = match numbers[..] {
        [message, rounds] => (&MESSAGES[message - 1..message], rounds),
        [rounds] => (&MESSAGES[..], rounds),
        _ => (&MESSAGES[..], 1),
    };
    for _ in 0..rounds {
        for octets in messages {
            let message = Message::parse(Bytes::from_static(octets)).expect("a message");
            read_message(&message).expect("typed headers");
        }
    }
}

fn read_message(message: &Message) -> Result<(), ParseError> {
    black_box((message.method(), message.status(), message.reason()));
    if message.is_request() {
        black_box(message.request_uri()?);
    }
    let mut sdp = false;
    // Each line once, by its name, the way a stack that wants all would.
    for line in message.headers() {
        let name = line.name;
        macro_rules! read {
            ($header:ident) => {
                for header in line.items::<$header>() {
                    black_box(header?);
                }
            };
        }
        match name {
            HeaderName::Via => {
                for via in line.items::<Via>() {
                    black_box(via?);
                }
            }
            HeaderName::From => drop(black_box(line.typed::<From>()?)),
            HeaderName::To => drop(black_box(line.typed::<To>()?)),
            HeaderName::Contact => {
                for contact in line.items::<Contact>() {
                    let contact = contact?;
                    read_params(contact.params);
                    read_uri(&contact.address);
                }
            }
            HeaderName::RecordRoute => {
                for route in line.items::<RecordRoute>() {
                    read_uri(&route?.address);
                }
            }
            HeaderName::Route => {
                for route in line.items::<Route>() {
                    read_uri(&route?.address);
                }
            }
            HeaderName::Authorization => {
                for param in line.typed::<Authorization>()?.params.iter() {
                    black_box(param);
                }
            }
            HeaderName::ContentType => sdp = black_box(line.typed::<ContentType>()?).is_sdp(),
            HeaderName::Allow => read!(Allow),
            HeaderName::CSeq => read!(CSeq),
            HeaderName::CallId => read!(CallId),
            HeaderName::ContentLength => read!(ContentLength),
            HeaderName::Date => read!(Date),
            HeaderName::Event => read!(Event),
            HeaderName::Expires => read!(Expires),
            HeaderName::MaxForwards => read!(MaxForwards),
            HeaderName::MinSe => read!(MinSe),
            HeaderName::Require => read!(Require),
            HeaderName::Server => read!(Server),
            HeaderName::SessionExpires => read!(SessionExpires),
            HeaderName::SubscriptionState => read!(SubscriptionState),
            HeaderName::Supported => read!(Supported),
            HeaderName::UserAgent => read!(UserAgent),
            other => panic!("{other} has no type here"),
        }
    }
    if sdp {
        read_session(&SessionDescription::parse(message.body()).expect("a description"));
    }
    Ok(())
}

fn read_params(params: Params<'_>) {
    for param in params.iter() {
        black_box(param);
    }
}

fn read_uri(address: &NameAddr<'_>) {
    if let Some(uri) = address.uri.as_sip() {
        for param in uri.params.iter() {
            black_box(param);
        }
    }
}

fn read_session(session: &SessionDescription) {
    black_box((&session.origin, &session.name, &session.connection, &session.timings));
    for media in &session.media {
        black_box((&media.media, media.port, &media.protocol, &media.connections));
        for format in media.payload_types() {
            black_box(format);
        }
        for attribute in media.attributes.iter() {
            let value = attribute.value.unwrap_or_default();
            match attribute.name {
                "rtpmap" => drop(black_box(RtpMap::parse(value).expect("rtpmap"))),
                "fmtp" => drop(black_box(Fmtp::parse(value).expect("fmtp"))),
                "crypto" => drop(black_box(Crypto::parse(value).expect("crypto"))),
                "candidate" => drop(black_box(Candidate::parse(value).expect("candidate"))),
                "rtcp" => drop(black_box(RtcpAttribute::parse(value).expect("rtcp"))),
                name => drop(black_box((Direction::from_name(name), value))),
            }
        }
    }
}
