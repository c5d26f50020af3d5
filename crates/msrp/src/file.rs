//! Which file is transferred: the SDP attributes of RFC 5547, as values of text.
//!
//! ```
//! use sipsimple_msrp::file::FileSelector;
//!
//! let value = r#"name:"My cool picture.jpg" type:image/jpeg size:32349"#;
//! let selector: FileSelector = value.parse()?;
//! assert_eq!(selector.name.as_deref(), Some("My cool picture.jpg"));
//! assert_eq!(selector.size, Some(32349));
//! assert_eq!(selector.to_string(), value);
//! # Ok::<(), sipsimple_msrp::file::FileAttributeError>(())
//! ```

mod attributes;
mod hash;
mod name;
mod selector;

pub use attributes::{FileDate, FileDescription, FileRange, transfer_id};
pub use hash::{FileHash, FileHasher, HashAlgorithm};
pub use name::{MAX_FILE_NAME, safe_file_name};
pub use selector::{FileSelector, MAX_HASHES};

/// A file attribute that does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at offset {offset} of a=file-{attribute}")]
pub struct FileAttributeError {
    /// The attribute, without `file-`.
    pub attribute: &'static str,
    /// In bytes from the beginning of the value.
    pub offset: usize,
    /// What should have been there.
    pub expected: &'static str,
}
