//! The machine: bytes, time and commands go in; bytes, deadlines and events
//! come out (RFC 3261).

mod command;
mod config;
mod event;
mod extra_headers;
mod input;
mod output;
mod statistics;

use std::collections::VecDeque;
use std::time::Instant;

pub use command::{
    Accepted, Body, CallKey, Command, Content, Identity, OutgoingCall, Refused, RegistrationKey,
    RegistrationRequest, RetryPolicy,
};
pub use config::{CONNECTION_IDLE, Endpoint, Limits, MESSAGE_AGE, StackConfig};
pub use event::{
    CallEvent, Cause, Event, IncomingCall, Originator, RegistrationEvent, TransportError,
};
pub use extra_headers::ExtraHeaders;
pub use input::{ConnectionId, EndpointId, Input, QueryId, Resolved, Ticket, Transport};
pub use output::{Direction, Output, Path, Trace, Transmit};
pub use statistics::Statistics;

/// A SIP user agent without sockets.
#[derive(Debug)]
pub struct Stack {
    outputs: VecDeque<Output>,
    statistics: Statistics,
}

impl Stack {
    /// A stack with nothing to do yet.
    pub fn new(_config: StackConfig) -> Self {
        Self { outputs: VecDeque::new(), statistics: Statistics::default() }
    }

    /// Takes an input. Drain [`poll_output`](Self::poll_output) afterwards.
    pub fn handle_input(&mut self, _now: Instant, input: Input) {
        if let Input::Command { ticket, command: _ } = input {
            self.outputs.push_back(Output::Answer { ticket, result: Err(Refused::ShuttingDown) });
        }
    }

    /// What to do next, until it is [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(None))
    }

    /// What has been counted so far.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}
