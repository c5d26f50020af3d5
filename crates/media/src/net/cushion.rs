//! How much played audio waits for the mixer in a port's ring.
//!
//! The worker fills the ring and the mixer empties it, each every 10 ms of a
//! clock of its own and never quite on time. What waits is a delay for the
//! whole call, and when nothing waits it clicks: so no more waits than it
//! takes for one quantum to be left whenever the worker comes.

/// The most quanta that ever wait, and what the ring has room for.
pub(super) const MOST_AHEAD: usize = 6;
/// Quanta that wait at first, and the fewest later.
const FIRST_AHEAD: usize = 3;
const FEWEST_AHEAD: usize = 2;
/// Ticks in a row that must have found more than enough before fewer quanta
/// wait: ten seconds.
const CALM_TICKS: u32 = 1000;

/// Decides how many quanta wait.
#[derive(Debug)]
pub(super) struct Cushion {
    ahead: usize,
    /// Ticks since the last that found less than two quanta.
    calm: u32,
    /// Nothing has been written yet.
    fresh: bool,
}

impl Cushion {
    pub(super) fn new() -> Self {
        Self { ahead: FIRST_AHEAD, calm: 0, fresh: true }
    }

    /// How many quanta are to wait, once a tick: `left` are left of those
    /// that waited after the tick before.
    pub(super) fn ahead(&mut self, left: usize) -> usize {
        if std::mem::take(&mut self.fresh) {
            return self.ahead;
        }
        if left == 0 {
            self.ahead = (self.ahead + 1).min(MOST_AHEAD);
        }
        self.calm = if left < 2 { 0 } else { self.calm + 1 };
        if self.calm >= CALM_TICKS {
            self.calm = 0;
            self.ahead = (self.ahead - 1).max(FEWEST_AHEAD);
        }
        self.ahead
    }

    /// Nothing is played for now: what is left then says nothing.
    pub(super) fn pause(&mut self) {
        self.fresh = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_at_once_and_shrinks_slowly() {
        let mut cushion = Cushion::new();
        assert_eq!(cushion.ahead(0), FIRST_AHEAD, "nothing was there yet");
        assert_eq!(cushion.ahead(0), FIRST_AHEAD + 1);
        for _ in 0..20 {
            cushion.ahead(0);
        }
        assert_eq!(cushion.ahead(1), MOST_AHEAD);
        for _ in 0..CALM_TICKS {
            cushion.ahead(MOST_AHEAD - 1);
        }
        assert_eq!(cushion.ahead(MOST_AHEAD - 1), MOST_AHEAD - 1);
        for _ in 0..20 * CALM_TICKS {
            cushion.ahead(2);
        }
        assert_eq!(cushion.ahead(1), FEWEST_AHEAD);
        cushion.pause();
        assert_eq!(cushion.ahead(0), FEWEST_AHEAD);
    }
}
