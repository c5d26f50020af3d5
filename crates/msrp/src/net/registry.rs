//! The sessions of an endpoint, by their session-id.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use super::session::Link;
use crate::connection::{Event, Matching, SessionConfig, SessionKey};
use crate::header::StatusCode;
use crate::uri::MsrpUri;

/// A session on its way to a connection.
pub(super) struct Seat {
    pub(super) key: SessionKey,
    pub(super) config: SessionConfig,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) link: watch::Sender<Link>,
}

enum Entry {
    /// Waits for the peer to connect.
    Waiting(Box<Seat>),
    /// Is on a connection.
    Bound(SessionKey),
}

#[derive(Default)]
pub(super) struct Registry {
    entries: Mutex<HashMap<String, Entry>>,
}

fn id_of(uri: &MsrpUri) -> &str {
    uri.session_id().unwrap_or_default()
}

impl Registry {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // The map is whole whatever panicked while it was held.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session-id is free; takes it.
    pub(super) fn wait(&self, seat: Seat) -> bool {
        let id = id_of(&seat.config.local).to_owned();
        let mut entries = self.entries();
        let free = !id.is_empty() && !entries.contains_key(&id);
        if free {
            entries.insert(id, Entry::Waiting(Box::new(seat)));
        }
        free
    }

    pub(super) fn bind(&self, local: &MsrpUri, key: SessionKey) -> bool {
        let id = id_of(local).to_owned();
        let mut entries = self.entries();
        let free = !id.is_empty() && !entries.contains_key(&id);
        if free {
            entries.insert(id, Entry::Bound(key));
        }
        free
    }

    /// The session that a request is for, or what to answer.
    pub(super) fn claim(&self, to: &MsrpUri) -> Result<Seat, StatusCode> {
        let mut entries = self.entries();
        let id = id_of(to);
        match entries.remove(id) {
            Some(Entry::Waiting(seat)) if matches(&seat.config, to) => {
                entries.insert(id.to_owned(), Entry::Bound(seat.key));
                Ok(*seat)
            }
            Some(Entry::Bound(key)) => {
                entries.insert(id.to_owned(), Entry::Bound(key));
                Err(StatusCode::ALREADY_BOUND)
            }
            Some(waiting) => {
                entries.insert(id.to_owned(), waiting);
                Err(StatusCode::NO_SUCH_SESSION)
            }
            None => Err(StatusCode::NO_SUCH_SESSION),
        }
    }

    /// The session will not come to a connection any more, if it has not yet.
    pub(super) fn release_waiting(&self, local: &MsrpUri, key: SessionKey) {
        let mut entries = self.entries();
        let mine = |entry: &Entry| matches!(entry, Entry::Waiting(seat) if seat.key == key);
        if entries.get(id_of(local)).is_some_and(mine) {
            entries.remove(id_of(local));
        }
    }

    /// The session is over.
    pub(super) fn release(&self, local: &MsrpUri, key: SessionKey) {
        let mut entries = self.entries();
        let mine = match entries.get(id_of(local)) {
            Some(Entry::Waiting(seat)) => seat.key == key,
            Some(Entry::Bound(bound)) => *bound == key,
            None => false,
        };
        if mine {
            entries.remove(id_of(local));
        }
    }
}

fn matches(config: &SessionConfig, to: &MsrpUri) -> bool {
    match config.matching {
        Matching::Uri => config.local.equivalent(to),
        Matching::SessionId => config.local.same_session(to),
    }
}
