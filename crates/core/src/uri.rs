//! SIP and SIPS URIs, and the others kept as text (RFC 3261 §19.1, RFC 3966).
//!
//! [`UriView`] and [`SipUriView`] borrow from the message they were found in
//! and cost nothing to copy; [`Uri`] and [`SipUri`] own their text.

mod compare;
mod escape;
mod host;
mod owned;
mod params;
mod view;

pub use escape::{Escaped, unescape};
pub use host::{Host, HostView};
pub(crate) use host::{ipv4, write_ipv4};
pub use owned::{SipUri, Uri};
pub use params::{UriHeaders, UriParams};
pub use view::{SipUriView, UriView};

/// A URI that breaks its grammar: what was expected, and where.
pub type UriError = crate::scan::SyntaxError;
