//! The stack as its peers see it: whole stacks in virtual time, and scripted
//! peers that read like ladder diagrams.

#![allow(unreachable_pub, reason = "one binary, many files")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authentication;
mod call;
mod cancel;
mod failures;
mod loss;
mod pair;
mod registration;
mod reinvite;
mod script;
mod server_rules;
mod torture;
mod transports;
