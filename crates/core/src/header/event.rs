//! `Event` (RFC 6665 §8.4) and `Subscription-State` (RFC 6665 §8.4).

use std::fmt;

use super::{HeaderName, Params, TypedHeader};
use crate::scan::{Scanner, SyntaxError};

// Event       = ( "Event" / "o" ) HCOLON event-type *( SEMI event-param )
// event-type  = event-package *( "." event-template )
// event-param = generic-param / ( "id" EQUAL token )
/// What a subscription is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Package and templates (`presence.winfo`).
    pub package: &'a str,
    /// The `id` that tells subscriptions of one dialog apart.
    pub id: Option<&'a str>,
    /// All parameters as received, the id among them.
    pub params: Params<'a>,
}

impl<'a> TypedHeader<'a> for Event<'a> {
    const NAME: HeaderName<'static> = HeaderName::Event;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let package = scanner.token()?;
        let mut id = None;
        let params = Params::scan(scanner, |param| {
            if param.is("id") {
                id = param.value;
            }
        })?;
        Ok(Self { package, id, params })
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.package)?;
        if let Some(id) = self.id {
            write!(f, ";id={id}")?;
        }
        self.params.write_except(f, &["id"])
    }
}

// Subscription-State  = "Subscription-State" HCOLON substate-value
//                       *( SEMI subexp-params )
// substate-value      = "active" / "pending" / "terminated" / extension-substate
/// How a subscription is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionState<'a> {
    /// `active`, `pending`, `terminated`…
    pub state: &'a str,
    /// Seconds that are left.
    pub expires: Option<u32>,
    /// Why it was terminated.
    pub reason: Option<&'a str>,
    /// Seconds to wait before a new one.
    pub retry_after: Option<u32>,
    /// All parameters as received, those above among them.
    pub params: Params<'a>,
}

impl<'a> TypedHeader<'a> for SubscriptionState<'a> {
    const NAME: HeaderName<'static> = HeaderName::SubscriptionState;

    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let state = scanner.token()?;
        let (mut expires, mut reason, mut retry_after) = (None, None, None);
        let params = Params::scan(scanner, |param| {
            let seconds = |value| Scanner::new(value).saturating_number().ok();
            if param.is("expires") {
                expires = param.value.and_then(seconds);
            } else if param.is("retry-after") {
                retry_after = param.value.and_then(seconds);
            } else if param.is("reason") {
                reason = param.value;
            }
        })?;
        Ok(Self { state, expires, reason, retry_after, params })
    }
}

impl fmt::Display for SubscriptionState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state)?;
        if let Some(expires) = self.expires {
            write!(f, ";expires={expires}")?;
        }
        if let Some(reason) = self.reason {
            write!(f, ";reason={reason}")?;
        }
        if let Some(seconds) = self.retry_after {
            write!(f, ";retry-after={seconds}")?;
        }
        self.params.write_except(f, &["expires", "reason", "retry-after"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let event = Event::parse("dialog;sla;id=7").unwrap();
        assert_eq!((event.package, event.id), ("dialog", Some("7")));
        assert_eq!(event.to_string(), "dialog;id=7;sla");
        let state = SubscriptionState::parse("terminated;reason=rejected;retry-after=9").unwrap();
        assert_eq!((state.state, state.reason), ("terminated", Some("rejected")));
        assert_eq!(state.to_string(), "terminated;reason=rejected;retry-after=9");
    }
}
