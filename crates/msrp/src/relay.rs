//! Asking relays for their services: AUTH, Use-Path and refresh
//! (RFC 4976 §5.1, §9.1).

mod credentials;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sipsimple_net::digest::{Credentials, DigestError};

use crate::connection::OutgoingRequest;
use crate::header::{HeaderName, StatusCode};
use crate::ids::Ids;
use crate::message::{Head, Method, StartLine};
use crate::uri::{MsrpUri, Path};
use credentials::Authenticator;

/// How many AUTH requests one relay may cost before it is given up: a first
/// one, one with credentials, one for a stale nonce, one for bounds.
const MAX_ATTEMPTS: u32 = 4;

/// The longest life of a relay's URI that is believed.
const MAX_EXPIRES: Duration = Duration::from_secs(7 * 24 * 3600);

/// A relay chain to be used.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// The relays, the nearest first: `msrps://relay.example.com;tcp`.
    pub relays: Vec<MsrpUri>,
    /// This side's own URI.
    pub local: MsrpUri,
    /// What relays are answered with.
    pub credentials: Credentials,
    /// How long URIs should live; the relay decides where nothing is said.
    pub expires: Option<Duration>,
}

/// What happens to a [`RelayClient`].
#[derive(Debug)]
pub enum RelayInput {
    /// The connection to the first relay is there.
    Connected,
    /// The request that was sent last was answered.
    Answered(Box<Head>),
    /// It was not answered in time, or the connection ended.
    Unanswered,
    /// The deadline of [`RelayOutput::Timeout`] may have passed.
    Timeout,
}

/// What a [`RelayClient`] wants.
#[derive(Debug)]
pub enum RelayOutput {
    /// Send this to the first relay.
    Request(Box<OutgoingRequest>),
    /// The relays are ready: these are the hops to put before the peer's path,
    /// nearest first. Comes again after each refresh.
    Ready {
        /// The relays' URIs.
        relays: Vec<MsrpUri>,
    },
    /// A relay refused, or is not there. [`RelayInput::Connected`] begins anew.
    Failed(RelayError),
    /// Nothing more now. Call again after the next input, and at this time with
    /// [`RelayInput::Timeout`].
    Timeout(Option<Instant>),
}

/// Why a relay can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The credentials were refused.
    #[error("{relay} refuses the credentials")]
    Credentials {
        /// The relay.
        relay: MsrpUri,
    },
    /// The relay refused.
    #[error("{relay} refuses: {code} {comment}")]
    Refused {
        /// The relay.
        relay: MsrpUri,
        /// The code.
        code: StatusCode,
        /// The phrase.
        comment: String,
    },
    /// The relay did not answer.
    #[error("{relay} does not answer")]
    Unanswered {
        /// The relay.
        relay: MsrpUri,
    },
    /// The answer lacks what is needed.
    #[error("{relay} answers without a usable {name}")]
    Answer {
        /// The relay.
        relay: MsrpUri,
        /// The field.
        name: HeaderName,
    },
    /// The challenge can't be answered.
    #[error("{relay} asks for what can't be given: {source}")]
    Challenge {
        /// The relay.
        relay: MsrpUri,
        /// Why.
        source: DigestError,
    },
    /// The relay does not know the password itself.
    #[error("{relay} does not prove that it knows the password")]
    NotProven {
        /// The relay.
        relay: MsrpUri,
    },
}

/// What is known of one relay.
#[derive(Debug)]
struct Hop {
    uri: MsrpUri,
    authenticator: Authenticator,
    expires: Option<Duration>,
    until: Option<Instant>,
}

#[derive(Debug)]
enum State {
    /// No connection, or given up.
    Idle,
    /// A relay is asked, by its position, for so many times.
    Asking { hop: usize, attempts: u32 },
    /// All are ready; refresh then.
    Ready { refresh: Option<Instant> },
}

/// Gets URIs from a chain of relays and keeps them alive. Driven like
/// [`Connection`](crate::connection::Connection): an input, then outputs until
/// [`RelayOutput::Timeout`].
#[derive(Debug)]
pub struct RelayClient {
    local: MsrpUri,
    credentials: Credentials,
    hops: Vec<Hop>,
    /// The URIs that were handed out so far, nearest first.
    path: Vec<MsrpUri>,
    state: State,
    ids: Ids,
    output: VecDeque<RelayOutput>,
}

