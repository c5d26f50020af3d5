#![doc = include_str!("../README.md")]

mod assembly;
pub mod connection;
pub mod cpim;
pub mod file;
mod header;
mod ids;
mod message;
#[cfg(feature = "net")]
pub mod net;
pub mod parser;
mod ranges;
pub mod relay;
mod uri;
pub mod writer;

pub use header::{ByteRange, FailureReport, HeaderName, Status, StatusCode, ValueError};
pub use message::{Flag, Head, HeadError, MAX_HEAD, MAX_HEADERS, Method, StartLine, is_ident};
pub use ranges::{MAX_PIECES, RangeSet, TooManyPieces};
pub use uri::{MAX_PATH, MAX_URI, MSRP_PORT, MsrpUri, Path, Scheme, UriError};
