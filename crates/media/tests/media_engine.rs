//! Media engines over a simulated network in virtual time, and once over real
//! sockets and threads.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::IpAddr;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sipsimple_media::analysis::{dominant_frequency, sine, tone_level};
use sipsimple_media::codec;
use sipsimple_media::mixer::{AudioMixer, PortReader, PortWriter, SampleRate};
use sipsimple_media::net::pacer::{Pacer, PacerGuard, TaskPacer, ThreadPacer};
use sipsimple_media::net::{AudioEvents, AudioHandle, MediaConfig, MediaEngine, MediaError};
use sipsimple_media::stream::{AudioConfig, AudioEvent, Direction, PayloadFormat};
use sipsimple_media::telephone_event::Digit;
use sipsimple_net::{Clock, Network, TokioClock, TokioNetwork};
use sipsimple_testkit::{Link, Simulation};

/// An engine with a mixer that is rendered on a pacer of its own, and with
/// somebody who speaks into the mixer and listens to it.
struct Agent {
    engine: MediaEngine,
    mixer: AudioMixer,
    ip: IpAddr,
    heard: Arc<Mutex<Vec<i16>>>,
    source: sipsimple_media::mixer::PortId,
    sink: sipsimple_media::mixer::PortId,
    _render: PacerGuard,
    _person: PacerGuard,
}

