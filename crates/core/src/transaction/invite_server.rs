//! The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1 and figure 5).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Reaction, Tell, Timer, TimerSettings, TimerTable};

/// Answers an INVITE, and sends a final response that is not a 2xx until its
/// ACK comes. 2xx responses are sent again by the user (RFC 3261 §13.3.1.4).
///
/// ```text
///                 INVITE
///                   │         INVITE: send the last provisional again
///               Proceeding
///         300–699 ╱    ╲ 2xx
///      Completed        Accepted      INVITE: absorbed; ACK: tell
///  G: again │ H: tell       │
///       ACK │               │ L
///      Confirmed            │
///           │ I             │
///           └─► Terminated ◄┘
/// ```
#[derive(Debug)]
pub struct InviteServer {
    state: State,
    timers: TimerTable,
    settings: TimerSettings,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// No final response yet.
    Proceeding {
        last: Option<Bytes>,
    },
    /// A 300 to 699 was sent; the ACK is missing.
    Completed {
        response: Bytes,
        interval: Duration,
    },
    /// The ACK to it came; more of them are absorbed.
    Confirmed,
    /// A 2xx was sent; the user repeats it and gets the ACKs.
    Accepted,
    Terminated,
}

impl InviteServer {
    /// An INVITE came.
    pub fn start(reliable: bool, settings: TimerSettings) -> Self {
        let state = State::Proceeding { last: None };
        Self { state, timers: TimerTable::default(), settings, reliable }
    }

    /// The user answers.
    pub fn respond(&mut self, now: Instant, code: u16, response: Bytes) -> Reaction {
        match (&mut self.state, code) {
            (State::Proceeding { last }, 100..=199) => *last = Some(response.clone()),
            (State::Proceeding { .. }, 200..=299) => {
                self.timers.set(Timer::L, now + self.settings.transaction_timeout());
                self.state = State::Accepted;
            }
            // The user sends its 2xx again.
            (State::Accepted, 200..=299) => {}
            (State::Proceeding { .. }, _) => {
                let interval = self.settings.t1;
                if !self.reliable {
                    self.timers.set(Timer::G, now + interval);
                }
                self.timers.set(Timer::H, now + self.settings.transaction_timeout());
                self.state = State::Completed { response: response.clone(), interval };
            }
            _ => return Reaction::NOTHING,
        }
        Reaction::transmit(response)
    }

    /// The INVITE came again.
    pub fn on_invite(&mut self) -> Reaction {
        match &self.state {
            State::Proceeding { last } => Reaction { transmit: last.clone(), tell: None },
            State::Completed { response, .. } => Reaction::transmit(response.clone()),
            State::Confirmed | State::Accepted | State::Terminated => Reaction::NOTHING,
        }
    }

    /// An ACK came that matches this transaction.
    pub fn on_ack(&mut self, now: Instant) -> Reaction {
        match &self.state {
            State::Completed { .. } => {
                self.timers.clear_all();
                if self.reliable {
                    self.state = State::Terminated;
                } else {
                    self.timers.set(Timer::I, now + self.settings.t4);
                    self.state = State::Confirmed;
                }
                Reaction::NOTHING
            }
            State::Accepted => Reaction::tell(Tell::Message),
            State::Proceeding { .. } | State::Confirmed | State::Terminated => Reaction::NOTHING,
        }
    }

    /// Fires a timer whose time has come; call until there is none.
    pub fn on_timer(&mut self, now: Instant) -> Option<Reaction> {
        let reaction = match (self.timers.pop(now)?, &mut self.state) {
            (Timer::G, State::Completed { response, interval }) => {
                *interval = (*interval * 2).min(self.settings.t2);
                self.timers.set(Timer::G, now + *interval);
                Reaction::transmit(response.clone())
            }
            (timer @ Timer::H, State::Completed { .. }) => {
                self.terminate();
                Reaction::tell(Tell::TimedOut(timer))
            }
            _ => {
                self.terminate();
                Reaction::NOTHING
            }
        };
        Some(reaction)
    }

    /// The transport could not send. The peer may still come back with its
    /// INVITE or ACK, so only a transaction that waits for an ACK ends
    /// (RFC 6026 §7.1 keeps Accepted).
    pub fn on_transport_error(&mut self) -> Reaction {
        if matches!(self.state, State::Completed { .. }) {
            self.terminate();
            return Reaction::tell(Tell::TransportFailed);
        }
        Reaction::NOTHING
    }

    /// Gives up.
    pub fn terminate(&mut self) {
        self.state = State::Terminated;
        self.timers.clear_all();
    }

    /// Whether a final response may still be sent.
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// Whether it is over.
    pub fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// When to call [`on_timer`](Self::on_timer) next.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}
