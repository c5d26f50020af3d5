//! SIP SIMPLE client SDK: sessions, audio streams, accounts and settings over sans-IO machines.

mod account;
mod application;
pub mod configuration;
pub mod notification;
mod session;
mod storage;
pub mod stream;

pub use account::{Account, AccountError, AccountManager};
pub use application::{ApplicationError, SipApplication, SipApplicationBuilder};
pub use configuration::{
    AccountSettings, AudioCodec, ConfigurationError, ConfigurationManager, SipAddress,
    SipSimpleSettings, Transport,
};
pub use notification::{
    AccountEvent, AccountManagerEvent, ApplicationEvent, AudioStreamEvent, ConfigurationEvent,
    EngineEvent, Event, MediaStreamEvent, Notification, Notifications, Originator, Sender,
    SessionEvent, SessionManagerEvent,
};
pub use session::{
    ConnectOptions, Direction, Party, Session, SessionError, SessionManager, SessionState,
};
pub use storage::{ConfigurationBackend, FileStorage, MemoryStorage, Storage, StorageError};
pub use stream::{AudioStream, MediaStream, MediaStreamRegistry, StreamError, Streams};

/// The crates below, for what the middleware does not wrap.
pub use {sipsimple_core as core, sipsimple_media as media, sipsimple_net as net};
