//! Keeps the ring of a source full enough, at the pace of the mixer.

use crate::mixer::{AudioMixer, MixerError, PortControl, PortWriter};

/// How many quanta wait for the mixer: each side may be late by half of them.
/// What is played from memory or a disk is no worse for it.
const AHEAD: usize = 6;

/// A source port and room for its next quantum.
pub(super) struct Feed {
    writer: PortWriter,
    quantum: Box<[i16]>,
}

impl Feed {
    pub(super) fn new(mixer: &AudioMixer) -> Result<Self, MixerError> {
        let writer = mixer.add_source_with_ring(AHEAD)?;
        Ok(Self { writer, quantum: vec![0; mixer.quantum()].into_boxed_slice() })
    }

    pub(super) fn control(&self) -> &PortControl {
        self.writer.control()
    }

    /// Whether the mixer should be given another quantum.
    pub(super) fn has_room(&self) -> bool {
        self.writer.queued() < AHEAD * self.quantum.len()
    }

    /// The quantum to fill before [`push`](Self::push).
    pub(super) fn quantum(&mut self) -> &mut [i16] {
        &mut self.quantum
    }

    pub(super) fn push(&mut self) {
        self.writer.write(&self.quantum);
    }

    /// Whether the mixer has taken everything.
    pub(super) fn is_drained(&self) -> bool {
        self.writer.queued() == 0 || self.writer.is_closed()
    }
}
