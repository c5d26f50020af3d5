//! SIP as a sans-IO machine: messages, SDP, transactions, dialogs and usages, with a tokio engine on top.

pub mod header;
pub mod message;
pub mod scan;
pub mod uri;
