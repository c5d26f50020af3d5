//! The render half: one tick of mixing, wait-free.

use std::sync::Arc;

use rtrb::Producer;

use super::control::Channel;
use super::kernel;
use super::level::{Gain, count};
use super::plan::{Mix, Plan, RenderPort, Tables, Update};
use super::rate::SampleRate;

/// The half of a mixer that its device drives; see the [module](super).
///
/// It can be dropped anywhere but in a callback: dropping frees.
pub struct RenderHalf {
    rate: SampleRate,
    channel: Arc<Channel>,
    /// Updates that have been applied, on their way back to be freed.
    graveyard: Producer<Box<Update>>,
    tables: Tables,
    plan: Plan,
    mixed: Box<[i16]>,
    sum: Box<[i32]>,
}

impl RenderHalf {
    pub(super) fn new(
        rate: SampleRate,
        channel: Arc<Channel>,
        graveyard: Producer<Box<Update>>,
    ) -> Self {
        let quantum = rate.quantum();
        Self {
            rate,
            channel,
            graveyard,
            tables: Tables::new(0, quantum),
            plan: Plan::default(),
            mixed: vec![0; quantum].into_boxed_slice(),
            sum: vec![0; quantum].into_boxed_slice(),
        }
    }

    /// The mixer's rate.
    pub fn sample_rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples in a quantum: how long `capture` and `playback` have to be.
    pub fn quantum(&self) -> usize {
        self.rate.quantum()
    }

    /// Mixes one quantum: `capture` is what the microphone recorded,
    /// `playback` what the speaker has to play.
    ///
    /// A capture that is shorter than a quantum is taken as followed by
    /// silence; of a playback buffer that is longer, the rest is silence.
    pub fn render(&mut self, capture: &[i16], playback: &mut [i16]) {
        self.take_update();
        playback.fill(0);
        self.take_inputs(capture);
        self.sum_bridges();
        self.give_outputs(playback);
    }

    fn take_update(&mut self) {
        // An update is taken only when it can be sent back. The control half
        // empties the ring before it sends one, so there is always room.
        if self.graveyard.is_full() {
            return;
        }
        let Some(mut update) = self.channel.updates.take() else { return };
        if let Some(tables) = &mut update.tables {
            for (new, old) in tables.ports.iter_mut().zip(&mut self.tables.ports) {
                std::mem::swap(new, old);
            }
            std::mem::swap(tables, &mut self.tables);
        }
        for (slot, change) in &mut update.changes {
            if let Some(port) = self.tables.ports.get_mut(*slot as usize) {
                std::mem::swap(port, change);
            }
        }
        std::mem::swap(&mut update.plan, &mut self.plan);
        let sent_back = self.graveyard.push(update);
        debug_assert!(sent_back.is_ok(), "there was room a moment ago");
    }

    fn take_inputs(&mut self, capture: &[i16]) {
        let quantum = self.rate.quantum();
        for &slot in &self.plan.sources {
            let Some((port, frame)) = self.tables.port_mut(slot, quantum) else { continue };
            if slot == 0 {
                let len = capture.len().min(quantum);
                frame[..len].copy_from_slice(&capture[..len]);
                frame[len..].fill(0);
                port.heard(frame);
            } else {
                port.take_input(frame);
            }
        }
    }

    fn sum_bridges(&mut self) {
        let quantum = self.rate.quantum();
        let sums = self.plan.sums.chunks_exact_mut(quantum);
        for (bridge, sum) in self.plan.bridges.iter_mut().zip(sums) {
            let members = &self.plan.members[bridge.members.clone()];
            let mut frames =
                members.iter().filter_map(|slot| self.tables.loud_frame(*slot, quantum));
            let first = frames.next();
            let second = frames.next();
            bridge.silent = first.is_none();
            match (first, second) {
                (None, _) => {}
                (Some(first), None) => {
                    sum.fill(0);
                    kernel::add(sum, first);
                }
                (Some(first), Some(second)) => kernel::start(sum, first, second),
            }
            for frame in frames {
                kernel::add(sum, frame);
            }
        }
    }

