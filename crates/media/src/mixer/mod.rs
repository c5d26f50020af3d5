//! The mixer: any port to any port, and bridges where everybody hears
//! everybody.
//!
//! It has two halves. The **control half**, [`AudioMixer`], is a handle that
//! adds ports, connects them and reads levels. The **render half**,
//! [`RenderHalf`], belongs to the mixer's device, which has the one clock that
//! drives it: each [`QUANTUM`] it takes a quantum from every port's input,
//! mixes, and puts one into every port's output. It never allocates, frees,
//! locks, waits or logs.
//!
//! Between the halves: the control half prepares tables and leaves them for
//! the render half, which swaps them in and sends the old ones (with removed
//! ports inside) back through a ring, so that the control half frees them.
//! Volumes and levels are atomics. Between the render half and everybody
//! else: a wait-free ring of [`RING_QUANTA`] quanta for each direction of
//! each port.
//!
//! ```
//! use sipsimple_media::mixer::{AudioMixer, SampleRate};
//!
//! let (mixer, mut render) = AudioMixer::new(SampleRate::Hz8000);
//! let mut alice = mixer.add_port()?;
//! let mut bob = mixer.add_port()?;
//! mixer.connect(alice.id, bob.id)?;
//!
//! alice.input.write(&[1000; 80]);
//! render.render(&[0; 80], &mut [0; 80]); // a device does this each 10 ms
//! let mut heard = [0; 80];
//! bob.output.read(&mut heard);
//! assert_eq!(heard, [1000; 80]);
//! # Ok::<(), sipsimple_media::mixer::MixerError>(())
//! ```

mod bridge;
mod control;
mod error;
mod kernel;
mod level;
mod mailbox;
mod plan;
mod port;
mod rate;
mod render;

pub use bridge::AudioBridge;
pub use control::AudioMixer;
pub use error::MixerError;
pub use level::{Gain, Level, Levels, MAX_VOLUME, PortStatistics};
pub use port::{Port, PortControl, PortId, PortReader, PortWriter};
pub use rate::{QUANTUM, SampleRate, UnsupportedRate};
pub use render::RenderHalf;

/// How many ports a mixer can have, its device's included.
pub const MAX_PORTS: usize = 16_384;

/// How many ports can be connected to one port directly; a bridge has no
/// such limit.
pub const MAX_CONNECTIONS_PER_PORT: usize = 1_024;

/// How many quanta a port's ring holds in each direction: 40 ms.
///
/// One is being written, one is being read, and two are for the moments in
/// which one of both sides wakes late.
pub const RING_QUANTA: usize = 4;
