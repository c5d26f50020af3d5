//! What a receiver knows of one source: sequence validation, loss,
//! duplicates, order and jitter (RFC 3550 §6.4.1, appendices A.1, A.3, A.8).

use crate::rtcp::ReportBlock;

/// A forward jump of this many packets or more is a restart, not loss (A.1).
pub const MAX_DROPOUT: u16 = 3000;
/// A packet this far behind is a restart, not reordering (A.1).
pub const MAX_MISORDER: u16 = 100;

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The next one, after a gap of `skipped` packets.
    InOrder {
        /// Packets that are missing before it, so far.
        skipped: u16,
    },
    /// After a later one, for the first time.
    Reordered,
    /// Not for the first time.
    Duplicate,
    /// Too far away to belong to the sequence: wait for the next one.
    Suspect,
    /// The second in a row of a new sequence: the source has restarted.
    Restarted,
}

/// The state of one source.
#[derive(Debug, Clone)]
pub struct Reception {
    ssrc: u32,
    /// Wraps of the sequence number, times 2^16.
    cycles: u32,
    base_seq: u16,
    max_seq: u16,
    /// The next number of the sequence that a suspect packet would start.
    bad_seq: Option<u16>,
    /// Bit n: the packet n before `max_seq` is there.
    seen: u128,
    received: u64,
    duplicates: u64,
    expected_prior: u64,
    received_prior: u64,
    transit: Option<u32>,
    /// Interarrival jitter times 16.
    jitter: u32,
}

