//! DNS records as plain data (RFC 1035, RFC 2782, RFC 3403), and the rules that
//! every answer has to keep before anybody believes it.

#[cfg(any(feature = "dns", test))]
pub(crate) mod check;

use std::time::Duration;

/// Aliases that are followed from the name that was asked for.
pub const MAX_CNAMES: usize = 8;
/// Records of one answer that are kept; the rest is thrown away.
pub const MAX_RECORDS: usize = 256;
/// The longest name that may be asked for, in bytes (RFC 1035 §2.3.4).
pub const MAX_NAME: usize = 253;

/// An answer: records of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records<T> {
    /// The records. A [`Resolver`](crate::Resolver) never gives none.
    pub records: Vec<T>,
    /// How long they may be kept; zero if that is not known.
    pub ttl: Duration,
}

/// Where a service is (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// The share among those of the same priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `.` says that the service is not offered.
    pub target: Box<str>,
}

/// A rule that leads on to another name (RFC 3403 §4.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Naptr {
    /// The lowest is taken first, and those after a match are not taken.
    pub order: u16,
    /// The lowest is taken first among those of the same order.
    pub preference: u16,
    /// What the replacement is: `s` for SRV, `a` for a host, nothing for
    /// another NAPTR.
    pub flags: Box<str>,
    /// What is offered, for example `SIP+D2U`.
    pub services: Box<str>,
    /// The substitution, where there is no replacement.
    pub regexp: Box<str>,
    /// The next name.
    pub replacement: Box<str>,
}

/// Why there are no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name does not exist or has no such records.
    #[error("no address for {name}")]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// The name servers could not be asked, or gave an answer that is wrong.
    #[error("could not resolve {name}: {reason}")]
    Unreachable {
        /// The name that was asked for.
        name: String,
        /// What the system said.
        reason: String,
    },
}

/// Whether this may be asked for: labels of letters, digits, hyphens and
/// underscores, with or without a final dot. The root is no name here.
pub fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= MAX_NAME && name.split('.').all(label)
}

impl<T> Records<T> {
    /// Records that must not be kept.
    pub fn new(records: Vec<T>) -> Self {
        Self { records, ttl: Duration::ZERO }
    }
}
