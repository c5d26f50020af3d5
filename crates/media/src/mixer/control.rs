//! The control half: ports, connections and bridges, and the plans made of
//! them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rtrb::{Consumer, Producer, RingBuffer};

use super::bridge::AudioBridge;
use super::error::MixerError;
use super::level::{Gain, PortShared};
use super::mailbox::Mailbox;
use super::plan::{Directions, Plan, RenderPort, Tables, Update};
use super::port::{Port, PortControl, PortId, PortReader, PortWriter};
use super::rate::SampleRate;
use super::render::RenderHalf;
use super::{MAX_CONNECTIONS_PER_PORT, MAX_PORTS, RING_QUANTA};

/// Room in the ring on which applied updates come back. At most two are
/// under way: one in the ring, and one that the render half has just taken.
const GRAVEYARD: usize = 4;

/// The slots that the first tables have; they double when they are full.
const FIRST_SLOTS: usize = 16;

/// What joins the halves in the direction of the render half.
pub(super) struct Channel {
    pub(super) updates: Mailbox<Update>,
}

/// The control half of a mixer: a handle, cheap to clone.
///
/// Commands take effect at the render half's next tick. They take a short
/// lock that the render half knows nothing of.
#[derive(Clone)]
pub struct AudioMixer {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    rate: SampleRate,
    channel: Arc<Channel>,
    control: Mutex<Control>,
}

/// What the render half should know, and what it has not been told.
struct Control {
    rate: SampleRate,
    slots: Vec<Slot>,
    free: Vec<u32>,
    bridges: Vec<Option<Vec<u32>>>,
    /// By (to, from).
    edges: BTreeMap<(u32, u32), Gain>,
    /// Slots in the render half's tables, once it has taken all updates.
    capacity: usize,
    graveyard: Consumer<Box<Update>>,
}

struct Slot {
    generation: u32,
    port: Option<(Directions, Arc<PortShared>)>,
}

/// What the halves of a port share: when the last is dropped, the port is
/// removed.
pub(super) struct Lease {
    mixer: Weak<Shared>,
    id: PortId,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(shared) = self.mixer.upgrade() {
            // Removed before by its id: nothing left to do.
            AudioMixer { shared }.remove_port(self.id).ok();
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.id).finish()
    }
}

impl AudioMixer {
    /// A mixer and its render half, to give to a device.
    pub fn new(rate: SampleRate) -> (Self, RenderHalf) {
        let (bury, graveyard) = RingBuffer::new(GRAVEYARD);
        let channel = Arc::new(Channel { updates: Mailbox::new() });
        let control = Control {
            rate,
            slots: Vec::new(),
            free: Vec::new(),
            bridges: Vec::new(),
            edges: BTreeMap::new(),
            capacity: 0,
            graveyard,
        };
        let render = RenderHalf::new(rate, Arc::clone(&channel), bury);
        let mixer =
            Self { shared: Arc::new(Shared { rate, channel, control: Mutex::new(control) }) };
        mixer.add_device();
        (mixer, render)
    }

    /// The rate of all PCM in this mixer.
    pub fn sample_rate(&self) -> SampleRate {
        self.shared.rate
    }

    /// Samples in a quantum of 10 ms.
    pub fn quantum(&self) -> usize {
        self.shared.rate.quantum()
    }

    /// Adds a port with both directions, connected to nothing.
    ///
    /// # Errors
    ///
    /// [`MixerError::TooManyPorts`].
    pub fn add_port(&self) -> Result<Port, MixerError> {
        self.add_port_with_rings(RING_QUANTA, RING_QUANTA)
    }

    /// Adds a port whose rings hold other numbers of quanta.
    pub(crate) fn add_port_with_rings(
        &self,
        input: usize,
        output: usize,
    ) -> Result<Port, MixerError> {
        let (to_mixer, from_port) = self.ring(input);
        let (to_port, from_mixer) = self.ring(output);
        let (control, lease) = self.add(Some(from_port), Some(to_port))?;
        Ok(Port {
            id: control.id(),
            input: PortWriter { ring: to_mixer, control: control.clone(), _lease: lease.clone() },
            output: PortReader { ring: from_mixer, control, _lease: lease },
        })
    }

    /// Adds a port that only speaks: a player, a tone.
    ///
    /// # Errors
    ///
    /// [`MixerError::TooManyPorts`].
    pub fn add_source(&self) -> Result<PortWriter, MixerError> {
        self.add_source_with_ring(RING_QUANTA)
    }

    /// Adds a port that only speaks, for somebody who may be late by `quanta`.
    pub(crate) fn add_source_with_ring(&self, quanta: usize) -> Result<PortWriter, MixerError> {
        let (ring, from_port) = self.ring(quanta);
        let (control, _lease) = self.add(Some(from_port), None)?;
        Ok(PortWriter { ring, control, _lease })
    }

    /// Adds a port that only hears: a recorder.
    ///
    /// # Errors
    ///
    /// [`MixerError::TooManyPorts`].
    pub fn add_sink(&self) -> Result<PortReader, MixerError> {
        self.add_sink_with_ring(RING_QUANTA)
    }

