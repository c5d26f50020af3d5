//! The voice mixer and its device.

use std::sync::{Arc, Mutex, PoisonError};

use sipsimple_media::mixer::{AudioBridge, AudioMixer, PortId, SampleRate};
use sipsimple_media::net::device::{AudioDevice, RunningDevice};
use sipsimple_media::net::pacer::{Pacer, SharedPacer};

use super::ApplicationError;

/// The mixer that calls are heard through.
pub(crate) struct Voice {
    pub(crate) mixer: AudioMixer,
    /// With the device in it.
    pub(crate) bridge: AudioBridge,
    /// Drives what waits for disks: recorders and players.
    pub(crate) files: Arc<dyn Pacer>,
    /// Runs the mixer; taken out when the application stops.
    device: Mutex<Option<RunningDevice>>,
}

impl Voice {
    pub(crate) fn start(
        hz: u32,
        device: &dyn AudioDevice,
        pacer: &dyn Pacer,
    ) -> Result<Self, ApplicationError> {
        let rate = SampleRate::try_from(hz)
            .map_err(|error| ApplicationError::Audio { reason: error.to_string() })?;
        let (mixer, render) = AudioMixer::new(rate);
        let bridge = mixer.add_bridge();
        let joined = bridge.add(PortId::DEVICE);
        joined.map_err(|error| ApplicationError::Audio { reason: error.to_string() })?;
        let device = device
            .start(render)
            .map_err(|failed| ApplicationError::Audio { reason: failed.error.to_string() })?;
        let files = Arc::new(SharedPacer::new(pacer, "audio-files"));
        Ok(Self { mixer, bridge, files, device: Mutex::new(Some(device)) })
    }

    /// Stops the device. May wait up to a tick for it.
    pub(crate) fn stop(&self) {
        let device = self.device.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(device);
    }
}
