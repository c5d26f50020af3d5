//! Facts that happened, as typed events (Middleware API, "Notifications").
//!
//! Each prefix of the Middleware API is one enum and each variant the rest of
//! the name: `SIPSessionDidStart` is [`SessionEvent::DidStart`]. The tense says
//! what it means: *Will* is about to happen, *Did* has happened, *Got* came from
//! the other party. [`Event::name`] gives the full name, [`Event::data`] the
//! data as a plain tree.

#[macro_use]
mod macros;

mod account;
mod application;
mod audio;
mod bus;
mod configuration;
mod engine;
mod event;
mod sender;
mod session;
mod stream;
mod value;

pub use account::{AccountEvent, AccountManagerEvent};
pub use application::ApplicationEvent;
pub use audio::{ToneGeneratorEvent, WavePlayerEvent};
pub(crate) use bus::Bus;
pub use bus::{NOTIFICATION_CAPACITY, Notifications, TRACE_CAPACITY};
pub use configuration::ConfigurationEvent;
pub use engine::EngineEvent;
pub use event::{Event, Notification};
pub use sender::{Sender, SessionId, StreamId};
pub use session::{AckReceived, Originator, SessionEvent, SessionManagerEvent, StreamAction};
pub use stream::{AudioStreamEvent, MediaStreamEvent};
pub use value::{ToValue, Value};
