//! Ports: where PCM goes into the mixer and comes out of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rtrb::{Consumer, Producer};

use super::control::Lease;
use super::error::MixerError;
use super::level::{Gain, Levels, PortShared, PortStatistics, count};

/// Which port of a mixer. An id is never used again for another port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl PortId {
    /// The port of the mixer's device: its input is the microphone, its
    /// output the speaker.
    pub const DEVICE: Self = Self { slot: 0, generation: 0 };

    /// The slot in the mixer: 0 is the device's. Slots of removed ports are
    /// used again.
    pub fn slot(self) -> u32 {
        self.slot
    }
}

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// A port with both directions: an RTP stream, an application's PCM.
///
/// Take it apart to move its halves to where they are used; the port is
/// removed from the mixer when the last half has been dropped.
#[derive(Debug)]
pub struct Port {
    /// What to call it when connecting.
    pub id: PortId,
    /// PCM into the mixer: what others hear from this port.
    pub input: PortWriter,
    /// PCM out of the mixer: what this port hears.
    pub output: PortReader,
}

/// Puts PCM into the mixer, at the mixer's rate.
///
/// The mixer takes one quantum (10 ms) a tick out of a ring of
/// [`RING_QUANTA`](super::RING_QUANTA). The samples wait there for a whole
/// quantum.
#[derive(Debug)]
pub struct PortWriter {
    pub(super) ring: Producer<i16>,
    pub(super) control: PortControl,
    pub(super) _lease: Arc<Lease>,
}

impl PortWriter {
    /// The port's id.
    pub fn id(&self) -> PortId {
        self.control.id
    }

    /// The port's volumes, levels and counters.
    pub fn control(&self) -> &PortControl {
        &self.control
    }

    /// Writes what fits, and returns how many samples that was. The rest is
    /// the caller's to drop or to keep; it counts as one over-run.
    pub fn write(&mut self, samples: &[i16]) -> usize {
        let (written, rest) = self.ring.push_partial_slice(samples);
        if !rest.is_empty() {
            count(&self.control.shared.input.overruns);
        }
        written.len()
    }

    /// How many samples fit now.
    pub fn free(&self) -> usize {
        self.ring.slots()
    }

    /// How many samples wait for the mixer.
    pub fn queued(&self) -> usize {
        self.ring.buffer().capacity() - self.ring.slots()
    }

    /// True once the port has been removed, or its mixer dropped.
    pub fn is_closed(&self) -> bool {
        self.control.shared.removed() || self.ring.is_abandoned()
    }
}

/// Takes PCM out of the mixer, at the mixer's rate.
///
/// The mixer puts one quantum (10 ms) a tick into a ring of
/// [`RING_QUANTA`](super::RING_QUANTA), silence too, and drops it when the
/// ring is full.
#[derive(Debug)]
pub struct PortReader {
    pub(super) ring: Consumer<i16>,
    pub(super) control: PortControl,
    pub(super) _lease: Arc<Lease>,
}

impl PortReader {
    /// The port's id.
    pub fn id(&self) -> PortId {
        self.control.id
    }

    /// The port's volumes, levels and counters.
    pub fn control(&self) -> &PortControl {
        &self.control
    }

    /// Reads what is there, up to the length of `samples`, and returns how
    /// many samples that was.
    pub fn read(&mut self, samples: &mut [i16]) -> usize {
        self.ring.pop_partial_slice(samples).0.len()
    }

    /// Fills the whole of `samples` and returns true, or when less is there
    /// takes nothing, fills with silence, counts an under-run and returns
    /// false.
    pub fn read_exact(&mut self, samples: &mut [i16]) -> bool {
        let whole = self.ring.pop_entire_slice(samples).is_ok();
        if !whole {
            samples.fill(0);
            count(&self.control.shared.output.underruns);
        }
        whole
    }

    /// How many samples are there.
    pub fn available(&self) -> usize {
        self.ring.slots()
    }

    /// Drops the oldest samples until no more than `keep` are there, and
    /// returns how many it dropped: for a reader that has fallen behind.
    pub fn catch_up(&mut self, keep: usize) -> usize {
        let excess = self.ring.slots().saturating_sub(keep);
        if let Ok(chunk) = self.ring.read_chunk(excess) {
            chunk.commit_all();
        }
        excess
    }

    /// True once the port has been removed, or its mixer dropped, and
    /// everything has been read.
    pub fn is_closed(&self) -> bool {
        let ended = self.control.shared.removed() || self.ring.is_abandoned();
        ended && self.ring.is_empty()
    }
}

/// Volumes, levels and counters of one port: cheap to clone, read and set at
/// any time from anywhere, without a lock.
#[derive(Debug, Clone)]
pub struct PortControl {
    pub(super) id: PortId,
    pub(super) shared: Arc<PortShared>,
}

impl PortControl {
    /// The port's id.
    pub fn id(&self) -> PortId {
        self.id
    }

    /// Sets how loud others hear this port, in percent: 100 is as it comes,
    /// [`MAX_VOLUME`](super::MAX_VOLUME) the most.
    ///
    /// # Errors
    ///
    /// [`MixerError::VolumeTooHigh`].
    pub fn set_input_volume(&self, percent: u32) -> Result<(), MixerError> {
        self.shared.input.set_gain(Gain::from_percent(percent)?);
        Ok(())
    }

    /// Sets how loud this port hears others, in percent.
    ///
    /// # Errors
    ///
    /// [`MixerError::VolumeTooHigh`].
    pub fn set_output_volume(&self, percent: u32) -> Result<(), MixerError> {
        self.shared.output.set_gain(Gain::from_percent(percent)?);
        Ok(())
    }

    /// How loud others hear this port, in percent.
    pub fn input_volume(&self) -> u32 {
        self.shared.input.volume().to_percent()
    }

    /// How loud this port hears others, in percent.
    pub fn output_volume(&self) -> u32 {
        self.shared.output.volume().to_percent()
    }

    /// Others stop hearing this port, or hear it again at its volume.
    pub fn set_input_muted(&self, muted: bool) {
        self.shared.input.set_muted(muted);
    }

    /// This port stops hearing others, or hears them again at its volume.
    pub fn set_output_muted(&self, muted: bool) {
        self.shared.output.set_muted(muted);
    }

    /// Whether others don't hear this port.
    pub fn input_muted(&self) -> bool {
        self.shared.input.muted()
    }

    /// Whether this port doesn't hear others.
    pub fn output_muted(&self) -> bool {
        self.shared.output.muted()
    }

    /// The levels of the latest quantum.
    pub fn levels(&self) -> Levels {
        Levels { input: self.shared.input.level(), output: self.shared.output.level() }
    }

    /// Under-runs and over-runs so far.
    pub fn statistics(&self) -> PortStatistics {
        PortStatistics {
            input_underruns: self.shared.input.underruns.load(Relaxed),
            input_overruns: self.shared.input.overruns.load(Relaxed),
            output_underruns: self.shared.output.underruns.load(Relaxed),
            output_overruns: self.shared.output.overruns.load(Relaxed),
        }
    }
}
