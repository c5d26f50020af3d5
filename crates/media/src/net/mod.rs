//! The upper floor: what needs sockets, threads and a clock.

mod audio;
mod call;
mod engine;
mod error;
pub mod pacer;
mod ports;
mod transport;
mod worker;

pub use audio::{AudioEvents, AudioHandle, MAX_WAITING_EVENTS};
pub use engine::{MediaConfig, MediaEngine};
pub use error::MediaError;
pub use transport::RtpTransport;
pub use worker::MAX_WAITING_COMMANDS;
