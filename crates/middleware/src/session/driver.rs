//! The task of one session: owns its machine, and does what it says.

mod calls;
mod events;
mod notes;
mod streams;

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sipsimple_core::stack::{CallEvent, CallKey, IncomingCall, Transport as SipTransport};
use sipsimple_core::uri::SipUri;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinSet;

use super::description::{Descriptions, Offer};
use super::machine::{self, Config, Input, Machine, Member, OfferedStream, Output, StreamInput};
use super::{ConnectOptions, Direction, REQUEST_CAPACITY, Session, SessionError, SessionState};
use crate::application::{Context, Route, Running, lock, sleep_until};
use crate::configuration::Transport;
use crate::notification::{Sender, StreamId};
use crate::stream::{MediaStream, Place, StreamError, StreamFailure, Streams};

/// Streams that may report a failure before the session has looked.
const REPORT_CAPACITY: usize = 16;

/// A command for the session's task.
pub(super) struct Request {
    pub(super) command: UserCommand,
    pub(super) reply: oneshot::Sender<Result<(), SessionError>>,
}

/// What an application can ask of a session.
pub(super) enum UserCommand {
    Connect { to: SipUri, streams: Streams, options: ConnectOptions },
    SendRingIndication,
    Accept { streams: Streams },
    Reject { code: u16, reason: String },
    Hold(bool),
    End,
}

/// The task of one session.
pub(super) struct Driver {
    session: Session,
    context: Arc<Context>,
    running: Arc<Running>,
    machine: Machine,
    requests: mpsc::Receiver<Request>,
    call: Option<Route<CallKey, CallEvent>>,
    /// Who to call, until that is done.
    outgoing: Option<(SipUri, ConnectOptions)>,
    descriptions: Descriptions,
    streams: HashMap<StreamId, KnownStream>,
    work: JoinSet<(StreamId, Work)>,
    reports: mpsc::Receiver<StreamFailure>,
    reporter: mpsc::Sender<StreamFailure>,
    place: Arc<Place>,
}

/// A stream that was proposed.
struct KnownStream {
    stream: Arc<dyn MediaStream>,
    /// It was initialized, and so it must be ended.
    initialized: bool,
}

/// What a stream's future has come to.
enum Work {
    Initialized(Result<(), StreamError>),
    Started(Result<(), StreamError>),
    Ended,
}

/// Starts the task of a session that will call somebody.
pub(super) fn outgoing(
    context: &Arc<Context>,
    session: Session,
    hold: bool,
) -> mpsc::Sender<Request> {
    let (sender, requests) = mpsc::channel(REQUEST_CAPACITY);
    // Without what runs there is nobody to drive it: commands see a closed queue.
    if let Some(running) = context.running() {
        let place = Arc::new(Place { target: None, address: OnceCell::new() });
        let mut driver = Driver::new(context, &running, session, requests, place);
        if hold {
            // Nothing is refused in state Null.
            let _ = driver.give(Input::Command(machine::Command::Hold));
        }
        context.spawn(driver.run());
    }
    sender
}

/// Starts the task of a session that somebody else has called for.
pub(super) fn incoming(
    context: &Arc<Context>,
    running: &Arc<Running>,
    session: Session,
    key: CallKey,
    call: &IncomingCall,
    offer: Offer,
    streams: Vec<Option<Arc<dyn MediaStream>>>,
) {
    let (sender, requests) = mpsc::channel(REQUEST_CAPACITY);
    *lock(&session.shared.link) = super::Link::Task(sender);
    let arrived = call.local.ip();
    let known = (!arrived.is_unspecified()).then_some(arrived);
    let target = SipUri::new(call.remote.ip().into()).with_port(call.remote.port());
    let place = Place { target: Some(target), address: OnceCell::new_with(known) };
    let mut driver = Driver::new(context, running, session, requests, Arc::new(place));
    driver.call = Some(context.calls.open(key));
    let late_offer = matches!(offer, Offer::Missing);
    let mut media = Vec::new();
    if let Offer::Made(remote) = offer {
        for (index, stream) in streams.into_iter().enumerate() {
            let held = remote.media.get(index).is_some_and(|medium| remote.is_hold(medium));
            let member = stream.map(|stream| driver.know(stream));
            media.push(member.map(|member| OfferedStream { member, held }));
        }
        if let Err(error) = driver.descriptions.offered(*remote) {
            // A first offer is refused for nothing; its answer would be.
            tracing::warn!(%error, "an offer breaks the rules");
        }
    }
    context.sessions.insert(&driver.session);
    // An INVITE is always taken in state Null.
    let _ = driver.give(Input::Incoming { media, late_offer });
    context.spawn(driver.run());
}

/// The same transport in the settings' words.
pub(super) fn transport(transport: SipTransport) -> Option<Transport> {
    match transport {
        SipTransport::Udp => Some(Transport::Udp),
        SipTransport::Tcp => Some(Transport::Tcp),
        _ => None,
    }
}

