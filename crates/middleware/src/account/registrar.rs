//! Keeps an account registered, as a pure machine (RFC 3261 §10). The SIP
//! engine refreshes a binding while that works; this decides what happens when
//! it does not.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::notification::AccountEvent;

/// How long the removal of a binding may take.
pub(crate) const UNREGISTER_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause after a failure that may be gone next time, at random in between.
pub(crate) const RETRY: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(40));
/// The first pause after a name could not be resolved; it doubles.
pub(crate) const RESOLVE_RETRY: Duration = Duration::from_secs(1);
/// The longest pause after a name could not be resolved.
pub(crate) const MAX_RESOLVE_RETRY: Duration = Duration::from_secs(30);

/// What goes in.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// Register, and stay registered.
    Register,
    /// Remove the binding, and stay unregistered.
    Unregister,
    /// The registrar accepted.
    Registered { contact: String, expires: Duration, registrar: String },
    /// A REGISTER failed.
    Failed(Failure),
    /// The binding was removed; or it was not, and why.
    Removed(Option<Failure>),
    /// A deadline may have passed.
    Timeout,
}

/// Why a REGISTER failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) code: Option<u16>,
    pub(crate) error: String,
    pub(crate) kind: FailureKind,
}

/// Whether it is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The registrar's name has no address.
    Unresolved,
    /// The answer will be the same until somebody changes something.
    Permanent,
    /// It may go better next time.
    Temporary,
}

/// What comes out.
#[derive(Debug, Clone)]
pub(crate) enum Output {
    /// Send a REGISTER: the first, or another for the same binding.
    Register,
    /// Remove the binding.
    Unregister,
    /// Tell the application.
    Event(AccountEvent),
    /// Nothing more until then.
    Timeout(Option<Instant>),
}

#[derive(Debug)]
enum State {
    Idle,
    Registering {
        pause: Duration,
    },
    Registered,
    /// Until the next try.
    Waiting {
        until: Instant,
        pause: Duration,
    },
    /// Not again by itself.
    Refused,
    /// `again`: a registration was asked for meanwhile.
    Unregistering {
        until: Instant,
        again: bool,
    },
}

/// One account's registration.
#[derive(Debug)]
pub(crate) struct Registrar {
    state: State,
    random: ChaCha12Rng,
    outputs: VecDeque<Output>,
}

impl Registrar {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let random = ChaCha12Rng::from_seed(seed);
        Self { state: State::Idle, random, outputs: VecDeque::new() }
    }

    /// The registrar has a binding of ours.
    pub(crate) fn is_registered(&self) -> bool {
        matches!(self.state, State::Registered)
    }

    /// Nothing is under way and nothing is bound.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// The removal of our binding is under way.
    pub(crate) fn is_unregistering(&self) -> bool {
        matches!(self.state, State::Unregistering { .. })
    }

    pub(crate) fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Register => self.register(),
            Input::Unregister => self.unregister(now),
            Input::Registered { contact, expires, registrar } => {
                if matches!(self.state, State::Registering { .. } | State::Registered) {
                    self.state = State::Registered;
                    self.event(AccountEvent::RegistrationDidSucceed {
                        contact_header: contact,
                        expires,
                        registrar,
                    });
                }
            }
            Input::Failed(failure) => self.failed(now, failure),
            Input::Removed(failure) => self.removed(failure),
            Input::Timeout => self.timeout(now),
        }
    }

    pub(crate) fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(match self.state {
            State::Waiting { until, .. } | State::Unregistering { until, .. } => Some(until),
            _ => None,
        }))
    }

    fn register(&mut self) {
        match &mut self.state {
            State::Registering { .. } => {}
            State::Unregistering { again, .. } => *again = true,
            State::Idle | State::Registered | State::Waiting { .. } | State::Refused => {
                self.attempt(RESOLVE_RETRY);
            }
        }
    }

    fn attempt(&mut self, pause: Duration) {
        self.state = State::Registering { pause };
        self.event(AccountEvent::WillRegister);
        self.outputs.push_back(Output::Register);
    }

    fn unregister(&mut self, now: Instant) {
        match &mut self.state {
            State::Idle => {}
            State::Unregistering { again, .. } => *again = false,
            // What is not answered yet may still be bound.
            State::Registering { .. } | State::Registered => {
                let until = now + UNREGISTER_TIMEOUT;
                self.state = State::Unregistering { until, again: false };
                self.outputs.push_back(Output::Unregister);
            }
            State::Waiting { .. } | State::Refused => {
                // Nothing is bound; the engine still has to forget it.
                self.outputs.push_back(Output::Unregister);
                self.state = State::Idle;
                self.event(AccountEvent::RegistrationDidEnd { expired: false });
            }
        }
    }

    fn failed(&mut self, now: Instant, failure: Failure) {
        let pause = match self.state {
            State::Registering { pause } => pause,
            State::Registered => RESOLVE_RETRY,
            _ => return,
        };
        let retry_after = match failure.kind {
            FailureKind::Permanent => None,
            FailureKind::Unresolved => Some(pause),
            FailureKind::Temporary => Some(self.between(RETRY.0, RETRY.1)),
        };
        self.state = match retry_after {
            None => State::Refused,
            Some(after) => {
                let pause = (pause * 2).min(MAX_RESOLVE_RETRY);
                State::Waiting { until: now + after, pause }
            }
        };
        let Failure { code, error, .. } = failure;
        self.event(AccountEvent::RegistrationDidFail { code, error, retry_after });
    }

    fn removed(&mut self, failure: Option<Failure>) {
        let State::Unregistering { again, .. } = self.state else { return };
        self.state = State::Idle;
        self.event(match failure {
            None => AccountEvent::RegistrationDidEnd { expired: false },
            Some(Failure { code, error, .. }) => {
                AccountEvent::RegistrationDidNotEnd { code, reason: error }
            }
        });
        if again {
            self.register();
        }
    }

    fn timeout(&mut self, now: Instant) {
        match self.state {
            State::Waiting { until, pause } if now >= until => self.attempt(pause),
            State::Unregistering { until, .. } if now >= until => {
                let error = "timeout".to_owned();
                let kind = FailureKind::Temporary;
                self.removed(Some(Failure { code: None, error, kind }));
            }
            _ => {}
        }
    }

    fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = (to - from).as_millis() as u64;
        from + Duration::from_millis(self.random.next_u64() % span.max(1))
    }

    fn event(&mut self, event: AccountEvent) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// Whether a status code is worth another try (RFC 3261 §21.4).
pub(crate) fn kind_of(code: u16) -> FailureKind {
    match code {
        408 | 423 | 480 | 491 | 500..=599 => FailureKind::Temporary,
        _ => FailureKind::Permanent,
    }
}
