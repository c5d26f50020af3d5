//! REGISTER: who may, and what is kept (RFC 3261 §10.3).

use std::net::SocketAddr;

use sipsimple_core::header::{Contact, ContactValue, Expires, HeaderName, To};
use sipsimple_core::message::{Message, StatusCode};
use sipsimple_net::digest::{Authorization, Secret};

use super::{Datagram, Registrar};

/// Seconds that a registration lasts when the request names none.
const DEFAULT_EXPIRES: u32 = 3600;

impl Registrar {
    pub(super) fn register(&mut self, request: &Message, from: SocketAddr) -> Option<Datagram> {
        let user = request
            .required::<To>()
            .ok()
            .and_then(|to| Some(to.address.uri.as_sip()?.user_text()?.into_owned()));
        let Some(user) = user.filter(|user| self.users.contains_key(user)) else {
            return self.answer(request, from, StatusCode::NOT_FOUND, |response| response);
        };
        if !self.is_authorized(request, &user) {
            let challenge = self.challenge.to_string();
            return self.answer(request, from, StatusCode::UNAUTHORIZED, |response| {
                response.header(HeaderName::WwwAuthenticate, challenge)
            });
        }
        self.bind(request, &user);
        let contact = self.contacts.get(&user).map(|contact| format!("<{contact}>"));
        let expires = requested_expires(request);
        self.answer(request, from, StatusCode::OK, |response| match contact {
            Some(contact) => {
                response.header(HeaderName::Contact, format_args!("{contact};expires={expires}"))
            }
            None => response,
        })
    }

    fn is_authorized(&self, request: &Message, user: &str) -> bool {
        let Some(credentials) = self.users.get(user) else { return false };
        request.value(HeaderName::Authorization).is_some_and(|value| {
            Authorization::parse(value).is_ok_and(|authorization| {
                let secret = Secret::Password(credentials);
                let method = "REGISTER";
                authorization.verify(&self.challenge, method, request.body(), secret).is_ok()
            })
        })
    }

    fn bind(&mut self, request: &Message, user: &str) {
        let contact = match request.typed::<ContactValue>() {
            Ok(Some(ContactValue::Contact(contact))) => contact,
            Ok(Some(_)) => {
                self.contacts.remove(user);
                return;
            }
            _ => return,
        };
        let uri = contact.address.uri.as_sip().map(|uri| uri.to_owned());
        match uri.filter(|_| requested_expires(request) > 0) {
            Some(uri) => self.contacts.insert(user.to_owned(), uri),
            None => self.contacts.remove(user),
        };
    }
}

/// What the contact asks for, else the request, else the default.
fn requested_expires(request: &Message) -> u32 {
    let contact = request.typed::<Contact>().ok().flatten();
    let expires = request.typed::<Expires>().ok().flatten();
    contact.and_then(|contact| contact.expires).or(expires.map(|e| e.0)).unwrap_or(DEFAULT_EXPIRES)
}
