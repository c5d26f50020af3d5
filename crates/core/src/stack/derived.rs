//! Requests that are made from the INVITE as it was sent: the ACK to a
//! non-2xx (RFC 3261 §17.1.1.3) and the CANCEL (§9.1).

use bytes::{Bytes, BytesMut};
use std::fmt::Write;

use super::ExtraHeaders;
use super::draft::{finish, line};
use crate::header::{CSeq, HeaderName};
use crate::message::{Message, Method};

/// The ACK to a final response that is not a 2xx.
pub(crate) fn ack(invite: Bytes, response: &Message) -> Bytes {
    derive(invite, Method::Ack, response.value(HeaderName::To), &ExtraHeaders::new())
}

/// The CANCEL.
pub(crate) fn cancel(invite: Bytes, extra: &ExtraHeaders) -> Bytes {
    derive(invite, Method::Cancel, None, extra)
}

/// Request-URI, topmost Via, Route, From, Call-ID and the CSeq number are the
/// INVITE's.
fn derive(invite: Bytes, method: Method, to: Option<&str>, extra: &ExtraHeaders) -> Bytes {
    let Ok(invite) = Message::parse(invite) else { return Bytes::new() };
    let mut out = BytesMut::with_capacity(512);
    let value = |name| invite.value(name).unwrap_or_default();
    let _ = write!(out, "{method} {} SIP/2.0\r\n", invite.request_uri_text());
    line(&mut out, "Via", value(HeaderName::Via));
    line(&mut out, "Max-Forwards", "70");
    line(&mut out, "From", value(HeaderName::From));
    line(&mut out, "To", to.unwrap_or_else(|| value(HeaderName::To)));
    line(&mut out, "Call-ID", value(HeaderName::CallId));
    let number = invite.typed::<CSeq>().ok().flatten().map_or(0, |cseq| cseq.number);
    let _ = write!(out, "CSeq: {number} {method}\r\n");
    for route in invite.values(HeaderName::Route) {
        line(&mut out, "Route", route);
    }
    for (name, value) in extra.iter() {
        line(&mut out, name, value);
    }
    if let Some(agent) = invite.value(HeaderName::UserAgent) {
        line(&mut out, "User-Agent", agent);
    }
    finish(&mut out, None);
    out.freeze()
}