impl Reception {
    /// A source whose first valid packet has the number `sequence`. That
    /// packet is still to be given to [`arrived`](Self::arrived).
    pub fn new(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            cycles: 0,
            base_seq: sequence,
            max_seq: sequence.wrapping_sub(1),
            bad_seq: None,
            seen: 0,
            received: 0,
            duplicates: 0,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            jitter: 0,
        }
    }

    /// The source.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Takes a packet's number.
    pub fn arrived(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.max_seq);
        let behind = self.max_seq.wrapping_sub(sequence);
        if (1..MAX_DROPOUT).contains(&ahead) {
            if sequence < self.max_seq && self.received > 0 {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.max_seq = sequence;
            self.bad_seq = None;
            self.seen = self.seen.checked_shl(ahead.into()).unwrap_or(0) | 1;
            self.received += 1;
            return Arrival::InOrder { skipped: ahead - 1 };
        }
        if behind <= MAX_MISORDER {
            self.received += 1;
            let bit = 1u128 << behind;
            if self.seen & bit != 0 {
                self.duplicates += 1;
                return Arrival::Duplicate;
            }
            self.seen |= bit;
            return Arrival::Reordered;
        }
        if self.bad_seq == Some(sequence) {
            let (transit, jitter) = (self.transit, self.jitter);
            *self = Self::new(self.ssrc, sequence);
            (self.transit, self.jitter) = (transit, jitter);
            self.arrived(sequence);
            return Arrival::Restarted;
        }
        self.bad_seq = Some(sequence.wrapping_add(1));
        Arrival::Suspect
    }

    /// Takes a packet's times, both in units of the RTP clock, and returns
    /// the jitter so far. Not for packets whose timestamp is not the time of
    /// their sampling, such as telephone-events.
    pub fn timed(&mut self, timestamp: u32, arrival: u32) -> u32 {
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit.replace(transit) {
            // One absurd timestamp must not spoil the estimate for minutes.
            let difference = (transit.wrapping_sub(last) as i32).unsigned_abs().min(1 << 20);
            self.jitter = self.jitter + difference - ((self.jitter + 8) >> 4);
        }
        self.jitter()
    }

    /// Forgets the last packet's times: the next one starts a new talk spurt
    /// after a jump.
    pub fn forget_timing(&mut self) {
        self.transit = None;
    }

    /// Interarrival jitter in units of the RTP clock.
    pub fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// The highest sequence number, with its wraps in the upper half.
    pub fn extended_highest(&self) -> u32 {
        self.cycles.wrapping_add(self.max_seq.into())
    }

    /// Packets that should have come.
    pub fn expected(&self) -> u64 {
        if self.received == 0 {
            return 0;
        }
        u64::from(self.extended_highest().wrapping_sub(self.base_seq.into())) + 1
    }

    /// Packets that should have come and did not.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received - self.duplicates)
    }

    /// The report block on this source, and starts a new reporting interval.
    /// `last_sr` and `delay` are of the source's latest sender report.
    pub fn report(&mut self, last_sr: u32, delay: u32) -> ReportBlock {
        let expected = self.expected();
        let expected_interval = expected - self.expected_prior.min(expected);
        let received_interval = self.received - self.received_prior;
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
        let cumulative = expected as i64 - self.received as i64;
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: fraction.min(255) as u8,
            cumulative_lost: cumulative.clamp(-0x80_0000, 0x7f_ffff) as i32,
            extended_highest: self.extended_highest(),
            jitter: self.jitter(),
            last_sr,
            delay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: impl IntoIterator<Item = u16>) -> Reception {
        let mut numbers = numbers.into_iter();
        let first = numbers.next().unwrap();
        let mut reception = Reception::new(1, first);
        assert_eq!(reception.arrived(first), Arrival::InOrder { skipped: 0 });
        for number in numbers {
            reception.arrived(number);
        }
        reception
    }

    #[test]
    fn wraps_are_counted_wherever_the_sequence_starts() {
        let reception = after((0..200u16).map(|n| n.wrapping_sub(100)));
        assert_eq!(reception.extended_highest(), 0x1_0000 + 99);
        assert_eq!((reception.expected(), reception.lost()), (200, 0));
        let reception = after([0, 1, 2]);
        assert_eq!((reception.extended_highest(), reception.expected()), (2, 3));
    }

    #[test]
    fn loss_order_and_duplicates() {
        let mut reception = after([10, 11]);
        assert_eq!(reception.arrived(14), Arrival::InOrder { skipped: 2 });
        assert_eq!(reception.lost(), 2);
        assert_eq!(reception.arrived(12), Arrival::Reordered);
        assert_eq!(reception.arrived(12), Arrival::Duplicate);
        assert_eq!(reception.arrived(14), Arrival::Duplicate);
        assert_eq!(reception.lost(), 1);
        let block = reception.report(0, 0);
        // RFC 3550 §6.4.1: duplicates count as received, so loss may be negative.
        assert_eq!(block.cumulative_lost, -1);
        assert_eq!(block.fraction_lost, 0);
    }

    #[test]
    fn the_fraction_is_of_the_interval() {
        let mut reception = after(0..100);
        assert_eq!(reception.report(0, 0).fraction_lost, 0);
        for number in (100..200).filter(|n| n % 4 != 0) {
            reception.arrived(number);
        }
        let block = reception.report(7, 8);
        // 24 of 99: the packet 200 that would show the 25th has not come.
        assert_eq!(block.fraction_lost, (25 * 256 / 100) as u8);
        assert_eq!((block.last_sr, block.delay), (7, 8));
        assert_eq!(reception.report(0, 0).fraction_lost, 0);
    }

    #[test]
    fn a_far_packet_is_suspect_until_the_next_confirms_it() {
        let mut reception = after([10, 11, 12]);
        assert_eq!(reception.arrived(30_000), Arrival::Suspect);
        assert_eq!(reception.arrived(13), Arrival::InOrder { skipped: 0 });
        assert_eq!(reception.arrived(40_000), Arrival::Suspect);
        assert_eq!(reception.arrived(40_001), Arrival::Restarted);
        assert_eq!(reception.arrived(40_002), Arrival::InOrder { skipped: 0 });
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn jitter_converges_to_the_mean_difference() {
        let mut reception = after([0]);
        for n in 0..500u32 {
            // Every other packet is 40 units late: differences of 40.
            reception.timed(n * 160, n * 160 + (n % 2) * 40);
        }
        assert!((38..=40).contains(&reception.jitter()), "{}", reception.jitter());
        let mut steady = after([0]);
        for n in 0..500u32 {
            steady.timed(n * 160, 5_000u32.wrapping_add(n * 160));
        }
        assert_eq!(steady.jitter(), 0);
    }
}
