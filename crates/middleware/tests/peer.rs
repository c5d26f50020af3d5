//! A whole application against a bare SIP engine that says what it likes.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

mod support;

use std::sync::Arc;

use sipsimple::core::message::Message;
use sipsimple::core::net::{Engine, EngineConfig, EngineEvents, Listener};
use sipsimple::core::sdp::SessionDescription;
use sipsimple::core::stack::{
    Body, CallEvent, CallKey, Event as SipEvent, ExtraHeaders, Identity, OutgoingCall, Transport,
};
use sipsimple::notification::Event;
use sipsimple::{AudioStream, SessionEvent, SessionState};
use sipsimple_testkit::Simulation;
use support::Agent;

const PEER: &str = "10.0.0.5";

struct Peer {
    engine: Engine,
    events: EngineEvents,
}

impl Peer {
    fn start(simulation: &Simulation) -> Self {
        let address = format!("{PEER}:5060").parse().unwrap();
        let config = EngineConfig {
            listeners: vec![Listener { transport: Transport::Udp, address }],
            seed: Some(simulation.seed_for("peer")),
            ..EngineConfig::default()
        };
        let (engine, events) = Engine::start(
            config,
            simulation.host(PEER),
            simulation.resolver.clone(),
            simulation.clock.clone(),
        )
        .unwrap();
        Self { engine, events }
    }

    async fn call(&self, to: &str, body: Option<&str>) -> CallKey {
        let identity = Identity::new(format!("sip:peer@{PEER}").parse().unwrap());
        let call = OutgoingCall {
            identity: Arc::new(identity),
            to: to.parse().unwrap(),
            to_display_name: None,
            body: body.map(sdp),
            headers: ExtraHeaders::new(),
        };
        self.engine.call(call).await.unwrap()
    }

