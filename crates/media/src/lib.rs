//! RTP media engine: packets, jitter buffer, codecs, a lock-free audio mixer, devices, tones and WAV files.

pub mod analysis;
pub mod codec;
pub mod conceal;
pub mod g711;
pub mod g722;
pub mod jitter;
pub mod mixer;
#[cfg(feature = "net")]
pub mod net;
pub mod pcm;
pub mod reception;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod stream;
pub mod telephone_event;
pub mod tone;
pub mod wav;
