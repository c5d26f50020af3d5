//! The upper floor: what needs sockets, threads and a clock.

mod audio;
mod call;
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
