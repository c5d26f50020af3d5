//! What an application holds of a session.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::Command;
use super::endpoint::Shared;
use crate::connection::{
    CommandError, Event, IncomingKey, IncomingRequestKey, Input, MessageKey, Outgoing,
    OutgoingRequest, RequestKey, SessionKey,
};
use crate::header::StatusCode;
use crate::message::{Head, Method};
use crate::uri::{MsrpUri, Path};

/// How many events wait for the application before its connection is no longer
/// read.
pub const EVENT_QUEUE: usize = 64;

/// Where the commands of a session go.
#[derive(Debug, Clone)]
pub(super) enum Link {
    /// Nowhere yet: the peer has not connected.
    Waiting,
    /// To the task of its connection.
    Attached(mpsc::Sender<Command>),
    /// Nowhere any more.
    Over,
}

/// Why a command of a session was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The session, or its connection, is over.
    #[error("the session is over")]
    Over,
    /// The machine refused.
    #[error(transparent)]
    Refused(#[from] CommandError),
    /// A request was not answered.
    #[error("not answered")]
    Unanswered,
}

/// The answer to a request of another method than SEND.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The code.
    pub code: StatusCode,
    /// The phrase.
    pub comment: String,
    /// The whole head.
    pub head: Box<Head>,
}

/// A handle of a session. Clones are handles of the same session.
///
/// Commands wait until the session has its connection; then they return when
/// the machine has taken or refused them.
#[derive(Clone)]
pub struct Session {
    pub(super) key: SessionKey,
    pub(super) local: MsrpUri,
    pub(super) remote: Path,
    pub(super) link: watch::Receiver<Link>,
    pub(super) shared: Arc<Shared>,
}

impl Session {
    /// This side's URI.
    pub fn local(&self) -> &MsrpUri {
        &self.local
    }

    /// The way to the peer.
    pub fn remote(&self) -> &Path {
        &self.remote
    }

    /// Sends a message. What becomes of it comes as [`Event::Delivery`].
    ///
    /// # Errors
    ///
    /// When the session is over, its queue is full, or a value can't be written.
    pub async fn send(&self, content: Outgoing) -> Result<MessageKey, SessionError> {
        let message = MessageKey(self.shared.fresh_key());
        let content = Box::new(content);
        self.command(Input::Send { session: self.key, message, content }).await?;
        Ok(message)
    }

    /// Sends a message whose body is written piece by piece; `content` is made
    /// with [`Outgoing::streamed`].
    ///
    /// # Errors
    ///
    /// As [`Session::send`].
    pub async fn send_streamed(&self, content: Outgoing) -> Result<StreamedMessage, SessionError> {
        let message = MessageKey(self.shared.fresh_key());
        let (sender, wanted) = mpsc::channel(4);
        let content = Box::new(content);
        let input = Input::Send { session: self.key, message, content };
        self.execute(|reply| Command::SendStreamed { input, message, wanted: sender, reply })
            .await?;
        Ok(StreamedMessage { session: self.clone(), message, wanted, room: 0 })
    }

    /// Gives up a message that is being sent.
    ///
    /// # Errors
    ///
    /// When it is over already.
    pub async fn abort(&self, message: MessageKey) -> Result<(), SessionError> {
        self.command(Input::Abort { session: self.key, message }).await
    }

    /// Refuses the rest of a message that is being received, usually with 413.
    ///
    /// # Errors
    ///
    /// When it is over already.
    pub async fn refuse(&self, message: IncomingKey, code: StatusCode) -> Result<(), SessionError> {
        self.command(Input::Refuse { session: self.key, message, code }).await
    }

    /// Reports what became of a message, where reports are the application's.
    ///
    /// # Errors
    ///
    /// When there is no such message.
    pub async fn report(
        &self,
        message: IncomingKey,
        code: StatusCode,
        comment: &str,
    ) -> Result<(), SessionError> {
        let comment = comment.to_owned();
        self.command(Input::Report { session: self.key, message, code, comment }).await
    }

