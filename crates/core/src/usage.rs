//! What dialogs and requests are used for: calls, registrations, OPTIONS
//! (RFC 3261 §10, §11, §13 to §15; the word is RFC 5057's).

pub(crate) mod invite;
pub(crate) mod options;
pub(crate) mod registration;
