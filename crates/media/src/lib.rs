//! RTP media engine: packets, jitter buffer, codecs, a lock-free audio mixer, devices, tones and WAV files.

pub mod mixer;
#[cfg(feature = "net")]
pub mod net;
pub mod resample;
