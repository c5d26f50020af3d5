//! TLS over a simulated network, in virtual time: who is let in, who is not,
//! and what they are told (RFC 5922).
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sipsimple_net::tls::{
    CertificateFault, CertificateVerifier, ClientCertificates, HANDSHAKE_TIMEOUT, PeerName,
    Presented, Roots, Tls, TlsConfig, TlsConfigError, TlsError, TlsIdentity, TlsStream,
    sip_identities,
};
use sipsimple_net::{ByteStream, Network};
use sipsimple_testkit::{Simulation, TestAuthority, Validity, self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct World {
    simulation: Simulation,
    authority: TestAuthority,
}

type Outcome = (Result<TlsStream, TlsError>, Result<TlsStream, TlsError>);

impl World {
    fn new() -> Self {
        Self { simulation: Simulation::new(1), authority: TestAuthority::new("us") }
    }

    /// Trusts this world's authority.
    fn config(&self) -> TlsConfig {
        let roots = Roots::from_pem(self.authority.pem().as_bytes()).unwrap();
        TlsConfig { roots, ..TlsConfig::default() }
    }

    fn server(&self, pem: &str) -> TlsConfig {
        let identity = Some(TlsIdentity::from_pem(pem.as_bytes()).unwrap());
        TlsConfig { identity, ..self.config() }
    }

    fn tls(&self, config: TlsConfig) -> Tls {
        Tls::new(config, self.simulation.clock.clone()).unwrap()
    }

    /// Both ends of a TCP connection.
    async fn streams(&self) -> (Box<dyn ByteStream>, Box<dyn ByteStream>) {
        let address: SocketAddr = "10.0.0.2:5061".parse().unwrap();
        let mut listener = self.simulation.host("10.0.0.2").listen_stream(address).unwrap();
        let host = self.simulation.host("10.0.0.1");
        let (ours, theirs) = tokio::join!(host.connect_stream(None, address), listener.accept());
        (ours.unwrap(), theirs.unwrap())
    }

    async fn handshake(&self, client: TlsConfig, server: TlsConfig, peer: &str) -> Outcome {
        let (ours, theirs) = self.streams().await;
        let (client, server) = (self.tls(client), self.tls(server));
        let peer = PeerName::parse(peer).unwrap();
        tokio::join!(client.connect(ours, &peer), server.accept(theirs))
    }

    /// What the client thinks of a certificate.
    async fn fault(&self, pem: &str, peer: &str) -> Option<CertificateFault> {
        match self.handshake(self.config(), self.server(pem), peer).await.0 {
            Ok(_) => None,
            Err(TlsError::Certificate(fault)) => Some(fault),
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn is_good(&self, names: &[&str], peer: &str) -> bool {
        match self.fault(&self.authority.issue(names), peer).await {
            None => true,
            Some(CertificateFault::WrongName { .. }) => false,
            Some(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_name_is_let_in_and_bytes_come_through() {
    let world = World::new();
    let pem = world.authority.issue(&["sip:example.com"]);
    let outcome = world.handshake(world.config(), world.server(&pem), "example.com").await;
    let (mut client, mut server) = (outcome.0.unwrap(), outcome.1.unwrap());
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    assert_eq!(sip_identities(client.peer_certificate().unwrap()).unwrap(), ["example.com"]);
    assert_eq!(server.peer_certificate(), None);

    client.write_all(b"OPTIONS").await.unwrap();
    client.shutdown().await.unwrap();
    let mut read = Vec::new();
    server.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"OPTIONS");
}

#[tokio::test(start_paused = true)]
async fn names_are_compared_as_rfc_5922_says() {
    let world = World::new();
    for (names, peer) in [
        (&["example.com"][..], "EXAMPLE.com"),
        (&["a.example", "example.com"], "example.com."),
        (&["sip:example.com"], "example.com"),
        (&["192.0.2.1"], "192.0.2.1"),
        (&["2001:db8::1"], "[2001:db8::1]"),
        // An identity in a URI and an address beside it.
        (&["sip:example.com", "192.0.2.1"], "192.0.2.1"),
    ] {
        assert!(world.is_good(names, peer).await, "{names:?} for {peer}");
    }
    for (names, peer) in [
        (&["example.com"][..], "example.org"),
        // No suffixes, no wildcards.
        (&["example.com"], "sip.example.com"),
        (&["sip.example.com"], "example.com"),
        (&["*.example.com"], "sip.example.com"),
        (&["sip:*.example.com"], "sip.example.com"),
        // DNS names only where there is no sip URI.
        (&["sip:example.org", "example.com"], "example.com"),
        // A user is not a domain; sips is not the scheme.
        (&["sip:me@example.com"], "example.com"),
        (&["sips:example.com"], "example.com"),
        (&["192.0.2.1"], "192.0.2.2"),
        (&["192.0.2.1"], "example.com"),
        // The common name ("test") counts for nothing.
        (&[], "test"),
    ] {
        assert!(!world.is_good(names, peer).await, "{names:?} for {peer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_nul_does_not_end_a_name() {
    let world = World::new();
    for names in [["example.com\0.evil.example"], ["sip:example.com\0.evil.example"]] {
        assert!(!world.is_good(&names, "example.com").await, "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_name_is_told_with_both_names() {
    let world = World::new();
    let pem = world.authority.issue(&["sip:evil.example"]);
    let outcome = world.handshake(world.config(), world.server(&pem), "example.com").await;
    assert_eq!(
        outcome.0.unwrap_err().to_string(),
        "the peer's certificate is not for \"example.com\" but for evil.example"
    );
    // The server learns that it was refused, and by whom.
    let told = outcome.1.unwrap_err();
    assert!(matches!(told, TlsError::RefusedByPeer { .. }), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn each_fault_has_its_name() {
    let world = World::new();
    let names = &["example.com"];
    let over = world.authority.issue_for(names, Validity::Over);
    assert_eq!(world.fault(&over, "example.com").await, Some(CertificateFault::Expired));
    let later = world.authority.issue_for(names, Validity::Later);
    assert_eq!(world.fault(&later, "example.com").await, Some(CertificateFault::NotYetValid));
    let own = self_signed(names);
    assert_eq!(world.fault(&own, "example.com").await, Some(CertificateFault::SelfSigned));
    let strangers = TestAuthority::new("stranger").issue(names);
    assert_eq!(world.fault(&strangers, "example.com").await, Some(CertificateFault::UnknownIssuer));
}

#[tokio::test(start_paused = true)]
async fn the_clock_decides_what_has_expired() {
    let world = World::new();
    let pem = world.authority.issue(&["example.com"]);
    assert_eq!(world.fault(&pem, "example.com").await, None);
    tokio::time::sleep(Duration::from_secs(10 * 366 * 86_400)).await;
    assert_eq!(world.fault(&pem, "example.com").await, Some(CertificateFault::Expired));
}

#[tokio::test(start_paused = true)]
async fn verification_can_be_switched_off() {
    let world = World::new();
    let client = TlsConfig { verify_server: false, ..world.config() };
    let server = world.server(&self_signed(&["evil.example"]));
    world.handshake(client, server, "example.com").await.0.unwrap();
}

/// Accepts what was seen before, as a person might have.
struct Pinned(Vec<u8>);

impl CertificateVerifier for Pinned {
    fn verify(&self, presented: Presented<'_>) -> Result<(), CertificateFault> {
        assert_eq!(presented.name, "example.com");
        if presented.certificate == self.0 {
            return Ok(());
        }
        assert!(presented.verdict.is_ok());
        Err(CertificateFault::Refused("not the one I know".into()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_application_has_the_last_word() {
    let world = World::new();
    let known = world.server(&self_signed(&["example.com"]));
    let open = TlsConfig { verify_server: false, ..world.config() };
    let seen = world.handshake(open, known.clone(), "example.com").await.0.unwrap();
    let verifier = Arc::new(Pinned(seen.peer_certificate().unwrap().to_vec()));
    let client = TlsConfig { verifier: Some(verifier), ..world.config() };

    world.handshake(client.clone(), known, "example.com").await.0.unwrap();
    let good = world.server(&world.authority.issue(&["example.com"]));
    let error = world.handshake(client, good, "example.com").await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the application refused the peer's certificate: not the one I know"
    );
}

#[tokio::test(start_paused = true)]
async fn clients_show_certificates_where_they_must() {
    let world = World::new();
    let server = TlsConfig {
        client_certificates: ClientCertificates::Require,
        ..world.server(&world.authority.issue(&["example.com"]))
    };
    let good = world.server(&world.authority.issue(&["sip:client.example"]));
    let (_, accepted) = world.handshake(good, server.clone(), "example.com").await;
    let accepted = accepted.unwrap();
    let shown = sip_identities(accepted.peer_certificate().unwrap()).unwrap();
    assert_eq!(shown, ["client.example"]);

    let none = world.handshake(world.config(), server.clone(), "example.com").await.1;
    assert!(matches!(none.unwrap_err(), TlsError::NoPeerCertificate));

    let stranger = world.server(&TestAuthority::new("x").issue(&["sip:client.example"]));
    let bad = world.handshake(stranger, server, "example.com").await.1;
    assert!(matches!(bad.unwrap_err(), TlsError::Certificate(CertificateFault::UnknownIssuer)));
}

#[tokio::test(start_paused = true)]
async fn plain_text_is_no_tls() {
    let world = World::new();
    let server = world.tls(world.server(&world.authority.issue(&["example.com"])));
    let (mut ours, theirs) = world.streams().await;
    let (written, accepted) =
        tokio::join!(ours.write_all(b"OPTIONS sip:x SIP/2.0\r\n\r\n"), server.accept(theirs));
    written.unwrap();
    assert!(matches!(accepted.unwrap_err(), TlsError::NotTls));

    let client = world.tls(world.config());
    let (ours, mut theirs) = world.streams().await;
    let peer = PeerName::parse("example.com").unwrap();
    let (connected, written) =
        tokio::join!(client.connect(ours, &peer), theirs.write_all(b"SIP/2.0 200 OK\r\n\r\n"));
    written.unwrap();
    assert!(matches!(connected.unwrap_err(), TlsError::NotTls));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_handshake() {
    let world = World::new();
    let server = world.tls(world.server(&world.authority.issue(&["example.com"])));
    let (_ours, theirs) = world.streams().await;
    let before = tokio::time::Instant::now();
    assert!(matches!(server.accept(theirs).await.unwrap_err(), TlsError::Timeout));
    assert_eq!(before.elapsed(), HANDSHAKE_TIMEOUT);

    let (ours, theirs) = world.streams().await;
    drop(ours);
    assert!(matches!(server.accept(theirs).await.unwrap_err(), TlsError::Io(_)));
}

#[test]
fn configurations_are_refused_with_reasons() {
    let authority = TestAuthority::new("us");
    let pem = authority.issue(&["example.com"]);
    assert!(matches!(TlsIdentity::from_pem(b"hello"), Err(TlsConfigError::NoCertificate)));
    let certificate = authority.pem().as_bytes();
    assert!(matches!(TlsIdentity::from_pem(certificate), Err(TlsConfigError::NoKey)));
    let missing = TlsIdentity::from_file("/nowhere/at/all.pem").unwrap_err().to_string();
    assert!(missing.starts_with("can't read /nowhere/at/all.pem: "), "{missing}");

    // Somebody else's key.
    let identity = TlsIdentity::from_pem_parts(certificate, pem.as_bytes()).unwrap();
    assert_eq!(format!("{identity:?}"), "TlsIdentity(1 certificates)");
    let config = TlsConfig { identity: Some(identity), ..TlsConfig::default() };
    let clock = Arc::new(sipsimple_net::TokioClock::new());
    assert!(matches!(Tls::new(config, clock), Err(TlsConfigError::Unusable(_))));
}
