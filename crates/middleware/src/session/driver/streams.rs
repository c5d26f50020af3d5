//! What the machine tells the streams, and what they answer.

use tokio::task::JoinError;

use super::{Driver, Input, StreamInput, Work};
use crate::notification::{MediaStreamEvent, StreamId};
use crate::session::machine::StreamCommand;
use crate::stream::{AgreedMedia, StreamError, StreamSession};

impl Driver {
    pub(super) fn stream_command(&mut self, id: StreamId, command: StreamCommand) {
        let Some(known) = self.streams.get_mut(&id) else { return };
        let stream = known.stream.clone();
        match command {
            StreamCommand::Initialize(direction) => {
                known.initialized = true;
                let session = StreamSession {
                    session: self.session.clone(),
                    stream: id,
                    context: self.context.clone(),
                    reports: self.reporter.clone(),
                    place: self.place.clone(),
                };
                let initialized = stream.initialize(session, direction);
                self.work.spawn(async move { (id, Work::Initialized(initialized.await)) });
            }
            StreamCommand::Start(index) => {
                let Some(agreed) = self.descriptions.agreed() else { return };
                let started = stream.start(AgreedMedia {
                    local: &agreed.local,
                    remote: &agreed.remote,
                    index,
                });
                self.work.spawn(async move { (id, Work::Started(started.await)) });
            }
            StreamCommand::Update(index) => {
                let Some(agreed) = self.descriptions.agreed() else { return };
                let agreed = AgreedMedia { local: &agreed.local, remote: &agreed.remote, index };
                if let Err(error) = stream.update(agreed) {
                    self.failed(id, "update", &error);
                }
            }
            StreamCommand::Hold => stream.hold(),
            StreamCommand::Unhold => stream.unhold(),
            StreamCommand::Deactivate if known.initialized => stream.deactivate(),
            StreamCommand::End if known.initialized => {
                known.initialized = false;
                self.context.bus.post(id, MediaStreamEvent::WillEnd);
                let ended = stream.end();
                self.work.spawn(async move {
                    ended.await;
                    (id, Work::Ended)
                });
            }
            StreamCommand::Deactivate | StreamCommand::End => {}
        }
    }

    pub(super) fn worked(&mut self, done: Result<(StreamId, Work), JoinError>) {
        let (stream, work) = match done {
            Ok(done) => done,
            // A stream's own future has panicked: its session times out.
            Err(error) => return tracing::error!(%error, "a stream has panicked"),
        };
        let (event, input) = match work {
            Work::Initialized(Ok(())) => {
                (MediaStreamEvent::DidInitialize, StreamInput::Initialized)
            }
            Work::Started(Ok(())) => (MediaStreamEvent::DidStart, StreamInput::Started),
            Work::Initialized(Err(error)) => return self.failed(stream, "initialize", &error),
            Work::Started(Err(error)) => return self.failed(stream, "start", &error),
            Work::Ended => {
                return self.context.bus.post(stream, MediaStreamEvent::DidEnd);
            }
        };
        self.context.bus.post(stream, event);
        self.input(Input::Stream { stream, event: input });
    }

    pub(super) fn failed(&mut self, stream: StreamId, context: &str, error: &StreamError) {
        if let (StreamError::InUse, Some(known)) = (error, self.streams.get_mut(&stream)) {
            // It belongs to another session: not ours to end.
            known.initialized = false;
        }
        let reason = error.to_string();
        self.report(stream, context, &reason);
        self.input(Input::Stream { stream, event: StreamInput::Failed { reason } });
    }
}
