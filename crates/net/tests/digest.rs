//! The digest of RFC 7616 and RFC 8760 against the RFCs' own figures, and
//! client against server.

use std::path::Path;

use sipsimple_net::digest::{
    Algorithm, AuthenticationInfo, Authorization, Challenge, Credentials, MAX_VALUE, Qop, Refusal,
    Request, Secret,
};

const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

#[test]
fn vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/digest/digest.json");
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(cases.len(), 19);
    for case in &cases {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let algorithm = Algorithm::from_token(text("algorithm")).unwrap();
        let qop: Vec<Qop> = Qop::from_token(text("qop")).into_iter().collect();
        let challenge = Challenge::new(text("realm"), text("nonce"))
            .unwrap()
            .with_algorithm(algorithm)
            .with_qop(&qop);
        let credentials = Credentials::new(text("username"), text("password"));
        let body = text("body").as_bytes();
        let request = Request { method: text("method"), uri: text("uri"), body };
        let nc = u32::from_str_radix(text("nc"), 16).unwrap_or(1);
        let answer = challenge.respond(&credentials, &request, text("cnonce"), nc).unwrap();
        assert_eq!(answer.response(), text("expected"), "{case}");

        let received = Authorization::parse(&answer.to_string()).unwrap();
        assert_eq!(received, answer);
        let asked = Challenge::parse(&challenge.to_string()).unwrap();
        let by_password = Secret::Password(&credentials);
        assert_eq!(received.verify(&asked, request.method, body, by_password), Ok(()));
        let ha1 = credentials.ha1(algorithm, text("realm"));
        let by_ha1 = Secret::Ha1(&ha1);
        assert_eq!(received.verify(&asked, request.method, body, by_ha1), Ok(()));
    }
}

/// RFC 7616 §3.9.1, from the challenge's text to the answer's.
#[test]
fn rfc_7616_example_on_the_wire() {
    let offered = ["SHA-256", "MD5"].map(|algorithm| {
        Challenge::parse(&format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
             algorithm={algorithm}, nonce=\"{NONCE}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        ))
        .unwrap()
    });
    let credentials = Credentials::new("Mufasa", "Circle of Life");
    let request = Request { method: "GET", uri: "/dir/index.html", body: b"" };
    let answer = Challenge::best(&offered, &credentials)
        .unwrap()
        .respond(&credentials, &request, CNONCE, 1)
        .unwrap();
    assert_eq!(
        answer.to_string(),
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", nonce=\"{NONCE}\", \
             uri=\"/dir/index.html\", \
             response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
             algorithm=SHA-256, cnonce=\"{CNONCE}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001"
        )
    );
}

/// RFC 7616 §3.9.2: the user's name is hidden. The RFC prints the first half
/// of a SHA-512 where SHA-512/256 is meant (erratum 4897).
#[test]
fn rfc_7616_userhash() {
    let challenge = Challenge::parse(
        "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
         nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
         opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true",
    )
    .unwrap();
    let credentials = Credentials::new("Jäsøn Doe", "Secret, or not?");
    let request = Request { method: "GET", uri: "/doe.json", body: b"" };
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let answer = challenge.respond(&credentials, &request, cnonce, 1).unwrap();
    assert_eq!(
        answer.username(),
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    );
    let right = Secret::Password(&credentials);
    assert_eq!(answer.verify(&challenge, "GET", b"", right), Ok(()));
    let other = Credentials::new("Jason", "Secret, or not?");
    assert_eq!(
        answer.verify(&challenge, "GET", b"", Secret::Password(&other)),
        Err(Refusal::Username)
    );
}

#[test]
fn every_change_is_refused() {
    let credentials = Credentials::new("alice", "secret");
    let secret = Secret::Password(&credentials);
    let challenge = Challenge::new("r", "n1")
        .unwrap()
        .with_algorithm(Algorithm::Sha256)
        .with_qop(&[Qop::AuthInt])
        .with_opaque("o")
        .unwrap();
    let request = Request { method: "INVITE", uri: "sip:bob@b", body: b"v=0" };
    let good = challenge.respond(&credentials, &request, "c", 1).unwrap().to_string();
    let check = |from: &str, to: &str| {
        assert!(from.is_empty() || good.contains(from), "{from}");
        Authorization::parse(&good.replacen(from, to, 1))
            .unwrap()
            .verify(&challenge, "INVITE", b"v=0", secret)
    };
    assert_eq!(check("", ""), Ok(()));
    assert_eq!(check("realm=\"r\"", "realm=\"q\""), Err(Refusal::Realm));
    assert_eq!(check("algorithm=SHA-256", "algorithm=MD5"), Err(Refusal::Algorithm));
    assert_eq!(check(", algorithm=SHA-256", ""), Err(Refusal::Algorithm));
    assert_eq!(check("qop=auth-int", "qop=auth"), Err(Refusal::Qop));
    assert_eq!(check(", qop=auth-int", ""), Err(Refusal::Qop));
    assert_eq!(check("opaque=\"o\"", "opaque=\"p\""), Err(Refusal::Opaque));
    assert_eq!(check("alice", "malice"), Err(Refusal::Username));
    assert_eq!(check("nc=00000001", "nc=00000002"), Err(Refusal::Response));
    assert_eq!(check("cnonce=\"c\"", "cnonce=\"d\""), Err(Refusal::Response));
    assert_eq!(check("uri=\"sip:bob@b\"", "uri=\"sip:eve@b\""), Err(Refusal::Response));

    let answer = Authorization::parse(&good).unwrap();
    assert_eq!(answer.verify(&challenge, "BYE", b"v=0", secret), Err(Refusal::Response));
    assert_eq!(answer.verify(&challenge, "INVITE", b"v=1", secret), Err(Refusal::Response));
    let wrong = Credentials::new("alice", "Secret");
    assert_eq!(
        answer.verify(&challenge, "INVITE", b"v=0", Secret::Password(&wrong)),
        Err(Refusal::Response)
    );
    // Stale is said to those only who know the password.
    let again = Challenge::parse(&challenge.to_string().replace("n1", "n2")).unwrap();
    assert_eq!(answer.verify(&again, "INVITE", b"v=0", secret), Err(Refusal::Stale));
    assert_eq!(
        answer.verify(&again, "INVITE", b"v=0", Secret::Password(&wrong)),
        Err(Refusal::Response)
    );
}

