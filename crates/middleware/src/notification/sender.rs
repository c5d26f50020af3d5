//! Who a notification is about.

use std::fmt;
use std::sync::Arc;

/// A session's number within its application, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u64);

impl SessionId {
    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session:{}", self.0)
    }
}

/// A stream's number within its application, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(crate) u64);

impl StreamId {
    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream:{}", self.0)
    }
}

/// Who a notification is about. It prints as `session:1`, `stream:3`,
/// `account:alice@example.com`, `application` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sender {
    /// The application.
    Application,
    /// The SIP engine.
    Engine,
    /// The account manager.
    AccountManager,
    /// The session manager.
    SessionManager,
    /// The configuration.
    Configuration,
    /// An account, by its id.
    Account(Arc<str>),
    /// A session.
    Session(SessionId),
    /// A stream.
    Stream(StreamId),
    /// A WAV player or tone generator, by its number.
    Player(u64),
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str("application"),
            Self::Engine => f.write_str("engine"),
            Self::AccountManager => f.write_str("account-manager"),
            Self::SessionManager => f.write_str("session-manager"),
            Self::Configuration => f.write_str("configuration"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Session(id) => id.fmt(f),
            Self::Stream(id) => id.fmt(f),
            Self::Player(number) => write!(f, "player:{number}"),
        }
    }
}

impl From<SessionId> for Sender {
    fn from(id: SessionId) -> Self {
        Self::Session(id)
    }
}

impl From<StreamId> for Sender {
    fn from(id: StreamId) -> Self {
        Self::Stream(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_kind_and_id() {
        assert_eq!(Sender::from(SessionId(1)).to_string(), "session:1");
        assert_eq!(Sender::from(StreamId(3)).to_string(), "stream:3");
        assert_eq!(
            Sender::Account("alice@example.com".into()).to_string(),
            "account:alice@example.com"
        );
        assert_eq!(Sender::Application.to_string(), "application");
    }
}
