//! A device without a sound card: silence in, nothing out, on time.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{AudioDevice, FailedStart, RunningDevice};
use crate::mixer::RenderHalf;
use crate::net::pacer::Pacer;

/// A clock for a mixer: its microphone hears silence, its speaker discards.
///
/// Starting and stopping it never waits for more than one quantum's mixing.
#[derive(Clone)]
pub struct NullDevice {
    pacer: Arc<dyn Pacer>,
}

impl NullDevice {
    /// A device whose clock is `pacer`.
    pub fn new(pacer: Arc<dyn Pacer>) -> Self {
        Self { pacer }
    }
}

impl AudioDevice for NullDevice {
    fn start(&self, render: RenderHalf) -> Result<RunningDevice, Box<FailedStart>> {
        RunningDevice::lend(render, |mut render| {
            let capture = vec![0; render.quantum()].into_boxed_slice();
            let mut playback = capture.clone();
            Ok(self.pacer.start(
                "audio-null",
                Box::new(move |_| {
                    render.render(&capture, &mut playback);
                    ControlFlow::Continue(())
                }),
            ))
        })
    }
}

impl fmt::Debug for NullDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NullDevice").finish_non_exhaustive()
    }
}
