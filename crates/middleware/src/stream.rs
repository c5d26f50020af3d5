//! Streams: the media of a session (Middleware API, "IMediaStream" and
//! "AudioStream").

mod audio;
mod error;
mod negotiation;
mod registry;
mod session;

use std::any::Any;
use std::sync::Arc;

use sipsimple_core::sdp::{MediaDescription, SessionDescription};
use sipsimple_net::BoxFuture;

pub use crate::notification::StreamId;
use crate::notification::{Sender, ToValue, Value};
use crate::session::Direction;
pub use audio::{AudioStream, AudioStreamFactory};
pub use error::StreamError;
pub use registry::{MediaStreamFactory, MediaStreamRegistry};
pub use session::StreamSession;
pub(crate) use session::{FailureReport as StreamFailure, Place};

/// A stream of a session: what a [`Session`](crate::Session) asks of every
/// type of stream, its own and those of applications.
///
/// A stream is told what to do and answers by what it returns; the session
/// sends the `MediaStream…` notifications that follow from it. No method may
/// block: what takes time belongs into the returned future.
///
/// The order is: [`initialize`](Self::initialize);
/// [`local_media`](Self::local_media) for the offer or answer;
/// [`start`](Self::start) when both parties agree; `validate_update`,
/// `local_media` and [`update`](Self::update) for each later negotiation;
/// [`deactivate`](Self::deactivate) when the end is near;
/// [`end`](Self::end) always, if `initialize` was called.
#[doc(alias = "IMediaStream")]
pub trait MediaStream: Any + Send + Sync {
    /// The stream's number, from [`Account::new_stream_id`]: names it in
    /// notifications.
    ///
    /// [`Account::new_stream_id`]: crate::Account::new_stream_id
    fn id(&self) -> StreamId;

    /// The type, for example `audio`.
    fn type_name(&self) -> &'static str;

    /// Whether it can be put on hold.
    fn hold_supported(&self) -> bool {
        false
    }

    /// Whether we hold it.
    fn on_hold_by_local(&self) -> bool {
        false
    }

    /// Whether the other party holds it.
    fn on_hold_by_remote(&self) -> bool {
        false
    }

    /// Whether either party holds it.
    fn on_hold(&self) -> bool {
        self.on_hold_by_local() || self.on_hold_by_remote()
    }

    /// Takes what the stream needs to be offered or answered with: ports,
    /// files. It may still come to nothing.
    fn initialize(
        &self,
        session: StreamSession,
        direction: Direction,
    ) -> BoxFuture<'static, Result<(), StreamError>>;

    /// The description of this stream: an offer, or the answer to `remote`.
    fn local_media(&self, remote: Option<RemoteMedia<'_>>)
    -> Result<MediaDescription, StreamError>;

    /// Starts the stream as both descriptions say.
    fn start(&self, agreed: AgreedMedia<'_>) -> BoxFuture<'static, Result<(), StreamError>>;

    /// Whether a change that the other party proposes is acceptable. Changes
    /// nothing: the proposal may come to nothing all the same.
    fn validate_update(&self, remote: RemoteMedia<'_>) -> Result<(), StreamError>;

    /// Follows a negotiation that has succeeded.
    fn update(&self, agreed: AgreedMedia<'_>) -> Result<(), StreamError>;

    /// Stops sending and playing at once;
    /// [`local_media`](Self::local_media) says so from now on.
    fn hold(&self) {}

    /// [`local_media`](Self::local_media) says from now on that the stream is
    /// off hold.
    fn unhold(&self) {}

    /// The stream will be ended: if its transport breaks from now on, that is
    /// no failure.
    fn deactivate(&self) {}

    /// Closes the stream's transport.
    fn end(&self) -> BoxFuture<'static, ()>;
}

/// What the other party says about a stream.
#[derive(Debug, Clone, Copy)]
pub struct RemoteMedia<'a> {
    /// Its description of the whole session.
    pub description: &'a SessionDescription,
    /// Which of its media is the stream's.
    pub index: usize,
}

impl<'a> RemoteMedia<'a> {
    /// The stream's medium; `None` if the description has too few.
    pub fn media(&self) -> Option<&'a MediaDescription> {
        self.description.media.get(self.index)
    }
}

/// What both parties have agreed on for a stream.
#[derive(Debug, Clone, Copy)]
pub struct AgreedMedia<'a> {
    /// Our description of the whole session.
    pub local: &'a SessionDescription,
    /// The other party's.
    pub remote: &'a SessionDescription,
    /// Which of their media is the stream's.
    pub index: usize,
}

/// Streams of any types, in order.
#[derive(Clone, Default)]
pub struct Streams(Vec<Arc<dyn MediaStream>>);

impl Streams {
    /// No streams.
    pub fn new() -> Self {
        Self::default()
    }

    /// The audio streams among them.
    pub fn audio(&self) -> Vec<AudioStream> {
        self.of_type()
    }

    /// Those of a type, as that type.
    pub fn of_type<S: MediaStream + Clone>(&self) -> Vec<S> {
        let typed = |stream: &Arc<dyn MediaStream>| {
            let any: &dyn Any = &**stream;
            any.downcast_ref::<S>().cloned()
        };
        self.0.iter().filter_map(typed).collect()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<dyn MediaStream>> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stream with this number.
    pub fn get(&self, id: StreamId) -> Option<&Arc<dyn MediaStream>> {
        self.0.iter().find(|stream| stream.id() == id)
    }
}

impl<'a> IntoIterator for &'a Streams {
    type Item = &'a Arc<dyn MediaStream>;
    type IntoIter = std::slice::Iter<'a, Arc<dyn MediaStream>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Arc<dyn MediaStream>> for Streams {
    fn from_iter<I: IntoIterator<Item = Arc<dyn MediaStream>>>(streams: I) -> Self {
        Self(streams.into_iter().collect())
    }
}

impl From<Vec<Arc<dyn MediaStream>>> for Streams {
    fn from(streams: Vec<Arc<dyn MediaStream>>) -> Self {
        Self(streams)
    }
}

impl From<&Streams> for Streams {
    fn from(streams: &Streams) -> Self {
        streams.clone()
    }
}

impl<S: MediaStream + Clone> From<Vec<S>> for Streams {
    fn from(streams: Vec<S>) -> Self {
        streams.into_iter().map(|stream| Arc::new(stream) as Arc<dyn MediaStream>).collect()
    }
}

impl<S: MediaStream + Clone, const N: usize> From<[&S; N]> for Streams {
    fn from(streams: [&S; N]) -> Self {
        streams.map(|stream| Arc::new(stream.clone()) as Arc<dyn MediaStream>).into_iter().collect()
    }
}

impl<S: MediaStream + Clone> From<&S> for Streams {
    fn from(stream: &S) -> Self {
        [stream].into()
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let printed = self.0.iter().map(|stream| format!("{} {}", stream.type_name(), stream.id()));
        f.debug_list().entries(printed).finish()
    }
}

impl ToValue for Streams {
    fn to_value(&self) -> Value {
        let plain = |stream: &Arc<dyn MediaStream>| {
            Value::Map(vec![
                ("id".to_owned(), Sender::from(stream.id()).to_value()),
                ("type".to_owned(), stream.type_name().to_value()),
            ])
        };
        Value::List(self.0.iter().map(plain).collect())
    }
}
