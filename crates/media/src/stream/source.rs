//! Whose packets are played, and where ours go (RFC 3550 §8.2, RFC 4961).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Packets in a row that a source needs before it is followed.
const PROBATION: u8 = 2;
/// Packets in a row that a source from a new address needs to replace another.
const TAKEOVER_PROBATION: u8 = 5;
/// How long the source must have been silent before that.
const TAKEOVER_SILENCE: Duration = Duration::from_millis(1000);
/// How long the source must have been silent before another SSRC of the same
/// address replaces it.
const SSRC_SILENCE: Duration = Duration::from_millis(35);
/// A candidate that has been silent so long makes room for another.
const CANDIDATE_SILENCE: Duration = Duration::from_millis(100);

/// An address and an SSRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Where the packets come from.
    pub address: SocketAddr,
    /// Their synchronization source.
    pub ssrc: u32,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is of the source that is followed.
    Accept,
    /// It is of a source that is followed from now on.
    Switch,
    /// It is of some other source.
    Reject,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nobody has been heard.
    Open,
    /// One source is followed. `superseded`: the peer has since signalled
    /// another address, so that anybody may follow it.
    Locked { source: Source, heard: Instant, superseded: bool },
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: Source,
    next: u16,
    in_row: u8,
    heard: Instant,
}

/// Follows one source and resists others.
///
/// An attacker who can guess our port can send us packets; who can also write
/// the peer's address into them can't be told from the peer without SRTP. For
/// all others this rule holds:
///
/// 1. A packet from the signalled address is followed at once if nobody is;
///    else after two packets in a row, and always: it can't be kept out by
///    somebody who was faster.
/// 2. While nobody is followed, a source from any other address is, after two
///    packets with consecutive numbers: the peer behind a NAT.
/// 3. Once a source is followed, packets from elsewhere are neither played nor
///    answered. Another address replaces it only after five consecutive
///    packets and a second without one from the source: a NAT that has
///    rebound, not somebody who talks louder.
/// 4. A new SSRC from the followed address replaces the old one after two
///    consecutive packets during which the old one was silent.
/// 5. When the peer signals another address, the followed source is kept until
///    another one has sent two consecutive packets.
///
/// Our packets go to the signalled address until a source is followed, then to
/// that one's. Without `symmetric`, only the signalled address counts.
#[derive(Debug)]
pub struct SourceFilter {
    signalled: Option<SocketAddr>,
    symmetric: bool,
    state: State,
    candidate: Option<Candidate>,
}

impl SourceFilter {
    /// Follows nobody yet.
    pub fn new(signalled: Option<SocketAddr>, symmetric: bool) -> Self {
        Self { signalled, symmetric, state: State::Open, candidate: None }
    }

    /// The peer has signalled where it is.
    pub fn set_signalled(&mut self, signalled: Option<SocketAddr>, symmetric: bool) {
        let moved = signalled.is_some() && signalled != self.signalled;
        self.symmetric = symmetric;
        self.signalled = signalled;
        if let State::Locked { superseded, source, .. } = &mut self.state
            && moved
        {
            *superseded = Some(source.address) != signalled;
        }
    }

    /// The source that is followed.
    pub fn source(&self) -> Option<Source> {
        match self.state {
            State::Open => None,
            State::Locked { source, .. } => Some(source),
        }
    }

    /// Where to send to: nowhere while the peer has signalled no address.
    pub fn destination(&self) -> Option<SocketAddr> {
        let signalled = self.signalled?;
        match self.state {
            State::Locked { source, superseded: false, .. } if self.symmetric => {
                Some(source.address)
            }
            _ => Some(signalled),
        }
    }

    /// Judges a packet that is RTP of a payload type that was agreed on.
    pub fn judge(&mut self, now: Instant, source: Source, sequence: u16) -> Verdict {
        let signalled = Some(source.address) == self.signalled;
        if !(self.symmetric || signalled) {
            return Verdict::Reject;
        }
        let needed = match &mut self.state {
            State::Open if signalled => return self.follow(now, source),
            State::Open => PROBATION,
            State::Locked { source: followed, heard, .. } if *followed == source => {
                *heard = now;
                return Verdict::Accept;
            }
            State::Locked { source: followed, heard, superseded } => {
                let silent = now.saturating_duration_since(*heard);
                if source.address == followed.address {
                    if silent >= SSRC_SILENCE { PROBATION } else { u8::MAX }
                } else if signalled || *superseded {
                    PROBATION
                } else if silent >= TAKEOVER_SILENCE {
                    TAKEOVER_PROBATION
                } else {
                    u8::MAX
                }
            }
        };
        if self.in_row(now, source, sequence) >= needed {
            return self.follow(now, source);
        }
        Verdict::Reject
    }

