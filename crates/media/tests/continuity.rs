//! What is said on one side is heard on the other without a cut, though
//! nobody's clock is on time: engines, mixers and devices in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sipsimple_media::analysis::{Discontinuity, discontinuities};
use sipsimple_media::codec;
use sipsimple_media::mixer::{AudioMixer, PortId, SampleRate};
use sipsimple_media::net::pacer::{Pacer, PacerGuard, Tick};
use sipsimple_media::net::{AudioEvents, AudioHandle, MediaConfig, MediaEngine};
use sipsimple_media::stream::{AudioConfig, PayloadFormat};
use sipsimple_testkit::{Link, Simulation};
use tokio::time;

const RATE: SampleRate = SampleRate::Hz16000;
const QUANTUM: usize = 160;

/// Ticks every `period`, each of them up to `late` late.
struct RoughPacer {
    period: Duration,
    late: Duration,
    random: Mutex<ChaCha12Rng>,
}

impl RoughPacer {
    fn new(seed: u8, period: Duration, late: Duration) -> Arc<Self> {
        let random = Mutex::new(ChaCha12Rng::from_seed([seed; 32]));
        Arc::new(Self { period, late, random })
    }
}

impl Pacer for RoughPacer {
    fn start(&self, _name: &str, mut tick: Tick) -> PacerGuard {
        let mut seed = [0; 32];
        self.random.lock().unwrap().fill_bytes(&mut seed);
        let mut random = ChaCha12Rng::from_seed(seed);
        let (period, late) = (self.period, self.late.as_micros() as u64);
        let task = tokio::spawn(async move {
            // Each tick has a phase of its own.
            let mut next = time::Instant::now() + period.mul_f64(random.next_u32() as f64 / 4.3e9);
            loop {
                let late = u64::from(random.next_u32()) % (late + 1);
                time::sleep_until(next + Duration::from_micros(late)).await;
                next += period;
                if tick(time::Instant::now().into_std()).is_break() {
                    return;
                }
            }
        });
        PacerGuard::new(move || task.abort())
    }
}

/// What a device has played, by quantum, and when.
type Heard = Arc<Mutex<Vec<(Instant, Vec<i16>)>>>;

/// What a device's microphone hears at each quantum.
type Says = Box<dyn Fn(u64, &mut [i16]) + Send>;

/// An engine, and a mixer with a device.
struct Side {
    engine: MediaEngine,
    mixer: AudioMixer,
    heard: Heard,
    /// When the device took each quantum.
    said: Arc<Mutex<Vec<Instant>>>,
    ip: std::net::IpAddr,
    _device: PacerGuard,
}

impl Side {
    fn new(simulation: &Simulation, ip: &str, pacer: Arc<dyn Pacer>, says: Says) -> Self {
        let (mixer, mut half) = AudioMixer::new(RATE);
        let (heard, said) = (Heard::default(), Arc::new(Mutex::new(Vec::new())));
        let (hears, at) = (Arc::clone(&heard), Arc::clone(&said));
        let mut quanta = 0;
        let device = pacer.start(
            "device",
            Box::new(move |now| {
                let (mut capture, mut playback) = ([0; QUANTUM], [0; QUANTUM]);
                says(quanta, &mut capture);
                quanta += 1;
                half.render(&capture, &mut playback);
                hears.lock().unwrap().push((now, playback.to_vec()));
                at.lock().unwrap().push(now);
                ControlFlow::Continue(())
            }),
        );
        let engine = MediaEngine::new(MediaConfig {
            network: simulation.host(ip),
            clock: simulation.clock.clone(),
            pacer,
            port_range: MediaConfig::DEFAULT_PORTS,
            workers: 1,
            seed: [ip.len() as u8; 32],
        });
        let engine = engine.unwrap();
        Self { engine, mixer, heard, said, ip: ip.parse().unwrap(), _device: device }
    }

    fn pcm(&self) -> Vec<i16> {
        self.heard.lock().unwrap().iter().flat_map(|(_, pcm)| pcm.clone()).collect()
    }
}

fn tone(frequency: f64) -> Says {
    Box::new(move |quantum, pcm| {
        for (n, sample) in (quantum * QUANTUM as u64..).zip(pcm) {
            let turns = n as f64 * frequency / f64::from(RATE.hz());
            *sample = ((turns * std::f64::consts::TAU).sin() * 8000.0) as i16;
        }
    })
}

/// Starts a call; the streams live as long as what is returned.
fn call(a: &Side, b: &Side) -> [(AudioHandle, AudioEvents); 2] {
    let transports = [a, b].map(|side| side.engine.open_transport(side.ip).unwrap());
    let addresses = [transports[1].local_rtp(), transports[0].local_rtp()];
    let mut sides = [a, b].into_iter().zip(addresses);
    transports.map(|transport| {
        let (side, remote) = sides.next().unwrap();
        let pcmu = PayloadFormat::new(0, codec::by_name("PCMU", 8000).unwrap());
        let config = AudioConfig::new(remote, pcmu);
        let (handle, events) = side.engine.start_audio(transport, config, &side.mixer).unwrap();
        side.mixer.connect(handle.port(), PortId::DEVICE).unwrap();
        side.mixer.connect(PortId::DEVICE, handle.port()).unwrap();
        (handle, events)
    })
}

