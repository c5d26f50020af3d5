//! Typed headers: one file each, the ABNF of RFC 3261 §25.1 above the parser.
//!
//! A typed header is a view: it borrows from the message it was read from,
//! is cheap to make, and prints with `Display`, so that the same type builds
//! messages. To add one: write its file, and name it in the table of
//! [`name`](HeaderName).

mod name;
mod name_addr;
mod params;
mod quoted;

mod authentication;
mod contact;
mod cseq;
mod date;
mod event;
mod from;
mod lists;
mod media_type;
mod numbers;
mod reason;
mod refer_to;
mod replaces;
mod retry_after;
mod routing;
mod session_timer;
mod text;
mod to;
mod via;
mod warning;

pub use authentication::{
    AuthParams, AuthenticationInfo, Authorization, ProxyAuthenticate, ProxyAuthenticationInfo,
    ProxyAuthorization, WwwAuthenticate,
};
pub use contact::{Contact, ContactValue};
pub use cseq::CSeq;
pub use date::Date;
pub use event::{Event, SubscriptionState};
pub use from::From;
pub use lists::{Allow, ProxyRequire, Require, Supported, Unsupported};
pub use media_type::{Accept, ContentType};
pub use name::HeaderName;
pub(crate) use name::{CONTENT_LENGTH, OTHER, code_of};
pub use name_addr::{DisplayName, NameAddr};
pub use numbers::{ContentLength, Expires, MaxForwards, MinExpires};
pub use params::{Param, Params};
pub use quoted::{Quoted, unquote};
pub use reason::Reason;
pub use refer_to::{ReferTo, ReferredBy};
pub use replaces::Replaces;
pub use retry_after::RetryAfter;
pub use routing::{RecordRoute, Route};
pub use session_timer::{MinSe, Refresher, SessionExpires};
pub use text::{CallId, Server, Subject, UserAgent};
pub use to::To;
pub use via::{MAGIC_COOKIE, Via};
pub use warning::Warning;

pub use crate::scan::{Scanner, SyntaxError};

/// A header with a grammar.
///
/// Applications can implement this for headers of their own; nothing but the
/// name table treats the ones of this crate differently.
pub trait TypedHeader<'a>: Sized {
    /// The name it goes by.
    const NAME: HeaderName<'static>;

    /// Consumes one value (of a comma-separated list: one element).
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError>;

    /// Parses a whole value.
    fn parse(value: &'a str) -> Result<Self, SyntaxError> {
        let mut scanner = Scanner::new(value);
        scanner.skip_space();
        let header = Self::scan(&mut scanner)?;
        scanner.finish()?;
        Ok(header)
    }
}
