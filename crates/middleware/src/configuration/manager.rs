//! Holds the settings while the application runs, and keeps them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::document::{Document, differences};
use super::{AccountSettings, ConfigurationError, SipAddress, SipSimpleSettings};
use crate::notification::{Bus, ConfigurationEvent, Sender};
use crate::storage::ConfigurationBackend;

/// The name under which notifications speak of the general settings.
const GENERAL: &str = "SIPSimpleSettings";

/// The settings of a running application. Clones share them.
///
/// A change is validated, written, and then in force; when it can't be written
/// it is in force nevertheless, and the error says that it won't last.
#[derive(Clone)]
pub struct ConfigurationManager {
    shared: Arc<Shared>,
}

struct Shared {
    document: Mutex<Document>,
    /// Held while a document is written, so that an older one never replaces
    /// a newer one.
    writing: tokio::sync::Mutex<()>,
    backend: Arc<dyn ConfigurationBackend>,
    bus: Bus,
}

impl ConfigurationManager {
    /// Reads and validates the configuration.
    pub(crate) async fn load(
        backend: Arc<dyn ConfigurationBackend>,
        bus: Bus,
    ) -> Result<Self, ConfigurationError> {
        let reader = Arc::clone(&backend);
        let text = blocking(move || reader.load()).await?;
        let document = Document::parse(text.as_deref().unwrap_or_default())?;
        let writing = tokio::sync::Mutex::default();
        let shared = Shared { document: Mutex::new(document), writing, backend, bus };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The general settings as they are now.
    pub fn settings(&self) -> SipSimpleSettings {
        self.document().settings.clone()
    }

    /// Changes the general settings.
    ///
    /// What the engine and the mixer were started with (ports, transports, user
    /// agent, sample rate, port range) is used from the next start on.
    pub async fn update(
        &self,
        change: impl FnOnce(&mut SipSimpleSettings),
    ) -> Result<(), ConfigurationError> {
        let modified = {
            let mut document = self.document();
            let mut settings = document.settings.clone();
            change(&mut settings);
            settings.validate()?;
            let modified = differences(&document.settings, &settings);
            document.settings = settings;
            modified
        };
        self.changed(GENERAL, modified).await
    }

    /// The ids of all accounts, in the order they were added.
    pub fn account_ids(&self) -> Vec<SipAddress> {
        self.document().accounts.iter().map(|(id, _)| id.clone()).collect()
    }

    /// One account's settings as they are now.
    pub fn account(&self, id: &SipAddress) -> Result<AccountSettings, ConfigurationError> {
        let mut document = self.document();
        document.account(id).cloned().ok_or_else(|| not_found(id))
    }

    /// Changes one account's settings.
    pub(crate) async fn update_account(
        &self,
        id: &SipAddress,
        change: impl FnOnce(&mut AccountSettings),
    ) -> Result<(), ConfigurationError> {
        let modified = {
            let mut document = self.document();
            let current = document.account(id).ok_or_else(|| not_found(id))?;
            let mut settings = current.clone();
            change(&mut settings);
            settings.validate()?;
            let modified = differences(current, &settings);
            *current = settings;
            modified
        };
        self.changed(id.as_str(), modified).await
    }

    pub(crate) async fn add_account(
        &self,
        id: &SipAddress,
        settings: AccountSettings,
    ) -> Result<(), ConfigurationError> {
        settings.validate()?;
        {
            let mut document = self.document();
            if document.account(id).is_some() {
                return Err(ConfigurationError::DuplicateId { id: id.to_string() });
            }
            document.accounts.push((id.clone(), settings));
        }
        let object = id.to_string();
        self.post(ConfigurationEvent::SettingsObjectWasCreated { object });
        self.save().await
    }

    pub(crate) async fn remove_account(&self, id: &SipAddress) -> Result<(), ConfigurationError> {
        {
            let mut document = self.document();
            let index = document.accounts.iter().position(|(other, _)| other == id);
            document.accounts.remove(index.ok_or_else(|| not_found(id))?);
            if document.settings.default_account.as_ref() == Some(id) {
                document.settings.default_account = None;
            }
        }
        let object = id.to_string();
        self.post(ConfigurationEvent::SettingsObjectWasDeleted { object });
        self.save().await
    }

    /// Writes the document.
    pub(crate) async fn save(&self) -> Result<(), ConfigurationError> {
        let _one_at_a_time = self.shared.writing.lock().await;
        let text = self.document().print()?;
        let backend = Arc::clone(&self.shared.backend);
        let saved = blocking(move || backend.save(&text)).await;
        if let Err(error) = &saved {
            let error = error.to_string();
            self.post(ConfigurationEvent::ManagerSaveFailed { error });
        }
        Ok(saved?)
    }

    async fn changed(&self, object: &str, modified: Vec<String>) -> Result<(), ConfigurationError> {
        if modified.is_empty() {
            return Ok(());
        }
        let object = object.to_owned();
        self.post(ConfigurationEvent::SettingsObjectDidChange { object, modified });
        self.save().await
    }

    fn post(&self, event: ConfigurationEvent) {
        self.shared.bus.post(Sender::Configuration, event);
    }

    fn document(&self) -> MutexGuard<'_, Document> {
        self.shared.document.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ConfigurationManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigurationManager").finish_non_exhaustive()
    }
}

