//! Who is typing (RFC 3994).
//!
//! ```
//! use sipsimple_payloads::iscomposing::{ComposingState, IsComposing};
//!
//! let document = IsComposing { refresh: Some(90), ..IsComposing::new(ComposingState::Active) };
//! assert_eq!(IsComposing::parse(&document.to_bytes())?, document);
//! # Ok::<(), sipsimple_payloads::DocumentError>(())
//! ```

mod receiver;
mod sender;

pub use receiver::{ComposingReceiver, ReceiverInput, ReceiverOutput};
pub use sender::{ComposingSender, SenderConfig, SenderInput, SenderOutput};

use crate::xml::{DocumentError, XmlWriter, child_text, read};

/// The media type.
pub const CONTENT_TYPE: &str = "application/im-iscomposing+xml";

const NAMESPACE: &str = "urn:ietf:params:xml:ns:im-iscomposing";

/// Whether somebody is typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComposingState {
    /// Yes.
    Active,
    /// No.
    Idle,
}

/// An isComposing document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsComposing {
    /// Whether the sender is typing. States that are not known are idle.
    pub state: ComposingState,
    /// What is being composed: `text/plain`, `audio`.
    pub content_type: Option<String>,
    /// After how many seconds `active` will be said again.
    pub refresh: Option<u32>,
    /// When something was typed last, as XML dateTime.
    pub last_active: Option<String>,
}

impl IsComposing {
    /// A document with nothing but a state.
    pub fn new(state: ComposingState) -> Self {
        Self { state, content_type: None, refresh: None, last_active: None }
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When the bytes are no isComposing document.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        read(bytes, NAMESPACE, "isComposing", |root| {
            let text = |name| child_text(root, NAMESPACE, name).filter(|text| !text.is_empty());
            let state = text("state").ok_or(DocumentError::Element { element: "state" })?;
            Ok(Self {
                state: match state.as_str() {
                    "active" => ComposingState::Active,
                    _ => ComposingState::Idle,
                },
                content_type: text("contenttype"),
                // A value that is no positive number is as good as none.
                refresh: text("refresh").and_then(|n| n.parse().ok()).filter(|n| *n > 0),
                last_active: text("lastactive"),
            })
        })
    }

    /// Writes the document.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut xml = XmlWriter::new(NAMESPACE, "isComposing");
        let state = match self.state {
            ComposingState::Active => "active",
            ComposingState::Idle => "idle",
        };
        xml.text("state", state);
        // The order is the schema's.
        if let Some(last_active) = &self.last_active {
            xml.text("lastactive", last_active);
        }
        if let Some(content_type) = &self.content_type {
            xml.text("contenttype", content_type);
        }
        if let Some(refresh) = self.refresh {
            xml.text("refresh", &refresh.to_string());
        }
        xml.finish("isComposing")
    }
}
