//! SIP SIMPLE client SDK: sessions, audio streams, accounts and settings over sans-IO machines.

pub mod account;
pub mod configuration;
pub mod notification;
pub mod session;
pub mod storage;
pub mod stream;

pub use storage::{ConfigurationBackend, FileStorage, MemoryStorage, Storage, StorageError};
