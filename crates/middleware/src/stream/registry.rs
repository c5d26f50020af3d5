//! Which types of streams an application takes.

use std::sync::Arc;

use sipsimple_core::sdp::SessionDescription;

use super::{AudioStreamFactory, MediaStream, RemoteMedia, StreamError};
use crate::account::Account;

/// Makes the streams of one type for sessions that others propose.
pub trait MediaStreamFactory: Send + Sync + 'static {
    /// The type, for example `audio`.
    fn type_name(&self) -> &'static str;

    /// Types of a higher priority are asked first.
    fn priority(&self) -> i32 {
        1
    }

    /// The stream for a medium; `None` when it is of another type. An error
    /// means that it is of this type and can't be used: no other type is asked
    /// and the medium is refused.
    fn new_from_sdp(
        &self,
        account: &Account,
        remote: RemoteMedia<'_>,
    ) -> Result<Option<Arc<dyn MediaStream>>, StreamError>;
}

/// The types of streams of an application, in the order in which they are
/// asked.
#[derive(Clone, Default)]
pub struct MediaStreamRegistry {
    factories: Vec<Arc<dyn MediaStreamFactory>>,
}

impl MediaStreamRegistry {
    /// No types at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The types of this SDK: audio.
    pub fn standard() -> Self {
        Self::empty().with(AudioStreamFactory)
    }

    /// And one more type: behind those of the same or a higher priority.
    #[must_use]
    pub fn with(mut self, factory: impl MediaStreamFactory) -> Self {
        let place = self.factories.partition_point(|other| other.priority() >= factory.priority());
        self.factories.insert(place, Arc::new(factory));
        self
    }

    /// The names of the types.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        self.factories.iter().map(|factory| factory.type_name())
    }

    /// A stream for each medium of a description that can be used.
    pub(crate) fn streams_for(
        &self,
        account: &Account,
        description: &SessionDescription,
    ) -> Vec<Option<Arc<dyn MediaStream>>> {
        let media = 0..description.media.len();
        media.map(|index| self.stream_for(account, RemoteMedia { description, index })).collect()
    }

    fn stream_for(
        &self,
        account: &Account,
        remote: RemoteMedia<'_>,
    ) -> Option<Arc<dyn MediaStream>> {
        if remote.media()?.is_rejected() {
            return None;
        }
        for factory in &self.factories {
            match factory.new_from_sdp(account, remote) {
                Ok(None) => {}
                Ok(stream) => return stream,
                Err(error) => {
                    tracing::info!(index = remote.index, %error, "a medium is refused");
                    return None;
                }
            }
        }
        None
    }
}

impl std::fmt::Debug for MediaStreamRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.types()).finish()
    }
}
