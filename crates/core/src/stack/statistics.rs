//! What the stack counts.

/// Counters since the start, and what there is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Requests that came, retransmissions included.
    pub requests_received: u64,
    /// Responses that came, retransmissions included.
    pub responses_received: u64,
    /// Messages that went, retransmissions included.
    pub messages_sent: u64,
    /// Requests that came again and were answered by their transaction.
    pub retransmissions_received: u64,
    /// Messages dropped because they can't be read and not be answered.
    pub malformed: u64,
    /// Requests answered 400 because they can't be read.
    pub bad_requests: u64,
    /// Responses and ACKs dropped because they belong to nothing.
    pub unmatched: u64,
    /// Requests answered 503 because of a limit or a slow application.
    pub overloads: u64,
    /// Calls now.
    pub calls: usize,
    /// Registrations now.
    pub registrations: usize,
    /// Dialogs now: calls but for those of ours that nobody has answered.
    pub dialogs: usize,
    /// Client transactions (and ACKs kept to be sent again) now.
    pub client_transactions: usize,
    /// Server transactions now.
    pub server_transactions: usize,
    /// Stream connections now.
    pub connections: usize,
}

impl Statistics {
    /// Whether nothing is left: no call, dialog, registration or transaction.
    pub fn is_idle(&self) -> bool {
        self.calls == 0
            && self.registrations == 0
            && self.dialogs == 0
            && self.client_transactions == 0
            && self.server_transactions == 0
    }
}
