//! The timers of RFC 3261 (table 4) and RFC 6026 §8, and their table.

use std::time::{Duration, Instant};

/// A transaction timer, named as the RFCs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// INVITE request retransmission, UDP only: T1, doubling.
    A,
    /// INVITE transaction timeout: 64×T1.
    B,
    /// Wait for response retransmissions after a non-2xx to INVITE: at least 32 s on UDP.
    D,
    /// Non-INVITE request retransmission, UDP only: T1, doubling up to T2.
    E,
    /// Non-INVITE transaction timeout: 64×T1.
    F,
    /// INVITE response retransmission: T1, doubling up to T2.
    G,
    /// Wait for ACK receipt: 64×T1.
    H,
    /// Wait for ACK retransmissions: T4 on UDP.
    I,
    /// Wait for non-INVITE request retransmissions: 64×T1 on UDP.
    J,
    /// Wait for response retransmissions: T4 on UDP.
    K,
    /// Wait for INVITE retransmissions after a 2xx (RFC 6026): 64×T1.
    L,
    /// Wait for 2xx retransmissions from further forks (RFC 6026): 64×T1.
    M,
}

/// The three numbers that all timers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerSettings {
    /// Round-trip time estimate, 500 ms.
    pub t1: Duration,
    /// The longest retransmission interval, 4 s.
    pub t2: Duration,
    /// How long a message stays in the network, 5 s.
    pub t4: Duration,
}

impl Default for TimerSettings {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

impl TimerSettings {
    /// 64×T1: how long a request is given.
    pub fn transaction_timeout(&self) -> Duration {
        self.t1 * 64
    }

    /// Timer D on an unreliable transport: at least 32 s.
    pub fn timer_d(&self) -> Duration {
        self.transaction_timeout().max(Duration::from_secs(32))
    }
}

/// How many timers a transaction runs at once: one to send again, one to give up.
const RUNNING: usize = 2;

/// The timers that run now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimerTable([Option<(Timer, Instant)>; RUNNING]);

impl TimerTable {
    /// Starts a timer, or starts it anew.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.clear(timer);
        if let Some(slot) = self.0.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some((timer, at));
        } else {
            debug_assert!(false, "a transaction runs at most {RUNNING} timers");
        }
    }

    /// Stops a timer.
    pub fn clear(&mut self, timer: Timer) {
        for slot in &mut self.0 {
            if slot.is_some_and(|(running, _)| running == timer) {
                *slot = None;
            }
        }
    }

    /// Stops all.
    pub fn clear_all(&mut self) {
        self.0 = [None; RUNNING];
    }

    /// When a timer will fire, if it runs.
    pub fn get(&self, timer: Timer) -> Option<Instant> {
        self.0.iter().flatten().find(|(running, _)| *running == timer).map(|(_, at)| *at)
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().map(|(_, at)| *at).min()
    }

    /// Takes out a timer whose time has come, the earliest first.
    pub fn pop(&mut self, now: Instant) -> Option<Timer> {
        let slot = self
            .0
            .iter_mut()
            .filter(|slot| slot.is_some_and(|(_, at)| at <= now))
            .min_by_key(|slot| slot.map(|(_, at)| at))?;
        slot.take().map(|(timer, _)| timer)
    }
}
