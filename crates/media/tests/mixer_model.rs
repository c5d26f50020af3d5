//! The mixer against a model that mixes every pair by itself: after any
//! sequence of commands, ticks and volumes, every port hears the same, bit
//! for bit.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use sipsimple_media::mixer::{
    AudioBridge, AudioMixer, Gain, MixerError, PortId, PortReader, PortWriter, RING_QUANTA,
    RenderHalf, SampleRate,
};

const RATE: SampleRate = SampleRate::Hz8000;
const QUANTUM: usize = RATE.quantum();

#[derive(Debug, Clone)]
enum Op {
    AddPort,
    AddSource,
    AddSink,
    RemoveById(usize),
    DropHalves(usize),
    Connect(usize, usize, u32),
    Disconnect(usize, usize),
    AddBridge,
    Join(usize, usize),
    Leave(usize, usize),
    DropBridge(usize),
    InputVolume(usize, u32),
    OutputVolume(usize, u32),
    MuteInput(usize, bool),
    MuteOutput(usize, bool),
    Write(usize, u64),
    WriteAll(u64),
    Tick(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let port = 0..24usize;
    let bridge = 0..4usize;
    let volume = prop_oneof![Just(100u32), 0..=800u32];
    prop_oneof![
        4 => Just(Op::AddPort),
        1 => Just(Op::AddSource),
        1 => Just(Op::AddSink),
        1 => port.clone().prop_map(Op::RemoveById),
        1 => port.clone().prop_map(Op::DropHalves),
        4 => (port.clone(), port.clone(), volume.clone()).prop_map(|(a, b, v)| Op::Connect(a, b, v)),
        1 => (port.clone(), port.clone()).prop_map(|(a, b)| Op::Disconnect(a, b)),
        1 => Just(Op::AddBridge),
        6 => (bridge.clone(), port.clone()).prop_map(|(b, p)| Op::Join(b, p)),
        1 => (bridge.clone(), port.clone()).prop_map(|(b, p)| Op::Leave(b, p)),
        1 => bridge.prop_map(Op::DropBridge),
        1 => (port.clone(), volume.clone()).prop_map(|(p, v)| Op::InputVolume(p, v)),
        1 => (port.clone(), volume).prop_map(|(p, v)| Op::OutputVolume(p, v)),
        1 => (port.clone(), any::<bool>()).prop_map(|(p, m)| Op::MuteInput(p, m)),
        1 => (port.clone(), any::<bool>()).prop_map(|(p, m)| Op::MuteOutput(p, m)),
        2 => (port, any::<u64>()).prop_map(|(p, s)| Op::Write(p, s)),
        6 => any::<u64>().prop_map(Op::WriteAll),
        8 => any::<u64>().prop_map(Op::Tick),
    ]
}

/// Noise of full scale: often beyond what 16 bits hold when summed.
fn noise(seed: u64) -> Vec<i16> {
    let mut state = seed | 1;
    (0..QUANTUM)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 48) as i16
        })
        .collect()
}

/// A port as the test sees it: the halves that it holds, and the model.
struct TestPort {
    id: PortId,
    writer: Option<PortWriter>,
    reader: Option<PortReader>,
    // The model.
    input: bool,
    output: bool,
    queue: VecDeque<Vec<i16>>,
    input_volume: (i64, bool),
    output_volume: (i64, bool),
    frame: Vec<i64>,
}

#[derive(Default)]
struct Expectations {
    heard: Vec<(PortId, Vec<i16>)>,
}

struct World {
    mixer: AudioMixer,
    render: RenderHalf,
    ports: Vec<TestPort>,
    removed: Vec<PortId>,
    bridges: Vec<(AudioBridge, BTreeSet<PortId>)>,
    edges: BTreeMap<(PortId, PortId), i64>,
}

fn factor(percent: u32) -> i64 {
    (i64::from(percent) * 4096 + 50) / 100
}

fn scaled(sample: i64, factor: i64) -> i64 {
    (sample * factor).div_euclid(4096)
}

fn limited(sample: i64) -> i64 {
    sample.clamp(i64::from(i16::MIN), i64::from(i16::MAX))
}

