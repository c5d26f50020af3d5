//! A request of a peer's, read once for everybody who looks at it.

use super::random::parse_token;
use crate::message::{Essentials, Message, Method, ParseError};

/// A request that has what every request must have.
pub(crate) struct Request<'m> {
    pub message: &'m Message,
    pub method: &'m Method,
    pub essentials: Essentials<'m>,
}

impl<'m> Request<'m> {
    /// `None` for a response.
    pub(crate) fn read(message: &'m Message) -> Option<Result<Self, ParseError>> {
        let method = message.method()?;
        let essentials = message.essentials();
        Some(essentials.map(|essentials| Self { message, method, essentials }))
    }

    /// Whether it claims to be inside a dialog.
    pub(crate) fn in_dialog(&self) -> bool {
        self.essentials.to.tag.is_some()
    }

    /// Our tag in it, if it is one that we could have made.
    pub(crate) fn local_tag(&self) -> Option<u64> {
        parse_token(self.essentials.to.tag?)
    }

    /// The peer's tag; empty with a peer of RFC 2543.
    pub(crate) fn remote_tag(&self) -> &'m str {
        self.essentials.from.tag.unwrap_or_default()
    }

    /// The CSeq number.
    pub(crate) fn seq(&self) -> u32 {
        self.essentials.cseq.number
    }
}