    async fn next(&mut self) -> CallEvent {
        loop {
            match self.events.next().await.unwrap() {
                SipEvent::Call { event: CallEvent::Progress { .. }, .. } => {}
                SipEvent::Call { event, .. } => return event,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn answered(&mut self) -> SessionDescription {
        match self.next().await {
            CallEvent::Answered { response } | CallEvent::ReinviteAnswered { response } => {
                description(&response)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn reinvite(&mut self, call: CallKey, media: &str) -> SessionDescription {
        self.engine.reinvite(call, sdp(media).into()).await.unwrap();
        self.answered().await
    }
}

fn sdp(media: &str) -> Body {
    let text = format!("v=0\no=- 7 7 IN IP4 {PEER}\ns=-\nc=IN IP4 {PEER}\nt=0 0\n{media}");
    Body::sdp(text.replace('\n', "\r\n"))
}

fn description(message: &Message) -> SessionDescription {
    SessionDescription::parse(message.body()).unwrap()
}

const PCMU: &str = "m=audio 4000 RTP/AVP 0\n";

async fn connected(simulation: &Simulation) -> (Agent, Peer, CallKey, SessionDescription) {
    let mut bob = Agent::start(simulation, "bob", "10.0.0.2").await;
    let mut peer = Peer::start(simulation);
    let call = peer.call(&bob.uri(), Some(PCMU)).await;
    let (session, streams) = bob.called().await;
    session.accept(streams.audio()).await.unwrap();
    let answer = peer.answered().await;
    bob.wait_for("SIPSessionDidStart").await;
    (bob, peer, call, answer)
}

#[tokio::test(start_paused = true)]
async fn late_offer() {
    let simulation = Simulation::new(1);
    let mut bob = Agent::start(&simulation, "bob", "10.0.0.2").await;
    let mut peer = Peer::start(&simulation);
    let call = peer.call(&bob.uri(), None).await;
    let (session, streams) = bob.called().await;
    assert!(streams.is_empty());
    let audio = AudioStream::new(session.account());
    session.accept([&audio]).await.unwrap();
    let offer = peer.answered().await;
    assert_eq!(offer.media[0].formats().collect::<Vec<_>>(), ["0", "8", "101"]);
    peer.engine
        .acknowledge(call, Some(sdp("m=audio 4000 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n")))
        .await
        .unwrap();
    session.wait_for(SessionState::Connected).await.unwrap();
    assert_eq!(audio.codec().unwrap().name(), "PCMA");
}

#[tokio::test(start_paused = true)]
async fn the_description_of_a_session() {
    let simulation = Simulation::new(2);
    let (_bob, _peer, _call, answer) = connected(&simulation).await;
    let printed = answer.to_string();
    let port = answer.media[0].port;
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(
        lines[2..],
        [
            "s=sipsimple 0.1.0".to_owned(),
            "c=IN IP4 10.0.0.2".to_owned(),
            "t=0 0".to_owned(),
            format!("m=audio {port} RTP/AVP 0"),
            "c=IN IP4 10.0.0.2".to_owned(),
            format!("a=rtcp:{}", port + 1),
            "a=rtpmap:0 PCMU/8000".to_owned(),
            "a=sendrecv".to_owned(),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn codec_and_address_change() {
    let simulation = Simulation::new(3);
    let (mut bob, mut peer, call, before) = connected(&simulation).await;
    let answer = peer.reinvite(call, "m=audio 4400 RTP/AVP 8\n").await;
    assert_eq!(answer.origin.version, before.origin.version + 1);
    assert_eq!(answer.origin.session_id, before.origin.session_id);
    bob.wait_for("AudioStreamDidChangeRTPParameters").await;
    let session = bob.app.sessions().sessions().remove(0);
    let audio = session.streams().audio().remove(0);
    assert_eq!(audio.codec().unwrap().name(), "PCMA");
    assert_eq!(audio.remote_rtp_port_sdp(), Some(4400));
}

#[tokio::test(start_paused = true)]
async fn an_added_stream_is_refused_and_a_removed_one_leaves() {
    let simulation = Simulation::new(4);
    let (mut bob, mut peer, call, _) = connected(&simulation).await;
    let both = "m=audio 4000 RTP/AVP 0\nm=audio 4100 RTP/AVP 0\n";
    let answer = peer.reinvite(call, both).await;
    assert_eq!(answer.media.iter().map(|m| m.port != 0).collect::<Vec<_>>(), [true, false]);
    let none = "m=audio 0 RTP/AVP 0\nm=audio 0 RTP/AVP 0\n";
    let answer = peer.reinvite(call, none).await;
    assert!(answer.media.iter().all(|m| m.port == 0));
    bob.wait_for("SIPSessionDidRenegotiateStreams").await;
    // Without any stream there is nothing left to talk about.
    bob.wait_for("SIPSessionDidEnd").await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_can_not_be_taken_is_refused() {
    let simulation = Simulation::new(5);
    let (bob, mut peer, call, _) = connected(&simulation).await;
    peer.engine.reinvite(call, sdp("m=audio 4000 RTP/AVP 18\n").into()).await.unwrap();
    let CallEvent::ReinviteFailed { cause } = peer.next().await else { panic!() };
    assert_eq!(cause.code().code(), 488);
    let session = bob.app.sessions().sessions().remove(0);
    assert_eq!(session.state(), SessionState::Connected);
    // And the next one is fine.
    let answer = peer.reinvite(call, PCMU).await;
    assert_ne!(answer.media[0].port, 0);
}

#[tokio::test(start_paused = true)]
async fn hold_of_rfc_2543() {
    let simulation = Simulation::new(6);
    let (mut bob, mut peer, call, _) = connected(&simulation).await;
    let answer = peer.reinvite(call, "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n").await;
    assert_eq!(answer.media[0].direction().unwrap().as_str(), "recvonly");
    let held = bob.wait_for("SIPSessionDidChangeHoldState").await;
    assert!(matches!(
        held.event,
        Event::Session(SessionEvent::DidChangeHoldState { on_hold: true, .. })
    ));
    // Our hold on top of theirs.
    let session = bob.app.sessions().sessions().remove(0);
    session.hold().await.unwrap();
    let CallEvent::Reinvite { request } = peer.next().await else { panic!() };
    assert_eq!(description(&request).media[0].direction().unwrap().as_str(), "inactive");
    peer.engine.answer(call, sdp("m=audio 4000 RTP/AVP 0\na=inactive\n").into()).await.unwrap();
    bob.wait_for("SIPSessionDidChangeHoldState").await;
}

#[tokio::test(start_paused = true)]
async fn offers_that_can_not_be_answered() {
    let simulation = Simulation::new(7);
    let mut bob = Agent::start(&simulation, "bob", "10.0.0.2").await;
    let mut peer = Peer::start(&simulation);
    for media in
        ["m=audio 4000 RTP/AVP 18\n", "m=audio 4000 RTP/SAVP 0\n", "m=video 4000 RTP/AVP 31\n", ""]
    {
        peer.call(&bob.uri(), Some(media)).await;
        let CallEvent::Failed { cause } = peer.next().await else { panic!() };
        assert_eq!(cause.code().code(), 488, "{media}");
    }
    assert_eq!(bob.count("SIPSessionNewIncoming"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_accepts_nothing() {
    let simulation = Simulation::new(8);
    let mut bob = Agent::start(&simulation, "bob", "10.0.0.2").await;
    let mut peer = Peer::start(&simulation);
    bob.call(&format!("sip:peer@{PEER}")).await;
    let SipEvent::Call { call, .. } = peer.events.next().await.unwrap() else { panic!() };
    peer.engine.answer(call, sdp("m=audio 0 RTP/AVP 0\n").into()).await.unwrap();
    let failed = bob.wait_for("SIPSessionDidFail").await;
    let Event::Session(SessionEvent::DidFail { code, failure_reason, .. }) = failed.event else {
        panic!("{failed:?}")
    };
    assert_eq!((code, &*failure_reason), (488, "no stream was accepted"));
}
