//! Negotiations of audio, as they are written.

use super::*;

fn local(codecs: &[AudioCodec]) -> LocalAudio {
    LocalAudio {
        rtp: "192.0.2.1:50000".parse().unwrap(),
        rtcp: "192.0.2.1:50001".parse().unwrap(),
        codecs: codecs.to_vec(),
        hold: false,
        held: false,
    }
}

fn session(media: &str) -> SessionDescription {
    let text = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{}",
        media.trim().lines().map(|line| format!("{}\r\n", line.trim())).collect::<String>()
    );
    SessionDescription::parse(text.as_bytes()).unwrap()
}

fn attributes(media: &MediaDescription) -> Vec<String> {
    media.attributes.iter().map(|attribute| attribute.to_string()).collect()
}

const ALL: &[AudioCodec] = &AudioCodec::ALL;

#[test]
fn an_offer_has_every_codec_and_its_direction_last() {
    let media = offer(&local(ALL));
    assert_eq!(media.formats().collect::<Vec<_>>(), ["0", "8", "101"]);
    assert_eq!(media.connections[0].to_string(), "IN IP4 192.0.2.1");
    assert_eq!(
        attributes(&media).join(" | "),
        "rtcp:50001 | rtpmap:0 PCMU/8000 | rtpmap:8 PCMA/8000 | rtpmap:101 telephone-event/8000 \
         | fmtp:101 0-15 | sendrecv"
    );
}

#[test]
fn an_offer_says_who_holds() {
    let direction = |hold, held| offer(&LocalAudio { hold, held, ..local(ALL) }).direction();
    assert_eq!(direction(false, false), Some(Direction::SendRecv));
    assert_eq!(direction(true, false), Some(Direction::SendOnly));
    assert_eq!(direction(true, true), Some(Direction::Inactive));
    assert_eq!(direction(false, true), Some(Direction::SendRecv));
}

#[test]
fn an_answer_has_the_codec_that_we_prefer() {
    let theirs = session(
        "
            m=audio 4000 RTP/AVP 0 96 8 97
            a=rtpmap:96 telephone-event/8000
            a=rtpmap:97 telephone-event/48000
            ",
    );
    let ours = local(&[AudioCodec::Pcma, AudioCodec::Pcmu]);
    let media = answer(&ours, &theirs, &theirs.media[0]).unwrap();
    assert_eq!(media.formats().collect::<Vec<_>>(), ["8", "96"]);
    let agreed = agree(&media, &theirs, &theirs.media[0]).unwrap();
    assert_eq!((agreed.codec, agreed.telephone_event_send), (AudioCodec::Pcma, Some(96)));
    assert_eq!(agreed.remote_rtp, Some("192.0.2.9:4000".parse().unwrap()));
    assert_eq!(agreed.remote_rtcp, Some("192.0.2.9:4001".parse().unwrap()));
    assert!(!agreed.held);
}

#[test]
fn payload_types_are_those_of_the_offer() {
    let theirs = session("m=audio 4000 RTP/AVP 110\na=rtpmap:110 pcma/8000\na=ptime:35\n");
    let media = answer(&local(ALL), &theirs, &theirs.media[0]).unwrap();
    assert_eq!(media.formats().collect::<Vec<_>>(), ["110"]);
    let config = agree(&media, &theirs, &theirs.media[0]).unwrap().config(
        "x",
        Duration::from_secs(30),
        false,
    );
    assert_eq!((config.send.payload_type, config.send.info().name), (110, "PCMA"));
    assert_eq!(config.ptime, Duration::from_millis(30));
    assert_eq!(config.telephone_event_send, None);
}

#[test]
fn their_answer_decides_what_is_sent() {
    let offered = offer(&local(ALL));
    let theirs = session("m=audio 4000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\n");
    let config =
        agree(&offered, &theirs, &theirs.media[0]).unwrap().config("x", Duration::ZERO, false);
    assert_eq!(config.send.info().name, "PCMA");
    // They may send either.
    let receive: Vec<_> = config.receive.iter().map(|format| format.payload_type).collect();
    assert_eq!(receive, [0, 8]);
}

#[test]
fn hold_in_both_forms() {
    for (held, answered) in [
        ("m=audio 4000 RTP/AVP 0\na=sendonly\n", Direction::RecvOnly),
        ("m=audio 4000 RTP/AVP 0\na=inactive\n", Direction::Inactive),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n", Direction::RecvOnly),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=inactive\n", Direction::Inactive),
    ] {
        let theirs = session(held);
        let media = answer(&local(ALL), &theirs, &theirs.media[0]).unwrap();
        assert_eq!(media.direction(), Some(answered), "{held}");
        let agreed = agree(&media, &theirs, &theirs.media[0]).unwrap();
        assert!(agreed.held, "{held}");
        assert!(!agreed.config("x", Duration::ZERO, false).direction.sends(), "{held}");
    }
    let theirs = session("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
    let media = answer(&local(ALL), &theirs, &theirs.media[0]).unwrap();
    assert_eq!(agree(&media, &theirs, &theirs.media[0]).unwrap().remote_rtp, None);
}

#[test]
fn our_hold_silences_the_stream_at_once() {
    let theirs = session("m=audio 4000 RTP/AVP 0\n");
    let media = answer(&local(ALL), &theirs, &theirs.media[0]).unwrap();
    let agreed = agree(&media, &theirs, &theirs.media[0]).unwrap();
    let config = |hold| agreed.config("x", Duration::ZERO, hold);
    assert_eq!(config(false).direction, stream::Direction::SendRecv);
    assert_eq!(config(true).direction, stream::Direction::Inactive);
    let held = LocalAudio { hold: true, ..local(ALL) };
    let media = answer(&held, &theirs, &theirs.media[0]).unwrap();
    assert_eq!(media.direction(), Some(Direction::SendOnly));
}

#[test]
fn what_can_not_be_agreed_on() {
    let mismatch = |media: &str| {
        let theirs = session(media);
        answer(&local(ALL), &theirs, &theirs.media[0]).unwrap_err()
    };
    assert_eq!(mismatch("m=audio 4000 RTP/AVP 9 18\n"), Mismatch::Codec);
    assert_eq!(mismatch("m=audio 4000 RTP/SAVP 0\n"), Mismatch::Transport);
    // A rate that PCMU has not is another codec.
    assert_eq!(mismatch("m=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMU/16000\n"), Mismatch::Codec);
}

/// These were answered 200, and the call failed after that.
#[test]
fn an_offer_that_nothing_can_be_sent_to_is_not_answered() {
    let ours = local(ALL);
    for connection in [
        "IN IP6 ::1",
        "IN IP4 nobody.invalid",
        "IN IP4 224.2.1.1/127",
        "IN IP4 255.255.255.255",
        "IN IP6 ff02::1",
    ] {
        let theirs = session(&format!("m=audio 4000 RTP/AVP 0\nc={connection}"));
        let answered = answer(&ours, &theirs, &theirs.media[0]);
        assert_eq!(answered.unwrap_err(), Mismatch::Address, "{connection}");
    }
    let text = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    if let Ok(theirs) = SessionDescription::parse(text.as_bytes()) {
        assert_eq!(answer(&ours, &theirs, &theirs.media[0]).unwrap_err(), Mismatch::Address);
    }
    let held = session("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0");
    assert!(answer(&ours, &held, &held.media[0]).is_ok());
}
