//! The non-INVITE server transaction (RFC 3261 §17.2.2 and figure 8).

use std::time::Instant;

use bytes::Bytes;

use super::{Reaction, Timer, TimerSettings, TimerTable};

/// Answers a request, and answers its retransmissions the same.
///
/// ```text
///          request
///             │
///          Trying            request: absorbed
///       1xx │   ╲ 200–699
///     Proceeding ─► Completed    request: send the response again
///                     │ J
///                     └► Terminated
/// ```
#[derive(Debug)]
pub struct NonInviteServer {
    state: State,
    timers: TimerTable,
    settings: TimerSettings,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// No answer yet.
    Trying,
    /// A provisional response was sent.
    Proceeding {
        last: Bytes,
    },
    /// The final response was sent.
    Completed {
        response: Bytes,
    },
    Terminated,
}

impl NonInviteServer {
    /// A request came.
    pub fn start(reliable: bool, settings: TimerSettings) -> Self {
        Self { state: State::Trying, timers: TimerTable::default(), settings, reliable }
    }

    /// The user answers.
    pub fn respond(&mut self, now: Instant, code: u16, response: Bytes) -> Reaction {
        match (&self.state, code) {
            (State::Trying | State::Proceeding { .. }, 100..=199) => {
                self.state = State::Proceeding { last: response.clone() };
            }
            (State::Trying | State::Proceeding { .. }, _) => {
                if self.reliable {
                    self.state = State::Terminated;
                } else {
                    self.timers.set(Timer::J, now + self.settings.transaction_timeout());
                    self.state = State::Completed { response: response.clone() };
                }
            }
            (State::Completed { .. } | State::Terminated, _) => return Reaction::NOTHING,
        }
        Reaction::transmit(response)
    }

    /// The request came again.
    pub fn on_request(&mut self) -> Reaction {
        match &self.state {
            State::Proceeding { last: bytes } | State::Completed { response: bytes } => {
                Reaction::transmit(bytes.clone())
            }
            State::Trying | State::Terminated => Reaction::NOTHING,
        }
    }

    /// Fires a timer whose time has come; call until there is none.
    pub fn on_timer(&mut self, now: Instant) -> Option<Reaction> {
        self.timers.pop(now)?;
        self.terminate();
        Some(Reaction::NOTHING)
    }

    /// The transport could not send: the peer asks again if it wants to know.
    pub fn on_transport_error(&mut self) -> Reaction {
        self.terminate();
        Reaction::NOTHING
    }

    /// Gives up.
    pub fn terminate(&mut self) {
        self.state = State::Terminated;
        self.timers.clear_all();
    }

    /// Whether a final response may still be sent.
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Trying | State::Proceeding { .. })
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
