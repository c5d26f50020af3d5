//! Whole user agents on a simulated network, in virtual time.

#![allow(dead_code, unreachable_pub, reason = "each scenario file uses its part")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sipsimple::media::net::pacer::TaskPacer;
use sipsimple::notification::Event;
use sipsimple::{
    AudioStream, MediaStreamRegistry, MemoryStorage, Notification, Notifications, Session,
    SessionEvent, SipApplication, SipApplicationBuilder, Streams, Transport,
};
use sipsimple_testkit::Simulation;

/// A whole user agent with one account, named `alice` or so.
pub struct Agent {
    pub app: SipApplication,
    pub name: &'static str,
    pub address: SocketAddr,
    /// Every notification, in order.
    pub notifications: Notifications,
    /// What has been read of them.
    pub log: Vec<Notification>,
}

/// How long a scenario waits for something, in virtual time.
const PATIENCE: Duration = Duration::from_secs(200);

/// An application's builder on the host with this address.
pub fn builder(simulation: &Simulation, name: &str, address: &str) -> SipApplicationBuilder {
    SipApplication::builder()
        .network(simulation.host(address))
        .clock(simulation.clock.clone())
        .resolver(simulation.resolver.clone())
        .pacer(Arc::new(TaskPacer::new()))
        .seed(simulation.seed_for(name))
        .media_workers(1)
}

impl Agent {
    /// Starts `name@example.com` on a host, without registration.
    pub async fn start(simulation: &Simulation, name: &'static str, address: &str) -> Self {
        let configuration = format!(
            "[accounts.\"{name}@example.com\"]\nsip = {{ register = false }}\n\
             [audio]\nsample_rate = 8000\n"
        );
        Self::start_with(simulation, name, address, &configuration).await
    }

    /// Starts with a configuration of its own.
    pub async fn start_with(
        simulation: &Simulation,
        name: &'static str,
        address: &str,
        configuration: &str,
    ) -> Self {
        Self::start_as(simulation, name, address, configuration, MediaStreamRegistry::standard())
            .await
    }

    /// Starts with stream types of its own.
    pub async fn start_as(
        simulation: &Simulation,
        name: &'static str,
        address: &str,
        configuration: &str,
        registry: MediaStreamRegistry,
    ) -> Self {
        let address = SocketAddr::new(address.parse().unwrap(), 5060);
        let app = builder(simulation, name, &address.ip().to_string())
            .listen(Transport::Udp, address)
            .listen(Transport::Tcp, address)
            .registry(registry)
            .build();
        let notifications = app.notifications();
        app.start(MemoryStorage::with_configuration(configuration)).await.unwrap();
        Self { app, name, address, notifications, log: Vec::new() }
    }

    pub fn uri(&self) -> String {
        format!("sip:{}@{}", self.name, self.address)
    }

    /// A new session with one audio stream that calls `to`.
    pub async fn call(&self, to: &str) -> (Session, AudioStream) {
        let account = self.app.accounts().default_account().unwrap();
        let audio = AudioStream::new(&account);
        let session = Session::new(&account);
        session.connect(to.parse().unwrap(), [&audio]).await.unwrap();
        (session, audio)
    }

    /// Reads notifications up to the first of this name.
    #[track_caller]
    pub fn wait_for(&mut self, name: &str) -> impl Future<Output = Notification> {
        let caller = std::panic::Location::caller();
        async move {
            let found = tokio::time::timeout(PATIENCE, async {
                loop {
                    let notification = self.notifications.next().await.expect("the bus is open");
                    self.log.push(notification.clone());
                    if notification.name() == name {
                        return notification;
                    }
                }
            });
            match found.await {
                Ok(notification) => notification,
                Err(_) => panic!("{caller}: no {name} for {}: {:#?}", self.name, self.names()),
            }
        }
    }

    /// Waits for an incoming session.
    pub async fn called(&mut self) -> (Session, Streams) {
        match self.wait_for("SIPSessionNewIncoming").await.event {
            Event::Session(SessionEvent::NewIncoming { session, streams }) => (session, streams),
            other => panic!("{other:?}"),
        }
    }

    /// Reads what is there now.
    pub fn read(&mut self) {
        while let Some(notification) = self.notifications.try_next() {
            self.log.push(notification);
        }
    }

    /// The names of everything that was read.
    pub fn names(&self) -> Vec<&'static str> {
        self.log.iter().map(Notification::name).collect()
    }

    /// The names of everything about sessions that was read.
    pub fn session_names(&mut self) -> Vec<String> {
        self.read();
        let names = self.names();
        let own = |name: &&str| name.starts_with("SIPSession") && !name.contains("Manager");
        names.into_iter().filter(own).map(|name| name["SIPSession".len()..].to_owned()).collect()
    }

    /// How often a notification was read.
    pub fn count(&mut self, name: &str) -> usize {
        self.read();
        self.names().into_iter().filter(|other| *other == name).count()
    }
}

/// Two agents, `alice` and `bob`.
pub async fn alice_and_bob(simulation: &Simulation) -> (Agent, Agent) {
    let alice = Agent::start(simulation, "alice", "10.0.0.1").await;
    let bob = Agent::start(simulation, "bob", "10.0.0.2").await;
    (alice, bob)
}

/// A call between both, answered and running.
pub struct Call {
    pub caller: Session,
    pub callee: Session,
    pub caller_audio: AudioStream,
    pub callee_audio: AudioStream,
}

pub async fn established(alice: &mut Agent, bob: &mut Agent) -> Call {
    let (caller, caller_audio) = alice.call(&bob.uri()).await;
    let (callee, streams) = bob.called().await;
    let callee_audio = streams.audio().pop().expect("audio is proposed");
    callee.accept(streams.audio()).await.unwrap();
    alice.wait_for("SIPSessionDidStart").await;
    bob.wait_for("SIPSessionDidStart").await;
    Call { caller, callee, caller_audio, callee_audio }
}
