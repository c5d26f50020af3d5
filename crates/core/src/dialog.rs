//! Dialogs (RFC 3261 §12): who talks to whom, over which route, and in which
//! order.

use std::fmt::Write;

use crate::header::{CallId, Contact, HeaderName, RecordRoute, Route, TypedHeader};
use crate::message::{Message, Method};
use crate::resolve::NextHop;
use crate::stack::draft::Draft;
use crate::stack::random::token;
use crate::stack::request::Request;
use crate::uri::SipUriView;

/// The most Record-Route entries that are kept.
const MAX_ROUTES: usize = 32;

/// The state of a dialog. Everything is a copy: no message is kept alive.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    call_id: Box<str>,
    /// The peer's tag; empty with a peer of RFC 2543.
    remote_tag: Box<str>,
    /// From and To of our requests, with tags.
    local: Box<str>,
    remote: Box<str>,
    /// CSeq of our last request.
    local_seq: u32,
    /// CSeq of the peer's last request.
    remote_seq: Option<u32>,
    /// Where requests go: the peer's Contact.
    target: Box<str>,
    /// On which way, nearest first; each is a name-addr.
    routes: Box<[Box<str>]>,
}

impl Dialog {
    /// Our side, after a response to our INVITE (§12.1.2). `from` is the From
    /// value that we sent. `None` if the response lacks what a dialog needs.
    pub(crate) fn from_response(response: &Message, from: &str, seq: u32) -> Option<Self> {
        let to = response.typed::<crate::header::To<'_>>().ok()??;
        let mut routes = routes(response)?;
        routes.reverse();
        Some(Self {
            call_id: response.typed::<CallId<'_>>().ok()??.0.into(),
            remote_tag: to.tag.unwrap_or_default().into(),
            local: from.into(),
            remote: response.value(HeaderName::To)?.into(),
            local_seq: seq,
            remote_seq: None,
            target: target(response).unwrap_or_else(|| to.address.uri.to_string().into()),
            routes: routes.into(),
        })
    }

    /// Our side, after a request of the peer's (§12.1.1).
    pub(crate) fn from_request(request: &Request<'_>, local_tag: u64) -> Option<Self> {
        let Request { message, essentials, .. } = request;
        let to = message.value(HeaderName::To)?;
        let mut local = String::with_capacity(to.len() + 21);
        let _ = write!(local, "{to};tag={}", token(local_tag));
        let contact = essentials.contact.as_ref().map(|contact| contact.address.uri);
        Some(Self {
            call_id: essentials.call_id.into(),
            remote_tag: request.remote_tag().into(),
            local: local.into(),
            remote: message.value(HeaderName::From)?.into(),
            local_seq: 0,
            remote_seq: Some(request.seq()),
            target: contact.unwrap_or(essentials.from.address.uri).to_string().into(),
            routes: routes(message)?.into(),
        })
    }

    /// Whether a request of the peer's belongs here.
    pub(crate) fn matches(&self, request: &Request<'_>) -> bool {
        request.essentials.call_id == &*self.call_id && request.remote_tag() == &*self.remote_tag
    }

    /// The peer's tag.
    pub(crate) fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// CSeq of our last request.
    pub(crate) fn local_seq(&self) -> u32 {
        self.local_seq
    }

    /// Notes the CSeq of a request of the peer's; false if it is out of order
    /// (§12.2.2).
    pub(crate) fn accept_seq(&mut self, request: &Request<'_>) -> bool {
        if self.remote_seq.is_some_and(|last| request.seq() < last) {
            return false;
        }
        self.remote_seq = Some(request.seq());
        true
    }

    /// The peer may have moved (§12.2.1.2, §12.2.2).
    pub(crate) fn refresh_target(&mut self, message: &Message) {
        if let Some(target) = target(message) {
            self.target = target;
        }
    }

    /// A request in this dialog (§12.2.1.1). ACK takes the CSeq of its INVITE.
    pub(crate) fn draft(&mut self, method: Method, ack_of: Option<u32>) -> Draft {
        let number = ack_of.unwrap_or_else(|| {
            self.local_seq = self.local_seq.wrapping_add(1);
            self.local_seq
        });
        let first = self.routes.first().and_then(|route| Route::parse(route).ok());
        let first = first.and_then(|route| route.address.uri.as_sip().copied());
        let strict = first.as_ref().is_some_and(|uri| !uri.is_loose_router());
        let hop_uri = first.or_else(|| SipUriView::parse(&self.target).ok());
        let hop = hop_uri.and_then(|uri| NextHop::from_uri(&uri).ok());
        let uri: Box<str> = match (strict, &first) {
            (true, Some(uri)) => uri.to_owned().without_headers().to_string().into(),
            _ => self.target.clone(),
        };
        let mut draft = Draft::new(method, uri, hop);
        if strict {
            for route in &self.routes[1..] {
                draft.header("Route", route);
            }
            draft.header("Route", format_args!("<{}>", self.target));
        } else {
            for route in &self.routes {
                draft.header("Route", route);
            }
        }
        draft.header("From", &self.local);
        draft.header("To", &self.remote);
        draft.header("Call-ID", &self.call_id);
        let method = draft.method.clone();
        draft.header("CSeq", format_args!("{number} {method}"));
        draft
    }
}

/// The URI of the first Contact. A peer of RFC 2543 may send none: its address
/// of record has to do then.
fn target(message: &Message) -> Option<Box<str>> {
    let contact = message.all::<Contact<'_>>().next()?.ok()?;
    Some(contact.address.uri.to_string().into())
}

fn routes(message: &Message) -> Option<Vec<Box<str>>> {
    let mut routes = Vec::new();
    for route in message.all::<RecordRoute<'_>>() {
        if routes.len() == MAX_ROUTES {
            return None;
        }
        routes.push(route.ok()?.to_string().into());
    }
    Some(routes)
}
