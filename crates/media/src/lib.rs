//! RTP media engine: packets, jitter buffer, codecs, a lock-free audio mixer,
//! devices, tones and WAV files. Knows no SIP and no SDP.
//!
//! Two floors. The ground floor is pure: packets ([`rtp`], [`rtcp`]), codecs,
//! the [`jitter`] buffer, the [`mixer`], and [`stream`], the machine of one
//! call. The upper floor, `net`, has sockets and threads: `net::MediaEngine`
//! runs streams on media workers and joins each to a port of a mixer.
//!
//! # The driving contract
//!
//! [`stream::RtpStream`] is driven as every machine of this workspace:
//! `handle_input(now, Input)` hands it a packet, a quantum of audio or a
//! command; then `poll_output()` until it says `Timeout`. Nothing else changes
//! its state, and it never calls anybody.
//!
//! # Audio
//!
//! Samples are mono `i16`. A quantum is 10 ms; a mixer works at one rate, 8,
//! 16, 32 or 48 kHz, and what comes at another is resampled at its border.

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
mod similarity;
pub mod stream;
pub mod stretch;
pub mod telephone_event;
pub mod tone;
pub mod wav;
