//! Simulated networks and virtual time for the scenarios of the sipsimple workspace.
//!
//! [`Simulation`] makes everything from one seed: [`SimNetwork`], whose hosts
//! are [`Network`](sipsimple_net::Network)s, a [`SimResolver`] and a clock. It
//! runs on a current-thread runtime under tokio's paused clock: nothing waits
//! for real, and the same seed gives the same run.
//!
//! ```
//! use std::time::Duration;
//! use sipsimple_net::Network;
//! use sipsimple_testkit::{Link, Simulation};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! let simulation = Simulation::new(7);
//! simulation.network.set_link(Link { latency: Duration::from_millis(20), ..Link::default() });
//! let a = simulation.host("10.0.0.1").bind_datagram("10.0.0.1:5060".parse()?)?;
//! let b = simulation.host("10.0.0.2").bind_datagram("10.0.0.2:5060".parse()?)?;
//! simulation.network.drop_first(1, |packet| packet.text().starts_with("hello"));
//!
//! for word in ["hello, lost", "hello again"] {
//!     a.try_send_to(word.as_bytes(), b.local_addr()?)?;
//! }
//! let (bytes, from) = sipsimple_testkit::receive(&*b).await?;
//! assert_eq!((&bytes[..], from), (&b"hello again"[..], a.local_addr()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

mod allocator;
mod certificates;
mod interfaces;
mod network;
pub mod process;
mod resolver;
mod simulation;

pub use allocator::CountingAllocator;
pub use certificates::{TestAuthority, Validity, self_signed};
pub use interfaces::SimInterfaces;
pub use network::{
    Action, Fate, Link, Occurrence, Open, Packet, Protocol, Rule, STREAM_BUFFER, SimHost,
    SimNetwork, TRACE_CAPACITY, Traced, receive,
};
pub use resolver::SimResolver;
pub use simulation::Simulation;
