//! The ground the sipsimple crates stand on: sockets, clock, DNS, interface
//! addresses and digest authentication, each behind a small trait or as pure
//! functions. Knows no SIP, RTP or MSRP.
//!
//! Everything that touches the world is a trait, so that a whole application
//! can run over a simulated network in virtual time. [`TokioNetwork`],
//! [`TokioClock`], [`HickoryResolver`] (or [`SystemResolver`], which knows no SRV)
//! and [`SystemInterfaces`] are the real side.

pub mod digest;
pub mod dns;
#[cfg(feature = "tls")]
pub mod tls;

#[cfg(feature = "net")]
mod clock;
#[cfg(feature = "net")]
mod interface;
#[cfg(feature = "net")]
mod network;
#[cfg(feature = "net")]
mod resolver;
#[cfg(feature = "net")]
mod seed;
#[cfg(feature = "net")]
mod system;

#[cfg(feature = "net")]
pub use {
    clock::{Clock, TokioClock},
    interface::{InterfaceWatcher, SystemInterfaces},
    network::{
        BoxFuture, ByteStream, DatagramSocket, MediaSocket, Network, Received, StreamListener,
    },
    resolver::{Resolver, SystemResolver},
    seed::random_seed,
    system::TokioNetwork,
};

pub use dns::ResolveError;
#[cfg(feature = "dns")]
pub use resolver::{HickoryResolver, QUERY_TIMEOUT};

/// Runs the examples of the README.
#[cfg(all(doctest, feature = "net"))]
#[doc = include_str!("../README.md")]
struct Readme;