impl TestPort {
    fn new(id: PortId, writer: Option<PortWriter>, reader: Option<PortReader>) -> Self {
        let device = id == PortId::DEVICE;
        Self {
            id,
            input: writer.is_some() || device,
            output: reader.is_some() || device,
            writer,
            reader,
            queue: VecDeque::new(),
            input_volume: (4096, false),
            output_volume: (4096, false),
            frame: vec![0; QUANTUM],
        }
    }

    fn write(&mut self, seed: u64) {
        let Some(writer) = &mut self.writer else { return };
        let pcm = noise(seed);
        let room = self.queue.len() < RING_QUANTA;
        assert_eq!(writer.write(&pcm), if room { QUANTUM } else { 0 });
        if room {
            self.queue.push_back(pcm);
        }
    }
}

fn gain((volume, muted): (i64, bool)) -> i64 {
    if muted { 0 } else { volume }
}

impl World {
    fn new() -> Self {
        let (mixer, render) = AudioMixer::new(RATE);
        let ports = vec![TestPort::new(PortId::DEVICE, None, None)];
        let (removed, bridges, edges) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { mixer, render, ports, removed, bridges, edges }
    }

    fn port(&mut self, index: usize) -> &mut TestPort {
        let count = self.ports.len();
        &mut self.ports[index % count]
    }

