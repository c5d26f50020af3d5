//! What comes out of the engine: events, and traced messages beside them.

use tokio::sync::{broadcast, mpsc};

use crate::stack::{Event, Trace};

/// The events of an [`Engine`](super::Engine), in order.
#[derive(Debug)]
pub struct EngineEvents(pub(super) mpsc::Receiver<Event>);

impl EngineEvents {
    /// The next event; `None` after the engine has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }

    /// The next event if there is one.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}

/// What a trace subscription gives.
#[derive(Debug, Clone)]
pub enum TraceItem {
    /// A message.
    Message(Trace),
    /// The reader was too slow: so many messages are missing here.
    Lagged(u64),
}

/// Messages on the wire, as they come and go.
#[derive(Debug)]
pub struct Traces(pub(super) broadcast::Receiver<Trace>);

impl Traces {
    /// The next message; `None` after the engine has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<TraceItem> {
        match self.0.recv().await {
            Ok(trace) => Some(TraceItem::Message(trace)),
            Err(broadcast::error::RecvError::Lagged(n)) => Some(TraceItem::Lagged(n)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
