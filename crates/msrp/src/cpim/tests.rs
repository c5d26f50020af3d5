use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Bytes {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/msrp/");
    std::fs::read(format!("{root}{name}")).expect("a fixture").into()
}

#[test]
fn the_example_of_section_5_1() {
    let message = CpimMessage::parse(&fixture("rfc3862/5.1-body.cpim")).expect("valid");
    let from = message.from.as_ref().expect("a sender");
    assert_eq!(from.display_name(), Some("MR SANDERS"));
    assert_eq!(from.uri(), "im:piglet@100akerwood.com");
    assert_eq!(message.to[0].to_string(), "Depressed Donkey <im:eeyore@100akerwood.com>");
    assert_eq!(message.date_time.as_deref(), Some("2000-12-13T13:40:00-08:00"));
    assert_eq!(message.subject("en"), Some("the weather will be fine today"));
    assert_eq!(message.subject("fr"), Some("beau temps prevu pour aujourd'hui"));
    let namespace = "mid:MessageFeatures@id.foo.com";
    let vital = message.header(namespace, "VitalMessageOption").expect("the header");
    assert_eq!(vital.value, "Confirmation-requested");
    assert!(message.required[0].is(namespace, "VitalMessageOption"));
    assert_eq!(message.content_type(), "text/xml; charset=utf-8");
    assert!(message.body.starts_with(b"<body>\r\n"));
    assert_eq!(CpimMessage::parse(&message.to_bytes()), Ok(message));
}

#[test]
fn the_parts_of_other_examples() {
    // In section 5.2 the object is the first part of a multipart.
    let signed = fixture("rfc3862/5.2-multipart-signed.cpim");
    let at = memchr::memmem::find(&signed, b"From: MR").expect("the object");
    let message = CpimMessage::parse(&signed.slice(at..)).expect("valid");
    assert_eq!(message.to[0].display_name(), Some("Dopey Donkey"));

    // RFC 5547 folds a MIME header.
    let send = fixture("rfc5547/002-s9.1-SEND.msrp");
    let at = memchr::memmem::find(&send, b"To: Bob").expect("the object");
    let message = CpimMessage::parse(&send.slice(at..)).expect("valid");
    assert_eq!(
        message.content_header("content-disposition"),
        Some(
            "render; filename=\"My cool picture.jpg\"; \
             creation-date=\"Mon, 15 May 2006 15:01:31 +0300\"; size=4092"
        )
    );
}

#[test]
fn nothing_can_be_injected() {
    let evil = "Eve\"\r\nFrom: <sip:bob@example.com>\r\n\r\nContent-Type: text/html\r\n\r\n\\";
    let mut message = CpimMessage::new("text/plain\r\nX: y", "body");
    message.from = Some(CpimIdentity::new(Some(evil), "sip:eve@example.com").expect("valid"));
    message.subjects.push(Subject { language: Some("en\r\n".into()), text: evil.into() });
    message.date_time = Some(evil.into());
    let name = CpimName::prefixed("urn:x", "x", "Y").expect("valid");
    message.headers.push(CpimHeader { name, value: evil.into() });
    let bytes = message.to_bytes();
    let read = CpimMessage::parse(&bytes).expect("still valid");
    assert_eq!(read.from, message.from);
    assert_eq!(read.subjects[0].text, evil);
    assert_eq!(read.date_time.as_deref(), Some(evil));
    assert_eq!(read.headers, message.headers);
    assert_eq!(read.body, "body");
    assert_eq!(read.content_headers.len(), 1);

    assert!(CpimIdentity::new(None, "sip:a@b>\r\nTo: <sip:c").is_err());
    assert!(CpimIdentity::new(None, "sip:a b").is_err());
    assert!(CpimName::plain("a: b\r\n").is_err());
    assert!(CpimName::prefixed("urn:x>", "p", "n").is_err());
    assert!(CpimName::prefixed("urn:x", "p.q", "n").is_err());
}

#[test]
fn bodies_are_untouched() {
    let body: Vec<u8> = (0..=255).chain(*b"\r\n\r\n\n\0").collect();
    let message = CpimMessage::new("image/png", body.clone());
    assert_eq!(CpimMessage::parse(&message.to_bytes()).expect("valid").body, body);
}

#[test]
fn namespaces_with_the_same_prefix_stay_apart() {
    let text = "NS: a <urn:one>\r\na.X: 1\r\nNS: a <urn:two>\r\na.X: 2\r\nb.X: 3\r\n\
                NS: <urn:three>\r\nX: 4\r\nFrom: none\r\n\r\nContent-Type: a/b\r\n\r\n";
    let message = CpimMessage::parse(&text.into()).expect("valid");
    let names: Vec<_> =
        message.headers.iter().map(|h| (h.name.namespace(), h.value.as_str())).collect();
    let expected =
        [("urn:one", "1"), ("urn:two", "2"), ("", "3"), ("urn:three", "4"), ("urn:three", "none")];
    assert_eq!(names, expected);
    let again = CpimMessage::parse(&message.to_bytes()).expect("valid");
    let names: Vec<_> =
        again.headers.iter().map(|h| (h.name.namespace(), h.value.as_str())).collect();
    assert_eq!(names, expected);
}

