//! Message disposition notifications (RFC 5438): documents, what a sender asks
//! for, what a recipient answers, and what a sender knows.

mod recipient;
mod sender;

use std::fmt;

pub use recipient::ImdnRecipient;
pub use sender::{ImdnSender, MAX_RECIPIENTS, MAX_TRACKED};

use crate::xml::{DocumentError, XmlWriter, child, child_text, read};

/// The media type.
pub const CONTENT_TYPE: &str = "message/imdn+xml";

/// The namespace of its CPIM headers: `Message-ID`, `Disposition-Notification`,
/// `Original-To`, `IMDN-Record-Route`, `IMDN-Route`.
pub const CPIM_NAMESPACE: &str = "urn:ietf:params:imdn";

const NAMESPACE: &str = "urn:ietf:params:xml:ns:imdn";

/// What a notification is about, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Whether the message reached the recipient's device.
    Delivery(DeliveryStatus),
    /// Whether the recipient saw it.
    Display(DisplayStatus),
    /// What an intermediary did with it.
    Processing(ProcessingStatus),
}

macro_rules! statuses {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The element that says it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            fn from_element(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

statuses! {
    /// What is known of a delivery.
    DeliveryStatus {
        /// It arrived.
        Delivered = "delivered",
        /// It did not.
        Failed = "failed",
        /// The recipient does not tell.
        Forbidden = "forbidden",
        /// Something went wrong inside.
        Error = "error",
    }
}

statuses! {
    /// What is known of a display.
    DisplayStatus {
        /// It was shown.
        Displayed = "displayed",
        /// The recipient does not tell.
        Forbidden = "forbidden",
        /// Nobody knows whether it was shown.
        Error = "error",
    }
}

statuses! {
    /// What an intermediary did.
    ProcessingStatus {
        /// It passed it on.
        Processed = "processed",
        /// It keeps it for later.
        Stored = "stored",
        /// It does not tell.
        Forbidden = "forbidden",
        /// Something went wrong inside.
        Error = "error",
    }
}

impl Disposition {
    fn element(self) -> &'static str {
        match self {
            Self::Delivery(_) => "delivery-notification",
            Self::Display(_) => "display-notification",
            Self::Processing(_) => "processing-notification",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Delivery(status) => status.as_str(),
            Self::Display(status) => status.as_str(),
            Self::Processing(status) => status.as_str(),
        }
    }
}

/// An imdn document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imdn {
    /// The Message-ID of the message that it is about.
    pub message_id: String,
    /// When that message was sent, as its DateTime says.
    pub date_time: String,
    /// Who tells.
    pub recipient_uri: Option<String>,
    /// Whom the sender had addressed.
    pub original_recipient_uri: Option<String>,
    /// What that message was about.
    pub subject: Option<String>,
    /// What happened.
    pub disposition: Disposition,
}

impl Imdn {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When the bytes are no imdn document.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        read(bytes, NAMESPACE, "imdn", |root| {
            let text = |name| child_text(root, NAMESPACE, name).filter(|text| !text.is_empty());
            let missing = |element| DocumentError::Element { element };
            let status = |element: &str| {
                let status = child(child(root, NAMESPACE, element)?, NAMESPACE, "status")?;
                let said = status.children().find(|node| node.is_element())?;
                Some(said.tag_name().name().to_owned())
            };
            let disposition = if let Some(said) = status("delivery-notification") {
                DeliveryStatus::from_element(&said).map(Disposition::Delivery)
            } else if let Some(said) = status("display-notification") {
                DisplayStatus::from_element(&said).map(Disposition::Display)
            } else if let Some(said) = status("processing-notification") {
                ProcessingStatus::from_element(&said).map(Disposition::Processing)
            } else {
                None
            };
            Ok(Self {
                message_id: text("message-id").ok_or(missing("message-id"))?,
                date_time: text("datetime").ok_or(missing("datetime"))?,
                recipient_uri: text("recipient-uri"),
                original_recipient_uri: text("original-recipient-uri"),
                subject: text("subject"),
                disposition: disposition.ok_or(missing("status"))?,
            })
        })
    }

    /// Writes the document.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut xml = XmlWriter::new(NAMESPACE, "imdn");
        xml.text("message-id", &self.message_id);
        xml.text("datetime", &self.date_time);
        let optional = [
            ("recipient-uri", &self.recipient_uri),
            ("original-recipient-uri", &self.original_recipient_uri),
            ("subject", &self.subject),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                xml.text(name, value);
            }
        }
        let element = self.disposition.element();
        xml.start(element);
        xml.start("status");
        xml.empty(self.disposition.status());
        xml.end("status");
        xml.end(element);
        xml.finish("imdn")
    }
}

/// What a sender asks for: the value of `Disposition-Notification` (RFC 5438 §6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requested {
    /// A notification when it arrives.
    pub positive_delivery: bool,
    /// A notification when it does not.
    pub negative_delivery: bool,
    /// Notifications of intermediaries.
    pub processing: bool,
    /// A notification when it is seen.
    pub display: bool,
}

impl Requested {
    /// Reads the value. What is not known is ignored.
    pub fn parse(value: &str) -> Self {
        let mut requested = Self::default();
        for word in value.split(',') {
            match word.split(';').next().unwrap_or_default().trim() {
                "positive-delivery" => requested.positive_delivery = true,
                "negative-delivery" => requested.negative_delivery = true,
                "processing" => requested.processing = true,
                "display" => requested.display = true,
                _ => {}
            }
        }
        requested
    }

    /// Whether anything is asked for.
    pub fn is_any(self) -> bool {
        self != Self::default()
    }
}

impl fmt::Display for Requested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.positive_delivery, "positive-delivery"),
            (self.negative_delivery, "negative-delivery"),
            (self.processing, "processing"),
            (self.display, "display"),
        ];
        let mut separator = "";
        for (_, word) in words.into_iter().filter(|(asked, _)| *asked) {
            write!(f, "{separator}{word}")?;
            separator = ", ";
        }
        Ok(())
    }
}
