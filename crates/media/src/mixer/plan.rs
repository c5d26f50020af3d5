//! The tables that tell the render half what to do in a tick, prepared by the
//! control half.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rtrb::{Consumer, Producer};

use super::level::{Gain, PortShared};

/// The render half's side of a port.
pub(super) struct RenderPort {
    /// PCM into the mixer; the device's comes as an argument.
    pub(super) input: Option<Consumer<i16>>,
    pub(super) output: Option<Producer<i16>>,
    pub(super) shared: Arc<PortShared>,
    /// True while there is PCM each quantum, so that running dry counts once.
    pub(super) flowing: bool,
    /// True when this quantum's frame is all zeros.
    pub(super) silent: bool,
}

/// Ports by slot, and room for a quantum of each.
pub(super) struct Tables {
    pub(super) ports: Box<[Option<RenderPort>]>,
    pub(super) frames: Box<[i16]>,
}

impl Tables {
    pub(super) fn new(slots: usize, quantum: usize) -> Self {
        Self {
            ports: (0..slots).map(|_| None).collect(),
            frames: vec![0; slots * quantum].into_boxed_slice(),
        }
    }
}

/// What the control half sends: what has changed since the last one that the
/// render half took. It comes back with what has been replaced.
#[derive(Default)]
pub(super) struct Update {
    /// New contents of slots.
    pub(super) changes: BTreeMap<u32, Option<RenderPort>>,
    /// Larger tables, when the ports have outgrown the old ones.
    pub(super) tables: Option<Tables>,
    pub(super) plan: Plan,
}

/// Who hears whom.
#[derive(Default)]
pub(super) struct Plan {
    /// Slots to take a quantum from.
    pub(super) sources: Vec<u32>,
    /// The bridges of which somebody hears the sum.
    pub(super) bridges: Vec<BridgePlan>,
    /// The heard members of these bridges.
    pub(super) members: Vec<u32>,
    /// A sum for each bridge, a quantum long.
    pub(super) sums: Vec<i32>,
    /// Slots to put a quantum into.
    pub(super) sinks: Vec<(u32, Mix)>,
    /// The bridges of those sinks that need a list.
    pub(super) sink_bridges: Vec<u32>,
    /// The edges of those sinks that need a list.
    pub(super) edges: Vec<(u32, Gain)>,
}

/// One bridge: where its members are.
pub(super) struct BridgePlan {
    pub(super) members: Range<usize>,
    /// True when nobody said anything in this quantum.
    pub(super) silent: bool,
}

/// What a port hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mix {
    Nothing,
    /// Just one other port.
    One(u32),
    /// Everybody else in one bridge.
    Bridge(u32),
    /// Several bridges, edges with a gain, or both.
    Sum {
        bridges: Range<usize>,
        edges: Range<usize>,
    },
}

/// What the control half knows of a port when it makes a plan.
#[derive(Clone, Copy)]
pub(super) struct Directions {
    pub(super) input: bool,
    pub(super) output: bool,
}

impl Plan {
    /// Makes a plan from ports by slot, the members of bridges, and edges by
    /// `(to, from)`.
    pub(super) fn new<'a>(
        quantum: usize,
        ports: impl Iterator<Item = (u32, Directions)> + Clone,
        bridges: impl Iterator<Item = &'a [u32]>,
        edges: &BTreeMap<(u32, u32), Gain>,
    ) -> Self {
        let mut plan = Self::default();
        let slots = ports.clone().last().map_or(0, |(slot, _)| slot as usize + 1);
        let mut directions = vec![Directions { input: false, output: false }; slots];
        for (slot, has) in ports {
            directions[slot as usize] = has;
        }
        // What each slot hears; the few that need more than one go into lists.
        let mut mixes = vec![Mix::Nothing; slots];
        let mut lists: BTreeMap<u32, Heard> = BTreeMap::new();
        for all in bridges {
            plan.add_bridge(all, &directions, &mut mixes, &mut lists);
        }
        for (&(to, from), &gain) in edges {
            let mix = &mut mixes[to as usize];
            if *mix == Mix::Nothing && gain == Gain::UNITY {
                *mix = Mix::One(from);
            } else {
                list_of(to, mix, &mut lists).edges.push((from, gain));
            }
        }
        for (slot, heard) in lists {
            let (b, e) = (plan.sink_bridges.len(), plan.edges.len());
            plan.sink_bridges.extend(heard.bridges);
            plan.edges.extend(heard.edges);
            mixes[slot as usize] =
                Mix::Sum { bridges: b..plan.sink_bridges.len(), edges: e..plan.edges.len() };
        }
        plan.sums = vec![0; plan.bridges.len() * quantum];
        for (slot, (has, mix)) in directions.iter().zip(mixes).enumerate() {
            if has.input {
                plan.sources.push(slot as u32);
            }
            if has.output {
                plan.sinks.push((slot as u32, mix));
            }
        }
        plan
    }

    fn add_bridge(
        &mut self,
        all: &[u32],
        directions: &[Directions],
        mixes: &mut [Mix],
        lists: &mut BTreeMap<u32, Heard>,
    ) {
        let bridge = self.bridges.len() as u32;
        let start = self.members.len();
        self.members.extend(all.iter().filter(|slot| directions[**slot as usize].input));
        let heard = self.members[start..].to_vec();
        let mut summed = false;
        for &slot in all.iter().filter(|slot| directions[**slot as usize].output) {
            let mut others = heard.iter().filter(|other| **other != slot);
            let mix = &mut mixes[slot as usize];
            match (others.next(), others.next()) {
                (None, _) => {}
                // A bridge of two is a pair of edges: no sum to make.
                (Some(&one), None) if *mix == Mix::Nothing => *mix = Mix::One(one),
                (Some(&one), None) => list_of(slot, mix, lists).edges.push((one, Gain::UNITY)),
                (Some(_), Some(_)) => {
                    summed = true;
                    if *mix == Mix::Nothing {
                        *mix = Mix::Bridge(bridge);
                    } else {
                        list_of(slot, mix, lists).bridges.push(bridge);
                    }
                }
            }
        }
        if summed {
            self.bridges.push(BridgePlan { members: start..self.members.len(), silent: true });
        } else {
            self.members.truncate(start);
        }
    }
}

/// What a sink with several sources hears.
#[derive(Default)]
struct Heard {
    bridges: Vec<u32>,
    edges: Vec<(u32, Gain)>,
}

/// The lists of a sink, with what it hears so far in them.
fn list_of<'a>(slot: u32, mix: &mut Mix, lists: &'a mut BTreeMap<u32, Heard>) -> &'a mut Heard {
    let lists = lists.entry(slot).or_default();
    match std::mem::replace(mix, Mix::Sum { bridges: 0..0, edges: 0..0 }) {
        Mix::One(from) => lists.edges.push((from, Gain::UNITY)),
        Mix::Bridge(bridge) => lists.bridges.push(bridge),
        Mix::Nothing | Mix::Sum { .. } => {}
    }
    lists
}
