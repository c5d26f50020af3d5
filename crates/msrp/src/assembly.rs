//! A message put together from chunks in any order (RFC 4975 §7.3.1).

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::ranges::{MAX_PIECES, TooManyPieces};

/// Bytes received so far. Where chunks overlap, the later one wins. Memory is
/// what was received, wherever its positions are.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// From position 0 without a gap.
    prefix: BytesMut,
    /// What came too early, by position; none touch.
    islands: BTreeMap<u64, BytesMut>,
    stored: usize,
}

impl Assembly {
    /// Takes bytes that belong at `offset`.
    pub(crate) fn insert(&mut self, offset: u64, data: &[u8]) -> Result<(), TooManyPieces> {
        if data.is_empty() {
            return Ok(());
        }
        let end = offset + data.len() as u64;
        let known = self.prefix.len() as u64;
        if offset > known {
            self.insert_island(offset, end, data)?;
        } else {
            let at = offset as usize;
            let over = (self.prefix.len() - at).min(data.len());
            self.prefix[at..at + over].copy_from_slice(&data[..over]);
            if over < data.len() {
                self.cut_islands(known, end);
                self.prefix.extend_from_slice(&data[over..]);
                self.join();
            }
        }
        self.stored = self.prefix.len() + self.islands.values().map(BytesMut::len).sum::<usize>();
        Ok(())
    }

    fn insert_island(&mut self, offset: u64, end: u64, data: &[u8]) -> Result<(), TooManyPieces> {
        // The common case: a chunk goes on.
        if let Some((at, island)) = self.islands.range_mut(..offset).next_back()
            && at + island.len() as u64 == offset
        {
            let at = *at;
            island.extend_from_slice(data);
            let mut grown = self.islands.remove(&at).unwrap_or_default();
            self.cut_islands(offset, end);
            if let Some(next) = self.islands.remove(&end) {
                grown.extend_from_slice(&next);
            }
            self.islands.insert(at, grown);
            return Ok(());
        }
        if self.islands.len() >= MAX_PIECES {
            return Err(TooManyPieces);
        }
        self.cut_islands(offset, end);
        let mut island = BytesMut::from(data);
        if let Some(next) = self.islands.remove(&end) {
            island.extend_from_slice(&next);
        }
        self.islands.insert(offset, island);
        Ok(())
    }

    /// Forgets what islands have between the two positions.
    fn cut_islands(&mut self, start: u64, end: u64) {
        let touched: Vec<u64> = self
            .islands
            .range(..end)
            .rev()
            .take_while(|(at, island)| **at + island.len() as u64 > start)
            .map(|(at, _)| *at)
            .collect();
        for at in touched {
            let mut island = self.islands.remove(&at).unwrap_or_default();
            let island_end = at + island.len() as u64;
            if island_end > end {
                self.islands.insert(end, island.split_off((end - at) as usize));
            }
            if at < start {
                island.truncate((start - at) as usize);
                self.islands.insert(at, island);
            }
        }
    }

    /// Takes over the islands that the prefix has reached.
    fn join(&mut self) {
        while let Some(island) = self.islands.remove(&(self.prefix.len() as u64)) {
            self.prefix.extend_from_slice(&island);
        }
    }

    /// How many bytes are there from the first on.
    pub(crate) fn prefix(&self) -> u64 {
        self.prefix.len() as u64
    }

    /// How many bytes are kept in all.
    pub(crate) fn stored(&self) -> usize {
        self.stored
    }

    /// The position behind the last byte that is there.
    pub(crate) fn end(&self) -> u64 {
        let island = self.islands.last_key_value().map(|(at, i)| at + i.len() as u64);
        island.unwrap_or(self.prefix.len() as u64)
    }

    /// The message.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.prefix.freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_byte_wins(
            pieces in prop::collection::vec((0u64..60, prop::collection::vec(any::<u8>(), 0..20)), 0..30),
        ) {
            let mut assembly = Assembly::default();
            let mut model: Vec<Option<u8>> = vec![None; 100];
            for (offset, data) in &pieces {
                assembly.insert(*offset, data).expect("few pieces");
                for (n, byte) in data.iter().enumerate() {
                    model[*offset as usize + n] = Some(*byte);
                }
                prop_assert_eq!(assembly.stored(), model.iter().flatten().count());
                let end = model.iter().rposition(Option::is_some).map_or(0, |n| n as u64 + 1);
                prop_assert_eq!(assembly.end(), end);
            }
            let expected: Vec<u8> = model.iter().map_while(|b| *b).collect();
            prop_assert_eq!(assembly.prefix() as usize, expected.len());
            prop_assert_eq!(assembly.into_bytes(), expected);
        }
    }

    #[test]
    fn bounded_pieces() {
        let mut assembly = Assembly::default();
        let results: Vec<_> = (0..100).map(|n| assembly.insert(n * 2 + 1, b"x")).collect();
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), MAX_PIECES);
        assert_eq!(assembly.stored(), MAX_PIECES);
    }
}
