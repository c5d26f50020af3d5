//! What happens to packets between two addresses.

use std::net::IpAddr;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::time::Instant;

/// The largest UDP payload over IPv4, in bytes.
pub(super) const MAX_DATAGRAM: usize = 65_507;

/// A lost TCP segment comes this much later, at least: the kernel's shortest
/// retransmission timeout.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// One direction of the way between two addresses.
///
/// tokio's timers count milliseconds: with a finer latency a sleeping
/// receiver wakes up to 1 ms late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// How long every packet takes.
    pub latency: Duration,
    /// Up to this much more, evenly spread. Jitter alone never reorders.
    pub jitter: Duration,
    /// The share of datagrams that are lost, 0 to 1. TCP data that is lost
    /// comes later instead.
    pub loss: f64,
    /// The share of datagrams that arrive twice, 0 to 1.
    pub duplicate: f64,
    /// The share of datagrams that later ones may overtake, 0 to 1.
    pub reorder: f64,
    /// How much later those come.
    pub reorder_by: Duration,
    /// The largest datagram that gets through, in bytes of payload.
    pub mtu: usize,
}

impl Link {
    /// No delay, no loss.
    pub const PERFECT: Self = Self {
        latency: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: 0.0,
        duplicate: 0.0,
        reorder: 0.0,
        reorder_by: Duration::from_millis(30),
        mtu: MAX_DATAGRAM,
    };
}

impl Default for Link {
    /// 10 ms, no loss.
    fn default() -> Self {
        Self { latency: Duration::from_millis(10), ..Self::PERFECT }
    }
}

/// The state of one direction between two addresses: its dice and its order.
#[derive(Debug)]
pub(super) struct Path {
    dice: ChaCha8Rng,
    last: Option<Instant>,
}

/// When the copies of a datagram arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrivals {
    None,
    One(Instant),
    Two(Instant, Instant),
}

impl Path {
    /// Every direction has dice of its own, so that traffic elsewhere does
    /// not change its luck.
    pub(super) fn new(seed: u64, from: IpAddr, to: IpAddr) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        for (i, (from, to)) in octets(from).into_iter().zip(octets(to)).enumerate() {
            bytes[8 + i] ^= from;
            bytes[16 + i] ^= to.rotate_left(3);
        }
        Self { dice: ChaCha8Rng::from_seed(bytes), last: None }
    }

    /// Always throws five times, so that one setting does not change the
    /// luck that another one meets.
    pub(super) fn datagram(&mut self, link: &Link, now: Instant, again: bool) -> Arrivals {
        let [lost, twice, late, jitter, jitter_of_copy] = std::array::from_fn(|_| self.throw());
        if lost < link.loss {
            return Arrivals::None;
        }
        let mut arrival = self.in_order(now + link.latency + link.jitter.mul_f64(jitter));
        if late < link.reorder {
            arrival += link.reorder_by;
        } else {
            self.last = Some(arrival);
        }
        if again || twice < link.duplicate {
            let copy = now + link.latency + link.jitter.mul_f64(jitter_of_copy);
            return Arrivals::Two(arrival, copy.max(arrival));
        }
        Arrivals::One(arrival)
    }

    /// When TCP data arrives that is sent now, order aside.
    pub(super) fn stream(&mut self, link: &Link, now: Instant) -> Instant {
        let (lost, jitter) = (self.throw(), self.throw());
        let arrival = now + link.latency + link.jitter.mul_f64(jitter);
        if lost < link.loss { arrival + RETRANSMISSION.max(link.latency * 2) } else { arrival }
    }

    fn in_order(&self, arrival: Instant) -> Instant {
        self.last.map_or(arrival, |last| last.max(arrival))
    }

    /// 0 (inclusive) to 1 (exclusive).
    fn throw(&mut self) -> f64 {
        (self.dice.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
