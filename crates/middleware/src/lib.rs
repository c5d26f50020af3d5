//! SIP SIMPLE client SDK: sessions, audio streams, accounts and settings over sans-IO machines.
//!
//! A [`SipApplication`] has [`Account`]s, takes and makes [`Session`]s, and
//! each session has streams: [`AudioStream`], or types of your own
//! ([`MediaStream`]). Commands return at once; what comes of them arrives as
//! typed [notifications](notification).
//!
//! Answer every call:
//!
//! ```no_run
//! use sipsimple::{Event, FileStorage, SessionEvent, SipApplication};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let app = SipApplication::new();
//! let mut calls = app.notifications();
//! app.start(FileStorage::new("settings")?).await?;
//! while let Some(n) = calls.next().await {
//!     if let Event::Session(SessionEvent::NewIncoming { session, streams }) = n.event {
//!         session.accept(streams.audio()).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Call, record, hang up:
//!
//! ```no_run
//! use sipsimple::{AudioStream, Session, SessionState, SipApplication};
//!
//! # async fn example(app: SipApplication) -> Result<(), Box<dyn std::error::Error>> {
//! let account = app.accounts().default_account()?;
//! let audio = AudioStream::new(&account);
//! let session = Session::new(&account);
//! session.connect("sip:bob@example.com".parse()?, [&audio]).await?;
//! session.wait_for(SessionState::Connected).await?;
//! audio.start_recording(None).await?;
//! session.end().await?;
//! # Ok(())
//! # }
//! ```
//!
//! How it is built: everything that decides is a pure machine (the session,
//! the registrar), driven by one task each. No lock is held while code of an
//! application runs, no queue is without bounds, and nothing is global: several
//! applications can run in one process, and in tests all of it runs in virtual
//! time over a simulated network.

mod account;
mod application;
mod audio;
pub mod configuration;
pub mod notification;
mod session;
mod storage;
pub mod stream;

pub use account::{Account, AccountError, AccountManager};
pub use application::{ApplicationError, SipApplication, SipApplicationBuilder};
pub use audio::{ToneGenerator, WavePlayer};
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
