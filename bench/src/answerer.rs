//! Somebody who answers every call: the description, and a bare stack without sockets.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipsimple_core::message::Message;
use sipsimple_core::sdp::offer_answer::Negotiator;
use sipsimple_core::sdp::{MediaDescription, MediaType, Protocol, RtpMap, SessionDescription};
use sipsimple_core::stack::{
    Body, CallEvent, Command, Endpoint, EndpointId, Event, Input, Output, Stack, StackConfig,
    Ticket, Transport,
};

use crate::caller::{CALLED, CALLER};

/// Reads the offer of an INVITE and makes the answer to it, PCMU.
///
/// `None` if the offer can't be read or answered.
pub fn answer(invite: &Message, local: SocketAddr) -> Option<Body> {
    let offer = SessionDescription::parse(invite.body()).ok()?;
    let mut audio = MediaDescription::new(MediaType::Audio, 6000, Protocol::RtpAvp, [0]);
    audio.attributes.push("rtpmap", RtpMap::assigned(0)?);
    let ours = SessionDescription::new("-", 1, local.ip()).with_media(audio);
    let mut negotiator = Negotiator::new();
    negotiator.remote_offer(offer).ok()?;
    let agreed = negotiator.answer(ours).ok()?;
    let mut text = String::with_capacity(512);
    write!(text, "{}", agreed.local).ok()?;
    Some(Body::sdp(text))
}

/// A stack that is handed datagrams, and answers each INVITE with a 200.
#[derive(Debug)]
pub struct Answerer {
    stack: Stack,
    now: Instant,
    local: SocketAddr,
    remote: SocketAddr,
    ended: usize,
}

impl Answerer {
    /// A stack without calls.
    #[allow(clippy::disallowed_methods, reason = "any time will do to begin with")]
    pub fn new() -> Self {
        let (local, remote) = (parse(CALLED), parse(CALLER));
        let endpoint = Endpoint { transport: Transport::Udp, address: local };
        let now = Instant::now();
        let stack = Stack::new(StackConfig::new([7; 32], vec![endpoint]), now);
        Self { stack, now, local, remote, ended: 0 }
    }

    /// Lets time go by, and timers with it.
    pub fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.next_deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.stack.handle_input(self.now, Input::Timeout);
            self.drain(|_| {});
        }
        self.now = end;
    }

    /// Hands over a datagram, and shows what is sent in turn.
    pub fn receive(&mut self, bytes: Bytes, sent: impl FnMut(&[u8])) {
        let (local, remote) = (self.local, self.remote);
        let input = Input::Datagram { endpoint: EndpointId(0), local, remote, bytes };
        self.stack.handle_input(self.now, input);
        self.drain(sent);
    }

    /// Calls that were answered and are not over.
    pub fn calls(&self) -> usize {
        self.stack.statistics().calls
    }

    /// Calls that are over.
    pub fn ended(&self) -> usize {
        self.ended
    }

    fn drain(&mut self, mut sent: impl FnMut(&[u8])) {
        loop {
            match self.stack.poll_output() {
                Output::Transmit(transmit) => sent(&transmit.bytes),
                Output::Event(Event::Call { call, event: CallEvent::Incoming(incoming) }) => {
                    let body = answer(&incoming.request, self.local).expect("an offer of PCMU");
                    let command = Command::Answer { call, content: body.into() };
                    self.stack
                        .handle_input(self.now, Input::Command { ticket: Ticket(0), command });
                }
                Output::Event(Event::Call { event: CallEvent::Ended { .. }, .. }) => {
                    self.ended += 1;
                }
                Output::Timeout(_) => return,
                _ => {}
            }
        }
    }

    fn next_deadline(&mut self) -> Option<Instant> {
        match self.stack.poll_output() {
            Output::Timeout(deadline) => deadline,
            output => unreachable!("drained, and yet {output:?}"),
        }
    }
}

impl Default for Answerer {
    fn default() -> Self {
        Self::new()
    }
}

fn parse(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}
