//! Forwarding without state (RFC 3261 §16.11).

use std::net::SocketAddr;

use sipsimple_core::header::{HeaderName, MAGIC_COOKIE, MaxForwards, Route, Via};
use sipsimple_core::message::{Message, MessageBuilder, StatusCode};
use sipsimple_core::uri::SipUri;

use super::{Datagram, Registrar};

/// The port of a SIP URI or Via that names none.
const DEFAULT_PORT: u16 = 5060;

impl Registrar {
    pub(super) fn forward_request(&self, request: &Message, from: SocketAddr) -> Option<Datagram> {
        let hops = request.typed::<MaxForwards>().ok().flatten().map_or(70, |hops| hops.0);
        if hops == 0 {
            return self.answer(request, from, StatusCode::TOO_MANY_HOPS, |response| response);
        }
        let target = self.target_of(request);
        let Some((target, to)) = target.and_then(|uri| Some((uri.clone(), address_of(&uri)?)))
        else {
            return self.answer(request, from, StatusCode::NOT_FOUND, |response| response);
        };
        let vias = self.vias(request, from)?;
        let routes: Vec<String> =
            request.all::<Route>().skip(1).flatten().map(|route| route.to_string()).collect();
        let mut builder = MessageBuilder::copy_of(request)
            .request_uri(target)
            .set(HeaderName::MaxForwards, MaxForwards(hops - 1))
            .remove(HeaderName::Via)
            .remove(HeaderName::Route)
            .list(HeaderName::Route, routes);
        for via in vias.into_iter().rev() {
            builder = builder.first(HeaderName::Via, via);
        }
        let bytes = builder.build().ok()?.as_bytes().clone();
        Some(Datagram { bytes, to })
    }

    /// The contact of the user that the request is for.
    fn target_of(&self, request: &Message) -> Option<SipUri> {
        let uri = request.request_uri().ok()?.as_sip()?.to_owned();
        self.contacts.get(uri.user()?).cloned()
    }

    /// The Via lines of the forwarded request: ours, then those it came with,
    /// the first told where it came from.
    fn vias(&self, request: &Message, from: SocketAddr) -> Option<Vec<String>> {
        let mut received = request.all::<Via>().flatten();
        let mut top = received.next()?;
        // A branch that depends on the incoming one alone, so that what is
        // sent again, and the ACK and CANCEL, get the same.
        let branch = top.branch?.strip_prefix(MAGIC_COOKIE)?;
        let ours = format!("SIP/2.0/UDP {};branch={MAGIC_COOKIE}demo-{branch}", self.local);
        top.received = Some(from.ip());
        if top.rport.is_some() {
            top.rport = Some(Some(from.port()));
        }
        let mut vias = vec![ours, top.to_string()];
        vias.extend(received.map(|via| via.to_string()));
        Some(vias)
    }
}

/// A response, one Via shorter, on its way back.
pub(super) fn response(response: &Message) -> Option<Datagram> {
    let vias: Vec<Via> = response.all::<Via>().skip(1).flatten().collect();
    let next = vias.first()?;
    let ip = next.received.or_else(|| next.host.ip())?;
    let port = next.rport.flatten().or(next.port).unwrap_or(DEFAULT_PORT);
    let mut builder = MessageBuilder::copy_of(response).remove(HeaderName::Via);
    for via in vias.iter().rev() {
        builder = builder.first(HeaderName::Via, via);
    }
    let bytes = builder.build().ok()?.as_bytes().clone();
    Some(Datagram { bytes, to: SocketAddr::new(ip, port) })
}

fn address_of(uri: &SipUri) -> Option<SocketAddr> {
    Some(SocketAddr::new(uri.host().ip()?, uri.port().unwrap_or(DEFAULT_PORT)))
}
