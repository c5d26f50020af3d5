//! One event of any prefix, and the notification around it.

use std::time::SystemTime;

use super::{
    AccountEvent, AccountManagerEvent, ApplicationEvent, AudioStreamEvent, ConfigurationEvent,
    EngineEvent, MediaStreamEvent, Sender, SessionEvent, SessionManagerEvent, ToValue,
    ToneGeneratorEvent, Value, WavePlayerEvent,
};

/// A fact: when it happened, to whom, and what.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Notification {
    /// When it happened, by the application's clock.
    pub timestamp: SystemTime,
    /// Who it happened to.
    pub sender: Sender,
    /// What happened.
    pub event: Event,
}

impl Notification {
    pub(crate) fn new(timestamp: SystemTime, sender: Sender, event: Event) -> Self {
        Self { timestamp, sender, event }
    }

    /// The event's full name, for example `SIPSessionDidStart`.
    pub fn name(&self) -> &'static str {
        self.event.name()
    }
}

macro_rules! all_events {
    ($( $(#[$meta:meta])* $variant:ident($type:ty) ),+ $(,)?) => {
        /// What happened.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum Event {
            $( $(#[$meta])* $variant($type), )+
            /// This subscription was read too slowly and this many
            /// notifications were dropped from it. What is true now can be
            /// read from the handles.
            Lagged(u64),
        }

        impl Event {
            /// The full name, as in the Middleware API.
            pub fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant(event) => event.name(), )+
                    Self::Lagged(_) => "Lagged",
                }
            }

            /// The data: each field's name and value.
            pub fn data(&self) -> Vec<(&'static str, Value)> {
                match self {
                    $( Self::$variant(event) => event.data(), )+
                    Self::Lagged(missed) => vec![("missed", missed.to_value())],
                }
            }
        }

        $(
            impl From<$type> for Event {
                fn from(event: $type) -> Self {
                    Self::$variant(event)
                }
            }
        )+
    };
}

all_events! {
    /// `SIPApplication…`
    Application(ApplicationEvent),
    /// `SIPEngine…`
    Engine(EngineEvent),
    /// `SIPSession…`
    Session(SessionEvent),
    /// `SIPSessionManager…`
    SessionManager(SessionManagerEvent),
    /// `MediaStream…`
    MediaStream(MediaStreamEvent),
    /// `AudioStream…`
    AudioStream(AudioStreamEvent),
    /// `SIPAccount…`
    Account(AccountEvent),
    /// `SIPAccountManager…`
    AccountManager(AccountManagerEvent),
    /// `CFG…`
    Configuration(ConfigurationEvent),
    /// `WavePlayer…`
    WavePlayer(WavePlayerEvent),
    /// `ToneGenerator…`
    ToneGenerator(ToneGeneratorEvent),
}
