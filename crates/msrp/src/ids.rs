//! Random ids: transactions and messages (RFC 4975 §7.1).

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The id of a transaction of ours: 16 letters and digits, 95 bits.
pub(crate) type TransactionId = [u8; 16];

/// Makes ids from a seed.
#[derive(Debug)]
pub(crate) struct Ids(ChaCha12Rng);

impl Ids {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    pub(crate) fn transaction(&mut self) -> TransactionId {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut id = [0; 16];
        for half in id.chunks_mut(8) {
            let mut random = self.0.next_u64();
            for byte in half {
                *byte = ALPHABET[(random % 62) as usize];
                random /= 62;
            }
        }
        id
    }

    pub(crate) fn text(&mut self) -> String {
        self.transaction().iter().map(|b| *b as char).collect()
    }
}

/// An id of ours back from the text of a response.
pub(crate) fn from_text(text: &str) -> Option<TransactionId> {
    text.as_bytes().try_into().ok()
}
