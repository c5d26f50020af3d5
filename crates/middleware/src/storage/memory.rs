//! A store that forgets.

use std::sync::{Arc, Mutex, PoisonError};

use super::{ConfigurationBackend, Storage, StorageError};

/// Keeps everything in memory; clones share it.
///
/// ```
/// use sipsimple::{ConfigurationBackend, MemoryStorage, Storage};
///
/// let storage = MemoryStorage::new();
/// let backend = storage.configuration_backend();
/// assert_eq!(backend.load()?, None);
/// backend.save("user_agent = 'example'")?;
/// assert_eq!(backend.load()?.as_deref(), Some("user_agent = 'example'"));
/// # Ok::<(), sipsimple::StorageError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    configuration: Arc<Document>,
}

#[derive(Debug, Default)]
struct Document(Mutex<Option<String>>);

impl MemoryStorage {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that holds this configuration, a TOML document.
    pub fn with_configuration(document: impl Into<String>) -> Self {
        let document = Document(Mutex::new(Some(document.into())));
        Self { configuration: Arc::new(document) }
    }
}

impl Storage for MemoryStorage {
    fn configuration_backend(&self) -> Arc<dyn ConfigurationBackend> {
        Arc::clone(&self.configuration) as _
    }
}

impl ConfigurationBackend for Document {
    fn load(&self) -> Result<Option<String>, StorageError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, document: &str) -> Result<(), StorageError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(document.to_owned());
        Ok(())
    }
}
