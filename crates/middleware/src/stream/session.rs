//! A stream's view of its session.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OnceCell, mpsc};

use super::{StreamError, StreamId};
use crate::application::Context;
use crate::session::Session;
use sipsimple_core::uri::SipUri;

/// A stream that fails by itself, and why.
pub(crate) type FailureReport = (StreamId, String);

/// What a stream gets to know of its session, and can tell it.
#[derive(Clone)]
pub struct StreamSession {
    pub(crate) session: Session,
    pub(crate) stream: StreamId,
    pub(crate) context: Arc<Context>,
    pub(crate) reports: mpsc::Sender<FailureReport>,
    pub(crate) place: Arc<Place>,
}

/// Where a session's media leave from.
pub(crate) struct Place {
    /// Who the media go to, as far as is known before they do.
    pub(crate) target: Option<SipUri>,
    pub(crate) address: OnceCell<IpAddr>,
}

impl Place {
    pub(crate) async fn local_address(&self, context: &Context) -> Option<IpAddr> {
        let find = async || match &self.target {
            Some(target) => context.local_address_to(target).await.ok_or(()),
            None => Err(()),
        };
        self.address.get_or_try_init(find).await.ok().copied()
    }
}

impl StreamSession {
    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Our address on the way to the other party: where to open sockets.
    pub async fn local_address(&self) -> Result<IpAddr, StreamError> {
        self.place.local_address(&self.context).await.ok_or(StreamError::NoLocalAddress)
    }

    /// The stream broke while it ran: the session takes it out, and ends with
    /// the last one. Never waits.
    pub fn fail(&self, reason: impl Into<String>) {
        // Full or closed: the session is ending as it is.
        let _ = self.reports.try_send((self.stream, reason.into()));
    }
}

impl std::fmt::Debug for StreamSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamSession")
            .field("session", &self.session)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
