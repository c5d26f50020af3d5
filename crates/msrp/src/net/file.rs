//! Files that are received: under their name only when complete and verified.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::file::{FileHash, FileHasher, FileSelector, safe_file_name};

/// How many names are tried when a name is taken: `name-1.ext`, `name-2.ext`…
const MAX_NAMES: u32 = 10_000;

/// How much is read at once to hash what is there.
const READ_SIZE: usize = 256 * 1024;

/// Why a file could not be received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The disk, or the user's share of it, is full.
    #[error("no room for the file")]
    NoRoom(#[source] io::Error),
    /// More bytes came than the file has, or than are allowed.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The file's size as it was said, or the limit.
        limit: u64,
    },
    /// Fewer bytes came than the file has. What came is kept, to go on from there.
    #[error("{received} of {size} bytes")]
    Incomplete {
        /// How many came.
        received: u64,
        /// How many the file has.
        size: u64,
    },
    /// The content is not what the hash says; it is deleted.
    #[error("the content does not have the hash {expected}")]
    Hash {
        /// What it should be.
        expected: String,
    },
    /// A piece came out of its order.
    #[error("a piece at {offset}, where {expected} was next")]
    OutOfOrder {
        /// Where the piece belongs.
        offset: u64,
        /// Where the file ends so far.
        expected: u64,
    },
    /// All names are taken.
    #[error("all names like {name} are taken")]
    NoName {
        /// The name.
        name: String,
    },
    /// Something else.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::NoRoom(error),
            _ => Self::Io(error),
        }
    }
}

/// A file on its way into a folder. Calls block: from a task, use
/// `spawn_blocking` or a thread.
///
/// The unfinished file has a hidden name made of its hash, so that a transfer
/// that was cut goes on where it ended. Without a hash it always begins anew.
#[derive(Debug)]
pub struct IncomingFile {
    folder: PathBuf,
    partial: PathBuf,
    file: File,
    name: String,
    size: Option<u64>,
    limit: u64,
    hash: Option<(FileHash, FileHasher)>,
    position: u64,
}

impl IncomingFile {
    /// Begins, or goes on with, the file that `selector` describes. No more
    /// than `limit` bytes are taken.
    ///
    /// # Errors
    ///
    /// When the file is said to be too long, or can't be made.
    pub fn open(folder: &Path, selector: &FileSelector, limit: u64) -> Result<Self, FileError> {
        if selector.size.is_some_and(|size| size > limit) {
            return Err(FileError::TooLong { limit });
        }
        let hash = selector.best_hash().cloned();
        let name = safe_file_name(selector.name.as_deref().unwrap_or_default());
        let (partial, file) = match &hash {
            Some(hash) => {
                let hex: String = hash.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
                let partial = folder.join(format!(".{hex}.part"));
                let file = open_partial(&partial)?;
                (partial, file)
            }
            None => first_free(MAX_NAMES, |n| {
                let partial = folder.join(format!(".{name}.{n}.part"));
                create(&partial).map(|file| (partial, file))
            })?
            .ok_or_else(|| FileError::NoName { name: name.clone() })?,
        };
        let hash = hash.map(|hash| (hash.clone(), FileHasher::new(hash.algorithm())));
        let size = selector.size;
        let folder = folder.to_owned();
        let mut incoming = Self { folder, partial, file, name, size, limit, hash, position: 0 };
        incoming.catch_up()?;
        Ok(incoming)
    }

    /// Hashes what is there already.
    fn catch_up(&mut self) -> Result<(), FileError> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let read = self.file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            if let Some((_, hasher)) = &mut self.hash {
                hasher.update(&buffer[..read]);
            }
            self.position += read as u64;
        }
        if self.position > self.size.unwrap_or(self.limit) {
            // Not what it seemed to be.
            self.restart()?;
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), FileError> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.position = 0;
        if let Some((hash, hasher)) = &mut self.hash {
            *hasher = FileHasher::new(hash.algorithm());
        }
        Ok(())
    }

    /// How many bytes are there: where the transfer has to go on.
    pub fn received(&self) -> u64 {
        self.position
    }

    /// The name that the file asks for, made safe.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the bytes that belong at `offset`, counted from 0. Bytes that are
    /// there already are passed over.
    ///
    /// # Errors
    ///
    /// When the file becomes too long, a piece is missing before it, or there
    /// is no room. What came before is kept.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), FileError> {
        if offset > self.position {
            return Err(FileError::OutOfOrder { offset, expected: self.position });
        }
        let known = usize::try_from(self.position - offset).unwrap_or(usize::MAX).min(data.len());
        let new = &data[known..];
        let limit = self.size.unwrap_or(self.limit).min(self.limit);
        if self.position + new.len() as u64 > limit {
            return Err(FileError::TooLong { limit });
        }
        self.file.write_all(new)?;
        if let Some((_, hasher)) = &mut self.hash {
            hasher.update(new);
        }
        self.position += new.len() as u64;
        Ok(())
    }

    /// Verifies the file and gives it its name, or one like it that is free.
    /// Returns where it is.
    ///
    /// # Errors
    ///
    /// [`FileError::Incomplete`] keeps what came; [`FileError::Hash`] deletes it.
    pub fn finish(mut self) -> Result<PathBuf, FileError> {
        if let Some(size) = self.size.filter(|size| *size != self.position) {
            return Err(FileError::Incomplete { received: self.position, size });
        }
        if let Some((expected, hasher)) = self.hash.take()
            && hasher.finish() != expected
        {
            fs::remove_file(&self.partial)?;
            return Err(FileError::Hash { expected: expected.to_string() });
        }
        self.file.sync_all()?;
        let (stem, extension) = match self.name.rfind('.') {
            Some(at) if at > 0 => self.name.split_at(at),
            _ => (self.name.as_str(), ""),
        };
        let place = first_free(MAX_NAMES, |n| {
            let name = match n {
                0 => self.name.clone(),
                n => format!("{stem}-{n}{extension}"),
            };
            let path = self.folder.join(name);
            // Unlike a rename, this never replaces a file.
            match fs::hard_link(&self.partial, &path) {
                Err(e) if e.kind() == io::ErrorKind::Unsupported => {
                    create(&path)?;
                    fs::rename(&self.partial, &path)?;
                }
                other => other?,
            }
            Ok(path)
        })?;
        let place = place.ok_or(FileError::NoName { name: self.name })?;
        match fs::remove_file(&self.partial) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(place),
        }
    }

    /// Forgets the file and deletes what came.
    ///
    /// # Errors
    ///
    /// When it can't be deleted.
    pub fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.partial)
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

