//! What the machine tells the application, with handles for ids.

use super::{Driver, SessionState, Streams};
use crate::application::lock;
use crate::notification::{MediaStreamEvent, SessionEvent, StreamId};
use crate::session::machine::Note;

impl Driver {
    pub(super) fn entered(&mut self, state: SessionState) {
        let now = self.context.clock.wall();
        {
            let mut info = lock(&self.session.shared.info);
            match state {
                SessionState::Connected if info.start_time.is_none() => {
                    info.start_time = Some(now);
                }
                SessionState::Terminated => {
                    info.stop_time = Some(now);
                    info.proposed_streams = None;
                    info.streams = Streams::new();
                }
                _ => {}
            }
        }
        self.session.shared.state.send_replace(state);
    }

    pub(super) fn note(&mut self, note: Note) {
        let event = match note {
            Note::NewIncoming(streams) => SessionEvent::NewIncoming {
                session: self.session.clone(),
                streams: self.handles(&streams),
            },
            Note::NewOutgoing(streams) => {
                SessionEvent::NewOutgoing { streams: self.handles(&streams) }
            }
            Note::GotRingIndication => SessionEvent::GotRingIndication,
            Note::GotProvisionalResponse { code, reason } => {
                SessionEvent::GotProvisionalResponse { code, reason }
            }
            Note::WillStart => SessionEvent::WillStart,
            Note::DidStart(streams) => {
                let streams = self.handles(&streams);
                let mut info = lock(&self.session.shared.info);
                info.streams = streams.clone();
                info.proposed_streams = None;
                drop(info);
                SessionEvent::DidStart { streams }
            }
            Note::DidFail { originator, code, reason, failure_reason, redirect_identities } => {
                SessionEvent::DidFail {
                    originator,
                    code,
                    reason,
                    failure_reason,
                    redirect_identities,
                }
            }
            Note::WillEnd(originator) => SessionEvent::WillEnd { originator },
            Note::DidEnd { originator, end_reason } => {
                SessionEvent::DidEnd { originator, end_reason }
            }
            Note::DidChangeHoldState { originator, on_hold, partial } => {
                SessionEvent::DidChangeHoldState { originator, on_hold, partial }
            }
            Note::DidRenegotiateStreams(action, streams) => {
                let changed = self.handles(&streams);
                let mut info = lock(&self.session.shared.info);
                let left = info.streams.iter().filter(|s| !streams.contains(&s.id())).cloned();
                info.streams = left.collect();
                drop(info);
                SessionEvent::DidRenegotiateStreams { action, streams: changed }
            }
            Note::DidProcessTransaction { originator, method, code, reason, ack_received } => {
                let method = method.to_owned();
                SessionEvent::DidProcessTransaction {
                    originator,
                    method,
                    code,
                    reason,
                    ack_received,
                }
            }
        };
        self.context.bus.post(self.session.id(), event);
    }

    /// Says that a stream has failed.
    pub(super) fn report(&self, stream: StreamId, context: &str, reason: &str) {
        let (context, reason) = (context.to_owned(), reason.to_owned());
        self.context.bus.post(stream, MediaStreamEvent::DidFail { context, reason });
    }

    fn handles(&self, ids: &[StreamId]) -> Streams {
        let known = ids.iter().filter_map(|id| self.streams.get(id));
        known.map(|known| known.stream.clone()).collect()
    }
}