    /// How many packets in a row the source has sent as the one candidate.
    fn in_row(&mut self, now: Instant, source: Source, sequence: u16) -> u8 {
        let next = sequence.wrapping_add(1);
        match &mut self.candidate {
            Some(candidate) if candidate.source == source => {
                let consecutive = candidate.next == sequence;
                candidate.in_row = if consecutive { candidate.in_row.saturating_add(1) } else { 1 };
                // u8::MAX stands for "not now", however many there are.
                candidate.in_row = candidate.in_row.min(TAKEOVER_PROBATION);
                candidate.next = next;
                candidate.heard = now;
                candidate.in_row
            }
            // A flood of sources can't push out one that is on its way, and
            // the signalled address pushes out any.
            Some(candidate)
                if now.saturating_duration_since(candidate.heard) < CANDIDATE_SILENCE
                    && Some(source.address) != self.signalled =>
            {
                0
            }
            _ => {
                self.candidate = Some(Candidate { source, next, in_row: 1, heard: now });
                1
            }
        }
    }

    fn follow(&mut self, now: Instant, source: Source) -> Verdict {
        self.state = State::Locked { source, heard: now, superseded: false };
        self.candidate = None;
        Verdict::Switch
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any instant will do")]
mod tests {
    use super::*;

    struct Line {
        now: Instant,
        filter: SourceFilter,
    }

    const PEER: u16 = 4000;

    fn address(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    impl Line {
        fn new() -> Self {
            Self { now: Instant::now(), filter: SourceFilter::new(Some(address(PEER)), true) }
        }

        fn hear(&mut self, port: u16, ssrc: u32, sequence: u16) -> Verdict {
            self.filter.judge(self.now, Source { address: address(port), ssrc }, sequence)
        }

        fn wait(&mut self, ms: u64) {
            self.now += Duration::from_millis(ms);
        }

        fn destination(&self) -> Option<u16> {
            self.filter.destination().map(|address| address.port())
        }
    }

    #[test]
    fn the_signalled_address_is_followed_at_once() {
        let mut line = Line::new();
        assert_eq!(line.hear(PEER, 1, 9), Verdict::Switch);
        assert_eq!(line.hear(PEER, 1, 10), Verdict::Accept);
    }

    #[test]
    fn a_nat_is_followed_after_two_packets() {
        let mut line = Line::new();
        assert_eq!(line.hear(5000, 1, 9), Verdict::Reject);
        assert_eq!(line.destination(), Some(PEER));
        assert_eq!(line.hear(5000, 1, 10), Verdict::Switch);
        assert_eq!(line.destination(), Some(5000));
        // The signalled address wins in the end.
        assert_eq!(line.hear(PEER, 2, 1), Verdict::Reject);
        assert_eq!(line.hear(PEER, 2, 2), Verdict::Switch);
        assert_eq!(line.destination(), Some(PEER));
    }

    #[test]
    fn nobody_talks_over_the_source() {
        let mut line = Line::new();
        line.hear(PEER, 1, 0);
        for n in 1..500 {
            line.wait(20);
            assert_eq!(line.hear(PEER, 1, n), Verdict::Accept);
            assert_eq!(line.hear(6000, 1, n), Verdict::Reject, "same SSRC");
            assert_eq!(line.hear(7000, u32::from(n), n), Verdict::Reject, "many SSRCs");
            assert_eq!(line.hear(PEER, 77, n), Verdict::Reject, "a second SSRC");
        }
        assert_eq!(line.destination(), Some(PEER));
    }

    #[test]
    fn a_rebound_nat_is_followed_after_a_second() {
        let mut line = Line::new();
        line.hear(PEER, 1, 0);
        let mut switched = None;
        for n in 1..100 {
            line.wait(20);
            if line.hear(6000, 1, n) == Verdict::Switch {
                switched = Some(n);
                break;
            }
        }
        assert_eq!(switched, Some(50));
        assert_eq!(line.destination(), Some(6000));
    }

    #[test]
    fn a_new_ssrc_of_the_same_address_is_followed_soon() {
        let mut line = Line::new();
        line.hear(PEER, 1, 0);
        line.wait(20);
        assert_eq!(line.hear(PEER, 2, 700), Verdict::Reject);
        line.wait(20);
        assert_eq!(line.hear(PEER, 2, 701), Verdict::Switch);
    }

    #[test]
    fn after_a_new_address_was_signalled_the_old_source_is_heard_until_the_new_one_speaks() {
        let mut line = Line::new();
        line.hear(PEER, 1, 0);
        line.filter.set_signalled(Some(address(4100)), true);
        assert_eq!(line.destination(), Some(4100));
        line.wait(20);
        assert_eq!(line.hear(PEER, 1, 1), Verdict::Accept);
        assert_eq!(line.hear(8000, 5, 1), Verdict::Reject);
        assert_eq!(line.hear(8000, 5, 2), Verdict::Switch);
        assert_eq!(line.destination(), Some(8000));
        assert_eq!(line.hear(PEER, 1, 2), Verdict::Reject);
        line.filter.set_signalled(None, true);
        assert_eq!(line.destination(), None);
    }

    #[test]
    fn without_symmetry_only_the_signalled_address_counts() {
        let mut line = Line::new();
        line.filter.set_signalled(Some(address(PEER)), false);
        for n in 0..10 {
            assert_eq!(line.hear(6000, 1, n), Verdict::Reject);
        }
        assert_eq!(line.hear(PEER, 1, 1), Verdict::Switch);
    }
}
