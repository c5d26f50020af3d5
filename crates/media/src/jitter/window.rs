//! The transits of the latest packets, in order of time and of size.

/// Packets that are remembered: five seconds of 20 ms packets.
const CAPACITY: usize = 256;
/// From so many packets on, the window says enough about the network.
const TELLING: usize = 100;
/// How many packets in a hundred may be later than the playout.
const LATE_PERCENT: usize = 3;

/// A sliding window of transits that knows its least and its quantiles.
///
/// Transits are kept relative to the first one, so that any clock fits.
#[derive(Debug, Default)]
pub struct TransitWindow {
    reference: i64,
    /// In order of arrival, as a ring: `next` is the oldest once it is full.
    arrived: Vec<i32>,
    next: usize,
    sorted: Vec<i32>,
}

impl TransitWindow {
    /// Takes a packet's transit.
    pub fn push(&mut self, transit: i64) {
        if self.arrived.is_empty() {
            self.reference = transit;
            self.arrived.reserve_exact(CAPACITY);
            self.sorted.reserve_exact(CAPACITY);
        }
        let limit = i64::from(i32::MAX);
        let relative = (transit - self.reference).clamp(-limit, limit) as i32;
        if self.arrived.len() == CAPACITY {
            let oldest = std::mem::replace(&mut self.arrived[self.next], relative);
            self.next = (self.next + 1) % CAPACITY;
            let at = self.sorted.partition_point(|other| *other < oldest);
            self.sorted.remove(at);
        } else {
            self.arrived.push(relative);
        }
        let at = self.sorted.partition_point(|other| *other < relative);
        self.sorted.insert(at, relative);
    }

    /// Forgets all packets.
    pub fn clear(&mut self) {
        self.arrived.clear();
        self.sorted.clear();
        self.next = 0;
    }

    /// The least transit.
    pub fn fastest(&self) -> Option<i64> {
        self.sorted.first().map(|relative| self.reference + i64::from(*relative))
    }

    /// The transit that all but three percent of the packets stay below.
    pub fn slow(&self) -> Option<i64> {
        let len = self.sorted.len();
        let at = len.checked_sub(1 + len * LATE_PERCENT / 100)?;
        Some(self.reference + i64::from(self.sorted[at]))
    }

    /// The greatest transit.
    pub fn slowest(&self) -> Option<i64> {
        self.sorted.last().map(|relative| self.reference + i64::from(*relative))
    }

    /// Whether enough packets have been seen to believe it.
    pub fn is_telling(&self) -> bool {
        self.sorted.len() >= TELLING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_slide() {
        let mut window = TransitWindow::default();
        assert_eq!((window.fastest(), window.slow()), (None, None));
        for n in 0..1000i64 {
            window.push((1 << 40) + n % 100);
            assert_eq!(window.is_telling(), n >= 99);
        }
        assert_eq!(window.fastest(), Some(1 << 40));
        assert_eq!(window.slow(), Some((1 << 40) + 97));
        assert_eq!(window.slowest(), Some((1 << 40) + 99));
        for _ in 0..CAPACITY {
            window.push((1 << 40) + 500);
        }
        assert_eq!(
            (window.fastest(), window.slow()),
            (Some((1 << 40) + 500), Some((1 << 40) + 500))
        );
        window.clear();
        assert_eq!(window.fastest(), None);
    }
}
