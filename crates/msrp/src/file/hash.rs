//! Hashes of files (RFC 5547 §6).

use std::fmt;

use sha1::Digest;

/// How a file is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-1: what RFC 5547 asks for. It finds errors, not forgeries.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl HashAlgorithm {
    /// The name in IANA's registry of hash function names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            Self::Sha256 => "sha-256",
        }
    }

    /// The algorithm with this name; `sha1`, which an old implementation
    /// writes, is understood.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "sha-1" | "sha1" => Some(Self::Sha1),
            "sha-256" => Some(Self::Sha256),
            _ => None,
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// The hash of a whole file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileHash {
    algorithm: HashAlgorithm,
    bytes: Vec<u8>,
}

impl FileHash {
    /// How it was made.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    // hash-value = 2HEXDIG *(":" 2HEXDIG)
    pub(super) fn parse(algorithm: HashAlgorithm, hex: &str) -> Option<Self> {
        let byte = |pair: &str| match pair.len() {
            2 if pair.bytes().all(|b| b.is_ascii_hexdigit()) => u8::from_str_radix(pair, 16).ok(),
            _ => None,
        };
        let bytes: Vec<u8> = hex.split(':').map(byte).collect::<Option<_>>()?;
        if bytes.len() == algorithm.len() { Some(Self { algorithm, bytes }) } else { None }
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm.as_str())?;
        self.bytes.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}

/// Hashes a file while it is read or received.
#[derive(Debug, Clone)]
pub struct FileHasher(State);

#[derive(Debug, Clone)]
enum State {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl FileHasher {
    /// Begins at the file's first byte.
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self(match algorithm {
            HashAlgorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            HashAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha1(hasher) => hasher.update(bytes),
            State::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// The hash of all bytes.
    pub fn finish(self) -> FileHash {
        match self.0 {
            State::Sha1(h) => {
                FileHash { algorithm: HashAlgorithm::Sha1, bytes: h.finalize().to_vec() }
            }
            State::Sha256(h) => {
                FileHash { algorithm: HashAlgorithm::Sha256, bytes: h.finalize().to_vec() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        for (algorithm, printed) in [
            (
                HashAlgorithm::Sha1,
                "sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D",
            ),
            (
                HashAlgorithm::Sha256,
                "sha-256:BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD",
            ),
        ] {
            let mut hasher = FileHasher::new(algorithm);
            hasher.update(b"a");
            hasher.update(b"bc");
            assert_eq!(hasher.finish().to_string(), printed);
        }
    }
}
