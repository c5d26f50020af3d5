//! The non-INVITE client transaction (RFC 3261 §17.1.2 and figure 6).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Reaction, Tell, Timer, TimerSettings, TimerTable};

/// Sends a request until a final response comes.
///
/// ```text
///         request sent
///              │        Timer E: send again
///           Trying ──────────────────────┐ Timer F, transport error:
///        1xx │  ╲ 200–699                │ tell
///       Proceeding ──► Completed         │
///          Timer E: send   │ K           │
///          again every T2  └► Terminated ◄┘
/// ```
#[derive(Debug)]
pub struct NonInviteClient {
    state: State,
    timers: TimerTable,
    settings: TimerSettings,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// No answer yet.
    Trying {
        request: Bytes,
        interval: Duration,
    },
    /// A provisional response came.
    Proceeding {
        request: Bytes,
    },
    /// A final response came; its retransmissions are absorbed.
    Completed,
    Terminated,
}

impl NonInviteClient {
    /// Sends `request` for the first time.
    pub fn start(
        now: Instant,
        request: Bytes,
        reliable: bool,
        settings: TimerSettings,
    ) -> (Self, Reaction) {
        let mut timers = TimerTable::default();
        if !reliable {
            timers.set(Timer::E, now + settings.t1);
        }
        timers.set(Timer::F, now + settings.transaction_timeout());
        let state = State::Trying { request: request.clone(), interval: settings.t1 };
        (Self { state, timers, settings, reliable }, Reaction::transmit(request))
    }

    /// A response with this status code came.
    pub fn on_response(&mut self, now: Instant, code: u16) -> Reaction {
        match (&self.state, code) {
            (State::Trying { request, .. }, 100..=199) => {
                self.state = State::Proceeding { request: request.clone() };
                if !self.reliable {
                    self.timers.set(Timer::E, now + self.settings.t2);
                }
                Reaction::tell(Tell::Message)
            }
            (State::Proceeding { .. }, 100..=199) => Reaction::tell(Tell::Message),
            (State::Trying { .. } | State::Proceeding { .. }, _) => {
                self.timers.clear_all();
                if self.reliable {
                    self.state = State::Terminated;
                } else {
                    self.timers.set(Timer::K, now + self.settings.t4);
                    self.state = State::Completed;
                }
                Reaction::tell(Tell::Message)
            }
            (State::Completed | State::Terminated, _) => Reaction::NOTHING,
        }
    }

    /// Fires a timer whose time has come; call until there is none.
    pub fn on_timer(&mut self, now: Instant) -> Option<Reaction> {
        let reaction = match (self.timers.pop(now)?, &mut self.state) {
            (Timer::E, State::Trying { request, interval }) => {
                *interval = (*interval * 2).min(self.settings.t2);
                self.timers.set(Timer::E, now + *interval);
                Reaction::transmit(request.clone())
            }
            (Timer::E, State::Proceeding { request }) => {
                self.timers.set(Timer::E, now + self.settings.t2);
                Reaction::transmit(request.clone())
            }
            (timer @ Timer::F, State::Trying { .. } | State::Proceeding { .. }) => {
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
        let waiting = !self.is_final();
        self.terminate();
        if waiting { Reaction::tell(Tell::TransportFailed) } else { Reaction::NOTHING }
    }

    /// Gives up.
    pub fn terminate(&mut self) {
        self.state = State::Terminated;
        self.timers.clear_all();
    }

    /// Whether a final response has come, or never will.
    pub fn is_final(&self) -> bool {
        matches!(self.state, State::Completed | State::Terminated)
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
