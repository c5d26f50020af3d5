//! What the sender knows of its messages (RFC 5438 §7.1.2, §7.1.3).

use std::collections::{BTreeMap, VecDeque};

use super::{DeliveryStatus, Disposition, Imdn, Requested};

/// How many messages are kept in mind; older ones are forgotten.
pub const MAX_TRACKED: usize = 4096;

/// How many recipients of one message are kept in mind.
pub const MAX_RECIPIENTS: usize = 1024;

#[derive(Debug, Default)]
struct Tracked {
    requested: Requested,
    /// By the recipient's URI, what it said last about each kind.
    recipients: BTreeMap<String, Vec<Disposition>>,
}

/// Matches notifications with the messages that asked for them.
#[derive(Debug, Default)]
pub struct ImdnSender {
    messages: BTreeMap<String, Tracked>,
    order: VecDeque<String>,
}

impl ImdnSender {
    /// Nothing is sent yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A message was sent with this `imdn.Message-ID`, asking for this.
    pub fn sent(&mut self, message_id: &str, requested: Requested) {
        if !requested.is_any() {
            return;
        }
        if self.messages.len() == MAX_TRACKED
            && let Some(oldest) = self.order.pop_front()
        {
            self.messages.remove(&oldest);
        }
        let tracked = Tracked { requested, ..Tracked::default() };
        if self.messages.insert(message_id.to_owned(), tracked).is_none() {
            self.order.push_back(message_id.to_owned());
        }
    }

    /// A notification came from this URI (the From of its message). Returns
    /// whether it says something new about a message that asked for it.
    ///
    /// Nobody can answer for another recipient: what counts is who sent the
    /// notification, not who it says it is from.
    pub fn received(&mut self, from: &str, imdn: &Imdn) -> bool {
        let Some(tracked) = self.messages.get_mut(&imdn.message_id) else { return false };
        let asked = match imdn.disposition {
            Disposition::Delivery(DeliveryStatus::Delivered) => tracked.requested.positive_delivery,
            Disposition::Delivery(DeliveryStatus::Failed) => tracked.requested.negative_delivery,
            Disposition::Delivery(_) => {
                tracked.requested.positive_delivery || tracked.requested.negative_delivery
            }
            Disposition::Display(_) => tracked.requested.display,
            Disposition::Processing(_) => tracked.requested.processing,
        };
        let known = tracked.recipients.contains_key(from);
        if !asked || (!known && tracked.recipients.len() >= MAX_RECIPIENTS) {
            return false;
        }
        let said = tracked.recipients.entry(from.to_owned()).or_default();
        let kind = std::mem::discriminant(&imdn.disposition);
        let before = said.iter_mut().find(|d| std::mem::discriminant(*d) == kind);
        match (before, imdn.disposition) {
            (None, disposition) => said.push(disposition),
            // Intermediaries may first store and then process; the others speak once.
            (Some(before), disposition @ Disposition::Processing(_)) if *before != disposition => {
                *before = disposition;
            }
            _ => return false,
        }
        true
    }

    /// What a recipient said about a message, one entry of each kind.
    pub fn state(&self, message_id: &str, recipient: &str) -> &[Disposition] {
        let tracked = self.messages.get(message_id);
        tracked.and_then(|t| t.recipients.get(recipient)).map_or(&[], Vec::as_slice)
    }

    /// Stops keeping a message in mind.
    pub fn forget(&mut self, message_id: &str) {
        if self.messages.remove(message_id).is_some() {
            self.order.retain(|id| id != message_id);
        }
    }
}