    fn forget(&mut self, id: PortId) {
        self.ports.retain(|port| port.id != id);
        self.edges.retain(|(from, to), _| *from != id && *to != id);
        for (_, members) in &mut self.bridges {
            members.remove(&id);
        }
        self.removed.push(id);
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::AddPort => {
                let port = self.mixer.add_port().unwrap();
                self.ports.push(TestPort::new(port.id, Some(port.input), Some(port.output)));
            }
            Op::AddSource => {
                let writer = self.mixer.add_source().unwrap();
                self.ports.push(TestPort::new(writer.id(), Some(writer), None));
            }
            Op::AddSink => {
                let reader = self.mixer.add_sink().unwrap();
                self.ports.push(TestPort::new(reader.id(), None, Some(reader)));
            }
            Op::RemoveById(index) => {
                let id = self.port(index).id;
                if id == PortId::DEVICE {
                    assert_eq!(self.mixer.remove_port(id), Err(MixerError::DevicePort));
                } else {
                    self.mixer.remove_port(id).unwrap();
                    let port = self.port(index);
                    assert!(port.writer.as_ref().is_none_or(PortWriter::is_closed));
                    self.forget(id);
                }
            }
            Op::DropHalves(index) => {
                let id = self.port(index).id;
                if id != PortId::DEVICE {
                    self.forget(id);
                }
            }
            Op::Connect(from, to, percent) => self.connect(from, to, percent),
            Op::Disconnect(from, to) => {
                let (from, to) = (self.port(from).id, self.port(to).id);
                self.mixer.disconnect(from, to).unwrap();
                self.edges.remove(&(from, to));
            }
            Op::AddBridge => {
                if self.bridges.len() < 4 {
                    self.bridges.push((self.mixer.add_bridge(), BTreeSet::new()));
                }
            }
            Op::Join(bridge, port) => {
                let id = self.port(port).id;
                if let Some((bridge, members)) = self.bridges.get_mut(bridge) {
                    bridge.add(id).unwrap();
                    members.insert(id);
                    assert_eq!(bridge.members().len(), members.len());
                }
            }
            Op::Leave(bridge, port) => {
                let id = self.port(port).id;
                if let Some((bridge, members)) = self.bridges.get_mut(bridge) {
                    bridge.remove(id).unwrap();
                    members.remove(&id);
                }
            }
            Op::DropBridge(bridge) => {
                if bridge < self.bridges.len() {
                    self.bridges.remove(bridge);
                }
            }
            Op::InputVolume(port, percent) => {
                let id = self.port(port).id;
                self.mixer.port(id).unwrap().set_input_volume(percent).unwrap();
                self.port(port).input_volume.0 = factor(percent);
            }
            Op::OutputVolume(port, percent) => {
                let id = self.port(port).id;
                self.mixer.port(id).unwrap().set_output_volume(percent).unwrap();
                self.port(port).output_volume.0 = factor(percent);
            }
            Op::MuteInput(port, muted) => {
                let id = self.port(port).id;
                self.mixer.port(id).unwrap().set_input_muted(muted);
                self.port(port).input_volume.1 = muted;
            }
            Op::MuteOutput(port, muted) => {
                let id = self.port(port).id;
                self.mixer.port(id).unwrap().set_output_muted(muted);
                self.port(port).output_volume.1 = muted;
            }
            Op::Write(port, seed) => self.port(port).write(seed),
            Op::WriteAll(seed) => {
                for (index, port) in self.ports.iter_mut().enumerate() {
                    port.write(seed.rotate_left(index as u32));
                }
            }
            Op::Tick(seed) => self.tick(seed),
        }
    }

    fn connect(&mut self, from: usize, to: usize, percent: u32) {
        let (from, input) = (self.port(from).id, self.port(from).input);
        let (to, output) = (self.port(to).id, self.port(to).output);
        let gain = Gain::from_percent(percent).unwrap();
        let expected = match (input, output, from == to) {
            (false, _, _) => Err(MixerError::NoInput(from)),
            (_, false, _) => Err(MixerError::NoOutput(to)),
            (_, _, true) => Err(MixerError::SamePort(from)),
            _ => Ok(()),
        };
        assert_eq!(self.mixer.connect_with_gain(from, to, gain), expected);
        if expected.is_ok() {
            self.edges.insert((from, to), factor(percent));
        }
    }

    /// What everybody should hear, pair by pair.
    fn expect(&mut self, capture: &[i16]) -> Expectations {
        for port in &mut self.ports {
            let pcm = match port.id == PortId::DEVICE {
                true => capture.to_vec(),
                false => port.queue.pop_front().unwrap_or_else(|| vec![0; QUANTUM]),
            };
            let factor = gain(port.input_volume);
            port.frame = pcm.iter().map(|s| limited(scaled(i64::from(*s), factor))).collect();
        }
        let mut expected = Expectations::default();
        for listener in self.ports.iter().filter(|port| port.output) {
            let mut sum = vec![0i64; QUANTUM];
            for speaker in self.ports.iter().filter(|port| port.id != listener.id) {
                let both = [speaker.id, listener.id];
                let bridges = self.bridges.iter();
                let shared = bridges.filter(|(_, m)| both.iter().all(|id| m.contains(id))).count();
                let edge = self.edges.get(&(speaker.id, listener.id)).copied();
                for (sum, sample) in sum.iter_mut().zip(&speaker.frame) {
                    *sum += shared as i64 * sample + edge.map_or(0, |gain| scaled(*sample, gain));
                }
            }
            let factor = gain(listener.output_volume);
            let heard = sum.iter().map(|s| limited(scaled(limited(*s), factor)) as i16).collect();
            expected.heard.push((listener.id, heard));
        }
        expected
    }

    fn tick(&mut self, seed: u64) {
        let capture = noise(seed);
        let expected = self.expect(&capture);
        let mut playback = vec![0; QUANTUM];
        self.render.render(&capture, &mut playback);
        for (id, heard) in expected.heard {
            let port = self.ports.iter_mut().find(|port| port.id == id).unwrap();
            let got = match &mut port.reader {
                Some(reader) => {
                    let mut got = vec![0; QUANTUM];
                    assert!(reader.read_exact(&mut got), "a quantum each tick");
                    got
                }
                None => playback.clone(),
            };
            assert_eq!(got, heard, "port {id}");
            let sum: i64 = heard.iter().map(|s| i64::from(*s).abs()).sum();
            let levels = self.mixer.port(id).unwrap().levels();
            assert_eq!(i64::from(levels.output.mean), sum / QUANTUM as i64);
        }
        for id in &self.removed {
            assert_eq!(self.mixer.connect(*id, PortId::DEVICE), Err(MixerError::NoSuchPort(*id)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_what_the_model_says(ops in prop::collection::vec(op(), 1..150)) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
        world.tick(1);
    }
}