    /// Adds a port that only hears, for somebody who may be late by `quanta`.
    pub(crate) fn add_sink_with_ring(&self, quanta: usize) -> Result<PortReader, MixerError> {
        let (to_port, ring) = self.ring(quanta);
        let (control, _lease) = self.add(None, Some(to_port))?;
        Ok(PortReader { ring, control, _lease })
    }

    /// Removes a port at once, with its connections, though its halves still
    /// exist. Dropping both halves does the same.
    ///
    /// # Errors
    ///
    /// [`MixerError::NoSuchPort`], and [`MixerError::DevicePort`] for the
    /// device's.
    pub fn remove_port(&self, id: PortId) -> Result<(), MixerError> {
        if id == PortId::DEVICE {
            return Err(MixerError::DevicePort);
        }
        let mut control = self.lock();
        control.directions(id)?;
        control.remove(id.slot);
        self.publish(&mut control, [(id.slot, None)]);
        Ok(())
    }

    /// Volumes, levels and counters of a port.
    ///
    /// # Errors
    ///
    /// [`MixerError::NoSuchPort`].
    pub fn port(&self, id: PortId) -> Result<PortControl, MixerError> {
        let control = self.lock();
        let slot = control.slots.get(id.slot as usize).filter(|s| s.generation == id.generation);
        match slot.and_then(|slot| slot.port.as_ref()) {
            Some((_, shared)) => Ok(PortControl { id, shared: Arc::clone(shared) }),
            None => Err(MixerError::NoSuchPort(id)),
        }
    }

    /// The ports, by slot; the device's is the first.
    pub fn ports(&self) -> Vec<PortId> {
        let control = self.lock();
        control.occupied().map(|(slot, _)| control.id_of(slot)).collect()
    }

    /// Lets `to` hear `from`; once, however often it is called.
    ///
    /// # Errors
    ///
    /// As [`connect_with_gain`](Self::connect_with_gain).
    pub fn connect(&self, from: PortId, to: PortId) -> Result<(), MixerError> {
        self.connect_with_gain(from, to, Gain::UNITY)
    }

    /// Lets `to` hear `from` at a volume of its own; an existing connection
    /// takes the new volume.
    ///
    /// # Errors
    ///
    /// [`MixerError::NoSuchPort`], [`MixerError::SamePort`],
    /// [`MixerError::NoInput`] when nothing can come from `from`,
    /// [`MixerError::NoOutput`] when `to` can't hear, and
    /// [`MixerError::TooManyConnections`].
    pub fn connect_with_gain(
        &self,
        from: PortId,
        to: PortId,
        gain: Gain,
    ) -> Result<(), MixerError> {
        let mut control = self.lock();
        if !control.directions(from)?.input {
            return Err(MixerError::NoInput(from));
        }
        if !control.directions(to)?.output {
            return Err(MixerError::NoOutput(to));
        }
        if from == to {
            return Err(MixerError::SamePort(from));
        }
        let edge = (to.slot, from.slot);
        let incoming = control.edges.range((to.slot, 0)..=(to.slot, u32::MAX)).count();
        if incoming >= MAX_CONNECTIONS_PER_PORT && !control.edges.contains_key(&edge) {
            return Err(MixerError::TooManyConnections(to));
        }
        if control.edges.insert(edge, gain) != Some(gain) {
            self.publish(&mut control, []);
        }
        Ok(())
    }

    /// Ends what [`connect`](Self::connect) began; no error when there was
    /// no connection.
    ///
    /// # Errors
    ///
    /// [`MixerError::NoSuchPort`].
    pub fn disconnect(&self, from: PortId, to: PortId) -> Result<(), MixerError> {
        let mut control = self.lock();
        control.directions(from)?;
        control.directions(to)?;
        if control.edges.remove(&(to.slot, from.slot)).is_some() {
            self.publish(&mut control, []);
        }
        Ok(())
    }

    /// Every connection as (from, to), without those of bridges.
    pub fn connections(&self) -> Vec<(PortId, PortId)> {
        let control = self.lock();
        let edges = control.edges.keys();
        edges.map(|&(to, from)| (control.id_of(from), control.id_of(to))).collect()
    }

    /// Adds an empty bridge.
    pub fn add_bridge(&self) -> AudioBridge {
        let mut control = self.lock();
        let index = match control.bridges.iter().position(Option::is_none) {
            Some(index) => index,
            None => {
                control.bridges.push(None);
                control.bridges.len() - 1
            }
        };
        control.bridges[index] = Some(Vec::new());
        drop(control);
        AudioBridge::new(self.clone(), index)
    }

    pub(super) fn remove_bridge(&self, index: usize) {
        let mut control = self.lock();
        let members = control.bridges.get_mut(index).and_then(Option::take);
        if members.is_some_and(|members| !members.is_empty()) {
            self.publish(&mut control, []);
        }
    }

    pub(super) fn join(&self, bridge: usize, id: PortId) -> Result<(), MixerError> {
        let mut control = self.lock();
        control.directions(id)?;
        let Some(Some(members)) = control.bridges.get_mut(bridge) else { return Ok(()) };
        if let Err(at) = members.binary_search(&id.slot) {
            members.insert(at, id.slot);
            self.publish(&mut control, []);
        }
        Ok(())
    }

