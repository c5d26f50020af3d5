//! WAV files: read at any rate, written at the mixer's.

use std::io;
use std::sync::Arc;

mod sink;
mod source;

pub use sink::WavSink;
pub use source::WavSource;

/// What is wrong with a WAV file, or with the disk that it is on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// The system could not open, read or write it; also a full disk.
    #[error("{0}")]
    Io(#[source] Arc<io::Error>),
    /// The file is not a WAV file, or a broken one.
    #[error("malformed WAV file: {0}")]
    Malformed(&'static str),
    /// A WAV file of a kind that can't be played: compressed, with more than
    /// two channels, or at an absurd rate.
    #[error("unsupported WAV file: {0}")]
    Unsupported(String),
    /// There is no sound in the file.
    #[error("the WAV file is empty")]
    Empty,
    /// The recording has reached the 4 GB that a WAV file can hold.
    #[error("the WAV file is full")]
    Full,
}

impl WavError {
    fn io(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl From<hound::Error> for WavError {
    fn from(error: hound::Error) -> Self {
        match error {
            hound::Error::IoError(error) => Self::io(error),
            hound::Error::FormatError(what) => Self::Malformed(what),
            other => Self::Unsupported(other.to_string()),
        }
    }
}
