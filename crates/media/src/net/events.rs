//! What players, recorders and tones tell: a bounded queue for each.

use tokio::sync::mpsc;

/// How many events wait for a reader. They are a handful for each run, so a
/// reader that is this far behind has stopped reading; newer ones are
/// dropped, and the drop is logged.
pub const EVENT_CAPACITY: usize = 16;

/// The events of one object, in order; ends when the object is gone.
#[derive(Debug)]
pub struct Events<E> {
    receiver: mpsc::Receiver<E>,
}

impl<E> Events<E> {
    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<E> {
        self.receiver.recv().await
    }

    /// The next event if it is there already.
    pub fn try_next(&mut self) -> Option<E> {
        self.receiver.try_recv().ok()
    }

    /// Waits for the next event on a thread that isn't tokio's.
    ///
    /// # Panics
    ///
    /// Within asynchronous code.
    pub fn blocking_next(&mut self) -> Option<E> {
        self.receiver.blocking_recv()
    }
}

pub(super) struct EventSender<E> {
    sender: mpsc::Sender<E>,
}

impl<E: std::fmt::Debug> EventSender<E> {
    pub(super) fn send(&self, event: E) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.sender.try_send(event) {
            tracing::warn!(?event, "nobody reads these events: dropped");
        }
    }
}

pub(super) fn channel<E>() -> (EventSender<E>, Events<E>) {
    let (sender, receiver) = mpsc::channel(EVENT_CAPACITY);
    (EventSender { sender }, Events { receiver })
}
