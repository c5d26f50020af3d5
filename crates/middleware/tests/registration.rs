//! Registration at a registrar that follows a script.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

mod support;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sipsimple::core::header::{Contact, HeaderName};
use sipsimple::core::message::{Message, MessageBuilder, StatusCode};
use sipsimple::net::Network;
use sipsimple::notification::Event;
use sipsimple::{AccountEvent, SipApplication};
use sipsimple_testkit::Simulation;
use support::Agent;

const REGISTRAR: &str = "10.0.0.9";

/// Answers each REGISTER with the next of its codes, then with 200.
struct Registrar {
    requests: Arc<Mutex<Vec<Message>>>,
}

impl Registrar {
    fn start(simulation: &Simulation, codes: &[u16]) -> Self {
        let socket = simulation
            .host(REGISTRAR)
            .bind_datagram(format!("{REGISTRAR}:5060").parse().unwrap())
            .unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut codes: VecDeque<u16> = codes.iter().copied().collect();
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            loop {
                let mut room = tokio::io::ReadBuf::new(&mut buffer);
                let from = poll_fn(|cx| socket.poll_recv_from(cx, &mut room)).await.unwrap();
                let request = Message::parse(room.filled().to_vec().into()).unwrap();
                let code = codes.pop_front().unwrap_or(200);
                seen.lock().unwrap().push(request.clone());
                if code == 0 {
                    continue;
                }
                let response = answer(&request, StatusCode::new(code).unwrap());
                socket.try_send_to(response.as_bytes(), from).unwrap();
            }
        });
        Self { requests }
    }

    /// The Expires of each request.
    fn expires(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|r| r.value(HeaderName::Expires).unwrap_or("-").to_owned()).collect()
    }
}

fn answer(request: &Message, code: StatusCode) -> Message {
    let mut response =
        MessageBuilder::response_to(request, code, code.reason()).to_tag("registrar");
    if code.is_success()
        && request.value(HeaderName::Expires) != Some("0")
        && let Some(Ok(contact)) = request.all::<Contact<'_>>().next()
    {
        response = response.header(HeaderName::Contact, format_args!("{contact};expires=600"));
    }
    if code == StatusCode::UNAUTHORIZED {
        let challenge = "Digest realm=\"example.com\", nonce=\"n\", qop=\"auth\", algorithm=MD5";
        response = response.header(HeaderName::WwwAuthenticate, challenge);
    }
    response.build().unwrap()
}

async fn alice(simulation: &Simulation) -> Agent {
    simulation.resolver.insert("example.com", [REGISTRAR]);
    let configuration = "[accounts.\"alice@example.com\".auth]\npassword = \"sesame\"\n";
    Agent::start_with(simulation, "alice", "10.0.0.1", configuration).await
}

fn is_registered(app: &SipApplication) -> bool {
    app.accounts().get("alice@example.com").unwrap().is_registered()
}

#[tokio::test(start_paused = true)]
async fn registers_refreshes_and_unregisters_at_stop() {
    let simulation = Simulation::new(1);
    let registrar = Registrar::start(&simulation, &[401]);
    let mut alice = alice(&simulation).await;
    let succeeded = alice.wait_for("SIPAccountRegistrationDidSucceed").await;
    assert_eq!(succeeded.sender.to_string(), "account:alice@example.com");
    let Event::Account(AccountEvent::RegistrationDidSucceed { expires, .. }) = succeeded.event
    else {
        panic!("{succeeded:?}")
    };
    assert_eq!(expires, Duration::from_secs(600));
    assert!(is_registered(&alice.app));
    {
        let requests = registrar.requests.lock().unwrap();
        let contact = requests[1].value(HeaderName::Contact).unwrap();
        assert!(contact.contains("+sip.instance=\"<urn:uuid:"), "{contact}");
        assert!(requests[1].value(HeaderName::Authorization).unwrap().contains("alice"));
    }
    tokio::time::sleep(Duration::from_secs(1300)).await;
    assert!(alice.count("SIPAccountRegistrationDidSucceed") >= 3);
    alice.app.stop().await;
    alice.read();
    assert!(alice.names().contains(&"SIPAccountRegistrationDidEnd"));
    assert_eq!(registrar.expires().last().unwrap(), "0");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_reported_once() {
    let simulation = Simulation::new(2);
    let registrar = Registrar::start(&simulation, &[401; 50]);
    let mut alice = alice(&simulation).await;
    let failed = alice.wait_for("SIPAccountRegistrationDidFail").await;
    let Event::Account(AccountEvent::RegistrationDidFail { code, retry_after, .. }) = failed.event
    else {
        panic!("{failed:?}")
    };
    assert_eq!((code, retry_after), (Some(401), None));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(registrar.requests.lock().unwrap().len() <= 3);
    assert_eq!(alice.count("SIPAccountRegistrationDidFail"), 1);
    // The right password, and it goes on by itself.
    let account = alice.app.accounts().default_account().unwrap();
    registrar.requests.lock().unwrap().clear();
    account.update(|settings| settings.auth.password = "open sesame".into()).await.unwrap();
    alice.wait_for("SIPAccountWillRegister").await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_registrar_is_asked_again() {
    let simulation = Simulation::new(3);
    let _registrar = Registrar::start(&simulation, &[503]);
    let mut alice = alice(&simulation).await;
    let failed = alice.wait_for("SIPAccountRegistrationDidFail").await;
    assert!(!is_registered(&alice.app));
    let Event::Account(AccountEvent::RegistrationDidFail { retry_after, .. }) = failed.event else {
        panic!("{failed:?}")
    };
    assert!((15..40).contains(&retry_after.unwrap().as_secs()));
    alice.wait_for("SIPAccountRegistrationDidSucceed").await;
    assert!(is_registered(&alice.app));
}

#[tokio::test(start_paused = true)]
async fn a_silent_registrar_does_not_hold_up_the_stop() {
    let simulation = Simulation::new(4);
    let _registrar = Registrar::start(&simulation, &[200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut alice = alice(&simulation).await;
    alice.wait_for("SIPAccountRegistrationDidSucceed").await;
    let before = simulation.network.elapsed();
    alice.app.stop().await;
    assert!(simulation.network.elapsed() - before < Duration::from_secs(15));
    alice.read();
    assert!(alice.names().contains(&"SIPAccountRegistrationDidNotEnd"));
    assert_eq!(alice.names().last(), Some(&"SIPApplicationDidEnd"));
}

#[tokio::test(start_paused = true)]
async fn unregister_and_register_again() {
    let simulation = Simulation::new(5);
    let registrar = Registrar::start(&simulation, &[]);
    let mut alice = alice(&simulation).await;
    alice.wait_for("SIPAccountRegistrationDidSucceed").await;
    let account = alice.app.accounts().default_account().unwrap();
    account.unregister().await.unwrap();
    alice.wait_for("SIPAccountRegistrationDidEnd").await;
    assert!(!account.is_registered());
    account.reregister().await.unwrap();
    alice.wait_for("SIPAccountRegistrationDidSucceed").await;
    account.update(|settings| settings.enabled = false).await.unwrap();
    alice.wait_for("SIPAccountRegistrationDidEnd").await;
    assert_eq!(registrar.expires(), ["600", "0", "600", "0"]);
    assert!(alice.app.accounts().default_account().is_err());
}
