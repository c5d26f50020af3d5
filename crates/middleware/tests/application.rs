//! The life of an application.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

mod support;

use sipsimple::{
    AccountError, AccountSettings, ApplicationError, FileStorage, MemoryStorage, Transport,
};
use sipsimple_testkit::{Simulation, process};
use support::{Agent, alice_and_bob, builder};

#[tokio::test(start_paused = true)]
async fn start_and_stop_say_what_they_do() {
    let simulation = Simulation::new(1);
    let mut alice = Agent::start(&simulation, "alice", "10.0.0.1").await;
    assert!(alice.app.running());
    alice.app.stop().await;
    alice.read();
    let names = alice.names();
    let about = |prefix: &str| -> Vec<_> {
        names.iter().filter(|name| name.starts_with(prefix)).copied().collect()
    };
    assert_eq!(
        about("SIPApplication"),
        [
            "SIPApplicationWillStart",
            "SIPApplicationDidStart",
            "SIPApplicationWillEnd",
            "SIPApplicationDidEnd"
        ]
    );
    assert_eq!(
        names,
        [
            "SIPApplicationWillStart",
            "CFGSettingsObjectDidChange",
            "SIPEngineWillStart",
            "SIPEngineDidStart",
            "SIPAccountManagerDidLoad",
            "SIPAccountManagerWillStart",
            "SIPAccountDidActivate",
            "SIPAccountManagerDidStart",
            "SIPSessionManagerWillStart",
            "SIPSessionManagerDidStart",
            "SIPApplicationDidStart",
            "SIPApplicationWillEnd",
            "SIPSessionManagerWillEnd",
            "SIPSessionManagerDidEnd",
            "SIPAccountManagerWillEnd",
            "SIPAccountDidDeactivate",
            "SIPAccountManagerDidEnd",
            "SIPEngineWillEnd",
            "SIPEngineDidEnd",
            "SIPApplicationDidEnd"
        ]
    );
    assert!(simulation.network.open().is_nothing());
    tokio::task::yield_now().await;
    assert_eq!(process::alive_tasks(), 0);
    assert!(matches!(alice.app.engine(), Err(ApplicationError::NotRunning)));
    let again = alice.app.start(MemoryStorage::new()).await;
    assert!(matches!(again, Err(ApplicationError::AlreadyStarted)));
    alice.app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_can_be_corrected() {
    let simulation = Simulation::new(2);
    let app = builder(&simulation, "alice", "10.0.0.1").build();
    let mut notifications = app.notifications();
    let wrong = MemoryStorage::with_configuration("[audio]\nsample_rate = 44100");
    let error = app.start(wrong).await.unwrap_err();
    assert!(error.to_string().starts_with("setting audio.sample_rate:"), "{error}");
    assert!(notifications.try_next().is_none());
    app.start(MemoryStorage::new()).await.unwrap();
    assert!(matches!(app.accounts().default_account(), Err(AccountError::NoAccount)));
    let endpoints = app.engine().unwrap().endpoints().len();
    assert_eq!(endpoints, 2, "UDP and TCP, by the settings");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_taken_is_a_fatal_error() {
    let simulation = Simulation::new(3);
    let _alice = Agent::start(&simulation, "alice", "10.0.0.1").await;
    let other = builder(&simulation, "other", "10.0.0.1")
        .listen(Transport::Udp, "10.0.0.1:5060".parse().unwrap())
        .build();
    let mut notifications = other.notifications();
    let error = other.start(MemoryStorage::new()).await.unwrap_err();
    assert!(matches!(error, ApplicationError::Engine(_)), "{error}");
    let mut names = Vec::new();
    while let Some(notification) = notifications.try_next() {
        names.push(notification.name());
    }
    assert!(names.contains(&"SIPEngineDidFail"), "{names:?}");
    assert_eq!(names.last(), Some(&"SIPApplicationGotFatalError"));
    assert!(!other.running());
}

#[tokio::test(start_paused = true)]
async fn accounts_are_kept() {
    let simulation = Simulation::new(4);
    let folder = tempfile::tempdir().unwrap();
    let app = builder(&simulation, "alice", "10.0.0.1").build();
    app.start(FileStorage::new(folder.path()).unwrap()).await.unwrap();
    let mut settings = AccountSettings::default();
    settings.sip.register = false;
    settings.display_name = Some("Alice".to_owned());
    let accounts = app.accounts();
    let first = accounts.add("alice@example.com".parse().unwrap(), settings.clone()).await.unwrap();
    let second = accounts.add("bob@example.com".parse().unwrap(), settings.clone()).await.unwrap();
    assert!(accounts.add("bob@example.com".parse().unwrap(), settings).await.is_err());
    assert_eq!(accounts.default_account().unwrap(), first);
    accounts.set_default_account(&second).await.unwrap();
    accounts.remove(&first).await.unwrap();
    app.stop().await;

    let app = builder(&simulation, "again", "10.0.0.1").build();
    app.start(FileStorage::new(folder.path()).unwrap()).await.unwrap();
    let default = app.accounts().default_account().unwrap();
    assert_eq!(default.id().as_str(), "bob@example.com");
    assert_eq!(default.settings().unwrap().display_name.as_deref(), Some("Alice"));
    assert_eq!(app.accounts().all().len(), 1);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn traces_ride_a_subscription_of_their_own() {
    let simulation = Simulation::new(5);
    let (mut alice, mut bob) = alice_and_bob(&simulation).await;
    let mut traces = alice.app.traces();
    alice.call(&bob.uri()).await;
    let (session, _) = bob.called().await;
    session.reject(486).await.unwrap();
    alice.wait_for("SIPSessionDidFail").await;
    let sent = traces.next().await.unwrap();
    assert_eq!(sent.name(), "SIPEngineSIPTrace");
    let data = format!("{:?}", sent.event.data());
    assert!(data.contains("INVITE sip:bob@10.0.0.2:5060 SIP/2.0"), "{data}");
    assert!(!alice.names().contains(&"SIPEngineSIPTrace"));
}
