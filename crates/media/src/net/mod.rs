//! The upper floor: what needs sockets, threads and a clock.
//!
//! [`MediaEngine`] owns the RTP ports and a few media workers. A worker is a
//! tick every 10 ms ([`pacer`]) that steps all its streams: it takes what their
//! sockets have received, lets each [machine](crate::stream) do its quantum,
//! sends what that gives, and moves PCM to and from the mixer's rings,
//! resampled where the rates differ. Commands reach it through a bounded
//! queue, events leave it through another; it never waits for anybody.
//!
//! ```
//! use std::sync::Arc;
//! use sipsimple_media::codec;
//! use sipsimple_media::mixer::{AudioMixer, SampleRate};
//! use sipsimple_media::net::pacer::ThreadPacer;
//! use sipsimple_media::net::{MediaConfig, MediaEngine};
//! use sipsimple_media::stream::{AudioConfig, PayloadFormat};
//! use sipsimple_net::{TokioClock, TokioNetwork, random_seed};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let engine = MediaEngine::new(MediaConfig {
//!     network: Arc::new(TokioNetwork),
//!     clock: Arc::new(TokioClock::new()),
//!     pacer: Arc::new(ThreadPacer),
//!     port_range: MediaConfig::DEFAULT_PORTS,
//!     workers: 1,
//!     seed: random_seed(),
//! })?;
//! let (mixer, _render) = AudioMixer::new(SampleRate::Hz16000);
//!
//! let transport = engine.open_transport([127, 0, 0, 1].into())?;
//! println!("a=rtcp:{}", transport.local_rtcp().port());
//! let pcmu = codec::by_name("PCMU", 8000).unwrap();
//! let config = AudioConfig::new("127.0.0.1:4000".parse()?, PayloadFormat::new(0, pcmu));
//! let (audio, mut events) = engine.start_audio(transport, config, &mixer)?;
//! println!("{:?} in the mixer, {} packets so far", audio.port(), audio.statistics().rx.packets);
//!
//! audio.stop();
//! while let Some(event) = events.next().await {
//!     println!("{event:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audio;
mod call;
mod cushion;
pub mod device;
mod engine;
mod error;
mod events;
mod feed;
pub mod pacer;
mod ports;
mod runner;
mod tone_generator;
mod transport;
mod wave_player;
mod wave_recorder;
mod worker;

pub use audio::{AudioEvents, AudioHandle, MAX_WAITING_EVENTS};
pub use engine::{MediaConfig, MediaEngine};
pub use error::MediaError;
pub use events::{EVENT_CAPACITY, Events};
pub use tone_generator::{MAX_TONES, ToneError, ToneGenerator, ToneGeneratorEvent};
pub use transport::RtpTransport;
pub use wave_player::{WavePlayer, WavePlayerConfig, WavePlayerEvent};
pub use wave_recorder::{RECORDER_RING_QUANTA, WaveRecorder, WaveRecorderEvent};
pub use worker::MAX_WAITING_COMMANDS;