impl Agent {
    fn new(
        network: Arc<dyn Network>,
        clock: Arc<dyn Clock>,
        pacer: Arc<dyn Pacer>,
        ip: IpAddr,
        (rate, tone): (SampleRate, f64),
    ) -> Self {
        let (mixer, mut half) = AudioMixer::new(rate);
        let quantum = rate.quantum();
        let mut playback = vec![0; quantum];
        let render = pacer.start(
            "render",
            Box::new(move |_| {
                half.render(&vec![0; quantum], &mut playback);
                ControlFlow::Continue(())
            }),
        );
        let (source, sink) = (mixer.add_source().unwrap(), mixer.add_sink().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ids = (source.id(), sink.id());
        let person = person(&*pacer, source, sink, rate, tone, Arc::clone(&heard));
        let config = MediaConfig {
            network,
            clock,
            pacer,
            port_range: MediaConfig::DEFAULT_PORTS,
            workers: 2,
            seed: [tone as u8; 32],
        };
        Self {
            engine: MediaEngine::new(config).unwrap(),
            mixer,
            ip,
            heard,
            source: ids.0,
            sink: ids.1,
            _render: render,
            _person: person,
        }
    }

    /// The tone that was heard in the last second, and its level.
    fn hears(&self) -> (f64, f64) {
        let rate = self.mixer.sample_rate().hz();
        let heard = self.heard.lock().unwrap();
        let last = &heard[heard.len().saturating_sub(rate as usize)..];
        let frequency = dominant_frequency(last, rate).unwrap_or(0.0);
        (frequency, tone_level(last, rate, frequency))
    }

    fn connect(&self, handle: &AudioHandle) {
        self.mixer.connect(self.source, handle.port()).unwrap();
        self.mixer.connect(handle.port(), self.sink).unwrap();
    }
}

/// Says a tone into the mixer and notes what comes out of it.
fn person(
    pacer: &dyn Pacer,
    mut source: PortWriter,
    mut sink: PortReader,
    rate: SampleRate,
    tone: f64,
    heard: Arc<Mutex<Vec<i16>>>,
) -> PacerGuard {
    // A whole number of periods, so that it can be repeated.
    let pcm = sine(rate.hz(), tone, 8000.0, rate.hz() as usize);
    let quantum = rate.quantum();
    let mut at = 0;
    source.write(&vec![0; quantum]);
    let mut buffer = vec![0; quantum];
    pacer.start(
        "person",
        Box::new(move |_| {
            if source.free() >= quantum {
                source.write(&pcm[at..at + quantum]);
                at = (at + quantum) % pcm.len();
            }
            while sink.available() >= quantum {
                sink.read(&mut buffer);
                heard.lock().unwrap().extend(&buffer);
            }
            ControlFlow::Continue(())
        }),
    )
}

fn pcmu() -> PayloadFormat {
    PayloadFormat::new(0, codec::by_name("PCMU", 8000).unwrap())
}

type Stream = (AudioHandle, AudioEvents, AudioConfig);

/// A call between two agents, both ends started.
fn call(a: &Agent, b: &Agent) -> (Stream, Stream) {
    let transports =
        (a.engine.open_transport(a.ip).unwrap(), b.engine.open_transport(b.ip).unwrap());
    let config = |remote| {
        let mut config = AudioConfig::new(remote, pcmu());
        config.telephone_event_send = Some(101);
        config.telephone_event_receive = Some(101);
        config
    };
    let (to_b, to_a) = (config(transports.1.local_rtp()), config(transports.0.local_rtp()));
    let start = |agent: &Agent, transport, config: AudioConfig| {
        let (handle, events) =
            agent.engine.start_audio(transport, config.clone(), &agent.mixer).unwrap();
        agent.connect(&handle);
        (handle, events, config)
    };
    (start(a, transports.0, to_b), start(b, transports.1, to_a))
}

fn simulated(simulation: &Simulation, ip: &str, rate: SampleRate, tone: f64) -> Agent {
    let network = simulation.host(ip);
    let clock: Arc<dyn Clock> = simulation.clock.clone();
    let pacer = Arc::new(TaskPacer::new());
    Agent::new(network, clock, pacer, ip.parse().unwrap(), (rate, tone))
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[track_caller]
fn assert_hears(agent: &Agent, tone: f64, at_least: f64) {
    let (frequency, level) = agent.hears();
    assert!((frequency - tone).abs() < 3.0, "{frequency} Hz instead of {tone}, level {level}");
    assert!(level > at_least, "level {level} of {tone} Hz");
}

async fn next_digit(events: &mut AudioEvents) -> Digit {
    loop {
        if let AudioEvent::GotDtmf { digit } = events.next().await.expect("the stream runs") {
            return digit;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_between_two_engines() {
    let simulation = Simulation::new(1);
    simulation.network.set_link(Link {
        latency: Duration::from_millis(30),
        jitter: Duration::from_millis(20),
        loss: 0.01,
        ..Link::default()
    });
    let a = simulated(&simulation, "10.0.0.1", SampleRate::Hz16000, 440.0);
    let b = simulated(&simulation, "10.0.0.2", SampleRate::Hz48000, 660.0);
    let ((a_handle, mut a_events, a_config), (b_handle, mut b_events, _)) = call(&a, &b);
    seconds(5).await;
    assert_hears(&a, 660.0, 6500.0);
    assert_hears(&b, 440.0, 6500.0);

    for digit in "1#".chars() {
        a_handle.send_dtmf(Digit::try_from(digit).unwrap()).unwrap();
    }
    assert_eq!(next_digit(&mut b_events).await.as_char(), '1');
    assert_eq!(next_digit(&mut b_events).await.as_char(), '#');

    let ended = AudioEvent::DtmfEnded {
        digit: Digit::try_from('#').unwrap(),
        duration: Duration::from_millis(160),
    };
    while b_events.next().await != Some(ended) {}

    let mut held = a_config.clone();
    held.direction = Direction::Inactive;
    a_handle.update(held).unwrap();
    seconds(3).await;
    assert_eq!(a.hears().1, 0.0, "held");
    assert!(b.hears().1 < 10.0, "held");
    a_handle.update(a_config).unwrap();
    seconds(4).await;
    assert_hears(&a, 660.0, 6500.0);
    assert_hears(&b, 440.0, 6500.0);

    let statistics = a_handle.statistics();
    assert!(statistics.rx.packets > 500, "{statistics:?}");
    assert!(statistics.rtt.count > 0);
    assert_eq!(a_handle.remote_rtp(), Some(b_handle.local_rtp()));

    a_handle.stop();
    while a_events.next().await.is_some() {}
    assert!(a_handle.has_ended());
    assert!(matches!(a_handle.send_dtmf(Digit::try_from('1').unwrap()), Err(MediaError::Ended)));
    drop(b_handle);
    seconds(1).await;
    assert!(simulation.network.open().is_nothing(), "sockets are closed");
}

#[tokio::test(start_paused = true)]
async fn a_port_goes_back_to_the_pool_and_a_busy_one_is_skipped() {
    let simulation = Simulation::new(2);
    let host = simulation.host("10.0.0.1");
    let engine = |port_range: RangeInclusive<u16>| {
        MediaEngine::new(MediaConfig {
            network: host.clone(),
            clock: simulation.clock.clone(),
            pacer: Arc::new(TaskPacer::new()),
            port_range,
            workers: 1,
            seed: [1; 32],
        })
    };
    assert!(matches!(engine(7..=7), Err(MediaError::PortRange { .. })));
    let engine = engine(4000..=4007).unwrap();
    let ip = host.ip();
    // An RTCP port that somebody else has.
    let _busy = host.bind_media("10.0.0.1:4003".parse().unwrap()).unwrap();
    let transports: Vec<_> = (0..3).map(|_| engine.open_transport(ip).unwrap()).collect();
    let mut ports: Vec<_> = transports.iter().map(|t| t.local_rtp().port()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [4000, 4004, 4006]);
    assert!(transports.iter().all(|t| t.local_rtcp().port() == t.local_rtp().port() + 1));
    assert!(matches!(engine.open_transport(ip), Err(MediaError::PortsExhausted)));
    drop(transports);
    assert!(engine.open_transport(ip).is_ok());
    let elsewhere = engine.open_transport("10.9.9.9".parse().unwrap());
    assert!(matches!(elsewhere, Err(MediaError::Bind { .. })), "{elsewhere:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_has_nothing_to_do_ends_and_comes_back() {
    let simulation = Simulation::new(3);
    let a = simulated(&simulation, "10.0.0.1", SampleRate::Hz8000, 440.0);
    let b = simulated(&simulation, "10.0.0.2", SampleRate::Hz8000, 660.0);
    for _ in 0..3 {
        let calls = call(&a, &b);
        seconds(3).await;
        assert_hears(&a, 660.0, 7500.0);
        drop(calls);
        seconds(20).await;
        assert!(simulation.network.open().is_nothing());
    }
}

#[tokio::test(start_paused = true)]
async fn payload_types_that_look_like_rtcp_are_refused() {
    let simulation = Simulation::new(4);
    let a = simulated(&simulation, "10.0.0.1", SampleRate::Hz8000, 440.0);
    let transport = a.engine.open_transport(a.ip).unwrap();
    let format = PayloadFormat::new(72, codec::by_name("PCMU", 8000).unwrap());
    let config = AudioConfig::new(transport.local_rtp(), format);
    let refused = a.engine.start_audio(transport, config, &a.mixer);
    assert!(matches!(refused, Err(MediaError::PayloadType(72))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn the_streams_end_with_the_engine_and_with_their_port() {
    let simulation = Simulation::new(5);
    let a = simulated(&simulation, "10.0.0.1", SampleRate::Hz8000, 440.0);
    let b = simulated(&simulation, "10.0.0.2", SampleRate::Hz8000, 660.0);
    let ((a_handle, mut a_events, _), (b_handle, mut b_events, _)) = call(&a, &b);
    seconds(1).await;
    b.mixer.remove_port(b_handle.port()).unwrap();
    while b_events.next().await.is_some() {}
    drop(a);
    while a_events.next().await.is_some() {}
    assert!(matches!(a_handle.send_dtmf(Digit::try_from('1').unwrap()), Err(MediaError::Ended)));
}

/// The same over the system's sockets, with threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_over_loopback() {
    let agent = |tone| {
        Agent::new(
            Arc::new(TokioNetwork),
            Arc::new(TokioClock::new()),
            Arc::new(ThreadPacer),
            [127, 0, 0, 1].into(),
            (SampleRate::Hz16000, tone),
        )
    };
    let (a, b) = (agent(440.0), agent(660.0));
    let ((a_handle, ..), (b_handle, mut b_events, _)) = call(&a, &b);
    a_handle.send_dtmf(Digit::try_from('7').unwrap()).unwrap();
    assert_eq!(next_digit(&mut b_events).await.as_char(), '7');
    // The machine may be busy: wait for packets, not for a time.
    while b_handle.statistics().rx.packets < 120 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (frequency, level) = b.hears();
    assert!((frequency - 440.0).abs() < 10.0, "{frequency} Hz, level {level}");
    b_handle.stop();
    while b_events.next().await.is_some() {}
}
