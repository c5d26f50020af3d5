//! What the recipient of one message answers (RFC 5438 §7.2).

use super::{DeliveryStatus, DisplayStatus, Disposition, Imdn, Requested};

/// The notifications that one received message may cause. Each kind is given at
/// most once, and only when it was asked for.
///
/// ```
/// use sipsimple_payloads::imdn::*;
///
/// let asked = Requested::parse("positive-delivery, display");
/// let mut message = ImdnRecipient::new("34jk324j", "2008-04-04T12:16:49-05:00", asked);
/// assert!(message.delivered(DeliveryStatus::Delivered).is_some());
/// assert!(message.delivered(DeliveryStatus::Failed).is_none());
/// assert!(message.displayed(DisplayStatus::Displayed).is_some());
/// ```
#[derive(Debug, Clone)]
pub struct ImdnRecipient {
    template: Imdn,
    requested: Requested,
}

impl ImdnRecipient {
    /// A message with its Message-ID, its DateTime, and what it asks for.
    pub fn new(message_id: &str, date_time: &str, requested: Requested) -> Self {
        let template = Imdn {
            message_id: message_id.into(),
            date_time: date_time.into(),
            recipient_uri: None,
            original_recipient_uri: None,
            subject: None,
            disposition: Disposition::Delivery(DeliveryStatus::Delivered),
        };
        Self { template, requested }
    }

    /// As [`ImdnRecipient::new`], for content of this media type: an IMDN is
    /// never answered with an IMDN.
    pub fn for_content(
        content_type: &str,
        message_id: &str,
        date_time: &str,
        requested: Requested,
    ) -> Self {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        let is_imdn = media.eq_ignore_ascii_case(super::CONTENT_TYPE);
        Self::new(message_id, date_time, if is_imdn { Requested::default() } else { requested })
    }

    /// Says who answers, whom the sender had addressed, and what it was about.
    pub fn describe(
        &mut self,
        recipient_uri: &str,
        original_recipient_uri: Option<&str>,
        subject: Option<&str>,
    ) {
        self.template.recipient_uri = Some(recipient_uri.into());
        self.template.original_recipient_uri = original_recipient_uri.map(str::to_owned);
        self.template.subject = subject.map(str::to_owned);
    }

    /// It was delivered, or not: the notification to send, if one is wanted.
    pub fn delivered(&mut self, status: DeliveryStatus) -> Option<Imdn> {
        let wanted = match status {
            DeliveryStatus::Failed => self.requested.negative_delivery,
            DeliveryStatus::Delivered => self.requested.positive_delivery,
            DeliveryStatus::Forbidden | DeliveryStatus::Error => {
                self.requested.positive_delivery || self.requested.negative_delivery
            }
        };
        // One notification of a kind, whatever it says.
        self.requested.positive_delivery = false;
        self.requested.negative_delivery = false;
        self.notification(wanted, Disposition::Delivery(status))
    }

    /// It was displayed, or will not be: the notification to send, if one is
    /// wanted.
    pub fn displayed(&mut self, status: DisplayStatus) -> Option<Imdn> {
        let wanted = std::mem::take(&mut self.requested.display);
        self.notification(wanted, Disposition::Display(status))
    }

    /// Whether nothing more will be answered.
    pub fn is_done(&self) -> bool {
        // Processing is for intermediaries.
        let Requested { positive_delivery, negative_delivery, display, .. } = self.requested;
        !positive_delivery && !negative_delivery && !display
    }

    fn notification(&self, wanted: bool, disposition: Disposition) -> Option<Imdn> {
        wanted.then(|| Imdn { disposition, ..self.template.clone() })
    }
}
