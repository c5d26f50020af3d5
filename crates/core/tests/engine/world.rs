//! Two engines on two hosts.

use std::sync::Arc;
use std::time::Duration;

use sipsimple_core::net::{Engine, EngineConfig, EngineEvents, Listener};
use sipsimple_core::stack::*;
use sipsimple_testkit::{Link, SimHost, Simulation};

pub const ALICE: &str = "10.0.0.1";
pub const BOB: &str = "10.0.0.2";

pub struct Agent {
    pub engine: Engine,
    pub events: EngineEvents,
    pub host: Arc<SimHost>,
    pub address: &'static str,
}

pub struct World {
    pub simulation: Simulation,
    pub alice: Agent,
    pub bob: Agent,
}

pub fn agent(simulation: &Simulation, address: &'static str) -> Agent {
    agent_at(simulation, address, address)
}

/// An engine that listens at `bound`, which may be the unspecified address.
pub fn agent_at(simulation: &Simulation, address: &'static str, bound: &str) -> Agent {
    let host = simulation.host(address);
    let address_and_port =
        if bound.contains(':') { format!("[{bound}]:5060") } else { format!("{bound}:5060") };
    let listeners = [Transport::Udp, Transport::Tcp]
        .map(|transport| Listener { transport, address: address_and_port.parse().unwrap() })
        .to_vec();
    let config = EngineConfig {
        listeners,
        user_agent: Some("sipsimple test".into()),
        seed: Some(simulation.seed_for(address)),
        ..EngineConfig::default()
    };
    let (engine, events) =
        Engine::start(config, host.clone(), simulation.resolver.clone(), simulation.clock.clone())
            .unwrap();
    Agent { engine, events, host, address }
}

pub fn world(seed: u64) -> World {
    let simulation = Simulation::new(seed);
    let latency = Duration::from_millis(10);
    simulation.network.set_link(Link { latency, ..Link::default() });
    let alice = agent(&simulation, ALICE);
    let bob = agent(&simulation, BOB);
    World { simulation, alice, bob }
}

impl Agent {
    pub fn identity(&self) -> Arc<Identity> {
        let host = if self.address.contains(':') {
            format!("[{}]", self.address)
        } else {
            self.address.to_owned()
        };
        Arc::new(Identity::new(format!("sip:me@{host}").parse().unwrap()))
    }

    pub async fn call(&self, to: &str) -> CallKey {
        let call = OutgoingCall {
            identity: self.identity(),
            to: to.parse().unwrap(),
            to_display_name: None,
            body: Some(Body::sdp("v=0 offer")),
            headers: ExtraHeaders::new(),
        };
        self.engine.call(call).await.unwrap()
    }

    pub async fn event(&mut self) -> (CallKey, CallEvent) {
        let waited = tokio::time::timeout(Duration::from_secs(100), self.events.next());
        match waited.await.expect("an event in time") {
            Some(Event::Call { call, event }) => (call, event),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a call and answers it.
    pub async fn answer(&mut self) -> CallKey {
        let (call, event) = self.event().await;
        assert!(matches!(event, CallEvent::Incoming(_)), "{event:?}");
        self.engine.ring(call, Content::default()).await.unwrap();
        self.engine.answer(call, Body::sdp("v=0 answer").into()).await.unwrap();
        let (_, event) = self.event().await;
        assert!(matches!(event, CallEvent::Acknowledged { .. }), "{event:?}");
        call
    }

    pub async fn expect_answered(&mut self) {
        loop {
            match self.event().await.1 {
                CallEvent::Progress { .. } => {}
                CallEvent::Answered { .. } => return,
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn expect_ended(&mut self) -> (Originator, Cause) {
        match self.event().await.1 {
            CallEvent::Ended { by, cause } => (by, cause),
            other => panic!("{other:?}"),
        }
    }
}

impl World {
    /// Alice calls Bob at this URI, and Bob answers.
    pub async fn established(&mut self, to: &str) -> (CallKey, CallKey) {
        let alice = self.alice.call(to).await;
        let bob = self.bob.answer().await;
        self.alice.expect_answered().await;
        (alice, bob)
    }

    /// Both stop; nothing may be left.
    pub async fn stop(self) {
        self.alice.engine.shutdown(true).await;
        self.bob.engine.shutdown(true).await;
        tokio::task::yield_now().await;
        let open = self.simulation.network.open();
        assert!(open.is_nothing(), "{open:?}");
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert_eq!(tasks, 0);
    }
}
