//! Carries notifications to their subscriptions.
//!
//! Posting never waits and never fails: a subscription that is not read loses
//! its oldest notifications and is told how many. Notifications of one sender
//! arrive in the order they were posted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sipsimple_net::Clock;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

use super::{Event, Notification, Sender};

/// Notifications a subscription holds before it loses the oldest.
pub const NOTIFICATION_CAPACITY: usize = 1024;

/// Traces a trace subscription holds before it loses the oldest.
pub const TRACE_CAPACITY: usize = 1024;

/// Notifications a one-sender subscription holds before it loses the oldest.
const SENDER_CAPACITY: usize = 128;

/// A subscription.
pub struct Notifications {
    receiver: broadcast::Receiver<Notification>,
    sender: Sender,
    clock: Arc<dyn Clock>,
    /// Dropped after the receiver.
    _channel: Option<Channel>,
}

/// Forgets the channel of one sender when its last subscription is dropped.
struct Channel {
    bus: std::sync::Weak<Shared>,
    sender: Sender,
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(shared) = self.bus.upgrade() {
            Bus { shared }.forget_unheard(&self.sender);
        }
    }
}

impl Notifications {
    /// The next notification; `None` once the application is gone and all have
    /// been read. A reader that was too slow gets [`Event::Lagged`] first.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Notification> {
        match self.receiver.recv().await {
            Ok(notification) => Some(notification),
            Err(RecvError::Lagged(missed)) => Some(self.lagged(missed)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next notification, if one is there now.
    pub fn try_next(&mut self) -> Option<Notification> {
        match self.receiver.try_recv() {
            Ok(notification) => Some(notification),
            Err(TryRecvError::Lagged(missed)) => Some(self.lagged(missed)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }

    fn lagged(&self, missed: u64) -> Notification {
        Notification::new(self.clock.wall(), self.sender.clone(), Event::Lagged(missed))
    }
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifications").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// Where notifications are posted.
#[derive(Clone)]
pub(crate) struct Bus {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    all: broadcast::Sender<Notification>,
    traces: broadcast::Sender<Notification>,
    /// One channel per sender that somebody listens to; made on first use.
    senders: Mutex<HashMap<Sender, broadcast::Sender<Notification>>>,
}

impl Bus {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let shared = Shared {
            clock,
            all: broadcast::Sender::new(NOTIFICATION_CAPACITY),
            traces: broadcast::Sender::new(TRACE_CAPACITY),
            senders: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Posts a notification to those who listen to all or to this sender.
    pub(crate) fn post(&self, sender: impl Into<Sender>, event: impl Into<Event>) {
        let sender = sender.into();
        let notification = self.notification(sender.clone(), event.into());
        tracing::debug!(target: "sipsimple::notification", %sender, name = notification.name());
        let channel = self.senders().get(&sender).cloned();
        // An error means that nobody listens any more.
        if channel.is_some_and(|channel| channel.send(notification.clone()).is_err()) {
            self.forget_unheard(&sender);
        }
        // Nobody needs to listen.
        let _ = self.shared.all.send(notification);
    }

    /// Posts a trace.
    pub(crate) fn trace(&self, sender: Sender, event: impl FnOnce() -> Event) {
        if self.shared.traces.receiver_count() > 0 {
            let _ = self.shared.traces.send(self.notification(sender, event()));
        }
    }

    pub(crate) fn subscribe(&self) -> Notifications {
        self.reader(self.shared.all.subscribe(), Sender::Application)
    }

    pub(crate) fn subscribe_traces(&self) -> Notifications {
        self.reader(self.shared.traces.subscribe(), Sender::Engine)
    }

    pub(crate) fn subscribe_to(&self, sender: impl Into<Sender>) -> Notifications {
        let sender = sender.into();
        let mut senders = self.senders();
        let channel = senders
            .entry(sender.clone())
            .or_insert_with(|| broadcast::Sender::new(SENDER_CAPACITY));
        let bus = Arc::downgrade(&self.shared);
        let forget = Channel { bus, sender: sender.clone() };
        let reader = self.reader(channel.subscribe(), sender);
        Notifications { _channel: Some(forget), ..reader }
    }

    /// Forgets a sender that will post nothing more: its subscriptions end.
    pub(crate) fn close(&self, sender: &Sender) {
        self.senders().remove(sender);
    }

    fn forget_unheard(&self, sender: &Sender) {
        let mut senders = self.senders();
        if senders.get(sender).is_some_and(|channel| channel.receiver_count() == 0) {
            senders.remove(sender);
        }
    }

    fn reader(&self, receiver: broadcast::Receiver<Notification>, sender: Sender) -> Notifications {
        let clock = Arc::clone(&self.shared.clock);
        Notifications { receiver, sender, clock, _channel: None }
    }

    fn notification(&self, sender: Sender, event: Event) -> Notification {
        Notification::new(self.shared.clock.wall(), sender, event)
    }

    fn senders(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<Sender, broadcast::Sender<Notification>>> {
        self.shared.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sipsimple_net::TokioClock;

    use super::*;
    use crate::notification::{ApplicationEvent, MediaStreamEvent, SessionId, StreamId};

    fn bus() -> Bus {
        Bus::new(Arc::new(TokioClock::new()))
    }

    #[tokio::test(start_paused = true)]
    async fn one_sender_hears_its_own_in_order() {
        let bus = bus();
        let mut all = bus.subscribe();
        let mut one = bus.subscribe_to(StreamId(1));
        bus.post(StreamId(1), MediaStreamEvent::DidInitialize);
        bus.post(StreamId(2), MediaStreamEvent::DidInitialize);
        bus.post(StreamId(1), MediaStreamEvent::DidStart);
        assert_eq!(one.next().await.unwrap().name(), "MediaStreamDidInitialize");
        assert_eq!(one.next().await.unwrap().name(), "MediaStreamDidStart");
        assert!(one.try_next().is_none());
        let senders: Vec<_> =
            std::iter::from_fn(|| all.try_next()).map(|n| n.sender.to_string()).collect();
        assert_eq!(senders, ["stream:1", "stream:2", "stream:1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_told_what_it_missed() {
        let bus = bus();
        let mut all = bus.subscribe();
        for _ in 0..NOTIFICATION_CAPACITY + 3 {
            bus.post(Sender::Application, ApplicationEvent::WillStart);
        }
        bus.post(Sender::Application, ApplicationEvent::DidStart);
        let first = all.next().await.unwrap();
        assert!(matches!(first.event, Event::Lagged(4)), "{first:?}");
        let rest: Vec<_> = std::iter::from_fn(|| all.try_next()).collect();
        assert_eq!(rest.len(), NOTIFICATION_CAPACITY);
        assert_eq!(rest.last().unwrap().name(), "SIPApplicationDidStart");
    }

    #[tokio::test(start_paused = true)]
    async fn traces_do_not_push_facts_out() {
        let bus = bus();
        let mut all = bus.subscribe();
        let mut traces = bus.subscribe_traces();
        bus.post(Sender::Application, ApplicationEvent::WillStart);
        for _ in 0..TRACE_CAPACITY * 2 {
            bus.trace(Sender::Engine, || crate::notification::EngineEvent::DidStart.into());
        }
        assert_eq!(all.next().await.unwrap().name(), "SIPApplicationWillStart");
        assert!(matches!(traces.next().await.unwrap().event, Event::Lagged(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_sender_ends_its_subscriptions() {
        let bus = bus();
        let mut one = bus.subscribe_to(SessionId(7));
        bus.post(SessionId(7), crate::notification::SessionEvent::WillStart);
        bus.close(&SessionId(7).into());
        assert!(one.next().await.is_some());
        assert!(one.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_subscription_leaves_no_channel() {
        let bus = bus();
        let subscriptions: Vec<_> = (0..3).map(|_| bus.subscribe_to(SessionId(7))).collect();
        bus.close(&SessionId(7).into());
        let late = bus.subscribe_to(SessionId(7));
        drop(subscriptions);
        assert_eq!(bus.senders().len(), 1);
        drop(late);
        assert_eq!(bus.senders().len(), 0);
    }
}
