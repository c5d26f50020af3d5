use sipsimple_net::digest::{Algorithm, Authorization, Challenge, Qop, Secret};

use super::*;

const LOCAL: &str = "msrps://alice.example.com:9892/98cjs;tcp";
const INTRA: &str = "msrps://alice@intra.example.com;tcp";
const EXTRA: &str = "msrps://extra.example.com;tcp";

fn uri(text: &str) -> MsrpUri {
    text.parse().expect(text)
}

#[allow(clippy::disallowed_methods, reason = "an arbitrary beginning of virtual time")]
fn beginning() -> Instant {
    Instant::now()
}

struct Test {
    now: Instant,
    client: RelayClient,
}

impl Test {
    fn new(relays: &[&str], expires: Option<u64>) -> Self {
        let config = RelayConfig {
            relays: relays.iter().map(|r| uri(r)).collect(),
            local: uri(LOCAL),
            credentials: Credentials::new("Alice", "secret"),
            expires: expires.map(Duration::from_secs),
        };
        let mut test = Self { now: beginning(), client: RelayClient::new(config, [1; 32]) };
        test.client.handle_input(test.now, RelayInput::Connected);
        test
    }

    fn request(&mut self) -> OutgoingRequest {
        match self.client.poll_output() {
            RelayOutput::Request(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, code: &str, fields: &str) {
        let text =
            format!("MSRP 49fh {code}\r\nTo-Path: {LOCAL}\r\nFrom-Path: {INTRA}\r\n{fields}");
        let (head, error) = Head::read(text.as_bytes());
        assert_eq!(error, None, "{text}");
        self.client.handle_input(self.now, RelayInput::Answered(Box::new(head)));
    }

    fn ready(&mut self) -> Vec<String> {
        match self.client.poll_output() {
            RelayOutput::Ready { relays } => relays.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn failed(&mut self) -> RelayError {
        match self.client.poll_output() {
            RelayOutput::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    fn deadline(&mut self) -> Option<Duration> {
        match self.client.poll_output() {
            RelayOutput::Timeout(at) => at.map(|at| at - self.now),
            other => panic!("{other:?}"),
        }
    }
}

fn header<'a>(request: &'a OutgoingRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn challenge(realm: &str, nonce: &str, algorithm: Algorithm) -> Challenge {
    let challenge = Challenge::new(realm, nonce).expect("a challenge");
    challenge.with_algorithm(algorithm).with_qop(&[Qop::Auth])
}

/// Checks the credentials as a relay does, and gives the proof.
fn check(request: &OutgoingRequest, challenge: &Challenge, next_nonce: Option<&str>) -> String {
    let value = header(request, "Authorization").expect("credentials");
    let authorization = Authorization::parse(value).expect("valid");
    let credentials = Credentials::new("Alice", "secret");
    let target = request.to.last().to_string();
    assert_eq!(authorization.uri(), target);
    let secret = Secret::Password(&credentials);
    authorization.verify(challenge, "AUTH", b"", secret).expect("right");
    let info = authorization.authentication_info(Secret::Password(&credentials), b"", next_nonce);
    info.expect("a proof").to_string()
}

#[test]
fn the_flow_of_section_5_1() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let mut test = Test::new(&[INTRA, EXTRA], None);
        let first = test.request();
        assert_eq!((first.method, first.to.to_string()), (Method::Auth, INTRA.into()));
        assert_eq!(first.from.to_string(), LOCAL);
        assert!(first.headers.is_empty());

        let asked = challenge("intra.example.com", "dcd98b", algorithm);
        test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
        let proof = check(&test.request(), &asked, Some("40f2e8"));
        let inner = "msrps://intra.example.com:9000/jui787s2f;tcp";
        test.answer(
            "200 OK",
            &format!("Use-Path: {inner}\r\nAuthentication-Info: {proof}\r\nExpires: 900\r\n"),
        );

        // The outer relay is asked through the inner one.
        let through = test.request();
        assert_eq!(through.to.to_string(), format!("{inner} {EXTRA}"));
        assert!(through.headers.is_empty());
        let asked = challenge("extra.example.com", "Uumu8c", algorithm);
        test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
        let proof = check(&test.request(), &asked, None);
        let outer = "msrps://extra.example.com:9000/mywdEe1233;tcp";
        test.answer(
            "200 OK",
            &format!(
                "Use-Path: {inner} {outer}\r\nAuthentication-Info: {proof}\r\nExpires: 1800\r\n"
            ),
        );
        assert_eq!(test.ready(), [inner, outer]);

        // The shorter life decides; the refresh uses the next nonce at once.
        let wait = test.deadline().expect("a refresh");
        assert_eq!(wait, Duration::from_secs(840));
        test.now += wait;
        test.client.handle_input(test.now, RelayInput::Timeout);
        check(&test.request(), &challenge("intra.example.com", "40f2e8", algorithm), None);
    }
}

#[test]
fn paths_of_section_5_1() {
    let [b, c, d, e, f] = ["b", "c", "d", "e", "f"].map(|n| uri(&format!("msrps://{n}:1/{n};tcp")));
    let a = uri("msrps://a:1/a;tcp");
    let peer = Path::through(&[d.clone(), e.clone()], f.clone());
    let text = |path: Path| path.iter().map(|u| u.host().to_owned()).collect::<String>();
    assert_eq!(text(path_for_peer(&[b.clone(), c.clone()], &a)), "cba");
    assert_eq!(text(path_to_peer(&[b, c], &peer)), "bcdef");
    assert_eq!(text(path_to_peer(&[], &peer)), "def");
}

#[test]
fn a_wrong_password_is_tried_once() {
    let mut test = Test::new(&[INTRA], None);
    test.request();
    let asked = challenge("r", "n1", Algorithm::Md5);
    test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
    test.request();
    // A stale nonce is no wrong password.
    let asked = challenge("r", "n2", Algorithm::Md5).with_stale(true);
    test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
    test.request();
    let asked = challenge("r", "n3", Algorithm::Md5);
    test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
    assert_eq!(test.failed(), RelayError::Credentials { relay: uri(INTRA) });
    assert_eq!(test.deadline(), None);
}

#[test]
fn endless_challenges_end() {
    let mut test = Test::new(&[INTRA], None);
    let mut requests = 0;
    loop {
        match test.client.poll_output() {
            RelayOutput::Request(_) => {
                requests += 1;
                let asked =
                    challenge("r", &format!("n{requests}"), Algorithm::Md5).with_stale(true);
                test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
            }
            RelayOutput::Failed(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(requests, MAX_ATTEMPTS);
}

#[test]
fn the_better_algorithm_is_taken() {
    let mut test = Test::new(&[INTRA], None);
    test.request();
    let (weak, strong) =
        (challenge("r", "n", Algorithm::Md5), challenge("r", "n", Algorithm::Sha256));
    let fields = format!("WWW-Authenticate: {weak}\r\nWWW-Authenticate: {strong}\r\n");
    test.answer("401 Unauthorized", &fields);
    check(&test.request(), &strong, None);
}

#[test]
fn bounds_are_corrected() {
    for (asked, field, corrected) in [
        (Some(60), "Min-Expires: 300", Some("300")),
        (Some(9000), "Max-Expires: 1800", Some("1800")),
        (Some(60), "Max-Expires: 1800", None),
        (Some(60), "Min-Expires: 99999999999", None),
        (Some(60), "Min-Expires: soon", None),
    ] {
        let mut test = Test::new(&[INTRA], asked);
        test.request();
        test.answer("423 Interval Out-of-Bounds", &format!("{field}\r\n"));
        match corrected {
            Some(corrected) => assert_eq!(header(&test.request(), "Expires"), Some(corrected)),
            None => assert!(matches!(test.failed(), RelayError::Refused { .. })),
        }
    }
}

#[test]
fn answers_that_do_not_help() {
    let use_path = "Use-Path: msrps://intra.example.com:9000/j;tcp\r\n";
    let mut test = Test::new(&[INTRA], None);
    test.request();
    test.answer("200 OK", "Expires: 900\r\n");
    assert_eq!(test.failed(), RelayError::Answer { relay: uri(INTRA), name: HeaderName::UsePath });

    // A relay that does not know the password.
    let mut test = Test::new(&[INTRA], None);
    test.request();
    let asked = challenge("r", "n", Algorithm::Md5);
    test.answer("401 Unauthorized", &format!("WWW-Authenticate: {asked}\r\n"));
    let proof = check(&test.request(), &asked, None).replace("rspauth=\"", "rspauth=\"0");
    test.answer("200 OK", &format!("{use_path}Authentication-Info: {proof}\r\n"));
    assert_eq!(test.failed(), RelayError::NotProven { relay: uri(INTRA) });

    // A life of zero and one of years.
    for (expires, wait) in [("0", 1), ("99999999999", 7 * 24 * 3600 - 60), ("10", 8)] {
        let mut test = Test::new(&[INTRA], None);
        test.request();
        test.answer("200 OK", &format!("{use_path}Expires: {expires}\r\n"));
        test.ready();
        assert_eq!(test.deadline(), Some(Duration::from_secs(wait)));
    }

    let mut test = Test::new(&[INTRA], None);
    test.request();
    test.client.handle_input(test.now, RelayInput::Unanswered);
    assert_eq!(test.failed(), RelayError::Unanswered { relay: uri(INTRA) });
    test.client.handle_input(test.now, RelayInput::Connected);
    test.request();
}
