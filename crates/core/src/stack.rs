//! The machine: bytes, time and commands go in; bytes, deadlines and events
//! come out (RFC 3261).

pub(crate) mod clients;
mod command;
mod commands;
mod config;
mod connections;
pub(crate) mod core;
pub(crate) mod deadlines;
mod derived;
pub(crate) mod draft;
mod event;
mod extra_headers;
mod input;
mod machine;
mod output;
pub(crate) mod random;
mod receiving;
pub(crate) mod reply;
pub(crate) mod request;
mod sending;
pub(crate) mod servers;
mod statistics;
mod usages;

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
pub use machine::Stack;
pub use output::{Direction, Output, Path, Trace, Transmit};
pub use statistics::Statistics;
