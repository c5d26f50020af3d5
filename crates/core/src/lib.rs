//! SIP as a sans-IO machine: messages, SDP, transactions, dialogs and usages, with a tokio engine on top.
