//! Bridges: everybody hears everybody else.

use std::fmt;
use std::sync::Arc;

use super::control::AudioMixer;
use super::error::MixerError;
use super::port::PortId;

/// A full mesh of ports: each hears the sum of all others, at a cost that
/// grows with the number of ports, not with its square.
///
/// A handle, cheap to clone; the bridge goes when the last clone is dropped.
/// A port that is removed from the mixer leaves its bridges. A port that
/// hears another on several ways (two bridges, or a bridge and a connection)
/// hears it several times.
#[derive(Clone)]
pub struct AudioBridge {
    inner: Arc<Membership>,
}

struct Membership {
    mixer: AudioMixer,
    index: usize,
}

impl AudioBridge {
    pub(super) fn new(mixer: AudioMixer, index: usize) -> Self {
        Self { inner: Arc::new(Membership { mixer, index }) }
    }

    /// Adds a port; one that is in already stays in once.
    ///
    /// # Errors
    ///
    /// [`MixerError::NoSuchPort`].
    pub fn add(&self, port: PortId) -> Result<(), MixerError> {
        self.inner.mixer.join(self.inner.index, port)
    }

    /// Removes a port; one that isn't in is no error.
    ///
    /// # Errors
    ///
    /// [`MixerError::NoSuchPort`].
    pub fn remove(&self, port: PortId) -> Result<(), MixerError> {
        self.inner.mixer.leave(self.inner.index, port)
    }

    /// The ports in the bridge, by slot.
    pub fn members(&self) -> Vec<PortId> {
        self.inner.mixer.members(self.inner.index)
    }

    /// The mixer that the bridge is in.
    pub fn mixer(&self) -> &AudioMixer {
        &self.inner.mixer
    }
}

impl fmt::Debug for AudioBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioBridge").field("members", &self.members()).finish()
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.mixer.remove_bridge(self.index);
    }
}
