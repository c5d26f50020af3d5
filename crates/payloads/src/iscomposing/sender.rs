//! When to say that one is typing (RFC 3994 §3.2).

use std::time::{Duration, Instant};

use super::{ComposingState, IsComposing};

/// How a [`ComposingSender`] behaves.
#[derive(Debug, Clone)]
pub struct SenderConfig {
    /// After how long without a key the typist counts as idle.
    pub idle_timeout: Duration,
    /// How often `active` is said again; `None` for never. At least 60 s are
    /// asked for, and taken where less is given.
    pub refresh: Option<Duration>,
    /// What is being composed.
    pub content_type: Option<String>,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(15),
            refresh: Some(Duration::from_secs(120)),
            content_type: Some("text/plain".into()),
        }
    }
}

/// What happens at the typist's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderInput {
    /// A key was pressed.
    Typed,
    /// The message was sent: that says enough.
    Sent,
    /// The text was cleared, or the window closed.
    Cleared,
    /// The receiver does not take these documents (415): nothing more is sent.
    Unsupported,
    /// The deadline of [`SenderOutput::Timeout`] may have passed.
    Timeout,
}

/// What a [`ComposingSender`] wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderOutput {
    /// Send this document.
    Send(IsComposing),
    /// Nothing more now. Call again after the next input, and at this time with
    /// [`SenderInput::Timeout`].
    Timeout(Option<Instant>),
}

#[derive(Debug)]
enum State {
    Idle,
    Active {
        idle_at: Instant,
        refresh_at: Option<Instant>,
    },
    /// The receiver does not want to know.
    Silent,
}

/// The sender's machine.
///
/// ```
/// use std::time::Instant;
/// use sipsimple_payloads::iscomposing::*;
///
/// # #[allow(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let mut sender = ComposingSender::new(SenderConfig::default());
/// sender.handle_input(now, SenderInput::Typed);
/// assert!(matches!(sender.poll_output(), SenderOutput::Send(d) if d.state == ComposingState::Active));
/// assert!(matches!(sender.poll_output(), SenderOutput::Timeout(Some(_))));
/// ```
#[derive(Debug)]
pub struct ComposingSender {
    config: SenderConfig,
    state: State,
    output: Option<IsComposing>,
}

impl ComposingSender {
    /// A machine that is idle.
    pub fn new(mut config: SenderConfig) -> Self {
        config.refresh = config.refresh.map(|refresh| refresh.max(Duration::from_secs(60)));
        Self { config, state: State::Idle, output: None }
    }

    /// Takes one input.
    pub fn handle_input(&mut self, now: Instant, input: SenderInput) {
        let idle_at = now + self.config.idle_timeout;
        match (&mut self.state, input) {
            (State::Silent, _) => {}
            (_, SenderInput::Unsupported) => {
                self.state = State::Silent;
                self.output = None;
            }
            (State::Idle, SenderInput::Typed) => self.say_active(now, idle_at),
            (State::Active { idle_at: at, .. }, SenderInput::Typed) => *at = idle_at,
            (State::Active { .. }, SenderInput::Sent) => {
                self.state = State::Idle;
                self.output = None;
            }
            (State::Active { .. }, SenderInput::Cleared) => self.say_idle(),
            (State::Active { idle_at: at, refresh_at }, SenderInput::Timeout) => {
                if *at <= now {
                    self.say_idle();
                } else if refresh_at.is_some_and(|at| at <= now) {
                    let idle_at = *at;
                    self.say_active(now, idle_at);
                }
            }
            (State::Idle, SenderInput::Sent | SenderInput::Cleared | SenderInput::Timeout) => {}
        }
    }

    /// The next thing that the machine wants.
    pub fn poll_output(&mut self) -> SenderOutput {
        if let Some(document) = self.output.take() {
            return SenderOutput::Send(document);
        }
        SenderOutput::Timeout(match self.state {
            State::Active { idle_at, refresh_at } => {
                Some(refresh_at.map_or(idle_at, |r| r.min(idle_at)))
            }
            State::Idle | State::Silent => None,
        })
    }

    fn say_active(&mut self, now: Instant, idle_at: Instant) {
        let refresh_at = self.config.refresh.map(|refresh| now + refresh);
        self.state = State::Active { idle_at, refresh_at };
        self.output = Some(IsComposing {
            content_type: self.config.content_type.clone(),
            refresh: self.config.refresh.map(|r| r.as_secs().try_into().unwrap_or(u32::MAX)),
            ..IsComposing::new(ComposingState::Active)
        });
    }

    fn say_idle(&mut self) {
        self.state = State::Idle;
        let content_type = self.config.content_type.clone();
        self.output = Some(IsComposing { content_type, ..IsComposing::new(ComposingState::Idle) });
    }
}
