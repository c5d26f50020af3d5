//! The endpoint: tasks that own connections, one listener for all sessions.
//!
//! [`Endpoint`] opens and accepts connections over a
//! [`Network`](sipsimple_net::Network); each has a task that owns its machine.
//! A session is a [`Session`] handle and a [`SessionEvents`] queue. The queue is
//! bounded: when the application does not read it, nothing more is read from
//! the session's connection, and the peer has to wait.

mod driver;
mod endpoint;
mod file;
mod registry;
mod relay;
mod session;
mod stream_io;

pub use driver::COMMAND_QUEUE;
pub use endpoint::{ConnectError, Endpoint, EndpointConfig};
pub use file::{FileError, IncomingFile};
pub use relay::{Relay, RelayState};
pub use session::{Answer, EVENT_QUEUE, Session, SessionError, SessionEvents, StreamedMessage};
