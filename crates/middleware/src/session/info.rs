//! What is known about a session, and about its parties.

use std::fmt;
use std::time::SystemTime;

use sipsimple_core::header::{From as FromHeader, HeaderName, NameAddr, To};
use sipsimple_core::message::Message;
use sipsimple_core::stack::CallKey;
use sipsimple_core::uri::Uri;

use super::Direction;
use crate::configuration::Transport;
use crate::notification::{ToValue, Value};
use crate::stream::Streams;

/// A party of a session: its name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The name to show, if there is one.
    pub display_name: Option<String>,
    /// The address.
    pub uri: Uri,
}

impl From<&NameAddr<'_>> for Party {
    fn from(address: &NameAddr<'_>) -> Self {
        let name = address.display_name.as_ref().map(|name| name.text().into_owned());
        let display_name = name.filter(|name| !name.is_empty());
        Self { display_name, uri: address.uri.to_owned() }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.display_name {
            Some(name) => write!(f, "{name} <{}>", self.uri),
            None => self.uri.fmt(f),
        }
    }
}

impl ToValue for Party {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

/// What is known about a session.
#[derive(Default)]
pub(super) struct Info {
    pub(super) direction: Option<Direction>,
    pub(super) transport: Option<Transport>,
    pub(super) start_time: Option<SystemTime>,
    pub(super) stop_time: Option<SystemTime>,
    pub(super) remote_user_agent: Option<String>,
    pub(super) local_identity: Option<Party>,
    pub(super) remote_identity: Option<Party>,
    pub(super) subject: Option<String>,
    pub(super) streams: Streams,
    pub(super) proposed_streams: Option<Streams>,
    pub(super) call: Option<CallKey>,
}

impl Info {
    /// What an INVITE says about who calls whom.
    pub(super) fn read_invite(&mut self, invite: &Message) {
        if let Ok(Some(from)) = invite.typed::<FromHeader<'_>>() {
            self.remote_identity = Some(Party::from(&from.address));
        }
        if let Ok(Some(to)) = invite.typed::<To<'_>>() {
            self.local_identity = Some(Party::from(&to.address));
        }
        self.subject = invite.value(HeaderName::Subject).map(str::to_owned);
        self.read_user_agent(invite);
    }

    /// What any message of the other party says about its software.
    pub(super) fn read_user_agent(&mut self, message: &Message) {
        let said = message.value(HeaderName::UserAgent).or(message.value(HeaderName::Server));
        if let Some(said) = said {
            self.remote_user_agent = Some(said.to_owned());
        }
    }
}
