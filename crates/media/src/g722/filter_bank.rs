//! The quadrature mirror filters that split 16 kHz into two bands of 8 kHz
//! each, and join them again (G.722 §3.1 and §4.4, table 11).

/// Half of the 24 taps: the other half are the same in reverse order.
const TAPS: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Pairs that the filter sees.
const PAIRS: usize = 12;
/// Pairs that are gathered before the history is moved to the front.
const ROOM: usize = 160;

/// A window over the latest pairs. Each pair is two phases of the input (or
/// sum and difference of the two bands).
#[derive(Debug, Clone)]
pub(super) struct FilterBank {
    first: [i32; ROOM],
    second: [i32; ROOM],
    /// Where the next pair goes; the pairs before it are the history.
    at: usize,
}

impl FilterBank {
    pub(super) fn new() -> Self {
        Self { first: [0; ROOM], second: [0; ROOM], at: PAIRS - 1 }
    }

    /// Two samples to one of the lower and one of the upper band.
    pub(super) fn analyse(&mut self, first: i32, second: i32) -> (i32, i32) {
        let (odd, even) = self.push(first, second);
        ((even + odd) >> 14, (even - odd) >> 14)
    }

    /// One sample of each band to two samples.
    pub(super) fn synthesise(&mut self, lower: i32, upper: i32) -> (i16, i16) {
        let (second, first) = self.push(lower + upper, lower - upper);
        let sample = |sum: i32| (sum >> 11).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        (sample(first), sample(second))
    }

    fn push(&mut self, first: i32, second: i32) -> (i32, i32) {
        if self.at == ROOM {
            self.first.copy_within(ROOM - (PAIRS - 1).., 0);
            self.second.copy_within(ROOM - (PAIRS - 1).., 0);
            self.at = PAIRS - 1;
        }
        self.first[self.at] = first;
        self.second[self.at] = second;
        self.at += 1;
        let window = self.at - PAIRS..self.at;
        let (mut odd, mut even) = (0, 0);
        let pairs = self.first[window.clone()].iter().zip(&self.second[window]);
        for (n, (first, second)) in pairs.enumerate() {
            odd += first * TAPS[n];
            even += second * TAPS[PAIRS - 1 - n];
        }
        (odd, even)
    }
}