    /// Sends a request of another method, such as NICKNAME, and waits for its
    /// answer.
    ///
    /// # Errors
    ///
    /// When the session is over, or there is no answer in time.
    pub async fn request(
        &self,
        method: Method,
        headers: Vec<(String, String)>,
    ) -> Result<Answer, SessionError> {
        let (answer, answered) = oneshot::channel();
        let request = RequestKey(self.shared.fresh_key());
        let content = Box::new(OutgoingRequest {
            session: Some(self.key),
            method,
            to: self.remote.clone(),
            from: self.local.clone().into(),
            headers,
        });
        let input = Input::Request { request, content };
        self.execute(|reply| Command::Request { input, request, answer, reply }).await?;
        answered.await.map_err(|_| SessionError::Unanswered)
    }

    /// Answers [`Event::Requested`].
    ///
    /// # Errors
    ///
    /// When it was answered already.
    pub async fn respond(
        &self,
        request: IncomingRequestKey,
        code: StatusCode,
    ) -> Result<(), SessionError> {
        self.command(Input::Respond { request, code, comment: String::new() }).await
    }

    /// Ends the session when all that is queued is sent and answered;
    /// [`Event::Closed`] says when. A session that has no connection yet ends
    /// at once.
    ///
    /// # Errors
    ///
    /// When it is over already.
    pub async fn close(&self) -> Result<(), SessionError> {
        if matches!(*self.link.borrow(), Link::Waiting) {
            self.shared.registry.release(&self.local, self.key);
            return Ok(());
        }
        self.command(Input::Close(self.key)).await
    }

    async fn command(&self, input: Input) -> Result<(), SessionError> {
        self.execute(|reply| Command::Input { input, reply }).await
    }

    async fn execute(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<(), CommandError>>) -> Command,
    ) -> Result<(), SessionError> {
        let mut link = self.link.clone();
        let commands = {
            let ready = link.wait_for(|link| !matches!(link, Link::Waiting)).await;
            match ready.as_deref() {
                Ok(Link::Attached(commands)) => commands.clone(),
                _ => return Err(SessionError::Over),
            }
        };
        let (reply, done) = oneshot::channel();
        commands.send(make(reply)).await.map_err(|_| SessionError::Over)?;
        done.await.map_err(|_| SessionError::Over)?.map_err(SessionError::Refused)
    }
}

/// What happens in a session, in order. Dropping it ends the session.
pub struct SessionEvents {
    pub(super) key: SessionKey,
    pub(super) local: MsrpUri,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) shared: Arc<Shared>,
}

impl SessionEvents {
    /// The next event; `None` after [`Event::Failed`] or [`Event::Closed`].
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for SessionEvents {
    fn drop(&mut self) {
        // On a connection, its task finds out and detaches.
        self.shared.registry.release_waiting(&self.local, self.key);
    }
}

/// A message whose body is written piece by piece.
pub struct StreamedMessage {
    session: Session,
    message: MessageKey,
    wanted: mpsc::Receiver<usize>,
    room: usize,
}

impl StreamedMessage {
    /// The message, as events name it.
    pub fn key(&self) -> MessageKey {
        self.message
    }

    /// How many bytes are wanted now; waits until there are some.
    ///
    /// # Errors
    ///
    /// When the message is over: refused, aborted, or its session failed.
    pub async fn ready(&mut self) -> Result<usize, SessionError> {
        while self.room == 0 {
            self.room = self.wanted.recv().await.ok_or(SessionError::Over)?;
        }
        while let Ok(more) = self.wanted.try_recv() {
            self.room += more;
        }
        Ok(self.room)
    }

    /// Writes bytes, waiting for room.
    ///
    /// # Errors
    ///
    /// When the message is over.
    pub async fn write(&mut self, mut data: Bytes) -> Result<(), SessionError> {
        while !data.is_empty() {
            let room = self.ready().await?;
            let piece = data.split_to(data.len().min(room));
            self.provide(piece, false).await?;
        }
        Ok(())
    }

    /// Says that nothing more follows.
    ///
    /// # Errors
    ///
    /// When the message is over, or shorter than was said.
    pub async fn finish(mut self) -> Result<(), SessionError> {
        self.provide(Bytes::new(), true).await
    }

    async fn provide(&mut self, data: Bytes, last: bool) -> Result<(), SessionError> {
        self.room -= data.len();
        let (session, message) = (self.session.key, self.message);
        self.session.command(Input::Provide { session, message, data, last }).await
    }
}