impl Driver {
    fn new(
        context: &Arc<Context>,
        running: &Arc<Running>,
        session: Session,
        requests: mpsc::Receiver<Request>,
        place: Arc<Place>,
    ) -> Self {
        let settings = running.configuration.settings();
        let config = Config {
            invite_timeout: Duration::from_secs(settings.sip.invite_timeout.into()),
            glare_wait: glare_wait(context, session.direction()),
        };
        let (reporter, reports) = mpsc::channel(REPORT_CAPACITY);
        // o= counts in seconds since 1900, as NTP does (RFC 8866 §5.2).
        let since_1970 = context.clock.wall().duration_since(std::time::UNIX_EPOCH);
        let ntp = since_1970.unwrap_or_default().as_secs() + 2_208_988_800;
        Self {
            descriptions: Descriptions::new(&settings.user_agent, ntp),
            session,
            context: Arc::clone(context),
            running: Arc::clone(running),
            machine: Machine::new(config),
            requests,
            call: None,
            outgoing: None,
            streams: HashMap::new(),
            work: JoinSet::new(),
            reports,
            reporter,
            place,
        }
    }

    async fn run(mut self) {
        let mut deadline = self.drain().await;
        while !self.is_over() {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.request(request),
                    None => break,
                },
                event = next(&mut self.call) => self.event(event),
                Some(done) = self.work.join_next() => self.worked(done),
                Some((stream, reason)) = self.reports.recv() => self.stream_broke(stream, reason),
                () = sleep_until(&*self.context.clock, deadline) => self.input(Input::Timeout),
            }
            deadline = self.drain().await;
        }
        self.context.sessions.remove(self.session.id());
        self.session.shared.over.store(true, std::sync::atomic::Ordering::SeqCst);
        self.context.bus.close(&Sender::from(self.session.id()));
        for stream in self.streams.keys() {
            self.context.bus.close(&Sender::from(*stream));
        }
    }

    /// Nothing will happen to it any more.
    fn is_over(&self) -> bool {
        let state = self.machine.state();
        // A call that was refused as a command has left the session as it was.
        let unused = state == SessionState::Null && self.requests.is_closed();
        unused || (state == SessionState::Terminated && self.work.is_empty())
    }

    fn give(&mut self, input: Input) -> Result<(), SessionError> {
        self.machine.handle_input(self.context.clock.now(), input)
    }

    /// An input that is never refused.
    fn input(&mut self, input: Input) {
        if let Err(error) = self.give(input) {
            tracing::debug!(%error, "an event was refused");
        }
    }

    fn request(&mut self, Request { command, reply }: Request) {
        let result = match command {
            UserCommand::Connect { to, streams, options } => self.connect(to, streams, options),
            UserCommand::Accept { streams } => {
                let streams = streams.iter().map(|stream| self.know(Arc::clone(stream))).collect();
                self.give(Input::Command(machine::Command::Accept { streams }))
            }
            UserCommand::SendRingIndication => {
                self.give(Input::Command(machine::Command::SendRingIndication))
            }
            UserCommand::Reject { code, reason } => {
                self.give(Input::Command(machine::Command::Reject { code, reason }))
            }
            UserCommand::Hold(true) => self.give(Input::Command(machine::Command::Hold)),
            UserCommand::Hold(false) => self.give(Input::Command(machine::Command::Unhold)),
            UserCommand::End => self.give(Input::Command(machine::Command::End)),
        };
        // Whoever asked may have stopped waiting.
        let _ = reply.send(result);
    }

    fn connect(
        &mut self,
        to: SipUri,
        streams: Streams,
        options: ConnectOptions,
    ) -> Result<(), SessionError> {
        if options.display_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(SessionError::BadText("display name"));
        }
        let members: Vec<_> = streams.iter().map(|stream| self.know(Arc::clone(stream))).collect();
        let target = self.first_hop(&to);
        self.give(Input::Command(machine::Command::Connect { streams: members }))?;
        self.place = Arc::new(Place { target: Some(target), address: OnceCell::new() });
        {
            let mut info = lock(&self.session.shared.info);
            info.direction = Some(Direction::Outgoing);
            info.subject.clone_from(&options.subject);
            info.proposed_streams = Some(streams);
        }
        self.outgoing = Some((to, options));
        self.context.sessions.insert(&self.session);
        Ok(())
    }

    /// Where the INVITE will go first.
    fn first_hop(&self, to: &SipUri) -> SipUri {
        let identity = self.session.account().identity(Some(to));
        identity.ok().and_then(|identity| identity.route.into_iter().next()).unwrap_or(to.clone())
    }

    fn know(&mut self, stream: Arc<dyn MediaStream>) -> Member {
        let member = Member { stream: stream.id(), can_hold: stream.hold_supported() };
        self.streams.entry(member.stream).or_insert(KnownStream { stream, initialized: false });
        member
    }

    /// Does what the machine says, and returns when to come back.
    async fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.machine.poll_output() {
                Output::Timeout(when) => return when,
                Output::State(state) => self.entered(state),
                Output::Note(note) => self.note(note),
                Output::Call(command) => self.call(command).await,
                Output::Stream(stream, command) => self.stream_command(stream, command),
            }
        }
    }

    fn stream_broke(&mut self, stream: StreamId, reason: String) {
        self.report(stream, "run", &reason);
        self.input(Input::Stream { stream, event: StreamInput::Failed { reason } });
    }
}

async fn next(call: &mut Option<Route<CallKey, CallEvent>>) -> CallEvent {
    match call {
        Some(route) => match route.next().await {
            Some(event) => event,
            None => pending().await,
        },
        None => pending().await,
    }
}

/// RFC 3261 §14.1: who made the call waits longer.
fn glare_wait(context: &Context, direction: Option<Direction>) -> Duration {
    let steps = context.random() % 191;
    match direction {
        Some(Direction::Incoming) => Duration::from_millis(steps * 10),
        // A session without a direction is about to call.
        _ => Duration::from_millis(2100 + steps * 10),
    }
}
