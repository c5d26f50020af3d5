//! SIP as a sans-IO machine: messages, SDP, transactions, dialogs and usages,
//! with a tokio engine on top.
//!
//! Two floors. The ground floor is pure: [`message`], [`header`], [`uri`],
//! [`sdp`], [`framing`], and the machine, [`stack::Stack`]. It opens no socket,
//! starts no task, reads no clock and makes no randomness; it builds without
//! the `net` feature, and no runtime is in its dependency tree. The upper
//! floor, `net`, is `net::Engine`: one task that owns a `Stack` by value and
//! moves its bytes.
//!
//! # The driving contract
//!
//! Every machine of this workspace is driven in the same way:
//!
//! 1. `handle_input(now, Input)` hands it what has happened: bytes, a
//!    resolver's answer, a command, a deadline that has come.
//! 2. `poll_output()` is called until it says `Timeout`: each `Output` before
//!    that is something to do now, in this order.
//! 3. `Timeout(Some(when))` says when to come back with `Input::Timeout` at
//!    the latest; coming early, or for nothing, does no harm.
//!
//! Nothing else changes its state. Time never runs backwards in it, and it
//! never calls anybody: outputs are drained after it has been left, so that
//! what they lead to may hand it the next input at once.
//!
//! ```
//! use std::time::Instant;
//! use sipsimple_core::stack::{
//!     Endpoint, EndpointId, Input, Output, Stack, StackConfig, Transport,
//! };
//!
//! # #[allow(clippy::disallowed_methods)]
//! let now = Instant::now();
//! let address = "192.0.2.1:5060".parse()?;
//! let endpoints = vec![Endpoint { transport: Transport::Udp, address }];
//! let mut stack = Stack::new(StackConfig::new([0; 32], endpoints), now);
//!
//! let bytes = "OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK7\r\n\
//!     From: <sip:alice@192.0.2.9>;tag=1\r\n\
//!     To: <sip:bob@192.0.2.1>\r\n\
//!     Call-ID: c\r\n\
//!     CSeq: 1 OPTIONS\r\n\r\n".into();
//! let remote = "192.0.2.9:5060".parse()?;
//! let endpoint = EndpointId(0);
//! stack.handle_input(now, Input::Datagram { endpoint, local: address, remote, bytes });
//!
//! let mut sent = Vec::new();
//! let wake_me = loop {
//!     match stack.poll_output() {
//!         Output::Transmit(transmit) => sent.push(transmit),
//!         Output::Timeout(when) => break when,
//!         _ => {}
//!     }
//! };
//! assert!(sent[0].bytes.starts_with(b"SIP/2.0 200 OK\r\n"));
//! assert_eq!(sent[0].path.remote(), remote);
//! // Timer J: until then a repeated request gets the same answer.
//! assert_eq!(wake_me, Some(now + std::time::Duration::from_secs(32)));
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

pub mod auth;
mod dialog;
pub mod framing;
pub mod header;
pub mod message;
#[cfg(feature = "net")]
pub mod net;
pub mod resolve;
pub mod scan;
pub mod sdp;
pub mod stack;
pub mod transaction;
pub mod uri;
mod usage;
