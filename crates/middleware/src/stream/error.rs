//! Why a stream does not do what it should.

use sipsimple_media::net::MediaError;

/// Why a stream does not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// What the other party describes can't be used: its fault.
    #[error("{0}")]
    Unacceptable(String),
    /// The media engine failed.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The stream has not started, or has ended.
    #[error("the stream does not run")]
    NotRunning,
    /// A stream can be part of one session only, once.
    #[error("the stream is part of a session already")]
    InUse,
    /// Our own address on the way to the other party can't be found.
    #[error("no local address for the stream")]
    NoLocalAddress,
    /// Not a DTMF digit.
    #[error("{0:?} is not a DTMF digit")]
    NotADigit(char),
    /// The recording can't be written.
    #[error("can't record: {0}")]
    Recording(String),
    /// Whatever a stream of the application's own needs to say.
    #[error("{0}")]
    Other(String),
}
