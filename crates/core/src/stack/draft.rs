//! A request before it is known how it will travel (RFC 3261 §8.1.1).
//!
//! Via and Contact depend on the way, and the way may change while addresses
//! are tried: they are written last, by [`Draft::render`].

use std::fmt::{Display, Write};
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};

use super::random::token;
use super::{Body, ExtraHeaders, Transport};
use crate::message::Method;
use crate::resolve::NextHop;
use crate::uri::write_ipv4;

/// Max-Forwards of our requests (RFC 3261 §8.1.1.6).
const MAX_FORWARDS: &str = "70";

/// A request without Via and Contact.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub method: Method,
    pub uri: Box<str>,
    /// Where it goes first; `None` if its URI is none that we can reach.
    pub hop: Option<NextHop>,
    /// The transport where `hop` names none.
    pub preferred: Transport,
    /// Whose certificate the next hop must show over TLS; `None` takes the
    /// next hop's own name.
    pub tls_name: Option<Box<str>>,
    pub contact: Option<ContactDraft>,
    /// Whole lines.
    pub headers: String,
    pub body: Option<Body>,
}

/// What is known of a Contact before the address is.
#[derive(Debug, Clone)]
pub(crate) struct ContactDraft {
    pub user: Box<str>,
    /// Header parameters, each with its semicolon.
    pub params: Box<str>,
}

/// The way a request takes, as far as its bytes show it.
pub(crate) struct Way {
    pub transport: Transport,
    pub sent_by: SocketAddr,
    pub contact: SocketAddr,
    pub branch: u64,
}

impl Draft {
    pub(crate) fn new(method: Method, uri: Box<str>, hop: Option<NextHop>) -> Self {
        let mut headers = String::with_capacity(512);
        line(&mut headers, "Max-Forwards", MAX_FORWARDS);
        Self {
            method,
            uri,
            hop,
            preferred: Transport::Udp,
            tls_name: None,
            contact: None,
            headers,
            body: None,
        }
    }

    pub(crate) fn header(&mut self, name: &str, value: impl Display) {
        let _ = write!(self.headers, "{name}: {value}\r\n");
    }

    pub(crate) fn extra(&mut self, extra: &ExtraHeaders) {
        for (name, value) in extra.iter() {
            self.header(name, value);
        }
    }

    /// Whose certificate the next hop must show: the domain that was looked
    /// up, whatever the answer was (RFC 5922 §7.3). Names are compared without
    /// regard to case.
    pub(crate) fn tls_peer(&self) -> Box<str> {
        let name = match (&self.tls_name, &self.hop) {
            (Some(name), _) => name.clone(),
            (None, Some(hop)) => hop.name(),
            (None, None) => Box::default(),
        };
        name.to_ascii_lowercase().into()
    }

    /// About how long it will be.
    pub(crate) fn size(&self) -> usize {
        let body = self.body.as_ref().map_or(0, |body| body.content.len());
        self.uri.len() + self.headers.len() + body + 200
    }

    /// The bytes for one way.
    pub(crate) fn render(&self, way: &Way) -> Bytes {
        let mut out = BytesMut::with_capacity(self.size() + 100);
        let _ = write!(out, "{} {} SIP/2.0\r\n", self.method, self.uri);
        let _ = write!(
            out,
            "Via: SIP/2.0/{} {};rport;branch=z9hG4bK{}\r\n",
            way.transport,
            way.sent_by,
            token(way.branch),
        );
        if let Some(ContactDraft { user, params }) = &self.contact {
            let _ = write!(out, "Contact: {}{params}\r\n", ContactUri(user, way));
        }
        out.put_slice(self.headers.as_bytes());
        finish(&mut out, self.body.as_ref());
        out.freeze()
    }
}

/// `<sip:user@address;transport=…>`
struct ContactUri<'a>(&'a str, &'a Way);

impl Display for ContactUri<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        contact_uri(f, self.0, self.1.transport, self.1.contact)
    }
}

/// Our Contact's address for a transport.
pub(crate) fn contact_uri(
    out: &mut impl Write,
    user: &str,
    transport: Transport,
    address: SocketAddr,
) -> std::fmt::Result {
    out.write_str("<sip:")?;
    if !user.is_empty() {
        write!(out, "{user}@")?;
    }
    write_address(out, address)?;
    match transport {
        Transport::Udp => out.write_str(">"),
        Transport::Tcp => out.write_str(";transport=tcp>"),
        Transport::Tls => out.write_str(";transport=tls>"),
        // RFC 7118 §5.2.3: the parameter does not tell the two apart.
        Transport::Ws | Transport::Wss => out.write_str(";transport=ws>"),
    }
}

/// An address with its port.
fn write_address(out: &mut impl Write, address: SocketAddr) -> std::fmt::Result {
    match address {
        SocketAddr::V4(address) => {
            write_ipv4(out, *address.ip())?;
            write!(out, ":{}", address.port())
        }
        SocketAddr::V6(address) => write!(out, "{address}"),
    }
}

/// Content-Type, Content-Length, the empty line and the body.
pub(crate) fn finish(out: &mut BytesMut, body: Option<&Body>) {
    match body {
        Some(body) => {
            line(out, "Content-Type", &body.content_type);
            let _ = write!(out, "Content-Length: {}\r\n\r\n", body.content.len());
            out.put_slice(&body.content);
        }
        None => out.put_slice(b"Content-Length: 0\r\n\r\n"),
    }
}

/// One header line. Without a formatter: messages are made of these.
pub(crate) fn line(out: &mut impl Write, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        let _ = out.write_str(part);
    }
}
