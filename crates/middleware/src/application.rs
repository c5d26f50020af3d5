//! The application as a whole (Middleware API, "SIPApplication").

mod builder;
mod context;
mod engine;
mod lifecycle;
mod router;
mod voice;

use std::sync::Arc;
use std::time::Instant;

use sipsimple_core::net::{Engine, EngineError};
use sipsimple_media::mixer::{AudioBridge, AudioMixer};
use sipsimple_media::net::MediaError;
use sipsimple_media::net::pacer::Pacer;
use sipsimple_net::Clock;

use crate::account::AccountManager;
use crate::configuration::{ConfigurationError, ConfigurationManager};
use crate::notification::Notifications;
use crate::session::SessionManager;
use crate::storage::Storage;
use crate::stream::MediaStreamRegistry;
pub use builder::SipApplicationBuilder;
pub(crate) use context::{Context, Running, lock};
pub(crate) use router::Route;

/// Why an application can't do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// It was started before, or is being started.
    #[error("the application was started already")]
    AlreadyStarted,
    /// It is not started, or has stopped.
    #[error("the application does not run")]
    NotRunning,
    /// The configuration can't be used. The application can be started again.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The SIP engine did not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The media engine did not start.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The voice mixer or its device did not start.
    #[error("audio: {reason}")]
    Audio {
        /// What went wrong.
        reason: String,
    },
}

/// A SIP application: accounts, sessions, and what they stand on. A handle,
/// cheap to clone; several applications can run in one process.
///
/// [`stop`](Self::stop) ends it gracefully. When the last handle is dropped
/// without that, everything is ended at once and nobody is told.
#[derive(Clone)]
pub struct SipApplication {
    handle: Arc<Handle>,
}

struct Handle {
    context: Arc<Context>,
    plan: builder::Plan,
}

impl Drop for Handle {
    fn drop(&mut self) {
        *lock(&self.context.phase) = context::Phase::Stopped;
        self.context.abort_tasks();
    }
}

impl SipApplication {
    /// An application on the real network, on threads, with the standard types
    /// of streams.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An application that stands on something else.
    pub fn builder() -> SipApplicationBuilder {
        SipApplicationBuilder::new()
    }

    /// Starts everything, in order: the configuration, the SIP engine, the
    /// media engine and the mixer, the accounts, the sessions.
    ///
    /// Must be called within a tokio runtime; everything but media runs on it.
    ///
    /// # Errors
    ///
    /// After [`ApplicationError::Configuration`] it can be started again;
    /// after any other error it is unusable.
    pub async fn start(&self, storage: impl Storage) -> Result<(), ApplicationError> {
        lifecycle::start(&self.handle.context, &self.handle.plan, &storage).await
    }

    /// Ends all sessions, unregisters all accounts, and stops everything. It
    /// returns when no task, thread or socket of the application is left;
    /// other parties that don't answer hold it up for a few seconds at most.
    pub async fn stop(&self) {
        lifecycle::stop(&self.handle.context).await;
    }

    /// Whether it was started and has not been told to stop.
    pub fn running(&self) -> bool {
        self.handle.context.takes_calls()
    }

    /// Every notification from now on. Subscribe before
    /// [`start`](Self::start), and nothing is missed.
    pub fn notifications(&self) -> Notifications {
        self.handle.context.bus.subscribe()
    }

    /// Every SIP message from now on, as
    /// [`EngineEvent::SipTrace`](crate::EngineEvent::SipTrace).
    pub fn traces(&self) -> Notifications {
        self.handle.context.bus.subscribe_traces()
    }

    /// The accounts.
    pub fn accounts(&self) -> AccountManager {
        AccountManager::new(Arc::clone(&self.handle.context))
    }

    /// The sessions.
    pub fn sessions(&self) -> SessionManager {
        SessionManager::new(Arc::clone(&self.handle.context))
    }

    /// The types of streams.
    pub fn registry(&self) -> &MediaStreamRegistry {
        &self.handle.context.registry
    }

    /// The settings.
    ///
    /// # Errors
    ///
    /// [`ApplicationError::NotRunning`].
    pub fn configuration(&self) -> Result<ConfigurationManager, ApplicationError> {
        Ok(self.running_parts()?.configuration.clone())
    }

    /// The SIP engine, for what the middleware does not wrap.
    ///
    /// # Errors
    ///
    /// [`ApplicationError::NotRunning`].
    pub fn engine(&self) -> Result<Engine, ApplicationError> {
        Ok(self.running_parts()?.engine.clone())
    }

    /// The mixer of the voice device, which audio streams are on.
    ///
    /// # Errors
    ///
    /// [`ApplicationError::NotRunning`].
    pub fn voice_audio_mixer(&self) -> Result<AudioMixer, ApplicationError> {
        Ok(self.running_parts()?.voice.mixer.clone())
    }

    /// A bridge with the voice device in it: what joins it is heard on the
    /// device and hears it.
    ///
    /// # Errors
    ///
    /// [`ApplicationError::NotRunning`].
    pub fn voice_audio_bridge(&self) -> Result<AudioBridge, ApplicationError> {
        Ok(self.running_parts()?.voice.bridge.clone())
    }

    /// What players need: the context, and what drives disk work.
    pub(crate) fn player_parts(&self) -> Result<(Arc<Context>, Arc<dyn Pacer>), ApplicationError> {
        let files = Arc::clone(&self.running_parts()?.voice.files);
        Ok((Arc::clone(&self.handle.context), files))
    }

    fn running_parts(&self) -> Result<Arc<Running>, ApplicationError> {
        self.handle.context.running().ok_or(ApplicationError::NotRunning)
    }
}

impl Default for SipApplication {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SipApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SipApplication").field("running", &self.running()).finish_non_exhaustive()
    }
}

/// Waits for an instant of `clock`; without one, for ever.
pub(crate) async fn sleep_until(clock: &dyn Clock, when: Option<Instant>) {
    match when {
        Some(when) => {
            tokio::time::sleep(when.saturating_duration_since(clock.now())).await;
        }
        None => std::future::pending().await,
    }
}
