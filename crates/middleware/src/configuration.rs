//! The settings (Middleware API, "SIP configuration"): what they are, what is
//! allowed, and how they are kept.
//!
//! All settings are one TOML document. [`SipSimpleSettings`] is its top level,
//! each account a table under `accounts`. Keys that this version does not know
//! stay where they are when the document is written again.

mod account;
mod document;
mod general;
mod manager;
mod value;

pub use account::{AccountAuthSettings, AccountRtpSettings, AccountSettings, AccountSipSettings};
pub use general::{AudioSettings, RtpSettings, SipSettings, SipSimpleSettings};
pub use manager::ConfigurationManager;
pub use value::{AudioCodec, PortRange, SampleRate, SipAddress, SipProxyAddress, Transport};

use crate::storage::StorageError;

/// Why settings were not read, changed or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The document is not TOML.
    #[error("the configuration is not TOML: {reason}")]
    Syntax {
        /// Where, and what was expected.
        reason: String,
    },
    /// A setting has a value that is not allowed.
    #[error("setting {key}: {reason}")]
    Invalid {
        /// The setting's dotted name in the document.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is an account of this id already.
    #[error("there is an account {id} already")]
    DuplicateId {
        /// The account's id.
        id: String,
    },
    /// There is no account of this id.
    #[error("there is no account {id}")]
    ObjectNotFound {
        /// The account's id.
        id: String,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ConfigurationError {
    pub(crate) fn invalid(key: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid { key: key.into(), reason: reason.to_string() }
    }
}