    fn give_outputs(&mut self, playback: &mut [i16]) {
        let quantum = self.rate.quantum();
        let mixed = &mut self.mixed[..];
        for (slot, mix) in &self.plan.sinks {
            let loud = match mix {
                Mix::Nothing => false,
                Mix::One(from) => match self.tables.loud_frame(*from, quantum) {
                    Some(frame) => {
                        mixed.copy_from_slice(frame);
                        true
                    }
                    None => false,
                },
                Mix::Bridge(bridge) => match self.plan.loud_sum(*bridge, quantum) {
                    Some(sum) => {
                        match self.tables.loud_frame(*slot, quantum) {
                            Some(own) => kernel::minus_own(mixed, sum, own),
                            None => kernel::limit(mixed, sum),
                        }
                        true
                    }
                    None => false,
                },
                Mix::Sum { bridges, edges } => {
                    let sum = &mut self.sum[..];
                    sum.fill(0);
                    for bridge in &self.plan.sink_bridges[bridges.clone()] {
                        if let Some(bridge) = self.plan.loud_sum(*bridge, quantum) {
                            match self.tables.loud_frame(*slot, quantum) {
                                Some(own) => kernel::add_minus_own(sum, bridge, own),
                                None => kernel::add_sum(sum, bridge),
                            }
                        }
                    }
                    for (from, gain) in &self.plan.edges[edges.clone()] {
                        if let Some(frame) = self.tables.loud_frame(*from, quantum) {
                            kernel::add_scaled(sum, frame, *gain);
                        }
                    }
                    kernel::limit(mixed, sum);
                    true
                }
            };
            if !loud {
                mixed.fill(0);
            }
            let Some(Some(port)) = self.tables.ports.get_mut(*slot as usize) else { continue };
            port.give_output(mixed, loud);
            if *slot == 0 {
                let len = playback.len().min(quantum);
                playback[..len].copy_from_slice(&mixed[..len]);
            }
        }
    }
}

impl std::fmt::Debug for RenderHalf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RenderHalf").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl Plan {
    /// The sum of a bridge in which somebody says something.
    fn loud_sum(&self, bridge: u32, quantum: usize) -> Option<&[i32]> {
        let bridge = bridge as usize;
        let silent = self.bridges.get(bridge)?.silent;
        (!silent).then(|| &self.sums[bridge * quantum..][..quantum])
    }
}

impl Tables {
    fn port_mut(&mut self, slot: u32, quantum: usize) -> Option<(&mut RenderPort, &mut [i16])> {
        let slot = slot as usize;
        let port = self.ports.get_mut(slot)?.as_mut()?;
        Some((port, &mut self.frames[slot * quantum..][..quantum]))
    }

    /// What a port says, when it says something.
    fn loud_frame(&self, slot: u32, quantum: usize) -> Option<&[i16]> {
        let port = self.ports.get(slot as usize)?.as_ref()?;
        (!port.silent).then(|| &self.frames[slot as usize * quantum..][..quantum])
    }
}

impl RenderPort {
    fn take_input(&mut self, frame: &mut [i16]) {
        let Some(ring) = &mut self.input else { return };
        if ring.pop_entire_slice(frame).is_ok() {
            self.flowing = true;
            self.heard(frame);
            return;
        }
        if self.flowing {
            self.flowing = false;
            count(&self.shared.input.underruns);
        }
        if !self.silent {
            frame.fill(0);
            self.silent = true;
            self.shared.input.set_level(0, frame.len());
        }
    }

    /// Applies the volume and measures the level.
    fn heard(&mut self, frame: &mut [i16]) {
        let gain = self.shared.input.gain();
        gain.apply_all(frame);
        let sum = kernel::magnitudes(frame);
        self.silent = sum == 0;
        self.shared.input.set_level(sum, frame.len());
    }

    fn give_output(&mut self, mixed: &mut [i16], loud: bool) {
        if loud {
            let gain = self.shared.output.gain();
            if gain == Gain::MUTE {
                mixed.fill(0);
            } else {
                gain.apply_all(mixed);
            }
        }
        let sum = if loud { kernel::magnitudes(mixed) } else { 0 };
        self.shared.output.set_level(sum, mixed.len());
        if let Some(ring) = &mut self.output
            && ring.push_entire_slice(mixed).is_err()
        {
            count(&self.shared.output.overruns);
        }
    }
}
