//! Engines over a simulated network: whole user agents in one process, in
//! virtual time.

#![cfg(feature = "net")]
#![allow(unreachable_pub, reason = "one binary, many files")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_peers;
mod calls;
mod lifecycle;
mod tls;
mod world;