fn open_partial(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        // A link could lead anywhere.
        Ok(found) if !found.is_file() => Err(io::ErrorKind::AlreadyExists.into()),
        Ok(_) => OpenOptions::new().read(true).write(true).open(path),
        Err(_) => create(path),
    }
}

/// The first of some names that does not exist yet.
fn first_free<T>(
    names: u32,
    mut attempt: impl FnMut(u32) -> io::Result<T>,
) -> io::Result<Option<T>> {
    for n in 0..names {
        match attempt(n) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(Some),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::HashAlgorithm;

    fn selector(name: &str, content: &[u8]) -> FileSelector {
        let mut hasher = FileHasher::new(HashAlgorithm::Sha256);
        hasher.update(content);
        FileSelector {
            name: Some(name.into()),
            size: Some(content.len() as u64),
            hashes: vec![hasher.finish()],
            ..FileSelector::default()
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn cut_resumed_and_verified() {
        let folder = tempfile::tempdir().expect("a folder");
        let content = b"some content".repeat(1000);
        let selector = selector("../a.txt", &content);
        for cut in [0, 1, 5000, 11_999] {
            let mut file = IncomingFile::open(folder.path(), &selector, u64::MAX).expect("open");
            let from = file.received() as usize;
            file.write(from as u64, &content[from..cut.max(from)]).expect("room");
            assert!(matches!(file.finish(), Err(FileError::Incomplete { .. })));
        }
        assert!(names(folder.path()).iter().all(|name| name.starts_with('.')), "not there yet");
        let mut file = IncomingFile::open(folder.path(), &selector, u64::MAX).expect("open");
        assert_eq!(file.received(), 11_999);
        // Bytes that are there already are passed over.
        file.write(11_990, &content[11_990..]).expect("room");
        let path = file.finish().expect("complete");
        assert_eq!(path.file_name().expect("a name"), "a.txt");
        assert_eq!(fs::read(path).expect("content"), content);
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn lies_and_limits() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |s: &FileSelector, limit| IncomingFile::open(folder.path(), s, limit);
        let mut file = open(&selector("a", b"right"), 100).expect("open");
        file.write(0, b"wrong").expect("room");
        assert!(matches!(file.finish(), Err(FileError::Hash { .. })));
        assert!(names(folder.path()).is_empty());

        assert!(matches!(
            open(&selector("a", b"too long"), 3),
            Err(FileError::TooLong { limit: 3 })
        ));
        let mut file = open(&selector("a", b"five!"), 100).expect("open");
        assert!(matches!(file.write(0, b"six..."), Err(FileError::TooLong { limit: 5 })));
        assert!(matches!(file.write(3, b"x"), Err(FileError::OutOfOrder { .. })));
        file.discard().expect("deleted");
        let nothing_said = FileSelector::default();
        let mut file = open(&nothing_said, 3).expect("open");
        assert!(matches!(file.write(0, b"four"), Err(FileError::TooLong { limit: 3 })));
        file.discard().expect("deleted");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn names_that_are_taken_and_empty_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for expected in ["empty.tar.gz", "empty.tar-1.gz", "empty.tar-2.gz"] {
            let selector = selector("empty.tar.gz", b"");
            let file = IncomingFile::open(folder.path(), &selector, 100).expect("open");
            assert_eq!(file.finish().expect("complete").file_name().expect("a name"), expected);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk() {
        // Writing to this device always finds it full.
        let error =
            OpenOptions::new().write(true).open("/dev/full").and_then(|mut f| f.write_all(b"x"));
        let error = FileError::from(error.expect_err("full"));
        assert!(matches!(error, FileError::NoRoom(_)), "{error}");
    }
}
