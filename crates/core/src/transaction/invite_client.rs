//! The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2 and figure 3).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Reaction, Tell, Timer, TimerSettings, TimerTable};

/// Sends an INVITE until something answers, and the ACK to what is not a 2xx.
///
/// ```text
///            INVITE sent
///                │            Timer A: send again
///             Calling ────────────────────────────┐ Timer B, transport error:
///        1xx ╱   │   ╲ 2xx                        │ tell
///  Proceeding    │    ╲                           │
///       │   ╲2xx │300+ ╲                          │
///       │300+  ╲ │ ACK  ╲                         │
///       └────► Completed  Accepted                │
///                │ D      │ M                     │
///                └────────┴──► Terminated ◄───────┘
/// ```
#[derive(Debug)]
pub struct InviteClient {
    state: State,
    timers: TimerTable,
    settings: TimerSettings,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// No answer yet.
    Calling {
        request: Bytes,
        interval: Duration,
    },
    /// A provisional response came.
    Proceeding,
    /// A 300 to 699 came and was acknowledged.
    Completed {
        ack: Bytes,
    },
    /// A 2xx came; more may come, the user acknowledges them.
    Accepted,
    Terminated,
}

impl InviteClient {
    /// Sends `request` for the first time.
    pub fn start(
        now: Instant,
        request: Bytes,
        reliable: bool,
        settings: TimerSettings,
    ) -> (Self, Reaction) {
        let mut timers = TimerTable::default();
        if !reliable {
            timers.set(Timer::A, now + settings.t1);
        }
        timers.set(Timer::B, now + settings.transaction_timeout());
        let state = State::Calling { request: request.clone(), interval: settings.t1 };
        (Self { state, timers, settings, reliable }, Reaction::transmit(request))
    }

    /// A response with this status code came. `make_ack` writes the ACK, and is
    /// called for the first 300 to 699 only.
    pub fn on_response(
        &mut self,
        now: Instant,
        code: u16,
        make_ack: impl FnOnce() -> Bytes,
    ) -> Reaction {
        match (&self.state, code) {
            (State::Calling { .. } | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                self.timers.clear_all();
                Reaction::tell(Tell::Message)
            }
            (State::Calling { .. } | State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.timers.clear_all();
                self.timers.set(Timer::M, now + self.settings.transaction_timeout());
                Reaction::tell(Tell::Message)
            }
            (State::Calling { .. } | State::Proceeding, _) => {
                let ack = make_ack();
                self.timers.clear_all();
                if self.reliable {
                    self.state = State::Terminated;
                } else {
                    self.timers.set(Timer::D, now + self.settings.timer_d());
                    self.state = State::Completed { ack: ack.clone() };
                }
                Reaction { transmit: Some(ack), tell: Some(Tell::Message) }
            }
            (State::Completed { ack }, 300..) => Reaction::transmit(ack.clone()),
            (State::Accepted, 200..=299) => Reaction::tell(Tell::Message),
            (State::Completed { .. } | State::Accepted | State::Terminated, _) => Reaction::NOTHING,
        }
    }

    /// Fires a timer whose time has come; call until there is none.
    pub fn on_timer(&mut self, now: Instant) -> Option<Reaction> {
        let reaction = match (self.timers.pop(now)?, &mut self.state) {
            (Timer::A, State::Calling { request, interval }) => {
                *interval *= 2;
                self.timers.set(Timer::A, now + *interval);
                Reaction::transmit(request.clone())
            }
            (timer @ Timer::B, State::Calling { .. }) => {
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

    /// The transport could not send, or lost its connection.
    pub fn on_transport_error(&mut self) -> Reaction {
        let waiting = matches!(self.state, State::Calling { .. } | State::Proceeding);
        let accepted = matches!(self.state, State::Accepted);
        if !accepted {
            self.terminate();
        }
        if waiting { Reaction::tell(Tell::TransportFailed) } else { Reaction::NOTHING }
    }

    /// Gives up, for example on a cancelled call that nobody answers
    /// (RFC 3261 §9.1).
    pub fn terminate(&mut self) {
        self.state = State::Terminated;
        self.timers.clear_all();
    }

    /// Whether a provisional response came and nothing final yet.
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding)
    }

    /// Whether a final response has come, or never will.
    pub fn is_final(&self) -> bool {
        !matches!(self.state, State::Calling { .. } | State::Proceeding)
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
