//! A store in a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ConfigurationBackend, Storage, StorageError};

/// Keeps everything in one folder: the configuration is `config.toml`.
///
/// Files are replaced whole, through a temporary file and a rename, and only
/// their owner can read them: they hold passwords.
#[derive(Debug, Clone)]
pub struct FileStorage {
    directory: PathBuf,
}

impl FileStorage {
    /// The name of the configuration file.
    pub const CONFIGURATION: &'static str = "config.toml";

    /// Uses `directory`, and makes it if it is missing.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let directory = directory.into();
        create_folder(&directory)
            .map_err(|source| StorageError::CreateFolder { path: directory.clone(), source })?;
        Ok(Self { directory })
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Storage for FileStorage {
    fn configuration_backend(&self) -> Arc<dyn ConfigurationBackend> {
        Arc::new(Document { path: self.directory.join(Self::CONFIGURATION) })
    }
}

#[derive(Debug)]
struct Document {
    path: PathBuf,
}

impl ConfigurationBackend for Document {
    fn load(&self) -> Result<Option<String>, StorageError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StorageError::Read { path: self.path.clone(), source }),
        }
    }

    fn save(&self, document: &str) -> Result<(), StorageError> {
        replace(&self.path, document.as_bytes())
            .map_err(|source| StorageError::Write { path: self.path.clone(), source })
    }
}

/// Replaces a file so that a crash leaves either the old or the new one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("toml.new");
    // A leftover of a crash may have other permissions.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = private_file(&temporary)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    drop(file);
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        // The old file is still whole; the half-written one is of no use.
        let _ = fs::remove_file(&temporary);
    }
    replaced?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Makes the rename itself durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FileStorage::new(folder.path().join("deep/er")).unwrap();
        let backend = storage.configuration_backend();
        assert_eq!(backend.load().unwrap(), None);
        backend.save("a = 1").unwrap();
        fs::write(storage.directory().join("config.toml.new"), "crashed").unwrap();
        backend.save("a = 2").unwrap();
        assert_eq!(backend.load().unwrap().as_deref(), Some("a = 2"));
        assert_eq!(fs::read_dir(storage.directory()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let storage = FileStorage::new(folder.path().join("s")).unwrap();
        storage.configuration_backend().save("password = 'x'").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(storage.directory()), 0o700);
        assert_eq!(mode(&storage.directory().join(FileStorage::CONFIGURATION)), 0o600);
    }

    #[test]
    fn says_which_file_is_unwritable() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FileStorage::new(folder.path()).unwrap();
        // A folder where the file should be can't be replaced by a file.
        fs::create_dir_all(folder.path().join("config.toml/in-the-way")).unwrap();
        let error = storage.configuration_backend().save("a = 1").unwrap_err();
        assert!(error.to_string().contains("config.toml"), "{error}");
        assert!(!folder.path().join("config.toml.new").exists());
    }
}
