//! One stack and a peer that is nothing but text: what it sends is written
//! out, what it gets is compared with text.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sipsimple_core::header::{CSeq, HeaderName, To};
use sipsimple_core::message::Message;
use sipsimple_core::stack::*;

/// The stack's address.
pub const OURS: &str = "192.0.2.1:5060";
/// The peer's address.
pub const PEER: &str = "192.0.2.2:5060";

pub struct Script {
    pub stack: Stack,
    pub now: Instant,
    pub sent: VecDeque<(SocketAddr, Message)>,
    pub events: VecDeque<Event>,
    answers: VecDeque<Result<Accepted, Refused>>,
}

impl Script {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    #[allow(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
    pub fn with(configure: impl FnOnce(&mut StackConfig)) -> Self {
        let address = OURS.parse().unwrap();
        let endpoints = vec![Endpoint { transport: Transport::Udp, address }];
        let mut config = StackConfig::new([7; 32], endpoints);
        configure(&mut config);
        let now = Instant::now();
        Self {
            stack: Stack::new(config, now),
            now,
            sent: VecDeque::new(),
            events: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    pub fn identity() -> Identity {
        Identity::new("sip:alice@example.com".parse().unwrap())
    }

    /// Alice calls `sip:bob@192.0.2.2`.
    pub fn call(&mut self, identity: Identity) -> CallKey {
        let call = OutgoingCall {
            identity: Arc::new(identity),
            to: "sip:bob@192.0.2.2".parse().unwrap(),
            to_display_name: None,
            body: Some(Body::sdp("v=0")),
            headers: ExtraHeaders::new(),
        };
        match self.command(Command::Call(Box::new(call))) {
            Ok(Accepted::Call(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    pub fn command(&mut self, command: Command) -> Result<Accepted, Refused> {
        self.feed(Input::Command { ticket: Ticket(1), command });
        self.answers.pop_front().unwrap()
    }

    pub fn feed(&mut self, input: Input) {
        self.stack.handle_input(self.now, input);
        loop {
            match self.stack.poll_output() {
                Output::Timeout(_) => return,
                Output::Transmit(t) => {
                    let message = Message::parse(t.bytes.clone()).unwrap();
                    // What answers a malformed request lacks what that lacked.
                    if message.status().is_none_or(|code| !matches!(code.code(), 400 | 505)) {
                        assert_eq!(message.validate(), Ok(()), "{message}");
                    }
                    self.sent.push_back((t.path.remote(), message));
                }
                Output::Event(event) => self.events.push_back(event),
                Output::Answer { result, .. } => self.answers.push_back(result),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The peer sends. Lines end with a line feed; the last header is followed
    /// by an empty line.
    pub fn receive(&mut self, text: &str) {
        self.receive_from(PEER, text);
    }

    pub fn receive_from(&mut self, remote: &str, text: &str) {
        let text = text.replace('\n', "\r\n");
        let end = if text.contains("\r\n\r\n") { "" } else { "\r\n" };
        self.receive_bytes(remote, format!("{text}{end}").into());
    }

    pub fn receive_bytes(&mut self, remote: &str, bytes: bytes::Bytes) {
        self.feed(Input::Datagram {
            endpoint: EndpointId(0),
            local: OURS.parse().unwrap(),
            remote: remote.parse().unwrap(),
            bytes,
        });
    }

    /// The peer answers one of our requests.
    pub fn respond(&mut self, request: &Message, status: &str, lines: &str) {
        let mut text = format!("SIP/2.0 {status}\n");
        for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId] {
            let value = request.value(name).unwrap();
            let tagged = request.required::<To<'_>>().unwrap().tag.is_some();
            let tag = if name == HeaderName::To && !tagged { ";tag=peer" } else { "" };
            text.push_str(&format!("{name}: {value}{tag}\n"));
        }
        text.push_str(&format!("CSeq: {}\n{lines}", request.value(HeaderName::CSeq).unwrap()));
        if !lines.is_empty() && !lines.ends_with('\n') {
            text.push('\n');
        }
        text.push_str("Content-Length: 0\n");
        self.receive(&text);
    }

    /// The next message that we send starts with this.
    pub fn expect(&mut self, start: &str) -> Message {
        let Some((_, message)) = self.sent.pop_front() else {
            panic!("nothing sent instead of {start}; {:?}", self.events)
        };
        let text = message.to_string();
        assert!(text.starts_with(start), "expected {start}, got\n{text}");
        message
    }

    /// We send nothing more for now.
    pub fn expect_nothing(&self) {
        assert!(self.sent.is_empty(), "{:?}", self.sent);
    }

    pub fn event(&mut self) -> CallEvent {
        match self.events.pop_front() {
            Some(Event::Call { event, .. }) => event,
            other => panic!("{other:?}"),
        }
    }

    pub fn registration_event(&mut self) -> RegistrationEvent {
        match self.events.pop_front() {
            Some(Event::Registration { event, .. }) => event,
            other => panic!("{other:?}"),
        }
    }

    /// Time goes on; timers fire when they should.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            match self.stack.poll_output() {
                Output::Timeout(Some(when)) if when <= end => {
                    self.now = self.now.max(when);
                    self.feed(Input::Timeout);
                }
                Output::Timeout(_) => break,
                other => panic!("{other:?}"),
            }
        }
        self.now = end;
    }

    /// After a while nothing is left.
    pub fn settle(&mut self) {
        self.advance(Duration::from_secs(200));
        assert!(self.stack.statistics().is_idle(), "{:?}", self.stack.statistics());
        assert!(self.events.is_empty(), "{:?}", self.events);
    }
}

/// The CSeq number of a message.
pub fn cseq(message: &Message) -> u32 {
    message.required::<CSeq>().unwrap().number
}

/// The value of a header that must be there.
pub fn value<'m>(message: &'m Message, name: &'m str) -> &'m str {
    message.value(HeaderName::from_text(name)).unwrap_or_else(|| panic!("no {name} in\n{message}"))
}
