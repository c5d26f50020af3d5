//! Identifiers from the configuration's seed (RFC 3261 §8.1.1.7, §19.3).

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stack's own generator.
#[derive(Debug)]
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// 64 unguessable bits: a branch, a tag, half a Call-ID.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A hasher that a peer can't predict, for keys that peers choose.
    pub(crate) fn hasher(&mut self) -> SeededHasher {
        SeededHasher(self.bits(), self.bits())
    }
}

/// 64 bits as the tags and branches of this stack show them.
pub(crate) fn token(bits: u64) -> Token {
    Token(bits)
}

/// See [`token`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token(u64);

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Reads what [`token`] wrote; anything else is not ours.
pub(crate) fn parse_token(text: &str) -> Option<u64> {
    if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

/// `SipHash` with a secret in front.
#[derive(Debug, Clone)]
pub(crate) struct SeededHasher(u64, u64);

impl BuildHasher for SeededHasher {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher.write_u64(self.1);
        hasher
    }
}

/// A map whose keys are numbers of our own making.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Tables with room for fewer entries are left as they are.
const SMALL_TABLE: usize = 64;

/// Gives back the room of a table that has become almost empty, so that many
/// calls at once leave nothing behind.
pub(crate) fn give_back<K: Eq + Hash, V, S: BuildHasher>(table: &mut HashMap<K, V, S>) {
    if table.capacity() > SMALL_TABLE && table.len() < table.capacity() / 8 {
        table.shrink_to(table.len() * 2);
    }
}

/// Spreads a number over the table; peers don't choose these numbers.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        // Fibonacci hashing; the upper bits pick the control byte, the lower the bucket.
        let mixed = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        let mut random = Random::new([7; 32]);
        for bits in [0, 1, u64::MAX, random.bits()] {
            assert_eq!(parse_token(&token(bits).to_string()), Some(bits));
        }
        for foreign in ["", "1", "+123456789abcdef", "ABCDEFABCDEFABCD", "0123456789abcdef0"] {
            assert_eq!(parse_token(foreign), None, "{foreign}");
        }
    }
}
