//! Whether the other one is typing (RFC 3994 §3.3).

use std::time::{Duration, Instant};

use super::{ComposingState, IsComposing};

/// How long `active` holds where the sender says nothing.
const DEFAULT_REFRESH: Duration = Duration::from_secs(120);

/// How long `active` holds at most, whatever the sender says.
const MAX_REFRESH: Duration = Duration::from_secs(3600);

/// What comes from the typist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverInput {
    /// A document.
    Document(IsComposing),
    /// A message with content.
    Content,
    /// The deadline of [`ReceiverOutput::Timeout`] may have passed.
    Timeout,
}

/// What a [`ComposingReceiver`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverOutput {
    /// The typist's state changed.
    Changed(ComposingState),
    /// Nothing more now. Call again after the next input, and at this time with
    /// [`ReceiverInput::Timeout`].
    Timeout(Option<Instant>),
}

/// The receiver's machine, one per typist.
#[derive(Debug, Default)]
pub struct ComposingReceiver {
    /// Until when the typist counts as active.
    active_until: Option<Instant>,
    output: Option<ComposingState>,
}

impl ComposingReceiver {
    /// A machine for a typist who is idle.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the other one is typing.
    pub fn state(&self) -> ComposingState {
        match self.active_until {
            Some(_) => ComposingState::Active,
            None => ComposingState::Idle,
        }
    }

    /// Takes one input.
    pub fn handle_input(&mut self, now: Instant, input: ReceiverInput) {
        let before = self.state();
        match input {
            ReceiverInput::Document(document) if document.state == ComposingState::Active => {
                let said = document.refresh.map(|n| Duration::from_secs(n.into()));
                let refresh = said.unwrap_or(DEFAULT_REFRESH).min(MAX_REFRESH);
                self.active_until = Some(now + refresh);
            }
            ReceiverInput::Document(_) | ReceiverInput::Content => self.active_until = None,
            ReceiverInput::Timeout => {
                self.active_until = self.active_until.filter(|until| *until > now);
            }
        }
        let after = self.state();
        if before != after {
            // Two changes before anybody looked are none.
            self.output = if self.output.is_some() { None } else { Some(after) };
        }
    }

    /// The next thing that the machine tells.
    pub fn poll_output(&mut self) -> ReceiverOutput {
        match self.output.take() {
            Some(state) => ReceiverOutput::Changed(state),
            None => ReceiverOutput::Timeout(self.active_until),
        }
    }
}
