//! SIP as a sans-IO machine: messages, SDP, transactions, dialogs and usages, with a tokio engine on top.

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
