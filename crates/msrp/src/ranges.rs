//! Which bytes of a message are there (RFC 4975 §7.3.1).

/// The most separate pieces that a [`RangeSet`] keeps.
pub const MAX_PIECES: usize = 64;

/// A set of byte positions as few ranges, counted from 0, ends not included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RangeSet {
    /// Sorted, not touching.
    ranges: Vec<(u64, u64)>,
}

/// More than [`MAX_PIECES`] separate pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_PIECES} separate pieces")]
pub struct TooManyPieces;

impl RangeSet {
    /// Adds the positions from `start` up to, not including, `end`.
    ///
    /// # Errors
    ///
    /// When there would be more than [`MAX_PIECES`] pieces; nothing is added then.
    pub fn insert(&mut self, start: u64, end: u64) -> Result<(), TooManyPieces> {
        if start >= end {
            return Ok(());
        }
        let first = self.ranges.partition_point(|r| r.1 < start);
        let last = self.ranges.partition_point(|r| r.0 <= end);
        if first == last {
            if self.ranges.len() == MAX_PIECES {
                return Err(TooManyPieces);
            }
            self.ranges.insert(first, (start, end));
            return Ok(());
        }
        let merged = (start.min(self.ranges[first].0), end.max(self.ranges[last - 1].1));
        self.ranges[first] = merged;
        self.ranges.drain(first + 1..last);
        Ok(())
    }

    /// How many positions from 0 on are there without a gap.
    pub fn prefix(&self) -> u64 {
        self.ranges.first().filter(|r| r.0 == 0).map_or(0, |r| r.1)
    }

    /// Whether all positions below `total` are there.
    pub fn covers(&self, total: u64) -> bool {
        self.prefix() >= total
    }

    /// The end of the last range.
    pub fn end(&self) -> u64 {
        self.ranges.last().map_or(0, |r| r.1)
    }

    /// The ranges in order, ends not included.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounded() {
        let mut set = RangeSet::default();
        for n in 0..MAX_PIECES as u64 {
            set.insert(n * 2 + 1, n * 2 + 2).expect("room");
        }
        assert_eq!(set.insert(1000, 1001), Err(TooManyPieces));
        assert_eq!(set.prefix(), 0);
        set.insert(0, 1000).expect("merges");
        assert!(set.covers(1000) && !set.covers(1001));
    }

    proptest! {
        #[test]
        fn like_a_set_of_positions(pieces in prop::collection::vec((0u64..40, 0u64..10), 0..20)) {
            let mut set = RangeSet::default();
            let mut model = [false; 64];
            for (start, len) in pieces {
                set.insert(start, start + len).expect("few pieces");
                (start..start + len).for_each(|n| model[n as usize] = true);
            }
            let mut found = [false; 64];
            for (start, end) in set.iter() {
                prop_assert!(start < end);
                (start..end).for_each(|n| found[n as usize] = true);
            }
            prop_assert_eq!(found, model);
            prop_assert_eq!(set.prefix() as usize, model.iter().take_while(|b| **b).count());
        }
    }
}
