//! Scenarios: each step is an input and the outputs that it must give.

mod calls;
mod endings;
mod hold;
mod reinvites;

use std::time::{Duration, Instant};

use super::*;
use crate::notification::{Originator, StreamId};

/// A machine and its clock. Streams are numbered from 1 and can be held,
/// except those above 90.
struct Script {
    machine: Machine,
    start: Instant,
    now: Instant,
}

impl Script {
    #[allow(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn new() -> Self {
        let config = Config {
            invite_timeout: Duration::from_secs(90),
            glare_wait: Duration::from_millis(2100),
        };
        let start = Instant::now();
        Self { machine: Machine::new(config), start, now: start }
    }

    /// An input that must be taken; its outputs, one a line.
    #[track_caller]
    fn give(&mut self, input: Input) -> Vec<String> {
        self.machine.handle_input(self.now, input).expect("the input is taken");
        self.drain().0
    }

    #[track_caller]
    fn command(&mut self, command: Command) -> Vec<String> {
        self.give(Input::Command(command))
    }

    /// A command that must be refused, changing nothing.
    #[track_caller]
    fn refused(&mut self, command: Command) -> SessionError {
        let state = self.machine.state();
        let error =
            self.machine.handle_input(self.now, Input::Command(command)).expect_err("refused");
        assert_eq!(self.drain().0, Vec::<String>::new());
        assert_eq!(self.machine.state(), state);
        error
    }

    fn stream(&mut self, stream: u64, event: StreamInput) -> Vec<String> {
        self.give(Input::Stream { stream: StreamId(stream), event })
    }

    fn stream_fails(&mut self, stream: u64) -> Vec<String> {
        self.stream(stream, StreamInput::Failed { reason: "broken".to_owned() })
    }

    /// Waits for the machine's own deadline, which must be `seconds` from the
    /// last input, and lets it pass.
    #[track_caller]
    fn wait(&mut self, seconds: f64) -> Vec<String> {
        let deadline = self.drain().1.expect("a deadline");
        assert_eq!((deadline - self.now).as_secs_f64(), seconds);
        let before = deadline - Duration::from_millis(1);
        self.machine.handle_input(before, Input::Timeout).expect("taken");
        assert_eq!(self.drain().0, Vec::<String>::new(), "before the deadline");
        self.now = deadline;
        self.give(Input::Timeout)
    }

    #[track_caller]
    fn waits_for_nothing(&mut self) {
        assert_eq!(self.drain().1, None);
    }

    fn drain(&mut self) -> (Vec<String>, Option<Instant>) {
        let mut lines = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Timeout(when) => return (lines, when),
                output => lines.push(line(&output)),
            }
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        assert!(self.now > self.start);
    }

    /// An outgoing session with these streams, up to `DidStart`.
    fn connected(streams: &[u64]) -> Self {
        let mut script = Self::new();
        script.command(Command::Connect { streams: members(streams) });
        for stream in streams {
            script.stream(*stream, StreamInput::Initialized);
        }
        script.give(Input::Answered { media: Ok(vec![accepted(); streams.len()]) });
        for stream in streams {
            script.stream(*stream, StreamInput::Started);
        }
        assert_eq!(script.machine.state(), SessionState::Connected);
        script
    }

    /// An incoming session with these streams, up to `DidStart`.
    fn answered(streams: &[u64]) -> Self {
        let mut script = Self::new();
        script.give(incoming(streams));
        script.command(Command::Accept { streams: members(streams) });
        for stream in streams {
            script.stream(*stream, StreamInput::Initialized);
        }
        for stream in streams {
            script.stream(*stream, StreamInput::Started);
        }
        script.give(Input::Acknowledged { media: None });
        assert_eq!(script.machine.state(), SessionState::Connected);
        script
    }
}

fn member(stream: u64) -> Member {
    Member { stream: StreamId(stream), can_hold: stream <= 90 }
}

fn members(streams: &[u64]) -> Vec<Member> {
    streams.iter().copied().map(member).collect()
}

