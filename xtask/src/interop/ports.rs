//! Free ports on loopback, chosen when a cell runs.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

use super::cell::Stop;

/// Below the ports that Linux gives to outgoing sockets (32768 and up), so
/// that no passing connection takes one between choosing and using it.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;

/// Where to look next: a port isn't given out twice in a run, because its
/// last user may still be closing.
static NEXT: AtomicU16 = AtomicU16::new(FIRST);

/// A port that is free for UDP and for TCP.
pub(super) fn free() -> Result<u16, Stop> {
    range(1)
}

/// The first of `count` ports in a row, even, all free for UDP and TCP.
pub(super) fn range(count: u16) -> Result<u16, Stop> {
    for _ in 0..(LAST - FIRST) {
        let step = count.next_multiple_of(2).max(2);
        let first = NEXT.fetch_add(step, Ordering::Relaxed);
        if first.checked_add(step).is_none_or(|end| end > LAST) {
            NEXT.store(FIRST, Ordering::Relaxed);
            continue;
        }
        if (first..first + count).all(is_free) {
            return Ok(first);
        }
    }
    Err(Stop::Fail(format!("no {count} free ports between {FIRST} and {LAST}")))
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranges_are_even_and_apart() {
        let first = super::range(4).unwrap();
        let second = super::range(3).unwrap();
        assert_eq!((first % 2, second % 2), (0, 0));
        assert!(first.abs_diff(second) >= 3);
    }
}
