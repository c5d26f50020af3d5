//! What a [`Stack`](super::Stack) is made with: endpoints, timers, limits.

use std::net::SocketAddr;
use std::time::Duration;

use super::Transport;
use crate::transaction::TimerSettings;

/// An address that we listen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// What is spoken there.
    pub transport: Transport,
    /// Where; the port is the real one, the address may be unspecified.
    pub address: SocketAddr,
}

/// What a [`Stack`](super::Stack) is made with.
#[derive(Debug, Clone)]
pub struct StackConfig {
    /// Where branches, tags and Call-IDs come from. Never use one twice
    /// outside of tests.
    pub seed: [u8; 32],
    /// Where we listen. The first of a transport and address family is used
    /// for requests of ours.
    pub endpoints: Vec<Endpoint>,
    /// The User-Agent and Server headers' value.
    pub user_agent: Option<Box<str>>,
    /// T1, T2, T4.
    pub timers: TimerSettings,
    /// The most of everything.
    pub limits: Limits,
    /// Body types that INVITE may have, for Accept and 415.
    pub accept: Vec<Box<str>>,
    /// A connection without a call or transaction is closed after this time
    /// without a message.
    pub connection_idle: Duration,
    /// A message on a stream that is not whole after this time closes the
    /// connection.
    pub message_age: Duration,
}

impl StackConfig {
    /// The defaults of everything but seed and endpoints.
    pub fn new(seed: [u8; 32], endpoints: Vec<Endpoint>) -> Self {
        Self {
            seed,
            endpoints,
            user_agent: None,
            timers: TimerSettings::default(),
            limits: Limits::default(),
            accept: vec!["application/sdp".into()],
            connection_idle: CONNECTION_IDLE,
            message_age: MESSAGE_AGE,
        }
    }
}

/// How long an unused connection stays open.
pub const CONNECTION_IDLE: Duration = Duration::from_secs(600);
/// How long a message on a stream may take from its first byte to its last.
pub const MESSAGE_AGE: Duration = Duration::from_secs(32);

/// The most of everything that a peer can make us keep. What is over a limit
/// is answered 503, or refused to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Server transactions.
    pub server_transactions: usize,
    /// Client requests that wait for a final response.
    pub client_requests: usize,
    /// Calls.
    pub calls: usize,
    /// Registrations.
    pub registrations: usize,
    /// Stream connections, both ways.
    pub connections: usize,
    /// Dialogs that one INVITE of ours may make by forking.
    pub forks: usize,
    /// Addresses tried for one request.
    pub targets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            server_transactions: 100_000,
            client_requests: 100_000,
            calls: 50_000,
            registrations: 10_000,
            connections: 4_096,
            forks: 16,
            targets: 8,
        }
    }
}
