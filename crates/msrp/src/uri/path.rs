//! Lists of URIs: the hops to a session (RFC 4975 §5.2).

use std::fmt;
use std::str::FromStr;

use super::{MsrpUri, UriError};

/// The most URIs that a path may have.
pub const MAX_PATH: usize = 16;

/// One URI or more, the nearest hop first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    first: MsrpUri,
    others: Vec<MsrpUri>,
}

impl Path {
    /// The hops of `relays`, then `end`.
    ///
    /// ```
    /// use sipsimple_msrp::Path;
    ///
    /// let relays = ["msrps://relay.example.com:9000/jui787;tcp".parse()?];
    /// let path = Path::through(&relays, "msrps://alice.example.com:9892/98cjs;tcp".parse()?);
    /// assert_eq!(path.len(), 2);
    /// assert_eq!(path.last().session_id(), Some("98cjs"));
    /// # Ok::<(), sipsimple_msrp::UriError>(())
    /// ```
    pub fn through(relays: &[MsrpUri], end: MsrpUri) -> Self {
        match relays.split_first() {
            None => Self { first: end, others: Vec::new() },
            Some((first, more)) => {
                let others = more.iter().cloned().chain([end]).collect();
                Self { first: first.clone(), others }
            }
        }
    }

    /// The URIs, nearest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &MsrpUri> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The next hop.
    pub fn first(&self) -> &MsrpUri {
        &self.first
    }

    /// The far end.
    pub fn last(&self) -> &MsrpUri {
        self.others.last().unwrap_or(&self.first)
    }

    /// The number of URIs; at least one.
    #[allow(clippy::len_without_is_empty, reason = "a path is never empty")]
    pub fn len(&self) -> usize {
        1 + self.others.len()
    }
}

impl From<MsrpUri> for Path {
    fn from(uri: MsrpUri) -> Self {
        Self { first: uri, others: Vec::new() }
    }
}

impl FromStr for Path {
    type Err = UriError;

    // To-Path = "To-Path:" SP MSRP-URI *( SP MSRP-URI )
    fn from_str(text: &str) -> Result<Self, UriError> {
        let mut offset = 0;
        let mut uris = Vec::new();
        for part in text.split(' ') {
            if !part.is_empty() {
                if uris.len() == MAX_PATH {
                    return Err(UriError { offset, expected: "the end of the path" });
                }
                let uri = part.parse::<MsrpUri>();
                uris.push(uri.map_err(|e| UriError { offset: offset + e.offset, ..e })?);
            }
            offset += part.len() + 1;
        }
        let mut uris = uris.into_iter();
        match uris.next() {
            Some(first) => Ok(Self { first, others: uris.collect() }),
            None => Err(UriError { offset: 0, expected: "an MSRP URI" }),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|uri| write!(f, " {uri}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_limits() {
        let text = "msrps://b.example:1/x;tcp msrps://c.example:2/y;tcp";
        let path: Path = text.parse().expect("two URIs");
        assert_eq!((path.len(), path.to_string().as_str()), (2, text));
        let error = format!("{text} msrp://:1;tcp").parse::<Path>().expect_err("bad third");
        assert_eq!(error.offset, text.len() + 1 + 7);
        assert!("".parse::<Path>().is_err());
        let many = vec!["msrp://a:1/x;tcp"; MAX_PATH + 1].join(" ");
        assert!(many.parse::<Path>().is_err());
    }
}