#[test]
fn identities_as_peers_write_them() {
    for (text, name, uri) in [
        ("<sip:a@b>", None, "sip:a@b"),
        ("Alice <sip:a@b>", Some("Alice"), "sip:a@b"),
        ("\"Alice <the> great\" <sip:a@b>", Some("Alice <the> great"), "sip:a@b"),
        ("\"say \\\"hi\\\"\"<sip:a@b>", Some("say \"hi\""), "sip:a@b"),
        ("Élise ☃ <sip:a@b;x=y>", Some("Élise ☃"), "sip:a@b;x=y"),
        (
            "anonymous <sip:anonymous@anonymous.invalid>",
            Some("anonymous"),
            "sip:anonymous@anonymous.invalid",
        ),
    ] {
        let identity = CpimIdentity::parse(text).expect(text);
        assert_eq!((identity.display_name(), identity.uri()), (name, uri));
        assert_eq!(CpimIdentity::parse(&identity.to_string()), Ok(identity));
    }
    for text in ["", "sip:a@b", "<sip:a@b", "\"open <sip:a@b>", "<>", "<no uri>", "\"x\" y <sip:a>"]
    {
        assert!(CpimIdentity::parse(text).is_err(), "{text}");
    }
}

#[test]
fn errors_say_where() {
    let parse = |text: &str| CpimMessage::parse(&Bytes::from(text.to_owned())).expect_err(text);
    assert_eq!(parse(""), CpimError::Unfinished { offset: 0 });
    assert_eq!(parse("From: <sip:a@b>\r\n\r\n"), CpimError::Unfinished { offset: 19 });
    assert!(matches!(parse("x y\r\n\r\n\r\n"), CpimError::Syntax { offset: 1, .. }));
    assert!(matches!(parse("From: x\r\n\r\n\r\n"), CpimError::Syntax { offset: 7, .. }));
    assert!(matches!(parse("NS: x\r\n\r\n\r\n"), CpimError::Syntax { offset: 4, .. }));
    let many = "X: y\r\n".repeat(MAX_CPIM_HEADERS + 1) + "\r\n\r\n";
    assert!(matches!(parse(&many), CpimError::TooLong { .. }));
    let long = "X: ".to_owned() + &"y".repeat(MAX_CPIM_HEAD) + "\r\n\r\n\r\n";
    assert!(matches!(parse(&long), CpimError::TooLong { .. }));
}

#[test]
fn controls_in_mime_headers_are_blanks() {
    let bytes = "\r\nContent-Type: text/plain;\u{1}a=\u{8}b\u{0}\r\nX:\r\n \r\n y\r\n\r\nbody";
    let message = CpimMessage::parse(&bytes.into()).expect("a message");
    assert_eq!(message.content_type(), "text/plain; a= b");
    assert_eq!(message.content_header("X"), Some("y"));
    assert_eq!(CpimMessage::parse(&message.to_bytes()), Ok(message));
    assert!(CpimMessage::parse(&"\r\nA\u{1}B: x\r\n\r\n".into()).is_err());
}

#[test]
fn undeclared_prefixes_stay_undeclared() {
    let bytes = "a.X: 1\r\nNS: a <mid:y>\r\na.X: 2\r\n\r\nContent-Type: text/plain\r\n\r\n";
    let message = CpimMessage::parse(&bytes.into()).expect("a message");
    let namespaces = |message: &CpimMessage| {
        message.headers.iter().map(|h| h.name.namespace().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(namespaces(&message), ["", "mid:y"]);
    let again = CpimMessage::parse(&message.to_bytes()).expect("a message");
    assert_eq!(namespaces(&again), ["", "mid:y"]);
}

#[test]
fn names_have_one_dot_at_most() {
    for name in [".a", "a.", "a.b.c", "."] {
        let header = format!("{name}: x\r\n\r\nContent-Type: text/plain\r\n\r\n");
        assert!(CpimMessage::parse(&header.into()).is_err(), "{name}");
        let required = format!("Require: {name}\r\n\r\nContent-Type: text/plain\r\n\r\n");
        assert!(CpimMessage::parse(&required.into()).is_err(), "{name}");
    }
}

prop_compose! {
    fn any_message()(
        name in any::<String>(),
        subject in any::<String>(),
        value in any::<String>(),
        body in any::<Vec<u8>>(),
    ) -> CpimMessage {
        let mut message = CpimMessage::new("text/plain", body);
        // Blanks around a value are no part of it.
        message.from = CpimIdentity::new(Some(name.trim()), "sip:a@b").ok();
        message.subjects.push(Subject { language: None, text: subject.trim().into() });
        let name = CpimName::prefixed("urn:ietf:params:imdn", "imdn", "Message-ID").expect("valid");
        message.headers.push(CpimHeader { name, value: value.trim().into() });
        message
    }
}

proptest! {
    #[test]
    fn round_trip(message in any_message()) {
        prop_assert_eq!(CpimMessage::parse(&message.to_bytes()), Ok(message));
    }

    #[test]
    fn never_panics(bytes in any::<Vec<u8>>(), text in "[A-Z:; <>\\\\\"a-z.\r\n]{0,200}") {
        let _ = CpimMessage::parse(&bytes.into());
        let _ = CpimMessage::parse(&text.into());
    }
}