fn incoming(streams: &[u64]) -> Input {
    let offered = |stream: &u64| Some(OfferedStream { member: member(*stream), held: false });
    Input::Incoming { media: streams.iter().map(offered).collect(), late_offer: false }
}

fn accepted() -> AnsweredMedia {
    AnsweredMedia::Accepted { held: false }
}

fn offered(change: MediaChange, held: bool) -> OfferedMedia {
    OfferedMedia { change, held }
}

fn failure(originator: Originator, code: u16, reason: &str, why: &str) -> Failure {
    let transaction = Some((Originator::Local, "INVITE"));
    Failure { originator, transaction, ..Failure::local(code, reason, why) }
}

/// The other party's BYE.
fn bye() -> Input {
    let transaction = Some((Originator::Remote, "BYE"));
    let originator = Originator::Remote;
    Input::Ended(Failure { originator, transaction, ..Failure::local(200, "OK", USER_REQUEST) })
}

/// The answer to our BYE.
fn bye_answered() -> Input {
    let transaction = Some((Originator::Local, "BYE"));
    Input::Ended(Failure { transaction, ..Failure::local(200, "OK", USER_REQUEST) })
}

fn line(output: &Output) -> String {
    let ids =
        |streams: &[StreamId]| format!("{:?}", streams.iter().map(|s| s.0).collect::<Vec<_>>());
    let layout = |layout: &Layout| {
        let places = layout.iter().map(|place| place.map_or("-".to_owned(), |s| s.0.to_string()));
        format!("[{}]", places.collect::<Vec<_>>().join(", "))
    };
    match output {
        Output::State(state) => format!("state {state}"),
        Output::Call(CallCommand::Invite(media)) => format!("call Invite {}", layout(media)),
        Output::Call(CallCommand::Answer(media)) => format!("call Answer {}", layout(media)),
        Output::Call(CallCommand::Reinvite(media)) => format!("call Reinvite {}", layout(media)),
        Output::Call(CallCommand::AnswerReinvite(media)) => {
            format!("call AnswerReinvite {}", layout(media))
        }
        Output::Call(CallCommand::Reject { code, reason }) => {
            format!("call Reject {code} {reason}")
        }
        Output::Call(CallCommand::RejectReinvite { warning }) => {
            format!("call RejectReinvite {warning}")
        }
        Output::Call(CallCommand::Hangup { reason }) => {
            format!("call Hangup {}", reason.as_deref().unwrap_or("-"))
        }
        Output::Call(command) => format!("call {command:?}"),
        Output::Stream(stream, command) => format!("stream {} {command:?}", stream.0),
        Output::Note(note) => match note {
            Note::NewIncoming(streams) => format!("NewIncoming {}", ids(streams)),
            Note::NewOutgoing(streams) => format!("NewOutgoing {}", ids(streams)),
            Note::DidStart(streams) => format!("DidStart {}", ids(streams)),
            Note::GotProvisionalResponse { code, .. } => format!("GotProvisionalResponse {code}"),
            Note::DidFail { originator, code, failure_reason, .. } => {
                format!("DidFail {originator} {code} {failure_reason}")
            }
            Note::WillEnd(originator) => format!("WillEnd {originator}"),
            Note::DidEnd { originator, end_reason } => format!("DidEnd {originator} {end_reason}"),
            Note::DidChangeHoldState { originator, on_hold, partial } => {
                let partial = if *partial { " partial" } else { "" };
                format!("DidChangeHoldState {originator} {on_hold}{partial}")
            }
            Note::DidRenegotiateStreams(action, streams) => {
                format!("DidRenegotiateStreams {action:?} {}", ids(streams))
            }
            Note::DidProcessTransaction { originator, method, code, ack_received, .. } => {
                let ack = ack_received.map_or(String::new(), |ack| format!(" ACK {ack:?}"));
                format!("DidProcessTransaction {originator} {method} {code}{ack}")
            }
            other => format!("{other:?}"),
        },
        Output::Timeout(_) => unreachable!("not a line"),
    }
}

/// Nothing.
const NOTHING: [&str; 0] = [];
