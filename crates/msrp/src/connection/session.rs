//! One session on a connection.

use std::collections::{BTreeMap, VecDeque};

use super::incoming::Incoming;
use super::outgoing::Message;
use super::{IncomingKey, MessageKey, SessionConfig};
use crate::header::StatusCode;
use crate::uri::MsrpUri;

/// How many ids of complete messages are kept to know duplicates.
const MAX_RECENT: usize = 64;

/// How many ids of refused messages are kept to refuse their other chunks.
const MAX_REFUSED: usize = 64;

#[derive(Debug)]
pub(super) struct Session {
    pub(super) config: SessionConfig,
    /// `To-Path: …CRLFFrom-Path: …CRLF` of what is sent.
    pub(super) paths: String,
    pub(super) bound: bool,
    pub(super) closing: bool,
    /// Whether the session is in the queue of those that have something to send.
    pub(super) queued: bool,
    pub(super) messages: BTreeMap<MessageKey, Message>,
    pub(super) by_id: BTreeMap<String, MessageKey>,
    /// Short messages, in their order.
    pub(super) texts: VecDeque<MessageKey>,
    /// Large and streamed messages, the next one first.
    pub(super) bulk: VecDeque<MessageKey>,
    /// Whether a large message is next, so that neither kind waits for ever.
    pub(super) bulk_next: bool,
    pub(super) incoming: BTreeMap<IncomingKey, Incoming>,
    /// Complete messages that wait for the caller's report.
    pub(super) unreported: VecDeque<(IncomingKey, super::incoming::Origin, u64)>,
    recent: VecDeque<String>,
    refused: VecDeque<(String, StatusCode)>,
}

impl Session {
    pub(super) fn new(config: SessionConfig) -> Self {
        let paths = format!("To-Path: {}\r\nFrom-Path: {}\r\n", config.remote, config.local);
        Self {
            config,
            paths,
            bound: false,
            closing: false,
            queued: false,
            messages: BTreeMap::new(),
            by_id: BTreeMap::new(),
            texts: VecDeque::new(),
            bulk: VecDeque::new(),
            bulk_next: false,
            incoming: BTreeMap::new(),
            unreported: VecDeque::new(),
            recent: VecDeque::new(),
            refused: VecDeque::new(),
        }
    }

    pub(super) fn matches(&self, to: &MsrpUri) -> bool {
        match self.config.matching {
            super::Matching::Uri => self.config.local.equivalent(to),
            super::Matching::SessionId => self.config.local.same_session(to),
        }
    }

    pub(super) fn accepts(&self, content_type: &str) -> bool {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        self.config.accept_types.iter().any(|accepted| {
            accepted == "*"
                || accepted.eq_ignore_ascii_case(media)
                || accepted.strip_suffix('*').is_some_and(|kind| {
                    kind.ends_with('/')
                        && media.get(..kind.len()).is_some_and(|m| m.eq_ignore_ascii_case(kind))
                })
        })
    }

    pub(super) fn was_complete(&self, message_id: &str) -> bool {
        self.recent.iter().any(|id| id == message_id)
    }

    pub(super) fn note_complete(&mut self, message_id: &str) {
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(message_id.to_owned());
    }

    pub(super) fn was_refused(&self, message_id: &str) -> Option<StatusCode> {
        self.refused.iter().find(|(id, _)| id == message_id).map(|(_, code)| *code)
    }

    pub(super) fn note_refused(&mut self, message_id: &str, code: StatusCode) {
        if self.refused.len() == MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back((message_id.to_owned(), code));
    }

    /// What all unfinished messages keep in memory, in bytes.
    pub(super) fn stored(&self) -> u64 {
        self.incoming.values().map(|message| message.stored() as u64).sum()
    }

    /// Whether something can be sent now.
    pub(super) fn has_work(&self) -> bool {
        !self.texts.is_empty()
            || self.bulk.iter().any(|key| self.messages.get(key).is_some_and(Message::is_ready))
    }
}
