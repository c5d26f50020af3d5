//! Takes what the SIP engine reports to where it belongs.

use std::sync::Arc;

use sipsimple_core::net::{EngineEvents, TraceItem, Traces};
use sipsimple_core::stack::{CallEvent, Direction, Event};

use super::context::{Context, Running};
use crate::notification::{EngineEvent, Sender};
use crate::session;

/// Until the engine has stopped. Never waits for anybody but the engine.
pub(super) async fn dispatch(
    context: Arc<Context>,
    running: Arc<Running>,
    mut events: EngineEvents,
) {
    while let Some(event) = events.next().await {
        match event {
            Event::Call { call, event: CallEvent::Incoming(incoming) } => {
                session::called(&context, &running, call, incoming);
            }
            Event::Call { call, event } => {
                let taken = context.calls.send(call, event);
                if taken.is_err() {
                    session::end_stuck_call(&context, &running, call);
                }
            }
            Event::Registration { registration, event } => {
                let taken = context.registrations.send(registration, event);
                if taken.is_err() {
                    tracing::warn!(?registration, "an account takes no events");
                }
            }
            _ => {}
        }
    }
}

pub(super) async fn forward_traces(context: Arc<Context>, traces: Option<Traces>) {
    let Some(mut traces) = traces else { return };
    while let Some(item) = traces.next().await {
        match item {
            TraceItem::Message(trace) => context.bus.trace(Sender::Engine, || {
                let received = trace.direction == Direction::Incoming;
                let (source, destination) = match received {
                    true => (trace.remote, trace.local),
                    false => (trace.local, trace.remote),
                };
                let event = EngineEvent::SipTrace {
                    received,
                    source,
                    destination,
                    data: String::from_utf8_lossy(&trace.bytes).into_owned(),
                    transport: trace.transport.as_str().to_ascii_lowercase(),
                };
                event.into()
            }),
            TraceItem::Lagged(missed) => {
                context.bus.trace(Sender::Engine, || crate::notification::Event::Lagged(missed));
            }
        }
    }
}