impl RelayClient {
    /// A client that waits for its connection. `seed` must be random.
    pub fn new(config: RelayConfig, seed: [u8; 32]) -> Self {
        let hop = |uri| Hop {
            uri,
            authenticator: Authenticator::default(),
            expires: config.expires,
            until: None,
        };
        Self {
            local: config.local,
            credentials: config.credentials,
            hops: config.relays.into_iter().map(hop).collect(),
            path: Vec::new(),
            state: State::Idle,
            ids: Ids::new(seed),
            output: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn handle_input(&mut self, now: Instant, input: RelayInput) {
        match input {
            RelayInput::Connected => self.begin(now),
            RelayInput::Answered(head) => self.answered(now, &head),
            RelayInput::Unanswered => {
                if let State::Asking { hop, .. } = self.state {
                    let relay = self.hops[hop].uri.clone();
                    self.fail(RelayError::Unanswered { relay });
                } else {
                    self.state = State::Idle;
                }
            }
            RelayInput::Timeout => {
                let due = |at: Instant| at <= now;
                if matches!(self.state, State::Ready { refresh: Some(at) } if due(at)) {
                    self.begin(now);
                }
            }
        }
    }

    /// The next thing that the client wants.
    pub fn poll_output(&mut self) -> RelayOutput {
        self.output.pop_front().unwrap_or(RelayOutput::Timeout(match self.state {
            State::Ready { refresh } => refresh,
            State::Idle | State::Asking { .. } => None,
        }))
    }

    fn begin(&mut self, now: Instant) {
        self.path.clear();
        if self.hops.is_empty() {
            self.ready(now);
        } else {
            self.ask(0, 0);
        }
    }

    /// Sends AUTH to a relay, through those before it.
    fn ask(&mut self, position: usize, attempts: u32) {
        let Some(hop) = self.hops.get_mut(position) else { return };
        let target = hop.uri.to_string();
        let cnonce = self.ids.text();
        let mut headers = Vec::new();
        match hop.authenticator.authorization(&self.credentials, &target, &cnonce) {
            Ok(Some(value)) => headers.push((HeaderName::Authorization.to_string(), value)),
            Ok(None) => {}
            Err(source) => {
                let relay = hop.uri.clone();
                return self.fail(RelayError::Challenge { relay, source });
            }
        }
        if let Some(expires) = hop.expires {
            headers.push((HeaderName::Expires.to_string(), expires.as_secs().to_string()));
        }
        let request = OutgoingRequest {
            session: None,
            method: Method::Auth,
            to: Path::through(&self.path, hop.uri.clone()),
            from: self.local.clone().into(),
            headers,
        };
        self.state = State::Asking { hop: position, attempts: attempts + 1 };
        self.output.push_back(RelayOutput::Request(Box::new(request)));
    }

    fn answered(&mut self, now: Instant, head: &Head) {
        let (State::Asking { hop: position, attempts }, StartLine::Response(code, comment)) =
            (&self.state, head.start())
        else {
            return;
        };
        let (position, attempts) = (*position, *attempts);
        let hop = &mut self.hops[position];
        let relay = hop.uri.clone();
        let again = match *code {
            code if code.is_success() => return self.granted(now, position, head),
            _ if attempts >= MAX_ATTEMPTS => false,
            StatusCode::UNAUTHORIZED => {
                let challenges = head.all(HeaderName::WwwAuthenticate);
                match hop.authenticator.challenged(challenges, &self.credentials) {
                    Ok(again) => again,
                    Err(source) => return self.fail(RelayError::Challenge { relay, source }),
                }
            }
            StatusCode::OUT_OF_BOUNDS => hop.correct_bounds(head),
            _ => false,
        };
        if again {
            self.ask(position, attempts);
        } else if *code == StatusCode::UNAUTHORIZED {
            self.fail(RelayError::Credentials { relay });
        } else {
            let (code, comment) = (*code, comment.clone());
            self.fail(RelayError::Refused { relay, code, comment });
        }
    }

    fn granted(&mut self, now: Instant, position: usize, head: &Head) {
        let hop = &mut self.hops[position];
        let relay = hop.uri.clone();
        let info = head.get(HeaderName::AuthenticationInfo);
        if !hop.authenticator.is_proven(&self.credentials, info) {
            return self.fail(RelayError::NotProven { relay });
        }
        let Ok(path) = head.use_path() else {
            return self.fail(RelayError::Answer { relay, name: HeaderName::UsePath });
        };
        hop.until = seconds(head, HeaderName::Expires).map(|life| now + life.min(MAX_EXPIRES));
        // The last relay says the whole way; the nearest hop must stay the same.
        self.path = path.iter().cloned().collect();
        if position + 1 < self.hops.len() {
            self.ask(position + 1, 0);
        } else {
            self.ready(now);
        }
    }

    fn ready(&mut self, now: Instant) {
        let first = self.hops.iter().filter_map(|hop| hop.until).min();
        // Early enough for a relay that takes its time, at most every second.
        let refresh = first.map(|until| {
            let life = until.saturating_duration_since(now);
            now + (life - (life / 5).min(Duration::from_secs(60))).max(Duration::from_secs(1))
        });
        self.state = State::Ready { refresh };
        self.output.push_back(RelayOutput::Ready { relays: self.path.clone() });
    }

    fn fail(&mut self, error: RelayError) {
        self.state = State::Idle;
        self.output.push_back(RelayOutput::Failed(error));
    }
}

impl Hop {
    /// The relay says which life it grants; whether that helps.
    fn correct_bounds(&mut self, head: &Head) -> bool {
        let min = seconds(head, HeaderName::MinExpires);
        let max = seconds(head, HeaderName::MaxExpires);
        let wanted = self.expires.unwrap_or_default();
        let corrected = match (min, max) {
            (Some(min), _) if wanted < min => min,
            (_, Some(max)) if wanted > max => max,
            _ => return false,
        };
        let changed = self.expires != Some(corrected) && corrected <= MAX_EXPIRES;
        self.expires = Some(corrected);
        changed
    }
}

fn seconds(head: &Head, name: HeaderName) -> Option<Duration> {
    let text = head.get(name)?;
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Duration::from_secs)
}

/// This side's path for SDP: the relays, farthest first, then the own URI
/// (RFC 4976 §5.1).
pub fn path_for_peer(relays: &[MsrpUri], local: &MsrpUri) -> Path {
    let reversed: Vec<MsrpUri> = relays.iter().rev().cloned().collect();
    Path::through(&reversed, local.clone())
}

/// The way to the peer: the relays, nearest first, then the peer's path.
pub fn path_to_peer(relays: &[MsrpUri], peer: &Path) -> Path {
    let mut hops: Vec<MsrpUri> = relays.to_vec();
    hops.extend(peer.iter().take(peer.len() - 1).cloned());
    Path::through(&hops, peer.last().clone())
}

#[cfg(test)]
mod tests;
