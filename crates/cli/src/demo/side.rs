//! One party of the demo: an application of its own.

use std::time::Duration;

use sipsimple::Account;
use sipsimple::configuration::{AccountSettings, SipAddress, Transport};
use sipsimple::notification::{ApplicationEvent, Event, Notification, Notifications};
use sipsimple::{MemoryStorage, SipApplication};

use tokio::task::JoinHandle;

use super::server::Server;
use super::timeline::Timeline;
use crate::endpoint::Failure;

/// How long anything in the demo may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// An application, its account, and what has not been looked at yet.
pub(super) struct Side {
    pub(super) name: &'static str,
    pub(super) app: SipApplication,
    pub(super) account: Account,
    unread: Notifications,
    /// Prints the timeline, to its end.
    printer: Option<JoinHandle<()>>,
}

impl Side {
    /// Starts an application and prints what happens to it.
    pub(super) async fn start(
        name: &'static str,
        password: &str,
        server: &Server,
        timeline: Option<Timeline>,
    ) -> Result<Self, Failure> {
        let app = SipApplication::builder()
            .listen(Transport::Udp, "127.0.0.1:0".parse()?)
            .media_workers(1)
            .build();
        let printer = timeline.map(|timeline| {
            let mut notifications = app.notifications();
            tokio::spawn(async move {
                while let Some(notification) = notifications.next().await {
                    println!("{}", timeline.line(name, &notification));
                    if let Event::Application(ApplicationEvent::DidEnd) = notification.event {
                        break;
                    }
                }
            })
        });
        let unread = app.notifications();
        app.start(MemoryStorage::new()).await?;
        let mut settings = AccountSettings::default();
        settings.auth.password = password.to_owned();
        settings.sip.registrar = Some(server.address().to_string().parse()?);
        settings.sip.outbound_proxy = settings.sip.registrar.clone();
        let id: SipAddress = format!("{name}@{}", super::DOMAIN).parse()?;
        let account = app.accounts().add(id, settings).await?;
        Ok(Self { name, app, account, unread, printer })
    }

    /// Stops the application, and prints what there is left to print.
    pub(super) async fn stop(&mut self) {
        self.app.stop().await;
        if let Some(printer) = self.printer.take() {
            let _ = tokio::time::timeout(PATIENCE, printer).await;
        }
    }

    /// The first notification, of those not looked at yet, in which `look`
    /// finds what it wants.
    pub(super) async fn expect<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T, String> {
        let found = async {
            while let Some(Notification { event, .. }) = self.unread.next().await {
                if let Some(found) = look(&event) {
                    return Ok(found);
                }
            }
            Err(format!("{} ended before {what}", self.name))
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => Err(format!("{} saw no {what} in {} s", self.name, PATIENCE.as_secs())),
        }
    }
}
