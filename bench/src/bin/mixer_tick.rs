//! One tick of the mixer at 48 kHz: N ports in one bridge, all hear all and
//! all speak, through the real rings and with the meters on.
//!
//! `mixer_tick PORTS [TICKS]` prints the median time of a tick, and the
//! median of a whole round: the tick, and all ports writing and reading.

use std::time::{Duration, Instant};

use sipsimple_media::mixer::{AudioMixer, Port, PortId, SampleRate};

const RATE: SampleRate = SampleRate::Hz48000;
const QUANTUM: usize = RATE.quantum();

#[allow(clippy::disallowed_methods, reason = "this program measures time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map_while(|argument| argument.parse().ok());
    let count: usize = arguments.next().unwrap_or(10);
    let ticks: usize = arguments.next().unwrap_or((200_000 / count.max(1)).clamp(20, 2_000));

    let (mixer, mut render) = AudioMixer::new(RATE);
    let bridge = mixer.add_bridge();
    let mut ports: Vec<Port> = Vec::new();
    for _ in 0..count {
        let port = mixer.add_port().expect("room for so many ports");
        bridge.add(port.id).expect("the port is there");
        ports.push(port);
    }
    let noise = noise();
    let mut playback = [0; QUANTUM];
    let mut heard = [0; QUANTUM];
    let (mut rendering, mut rounds) = (Vec::new(), Vec::new());
    for tick in 0..ticks {
        let began = now();
        for (index, port) in ports.iter_mut().enumerate() {
            let from = (tick * 7 + index * 31) % (noise.len() - QUANTUM);
            port.input.write(&noise[from..from + QUANTUM]);
        }
        let before = now();
        render.render(&[0; QUANTUM], &mut playback);
        rendering.push(before.elapsed());
        for port in &mut ports {
            assert!(port.output.read_exact(&mut heard));
        }
        rounds.push(began.elapsed());
    }
    for port in &ports {
        let statistics = mixer.port(port.id).expect("the port is there").statistics();
        assert_eq!(statistics, Default::default(), "nothing was lost");
    }
    let level = ports.first().map(|port| port.input.control().levels().output.dbfs());
    println!(
        "{count} ports: {:.1} µs a tick, {:.1} µs with all writing and reading (medians of {ticks}; \
         {:.2} % of real time; level {level:.1?} dBFS, device {:?})",
        micros(&mut rendering),
        micros(&mut rounds),
        micros(&mut rendering) / 100.0,
        mixer.port(PortId::DEVICE).expect("the device").levels().output.meter(),
    );
}

fn micros(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |median| median.as_secs_f64() * 1e6)
}

/// A second of noise, loud enough that sums saturate.
fn noise() -> Vec<i16> {
    let mut state = 1u64;
    (0..RATE.hz())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 50) as i16 - 8_192
        })
        .collect()
}