fn not_found(id: &SipAddress) -> ConfigurationError {
    ConfigurationError::ObjectNotFound { id: id.to_string() }
}

/// Runs what may touch a disk where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use sipsimple_net::TokioClock;

    use super::*;
    use crate::storage::{FileStorage, MemoryStorage, Storage};

    async fn manager(storage: &impl Storage) -> (ConfigurationManager, Bus) {
        let bus = Bus::new(Arc::new(TokioClock::new()));
        let backend = storage.configuration_backend();
        (ConfigurationManager::load(backend, bus.clone()).await.unwrap(), bus)
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_announced_and_kept() {
        let storage = MemoryStorage::new();
        let (manager, bus) = manager(&storage).await;
        let mut notifications = bus.subscribe();
        manager.update(|s| s.sip.udp_port = 5070).await.unwrap();
        manager.update(|s| s.sip.udp_port = 5070).await.unwrap();
        let id: SipAddress = "bob@example.com".parse().unwrap();
        manager.add_account(&id, AccountSettings::default()).await.unwrap();
        let names: Vec<_> =
            std::iter::from_fn(|| notifications.try_next()).map(|n| n.name()).collect();
        assert_eq!(names, ["CFGSettingsObjectDidChange", "CFGSettingsObjectWasCreated"]);
        let (again, _) = self::manager(&storage).await;
        assert_eq!(again.settings().sip.udp_port, 5070);
        assert_eq!(again.account_ids(), [id]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_change_changes_nothing() {
        let (manager, _) = manager(&MemoryStorage::new()).await;
        let error = manager.update(|s| s.sip.invite_timeout = 0).await.unwrap_err();
        assert!(matches!(error, ConfigurationError::Invalid { .. }));
        assert_eq!(manager.settings().sip.invite_timeout, 90);
        let id: SipAddress = "bob@example.com".parse().unwrap();
        assert!(matches!(
            manager.remove_account(&id).await,
            Err(ConfigurationError::ObjectNotFound { .. })
        ));
    }

    #[tokio::test]
    async fn a_full_disk_is_announced() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FileStorage::new(folder.path().join("gone")).unwrap();
        let (manager, bus) = manager(&storage).await;
        let mut notifications = bus.subscribe();
        std::fs::remove_dir_all(storage.directory()).unwrap();
        assert!(manager.update(|s| s.sip.udp_port = 5070).await.is_err());
        assert_eq!(manager.settings().sip.udp_port, 5070);
        let names: Vec<_> =
            std::iter::from_fn(|| notifications.try_next()).map(|n| n.name()).collect();
        assert_eq!(names, ["CFGSettingsObjectDidChange", "CFGManagerSaveFailed"]);
    }
}
