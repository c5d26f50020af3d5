//! The tokio engine: one task that owns a [`Stack`](crate::stack::Stack) by
//! value and moves its bytes over `sipsimple_net`'s sockets.
//!
//! Beside that task, [`Engine::start`] runs one small task for each TCP
//! listener and each TCP connection, and one for each name that is being
//! resolved. They speak to the engine through one bounded queue, and never to
//! each other: a peer that does not read fills its own queue and loses its
//! connection, nobody else notices.

mod connection;
mod datagram;
mod driver;
mod engine;
mod events;
mod listen;
mod lookup;

pub use engine::{Engine, EngineConfig, EngineError, Listener};
pub use events::{EngineEvents, TraceItem, Traces};

use std::time::Duration;

/// Events that wait for the application. While fewer than a quarter of the
/// places are free, new requests are answered 503; while none is free, nothing
/// is read from the network.
pub const EVENT_QUEUE: usize = 4_096;
/// Traced messages that wait for their reader; the oldest are dropped, and the
/// reader is told how many.
pub const TRACE_QUEUE: usize = 512;
/// Commands that wait for the machine; callers wait while it is full.
pub const COMMAND_QUEUE: usize = 256;
/// Pieces of work from the connections that wait for the machine; connections
/// are not read while it is full.
pub const SIGNAL_QUEUE: usize = 256;
/// Messages that wait to be written to one connection; a peer that lets it
/// fill up loses the connection.
pub const CONNECTION_QUEUE: usize = 256;
/// TLS handshakes of a listener that run at once; more connections are closed.
pub const MAX_HANDSHAKES: usize = 1_024;
/// The same for one address, so that it can't use up all of them.
pub const MAX_HANDSHAKES_PER_ADDRESS: usize = 64;
/// How long connecting may take, without the handshake of TLS, which has
/// [`HANDSHAKE_TIMEOUT`](sipsimple_net::tls::HANDSHAKE_TIMEOUT).
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long what was sent before a close may take to be written.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a name may take to be resolved.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long calls and registrations get to end at shutdown: a BYE is sent four
/// times in it.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(4);
