//! Devices: what drives a mixer's render half.
//!
//! A mixer has one device, and so one clock: the sound card's when it has
//! one, else that of a [`NullDevice`] or [`WavDevice`].

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use crate::mixer::RenderHalf;
use crate::wav::WavError;

mod null;
mod wav;

pub use null::NullDevice;
pub use wav::{WavDevice, WavDeviceConfig};

/// Something that has a microphone, a speaker and a clock, in whatever form.
pub trait AudioDevice: Send + Sync {
    /// Starts to call `render` each 10 ms, until the running device is
    /// stopped or dropped.
    ///
    /// May wait for the system. Not for asynchronous code, except where the
    /// device says so.
    ///
    /// # Errors
    ///
    /// [`FailedStart`], which gives the render half back for another device.
    fn start(&self, render: RenderHalf) -> Result<RunningDevice, Box<FailedStart>>;
}

/// Why a device can't be used, or not further.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// A WAV file in place of a microphone or speaker.
    #[error(transparent)]
    Wav(#[from] WavError),
}

/// A device that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FailedStart {
    /// Why.
    #[source]
    pub error: DeviceError,
    /// For the next device to try; `None` when this one has lost it.
    pub render: Option<RenderHalf>,
}

/// A device at work; dropping it stops it.
#[must_use = "dropping it stops the device"]
pub struct RunningDevice {
    // Dropped before anything is taken home.
    keep: Option<Box<dyn Send + Sync>>,
    home: Home,
}

/// Where a render half goes when its device has stopped.
#[derive(Clone, Default)]
struct Home(Arc<Mutex<Option<RenderHalf>>>);

impl RunningDevice {
    /// For the makers of devices: lends `render` to whatever `start` makes of
    /// it, a callback for instance, and keeps that until it is stopped.
    /// Dropping what `start` returns has to drop the lent render half, before
    /// the drop returns.
    ///
    /// # Errors
    ///
    /// What `start` returns, with the render half.
    pub fn lend<K: Send + Sync + 'static>(
        render: RenderHalf,
        start: impl FnOnce(LentRenderHalf) -> Result<K, DeviceError>,
    ) -> Result<Self, Box<FailedStart>> {
        let home = Home::default();
        let lent = LentRenderHalf { render: Some(render), home: home.clone() };
        match start(lent) {
            Ok(keep) => Ok(Self { keep: Some(Box::new(keep)), home }),
            Err(error) => Err(Box::new(FailedStart { error, render: home.take() })),
        }
    }

    /// Stops the device, and gives the render half back for the next; `None`
    /// when the device has lost it (its thread has panicked).
    pub fn stop(mut self) -> Option<RenderHalf> {
        drop(self.keep.take());
        self.home.take()
    }
}

impl fmt::Debug for RunningDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningDevice").finish_non_exhaustive()
    }
}

impl Home {
    fn take(&self) -> Option<RenderHalf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A render half that finds its way back when its device ends.
pub struct LentRenderHalf {
    render: Option<RenderHalf>,
    home: Home,
}

impl Deref for LentRenderHalf {
    type Target = RenderHalf;

    fn deref(&self) -> &RenderHalf {
        self.render.as_ref().expect("taken only by the drop")
    }
}

impl DerefMut for LentRenderHalf {
    fn deref_mut(&mut self) -> &mut RenderHalf {
        self.render.as_mut().expect("taken only by the drop")
    }
}

impl Drop for LentRenderHalf {
    fn drop(&mut self) {
        *self.home.0.lock().unwrap_or_else(PoisonError::into_inner) = self.render.take();
    }
}

impl fmt::Debug for LentRenderHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LentRenderHalf").field(&self.render).finish()
    }
}
