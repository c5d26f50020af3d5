//! Answering a request (RFC 3261 §8.2.6, §18.2.1, RFC 3581 §4).

use std::fmt::Write;
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};

use super::draft::{contact_uri, finish, line};
use super::random::token;
use super::servers::ServerId;
use super::{Content, Path, Transport};
use crate::header::{HeaderName, To, Via};
use crate::message::{Essentials, Message, StatusCode};

/// What all responses to one request have in common, rendered once. It borrows
/// nothing, so that the request can go.
#[derive(Debug)]
pub(crate) struct Responder {
    /// The transaction.
    pub server: ServerId,
    /// The tag of our side: the request's To tag, or a new one.
    pub local_tag: u64,
    /// Via, From, To, Call-ID and CSeq lines.
    head: Box<str>,
    /// Record-Route lines, for responses that make a dialog.
    record_route: Box<str>,
    /// The user part of our Contact.
    user: Box<str>,
}

impl Responder {
    /// Reads what responses need from `request`. `tag` becomes the To tag if
    /// the request has none.
    /// `essentials` are missing where the request breaks their grammar; then
    /// its lines are copied as they are.
    pub(crate) fn new(
        request: &Message,
        essentials: Option<&Essentials<'_>>,
        from: &Path,
        server: ServerId,
        tag: u64,
    ) -> Self {
        let mut head = String::with_capacity(384);
        let via = match essentials {
            Some(essentials) => Some(essentials.via),
            None => request.typed::<Via<'_>>().ok().flatten(),
        };
        write_vias(&mut head, request, via, from);
        // A malformed request may lack some of them: so does its 400.
        let copy = |head: &mut String, name: HeaderName<'static>| {
            if let Some(value) = request.value(name) {
                line(head, name.as_str(), value);
            }
        };
        copy(&mut head, HeaderName::From);
        let mut local_tag = tag;
        let to = match essentials {
            Some(essentials) => Some(essentials.to),
            None => request.typed::<To<'_>>().ok().flatten(),
        };
        match to {
            Some(To { tag: None, .. }) => {
                let value = request.value(HeaderName::To).unwrap_or_default();
                head.extend(["To: ", value]);
                let _ = write!(head, ";tag={}\r\n", token(tag));
            }
            Some(To { tag: Some(present), .. }) => {
                local_tag = super::random::parse_token(present).unwrap_or(tag);
                copy(&mut head, HeaderName::To);
            }
            None => copy(&mut head, HeaderName::To),
        }
        copy(&mut head, HeaderName::CallId);
        copy(&mut head, HeaderName::CSeq);
        let mut record_route = String::new();
        for route in request.values(HeaderName::RecordRoute) {
            line(&mut record_route, "Record-Route", route);
        }
        let uri = essentials.and_then(|essentials| essentials.uri.as_ref());
        let user = uri.and_then(|uri| uri.as_sip()).and_then(|uri| uri.user);
        Self {
            server,
            local_tag,
            head: head.into(),
            record_route: record_route.into(),
            user: user.unwrap_or_default().into(),
        }
    }

    /// The user part of our Contact: the one that was called.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// A response.
    pub(crate) fn render(&self, answer: &Answer<'_>, server: Option<&str>) -> Bytes {
        let body = answer.content.and_then(|content| content.body.as_ref());
        let room = self.head.len()
            + self.record_route.len()
            + body.map_or(0, |body| body.content.len())
            + 320;
        let mut out = BytesMut::with_capacity(room);
        let reason = answer.reason.unwrap_or_else(|| answer.code.reason());
        let _ = write!(out, "SIP/2.0 {} ", answer.code);
        out.put_slice(reason.as_bytes());
        out.put_slice(b"\r\n");
        out.put_slice(self.head.as_bytes());
        if let Some((transport, address)) = answer.contact {
            out.put_slice(self.record_route.as_bytes());
            out.put_slice(b"Contact: ");
            let _ = contact_uri(&mut out, &self.user, transport, address);
            out.put_slice(b"\r\n");
        }
        for (name, value) in answer.headers {
            line(&mut out, name, value);
        }
        if let Some(content) = answer.content {
            for (name, value) in content.headers.iter() {
                line(&mut out, name, value);
            }
        }
        if let Some(server) = server {
            line(&mut out, "Server", server);
        }
        finish(&mut out, body);
        out.freeze()
    }
}

/// What makes one response different from the next.
pub(crate) struct Answer<'a> {
    pub code: StatusCode,
    /// `None` for the usual phrase.
    pub reason: Option<&'a str>,
    /// Our address, in responses that make or refresh a dialog.
    pub contact: Option<(Transport, SocketAddr)>,
    /// Headers of the stack.
    pub headers: &'a [(&'a str, &'a str)],
    /// The application's part.
    pub content: Option<&'a Content>,
}

impl Answer<'_> {
    /// Nothing but a code.
    pub(crate) fn new(code: StatusCode) -> Self {
        Self { code, reason: None, contact: None, headers: &[], content: None }
    }
}

/// The Via lines, the topmost with what we know better than its sender.
fn write_vias(out: &mut String, request: &Message, top: Option<Via<'_>>, from: &Path) {
    let mut lines = request.values(HeaderName::Via);
    let first = lines.next().unwrap_or_default();
    let Some(mut top) = top else {
        line(out, "Via", first);
        lines.for_each(|via| line(out, "Via", via));
        return;
    };
    let remote = from.remote();
    let asked = top.rport.is_some();
    if !asked && top.host.ip() == Some(remote.ip()) {
        // Nothing to add.
        line(out, "Via", first);
        lines.for_each(|via| line(out, "Via", via));
        return;
    }
    top.received = Some(remote.ip());
    if asked {
        top.rport = Some(Some(remote.port()));
    }
    let _ = write!(out, "Via: {top}\r\n");
    // Most messages have one element a line; the others are taken apart.
    if first.contains(',') {
        for via in request.all::<Via<'_>>().skip(1).flatten() {
            let _ = write!(out, "Via: {via}\r\n");
        }
    } else {
        lines.for_each(|via| line(out, "Via", via));
    }
}