    pub(super) fn leave(&self, bridge: usize, id: PortId) -> Result<(), MixerError> {
        let mut control = self.lock();
        control.directions(id)?;
        let Some(Some(members)) = control.bridges.get_mut(bridge) else { return Ok(()) };
        if let Ok(at) = members.binary_search(&id.slot) {
            members.remove(at);
            self.publish(&mut control, []);
        }
        Ok(())
    }

    pub(super) fn members(&self, bridge: usize) -> Vec<PortId> {
        let control = self.lock();
        let members = control.bridges.get(bridge).and_then(Option::as_deref).unwrap_or_default();
        members.iter().map(|slot| control.id_of(*slot)).collect()
    }

    fn add_device(&self) {
        let mut control = self.lock();
        let shared = Arc::new(PortShared::new());
        let directions = Directions { input: true, output: true };
        control.slots.push(Slot { generation: 0, port: Some((directions, shared.clone())) });
        self.publish(&mut control, [(0, Some(RenderPort::new(None, None, shared)))]);
    }

    fn ring(&self, quanta: usize) -> (Producer<i16>, Consumer<i16>) {
        RingBuffer::new(quanta * self.quantum())
    }

    fn add(
        &self,
        input: Option<Consumer<i16>>,
        output: Option<Producer<i16>>,
    ) -> Result<(PortControl, Arc<Lease>), MixerError> {
        let mut control = self.lock();
        let slot = match control.free.pop() {
            Some(slot) => slot,
            None if control.slots.len() >= MAX_PORTS => return Err(MixerError::TooManyPorts),
            None => {
                control.slots.push(Slot { generation: 0, port: None });
                control.slots.len() as u32 - 1
            }
        };
        let shared = Arc::new(PortShared::new());
        let directions = Directions { input: input.is_some(), output: output.is_some() };
        control.slots[slot as usize].port = Some((directions, Arc::clone(&shared)));
        let id = control.id_of(slot);
        let port = RenderPort::new(input, output, Arc::clone(&shared));
        self.publish(&mut control, [(slot, Some(port))]);
        let lease = Arc::new(Lease { mixer: Arc::downgrade(&self.shared), id });
        Ok((PortControl { id, shared }, lease))
    }

    fn lock(&self) -> MutexGuard<'_, Control> {
        self.shared.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a new plan for the render half, together with what it has not
    /// taken yet, and frees what it has sent back.
    fn publish<const N: usize>(
        &self,
        control: &mut Control,
        changes: [(u32, Option<RenderPort>); N],
    ) {
        let updates = &self.shared.channel.updates;
        let mut update = updates.take().unwrap_or_default();
        while control.graveyard.pop().is_ok() {}
        update.changes.extend(changes);
        if control.slots.len() > control.capacity {
            control.capacity = control.slots.len().next_power_of_two().max(FIRST_SLOTS);
            update.tables = Some(Tables::new(control.capacity, control.rate.quantum()));
        }
        update.plan = control.plan();
        let left = updates.put(update);
        debug_assert!(left.is_none(), "only this half puts, under its lock");
    }
}

impl fmt::Debug for AudioMixer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioMixer").field("rate", &self.shared.rate).finish_non_exhaustive()
    }
}

impl Control {
    fn occupied(&self) -> impl Iterator<Item = (u32, Directions)> + Clone {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(slot, s)| s.port.as_ref().map(|(has, _)| (slot as u32, *has)))
    }

    fn id_of(&self, slot: u32) -> PortId {
        let generation = self.slots.get(slot as usize).map_or(0, |slot| slot.generation);
        PortId { slot, generation }
    }

    fn directions(&self, id: PortId) -> Result<Directions, MixerError> {
        let slot = self.slots.get(id.slot as usize).filter(|s| s.generation == id.generation);
        let port = slot.and_then(|slot| slot.port.as_ref());
        port.map(|(has, _)| *has).ok_or(MixerError::NoSuchPort(id))
    }

    fn remove(&mut self, slot: u32) {
        let entry = &mut self.slots[slot as usize];
        if let Some((_, shared)) = entry.port.take() {
            shared.set_removed();
        }
        // A slot whose generations are used up is not used again.
        if let Some(next) = entry.generation.checked_add(1) {
            entry.generation = next;
            self.free.push(slot);
        }
        self.edges.retain(|&(to, from), _| to != slot && from != slot);
        for members in self.bridges.iter_mut().flatten() {
            members.retain(|member| *member != slot);
        }
    }

    fn plan(&self) -> Plan {
        let bridges = self.bridges.iter().flatten().map(Vec::as_slice);
        Plan::new(self.rate.quantum(), self.occupied(), bridges, &self.edges)
    }
}

impl RenderPort {
    fn new(
        input: Option<Consumer<i16>>,
        output: Option<Producer<i16>>,
        shared: Arc<PortShared>,
    ) -> Self {
        Self { input, output, shared, flowing: false, silent: true }
    }
}
