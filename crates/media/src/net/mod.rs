//! The upper floor: what needs sockets, threads and a clock.

pub mod pacer;