#[test]
fn the_server_proves_itself_and_names_the_next_nonce() {
    let credentials = Credentials::new("alice", "secret");
    let secret = Secret::Password(&credentials);
    let challenge = Challenge::new("r", "n1").unwrap().with_algorithm(Algorithm::Sha256Sess);
    let request = Request { method: "REGISTER", uri: "sip:r", body: b"" };
    let answer = challenge.respond(&credentials, &request, "c", 1).unwrap();

    let said = answer.authentication_info(secret, b"", Some("n2")).unwrap().to_string();
    let info = AuthenticationInfo::parse(&said).unwrap();
    assert_eq!(answer.verify_server(&info, secret, b""), Ok(()));
    let next = challenge.clone().with_next_nonce(&info);
    assert_eq!(next.nonce(), "n2");

    let eve = Credentials::new("alice", "guess");
    let forged = answer.authentication_info(Secret::Password(&eve), b"", None).unwrap();
    assert_eq!(answer.verify_server(&forged, secret, b""), Err(Refusal::Response));
    let replayed = AuthenticationInfo::parse(&said.replace("nc=00000001", "nc=00000007")).unwrap();
    assert_eq!(answer.verify_server(&replayed, secret, b""), Err(Refusal::Response));
    let silent = AuthenticationInfo::parse("nextnonce=\"n3\"").unwrap();
    assert_eq!(answer.verify_server(&silent, secret, b""), Err(Refusal::NoProof));
}

/// RFC 7616 §3.5: A2 is ":" uri.
#[test]
fn rspauth_is_the_response_without_a_method() {
    let credentials = Credentials::new("Mufasa", "Circle Of Life");
    let challenge =
        Challenge::new("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093").unwrap();
    let with = |method| {
        let request = Request { method, uri: "/dir/index.html", body: b"" };
        challenge.respond(&credentials, &request, "0a4f113b", 1).unwrap()
    };
    let info = with("GET").authentication_info(Secret::Password(&credentials), b"", None).unwrap();
    assert_eq!(info.rspauth(), Some(with("").response()));
}

#[test]
fn nothing_gets_out_of_its_quotes() {
    let challenge = Challenge::new("r", "n").unwrap();
    let request = Request { method: "OPTIONS", uri: "sip:x", body: b"" };
    let tricky = Credentials::new("a\", realm=\"b\\", "p");
    let sent = challenge.respond(&tricky, &request, "c", 1).unwrap().to_string();
    let received = Authorization::parse(&sent).unwrap();
    assert_eq!(received.username(), tricky.username());
    assert_eq!(received.verify(&challenge, "OPTIONS", b"", Secret::Password(&tricky)), Ok(()));

    assert!(challenge.respond(&Credentials::new("a\r\nX: y", "p"), &request, "c", 1).is_err());
    let uri = Request { uri: "sip:x\"", ..request };
    assert!(challenge.respond(&tricky, &uri, "c", 1).is_err());
    assert!(challenge.respond(&tricky, &request, "c\"", 1).is_err());
    assert!(Challenge::new("r\n", "n").is_err());
    assert!(Challenge::new(&"r".repeat(MAX_VALUE + 1), "n").is_err());
}

proptest::proptest! {
    #[test]
    fn no_input_panics(value in "\\PC{0,80}|(Digest )?([a-z*]{1,9}=(\"[^\"]{0,9}\"|[^ ]{0,9})[, ]{0,2}){0,14}") {
        let _ = Challenge::parse(&value);
        let _ = Authorization::parse(&value);
        let _ = AuthenticationInfo::parse(&value);
    }

    #[test]
    fn what_is_parsed_prints_the_same(realm in "[ -~äø]{0,20}", nonce in "[!-~]{0,30}") {
        let challenge = Challenge::new(&realm, &nonce).unwrap();
        proptest::prop_assert_eq!(Challenge::parse(&challenge.to_string()), Ok(challenge));
    }
}
