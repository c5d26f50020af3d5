//! Where an application keeps what must survive it (Middleware API, "Storage
//! API"): [`FileStorage`] in a folder, [`MemoryStorage`] nowhere.

mod file;
mod memory;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use file::FileStorage;
pub use memory::MemoryStorage;

/// What an application is started with.
pub trait Storage: Send + Sync + 'static {
    /// Where the configuration is kept.
    fn configuration_backend(&self) -> Arc<dyn ConfigurationBackend>;
}

/// Keeps the configuration: one TOML document.
///
/// Both calls may touch a disk; they are made where blocking is allowed.
pub trait ConfigurationBackend: Send + Sync + 'static {
    /// The document, or `None` if none was ever saved.
    fn load(&self) -> Result<Option<String>, StorageError>;

    /// Replaces the document, whole or not at all.
    fn save(&self, document: &str) -> Result<(), StorageError>;
}

/// What went wrong with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A folder could not be made.
    #[error("can't create folder {}: {source}", path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("can't read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("can't write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
