//! A small registrar and stateless proxy for the demo (RFC 3261 §10, §16.11).
//!
//! It knows its users' passwords, keeps one contact for each that registers,
//! and forwards what is addressed to a user to that contact. A machine:
//! datagrams in, datagrams out.

mod forward;
mod register;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;

use bytes::Bytes;
use sipsimple_core::header::HeaderName;
use sipsimple_core::message::{Message, MessageBuilder, Method, StatusCode};
use sipsimple_core::uri::SipUri;
use sipsimple_net::digest::{Algorithm, Challenge, Credentials};

/// A datagram to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Datagram {
    pub(super) bytes: Bytes,
    pub(super) to: SocketAddr,
}

/// The registrar's state.
pub(super) struct Registrar {
    local: SocketAddr,
    challenge: Challenge,
    users: HashMap<String, Credentials>,
    contacts: HashMap<String, SipUri>,
}

impl Registrar {
    /// A registrar at this address, whose realm is `realm`. The nonce should
    /// be hard to guess; it holds as long as the registrar.
    pub(super) fn new(local: SocketAddr, realm: &str, nonce: &str) -> Result<Self, String> {
        let challenge = Challenge::new(realm, nonce)
            .map_err(|error| error.to_string())?
            .with_algorithm(Algorithm::Sha256);
        Ok(Self { local, challenge, users: HashMap::new(), contacts: HashMap::new() })
    }

    /// Lets a user register.
    pub(super) fn add_user(&mut self, user: &str, password: &str) {
        self.users.insert(user.to_owned(), Credentials::new(user, password));
    }

    /// Whether somebody is registered as `user` now.
    pub(super) fn is_registered(&self, user: &str) -> bool {
        self.contacts.contains_key(user)
    }

    /// Takes a datagram and says what to send for it, if anything.
    pub(super) fn receive(&mut self, bytes: Bytes, from: SocketAddr) -> Option<Datagram> {
        let message = Message::parse(bytes).ok()?;
        let Some(method) = message.method() else {
            return forward::response(&message);
        };
        if let Err(error) = message.validate() {
            return self.answer(&message, from, error.status(), |response| response);
        }
        match method {
            Method::Register => self.register(&message, from),
            _ => self.forward_request(&message, from),
        }
    }

    /// A response of our own, sent back where the request came from.
    fn answer(
        &self,
        request: &Message,
        from: SocketAddr,
        code: StatusCode,
        finish: impl FnOnce(MessageBuilder) -> MessageBuilder,
    ) -> Option<Datagram> {
        if request.method() == Some(&Method::Ack) {
            return None;
        }
        let response = MessageBuilder::response_to(request, code, code.reason())
            .to_tag("registrar")
            .header(HeaderName::Server, "sipsimple demo registrar");
        let response = finish(response).build().ok()?;
        Some(Datagram { bytes: response.as_bytes().clone(), to: from })
    }
}