/// Where a tone that should have been heard since 300 ms after the start was not.
fn cuts(side: &Side, frequency: f64) -> Vec<Discontinuity> {
    let pcm = side.pcm();
    let loud = pcm.iter().position(|sample| sample.unsigned_abs() > 4000).expect("it was heard");
    discontinuities(&pcm[loud + RATE.hz() as usize * 3 / 10..], RATE.hz(), frequency)
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_tone_has_no_cut_though_no_tick_is_on_time() {
    for seed in 0..6 {
        let simulation = Simulation::new(seed.into());
        // 8 ms early to 8 ms late, each tick of each worker and device.
        let pacer = |n| RoughPacer::new(n, Duration::from_millis(10), Duration::from_millis(16));
        let a = Side::new(&simulation, "10.0.0.1", pacer(2 * seed), tone(440.0));
        let b = Side::new(&simulation, "10.0.0.2", pacer(2 * seed + 1), tone(660.0));
        let calls = call(&a, &b);
        time::sleep(Duration::from_secs(60)).await;
        assert_eq!(cuts(&a, 660.0), [], "seed {seed}: {:?}", calls[0].0.statistics());
        assert_eq!(cuts(&b, 440.0), [], "seed {seed}: {:?}", calls[1].0.statistics());
    }
}

#[tokio::test(start_paused = true)]
async fn steady_clocks_of_any_phase_have_no_cut_and_little_delay() {
    for seed in 0..6 {
        let simulation = Simulation::new(seed.into());
        let latency = Duration::from_millis(20);
        simulation.network.set_link(Link { latency, ..Link::default() });
        let pacer = |n| RoughPacer::new(n, Duration::from_millis(10), Duration::from_millis(1));
        let a = Side::new(&simulation, "10.0.0.1", pacer(2 * seed), tone(440.0));
        // A click a second, in the middle of a quantum.
        let click: Says = Box::new(|n, pcm| pcm[80] = if n % 100 == 0 { 20_000 } else { 0 });
        let b = Side::new(&simulation, "10.0.0.2", pacer(2 * seed + 1), click);
        let _calls = call(&a, &b);
        time::sleep(Duration::from_secs(20)).await;
        assert_eq!(cuts(&b, 440.0), [], "seed {seed}");
        let delays = delays(&b, &a);
        let (late, longest) = (&delays[10..], delays.iter().max().unwrap());
        let mean = late.iter().sum::<Duration>() / late.len() as u32;
        println!("mouth to ear, seed {seed}: {mean:?} on average, {longest:?} at most");
        assert!(mean < latency + Duration::from_millis(80), "seed {seed}: {mean:?}");
    }
}

/// How long each click of one side took to the other, from the end of the
/// quantum that it was captured in to the start of that which played it.
fn delays(from: &Side, to: &Side) -> Vec<Duration> {
    let said = from.said.lock().unwrap();
    let said: Vec<Instant> = said.iter().step_by(100).copied().collect();
    let heard = to.heard.lock().unwrap();
    let clicks = heard.iter().filter(|(_, pcm)| pcm.iter().any(|s| s.unsigned_abs() > 3000));
    let mut delays: Vec<Duration> = Vec::new();
    for (at, _) in clicks {
        let click = said.iter().rev().find(|said| *said < at).unwrap();
        delays.push(*at - *click);
    }
    delays
}

#[tokio::test(start_paused = true)]
async fn devices_whose_clocks_are_apart_are_followed_without_a_cut() {
    let simulation = Simulation::new(9);
    let pacer =
        |n, micros| RoughPacer::new(n, Duration::from_micros(micros), Duration::from_millis(2));
    // 0.2 % apart: ten times what a bad sound card has.
    let a = Side::new(&simulation, "10.0.0.1", pacer(1, 9_990), tone(440.0));
    let b = Side::new(&simulation, "10.0.0.2", pacer(2, 10_010), tone(660.0));
    let calls = call(&a, &b);
    time::sleep(Duration::from_secs(300)).await;
    assert_eq!(cuts(&a, 660.0), [], "{:?}", calls[0].0.statistics().playout);
    assert_eq!(cuts(&b, 440.0), []);
    for (handle, _) in &calls {
        let statistics = handle.statistics();
        let playout = statistics.playout;
        assert!(playout.concealed < Duration::from_millis(50), "{playout:?}");
        assert!(playout.delay < Duration::from_millis(60), "{playout:?}");
    }
}
