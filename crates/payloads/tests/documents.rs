//! The examples of the RFCs, both ways, and machines in virtual time.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sipsimple_payloads::DocumentError;
use sipsimple_payloads::imdn::*;
use sipsimple_payloads::iscomposing::*;

fn fixture(name: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/xml/");
    std::fs::read(format!("{root}{name}")).expect(name)
}

#[allow(clippy::disallowed_methods, reason = "an arbitrary beginning of virtual time")]
fn beginning() -> Instant {
    Instant::now()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn examples_of_rfc_3994() {
    let active = IsComposing::parse(&fixture("rfc3994/001-s5-isComposing.xml")).expect("valid");
    assert_eq!(
        active,
        IsComposing {
            content_type: Some("text/plain".into()),
            refresh: Some(90),
            ..IsComposing::new(ComposingState::Active)
        }
    );
    let idle = IsComposing::parse(&fixture("rfc3994/002-s5-isComposing.xml")).expect("valid");
    assert_eq!(
        idle,
        IsComposing {
            content_type: Some("audio".into()),
            last_active: Some("2003-01-27T10:43:00Z".into()),
            ..IsComposing::new(ComposingState::Idle)
        }
    );
    for document in [active, idle] {
        assert_eq!(IsComposing::parse(&document.to_bytes()), Ok(document));
    }
}

#[test]
fn strange_is_composing() {
    let parse = |inner: &str| {
        let text = format!(
            "<x:isComposing xmlns:x='urn:ietf:params:xml:ns:im-iscomposing'>{inner}</x:isComposing>"
        );
        IsComposing::parse(text.as_bytes())
    };
    assert_eq!(parse(""), Err(DocumentError::Element { element: "state" }));
    let idle = parse("<x:state> thinking </x:state><y:more xmlns:y='urn:y'/>").expect("valid");
    assert_eq!(idle.state, ComposingState::Idle, "states that are not known are idle");
    for refresh in ["0", "-5", "soon", "99999999999"] {
        let text = format!("<x:state>active</x:state><x:refresh>{refresh}</x:refresh>");
        assert_eq!(parse(&text).expect("valid").refresh, None);
    }
}

#[test]
fn typing() {
    let mut now = beginning();
    let mut sender = ComposingSender::new(SenderConfig::default());
    let said = |sender: &mut ComposingSender| match sender.poll_output() {
        SenderOutput::Send(document) => Some((document.state, document.refresh)),
        SenderOutput::Timeout(_) => None,
    };
    let deadline = |sender: &mut ComposingSender| match sender.poll_output() {
        SenderOutput::Timeout(at) => at,
        SenderOutput::Send(document) => panic!("{document:?}"),
    };
    sender.handle_input(now, SenderInput::Typed);
    assert_eq!(said(&mut sender), Some((ComposingState::Active, Some(120))));
    // Typing on for 130 s: said again once, 120 s after the first time.
    let mut times = Vec::new();
    for second in 1..=130 {
        now += seconds(1);
        sender.handle_input(now, SenderInput::Typed);
        sender.handle_input(now, SenderInput::Timeout);
        times.extend(said(&mut sender).map(|_| second));
    }
    assert_eq!(times, [120]);
    // A pause of 15 s.
    assert_eq!(deadline(&mut sender), Some(now + seconds(15)));
    sender.handle_input(now + seconds(14), SenderInput::Timeout);
    assert_eq!(said(&mut sender), None);
    sender.handle_input(now + seconds(15), SenderInput::Timeout);
    assert_eq!(said(&mut sender), Some((ComposingState::Idle, None)));
    assert_eq!(deadline(&mut sender), None);
    // Sending says enough.
    sender.handle_input(now, SenderInput::Typed);
    said(&mut sender);
    sender.handle_input(now, SenderInput::Sent);
    assert_eq!((said(&mut sender), deadline(&mut sender)), (None, None));
    // Clearing does not.
    sender.handle_input(now, SenderInput::Typed);
    said(&mut sender);
    sender.handle_input(now, SenderInput::Cleared);
    assert_eq!(said(&mut sender), Some((ComposingState::Idle, None)));
    sender.handle_input(now, SenderInput::Unsupported);
    sender.handle_input(now, SenderInput::Typed);
    assert_eq!((said(&mut sender), deadline(&mut sender)), (None, None));
}

#[test]
fn watching() {
    let now = beginning();
    let mut receiver = ComposingReceiver::new();
    let active = |refresh| IsComposing { refresh, ..IsComposing::new(ComposingState::Active) };
    let changed = |receiver: &mut ComposingReceiver| match receiver.poll_output() {
        ReceiverOutput::Changed(state) => Some(state),
        ReceiverOutput::Timeout(_) => None,
    };
    for (refresh, wait) in [(None, 120), (Some(90), 90), (Some(u32::MAX), 3600)] {
        receiver.handle_input(now, ReceiverInput::Document(active(refresh)));
        assert_eq!(changed(&mut receiver), Some(ComposingState::Active));
        assert_eq!(receiver.poll_output(), ReceiverOutput::Timeout(Some(now + seconds(wait))));
        // Said again: nothing new, but it lasts longer.
        receiver.handle_input(now + seconds(1), ReceiverInput::Document(active(refresh)));
        assert_eq!(changed(&mut receiver), None);
        receiver.handle_input(now + seconds(wait), ReceiverInput::Timeout);
        assert_eq!(changed(&mut receiver), None);
        receiver.handle_input(now + seconds(wait + 1), ReceiverInput::Timeout);
        assert_eq!(changed(&mut receiver), Some(ComposingState::Idle));
    }
    for end in
        [ReceiverInput::Content, ReceiverInput::Document(IsComposing::new(ComposingState::Idle))]
    {
        receiver.handle_input(now, ReceiverInput::Document(active(None)));
        assert_eq!(changed(&mut receiver), Some(ComposingState::Active));
        receiver.handle_input(now, end);
        assert_eq!(changed(&mut receiver), Some(ComposingState::Idle));
    }
}

#[test]
fn examples_of_rfc_5438() {
    for (name, disposition) in [
        ("001-s7.2.1.1-imdn.xml", Disposition::Delivery(DeliveryStatus::Delivered)),
        ("002-s7.2.1.2-imdn.xml", Disposition::Display(DisplayStatus::Displayed)),
        ("003-s8.1-imdn.xml", Disposition::Processing(ProcessingStatus::Processed)),
        ("004-s8.3-imdn.xml", Disposition::Delivery(DeliveryStatus::Delivered)),
        ("005-s8.3-imdn.xml", Disposition::Display(DisplayStatus::Displayed)),
    ] {
        let imdn = Imdn::parse(&fixture(&format!("rfc5438/{name}"))).expect(name);
        assert_eq!(
            imdn,
            Imdn {
                message_id: "34jk324j".into(),
                date_time: "2008-04-04T12:16:49-05:00".into(),
                recipient_uri: Some("im:bob@example.com".into()),
                original_recipient_uri: Some("im:bob@example.com".into()),
                subject: None,
                disposition,
            }
        );
        assert_eq!(Imdn::parse(&imdn.to_bytes()), Ok(imdn));
    }
}

#[test]
fn who_answers_what() {
    use DeliveryStatus::{Delivered, Error, Failed, Forbidden};
    for (asked, status, answered) in [
        ("positive-delivery", Delivered, true),
        ("positive-delivery", Failed, false),
        ("negative-delivery", Delivered, false),
        ("negative-delivery", Failed, true),
        ("positive-delivery, negative-delivery", Failed, true),
        ("positive-delivery;x=y", Forbidden, true),
        ("negative-delivery", Error, true),
        ("display", Delivered, false),
        ("processing, whatever", Delivered, false),
        ("", Failed, false),
    ] {
        let mut message = ImdnRecipient::new("id", "2008-04-04T12:16:49Z", Requested::parse(asked));
        assert_eq!(message.delivered(status).is_some(), answered, "{asked} {status:?}");
        assert!(message.delivered(status).is_none(), "at most once");
    }
    let asked = Requested::parse("positive-delivery, display");
    assert_eq!(asked.to_string(), "positive-delivery, display");
    let mut imdn =
        ImdnRecipient::for_content("message/IMDN+xml", "id", "2008-04-04T12:16:49Z", asked);
    assert!(
        imdn.is_done() && imdn.displayed(DisplayStatus::Displayed).is_none(),
        "no IMDN for an IMDN"
    );
}

#[test]
fn what_the_sender_knows() {
    let mut sender = ImdnSender::new();
    sender.sent("m1", Requested::parse("positive-delivery, display"));
    let imdn = |id: &str, disposition| Imdn {
        message_id: id.into(),
        date_time: "2008-04-04T12:16:49Z".into(),
        recipient_uri: Some("im:bob@example.com".into()),
        original_recipient_uri: None,
        subject: None,
        disposition,
    };
    let delivered = Disposition::Delivery(DeliveryStatus::Delivered);
    let displayed = Disposition::Display(DisplayStatus::Displayed);
    assert!(sender.received("im:bob@example.com", &imdn("m1", delivered)));
    assert!(!sender.received("im:bob@example.com", &imdn("m1", delivered)), "said already");
    assert!(sender.received("im:bob@example.com", &imdn("m1", displayed)));
    let failed = Disposition::Delivery(DeliveryStatus::Failed);
    assert!(!sender.received("im:bob@example.com", &imdn("m1", failed)), "not asked for");
    assert!(!sender.received("im:bob@example.com", &imdn("m2", delivered)), "no such message");
    assert_eq!(sender.state("m1", "im:bob@example.com"), [delivered, displayed]);
    // Another one answers for herself only, whatever she writes.
    assert!(sender.received("im:eve@example.com", &imdn("m1", displayed)));
    assert_eq!(sender.state("m1", "im:eve@example.com"), [displayed]);
    for n in 0..MAX_TRACKED {
        sender.sent(&format!("x{n}"), Requested::parse("display"));
    }
    assert!(sender.state("m1", "im:bob@example.com").is_empty(), "forgotten");
}

proptest! {
    #[test]
    fn round_trip(id in "\\PC{1,20}", subject in proptest::option::of("\\PC{1,40}")) {
        let clean = |text: &str| text.trim().to_owned();
        prop_assume!(!clean(&id).is_empty());
        let imdn = Imdn {
            message_id: clean(&id),
            date_time: "2008-04-04T12:16:49Z".into(),
            recipient_uri: None,
            original_recipient_uri: None,
            subject: subject.map(|s| clean(&s)).filter(|s| !s.is_empty()),
            disposition: Disposition::Processing(ProcessingStatus::Stored),
        };
        prop_assert_eq!(Imdn::parse(&imdn.to_bytes()), Ok(imdn));
    }

    #[test]
    fn never_panics(bytes in any::<Vec<u8>>(), text in "[<>/a-z=\"'! &;:\\[\\]-]{0,200}") {
        let _ = Imdn::parse(&bytes);
        let _ = IsComposing::parse(text.as_bytes());
    }
}
