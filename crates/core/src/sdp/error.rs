//! What can be wrong with a session description, and where.

/// Why a description was not taken; always the peer's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at offset {offset}")]
pub struct SdpError {
    /// What is wrong.
    pub kind: SdpErrorKind,
    /// Octets from the start of the description.
    pub offset: usize,
}

/// What is wrong with a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpErrorKind {
    /// Longer than [`MAX_SIZE`](super::MAX_SIZE).
    #[error("description too large")]
    TooLarge,
    /// More lines of one kind than the limits of this module allow.
    #[error("too many {0}= lines")]
    TooMany(char),
    /// Not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// A line that isn't a letter, an equal sign and a value, or has a letter
    /// that RFC 8866 doesn't know.
    #[error("not a line of a session description")]
    Line,
    /// A required line is missing.
    #[error("no {0}= line")]
    Missing(char),
    /// A line breaks its grammar.
    #[error("bad {line}= line: expected {expected}")]
    Syntax {
        /// The letter of the line.
        line: char,
        /// What the grammar wanted to see.
        expected: &'static str,
    },
}
