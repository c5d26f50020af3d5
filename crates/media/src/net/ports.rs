//! The pool of RTP ports: an even one for RTP, the next one for RTCP (RFC 3550 §11).

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use super::MediaError;

/// Pairs of ports that are given out one after the other, so that a port rests
/// for long before it is used again.
#[derive(Debug)]
pub(super) struct PortPool {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    first: u16,
    taken: Vec<bool>,
    next: usize,
}

impl PortPool {
    /// The pairs of `range`, starting anywhere.
    pub(super) fn new(range: &RangeInclusive<u16>, random: u32) -> Result<Arc<Self>, MediaError> {
        let (first, last) = (*range.start(), *range.end());
        let unusable = MediaError::PortRange { first, last };
        let Some(even) = first.max(2).checked_next_multiple_of(2) else { return Err(unusable) };
        let pairs = (u32::from(last) + 1).saturating_sub(even.into()) as usize / 2;
        if pairs == 0 {
            return Err(unusable);
        }
        let next = random as usize % pairs;
        let state = State { first: even, taken: vec![false; pairs], next };
        Ok(Arc::new(Self { state: Mutex::new(state) }))
    }

    /// How many pairs there are.
    pub(super) fn len(&self) -> usize {
        self.lock().taken.len()
    }

    /// The next free pair.
    pub(super) fn take(self: &Arc<Self>) -> Option<PortLease> {
        let mut state = self.lock();
        let pairs = state.taken.len();
        let pair = (0..pairs).map(|n| (state.next + n) % pairs).find(|pair| !state.taken[*pair])?;
        state.taken[pair] = true;
        state.next = (pair + 1) % pairs;
        Some(PortLease { rtp: state.first + 2 * pair as u16, pair, pool: Arc::clone(self) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pair of ports, returned to the pool when it is dropped.
#[derive(Debug)]
pub(super) struct PortLease {
    /// The even port.
    pub(super) rtp: u16,
    pair: usize,
    pool: Arc<PortPool>,
}

impl Drop for PortLease {
    fn drop(&mut self) {
        self.pool.lock().taken[self.pair] = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_start_even_and_come_back() {
        let pool = PortPool::new(&(4001..=4008), 1).unwrap();
        assert_eq!(pool.len(), 3);
        let leases: Vec<_> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(leases.iter().map(|l| l.rtp).collect::<Vec<_>>(), [4004, 4006, 4002]);
        drop(leases);
        assert_eq!(pool.take().unwrap().rtp, 4004);
        assert_eq!(pool.take().unwrap().rtp, 4006, "the one just returned rests");
    }

    #[test]
    fn ranges_without_a_pair_are_refused() {
        #[allow(clippy::reversed_empty_ranges)]
        for range in [4001..=4002, 4000..=4000, 5000..=4000, 65535..=65535, 0..=1] {
            assert!(PortPool::new(&range, 7).is_err(), "{range:?}");
        }
        assert_eq!(PortPool::new(&(65534..=65535), 7).unwrap().take().unwrap().rtp, 65534);
        assert_eq!(PortPool::new(&(0..=65535), 0).unwrap().len(), 32767);
    }
}
