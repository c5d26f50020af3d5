//! Accounts: who we are to others (Middleware API, "AccountManager" and
//! "Account").

mod driver;
mod manager;
mod registrar;

use std::sync::{Arc, Weak};

use sipsimple_core::auth::Credentials;
use sipsimple_core::stack::{Identity, Transport as SipTransport};
use sipsimple_core::uri::{Host, SipUri};
use tokio::sync::{mpsc, watch};

use crate::application::{Context, lock};
use crate::configuration::{
    AccountSettings, AudioCodec, ConfigurationError, SipAddress, Transport,
};
use crate::notification::{Notifications, Sender, StreamId, ToValue, Value};
pub use manager::AccountManager;

/// Commands that wait for an account's task.
const COMMAND_CAPACITY: usize = 8;

/// Why an account can't do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is no account that is enabled.
    #[error("there is no enabled account")]
    NoAccount,
    /// There is no account of this id.
    #[error("there is no account {id}")]
    NotFound {
        /// The id.
        id: String,
    },
    /// The account is disabled.
    #[error("account {id} is disabled")]
    Disabled {
        /// The id.
        id: String,
    },
    /// The application does not run.
    #[error("the application does not run")]
    NotRunning,
    /// The settings were refused, or could not be written.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

/// An account: a handle, cheap to clone.
#[derive(Clone)]
pub struct Account {
    shared: Arc<Shared>,
}

struct Shared {
    id: SipAddress,
    name: Arc<str>,
    /// The user part of our Contact: finds the account when a call comes in.
    contact_user: String,
    context: Weak<Context>,
    registered: watch::Sender<bool>,
    task: std::sync::Mutex<Option<mpsc::Sender<driver::Command>>>,
}

impl Account {
    pub(crate) fn new(context: &Arc<Context>, id: SipAddress) -> Self {
        let contact_user = format!("{:08}", context.random() % 100_000_000);
        let shared = Shared {
            name: id.as_str().into(),
            id,
            contact_user,
            context: Arc::downgrade(context),
            registered: watch::Sender::new(false),
            task: std::sync::Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// `user@domain`
    pub fn id(&self) -> &SipAddress {
        &self.shared.id
    }

    /// The address of record: `sip:user@domain`.
    pub fn uri(&self) -> SipUri {
        let id = &self.shared.id;
        // An address has the characters of a host; the parser decides the rest.
        let host: Host = id.domain().parse().unwrap_or_else(|_| Host::Name(id.domain().into()));
        SipUri::new(host).with_user(id.user())
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Result<AccountSettings, AccountError> {
        let running = self.context()?.running().ok_or(AccountError::NotRunning)?;
        Ok(running.configuration.account(self.id())?)
    }

    /// Changes the settings, and writes them. A registration follows them: it
    /// is renewed, made or removed.
    pub async fn update(
        &self,
        change: impl FnOnce(&mut AccountSettings),
    ) -> Result<(), AccountError> {
        let context = self.context()?;
        let running = context.running().ok_or(AccountError::NotRunning)?;
        let changed = running.configuration.update_account(self.id(), change).await;
        self.activate(&context).await;
        Ok(changed?)
    }

    /// Whether the registrar has a binding of ours.
    pub fn is_registered(&self) -> bool {
        *self.shared.registered.borrow()
    }

    /// Registers now, whether or not `sip.register` says so, and stays
    /// registered until [`unregister`](Self::unregister).
    pub async fn reregister(&self) -> Result<(), AccountError> {
        self.command(driver::Command::Register).await
    }

    /// Removes the registration and stays unregistered until
    /// [`reregister`](Self::reregister).
    pub async fn unregister(&self) -> Result<(), AccountError> {
        self.command(driver::Command::Unregister).await
    }

    /// The notifications about this account.
    pub fn notifications(&self) -> Result<Notifications, AccountError> {
        Ok(self.context()?.bus.subscribe_to(self.sender()))
    }

    /// A number for a new stream of a type of your own: see
    /// [`MediaStream::id`](crate::MediaStream::id).
    pub fn new_stream_id(&self) -> Result<StreamId, AccountError> {
        Ok(self.context()?.next_stream())
    }

    pub(crate) fn sender(&self) -> Sender {
        Sender::Account(Arc::clone(&self.shared.name))
    }

    pub(crate) fn context(&self) -> Result<Arc<Context>, AccountError> {
        self.shared.context.upgrade().ok_or(AccountError::NotRunning)
    }

    pub(crate) fn contact_user(&self) -> &str {
        &self.shared.contact_user
    }

    /// The codecs to offer and accept, the preferred one first.
    pub(crate) fn codecs(&self) -> Result<Vec<AudioCodec>, AccountError> {
        let running = self.context()?.running().ok_or(AccountError::NotRunning)?;
        let own = running.configuration.account(self.id())?.rtp.audio_codec_list;
        Ok(own.unwrap_or_else(|| running.configuration.settings().rtp.audio_codec_list))
    }

    /// Who we are in requests to `target`.
    pub(crate) fn identity(&self, target: Option<&SipUri>) -> Result<Identity, AccountError> {
        let running = self.context()?.running().ok_or(AccountError::NotRunning)?;
        let settings = self.settings()?;
        let mut identity = Identity::new(self.uri());
        identity.display_name = settings.display_name.map(Into::into);
        identity.contact_user = Some(self.contact_user().into());
        let username = settings.auth.username.unwrap_or_else(|| self.id().user().to_owned());
        identity.credentials = vec![Credentials::new(username, settings.auth.password)];
        let at_home = target
            .is_none_or(|uri| uri.host().to_string().eq_ignore_ascii_case(self.id().domain()));
        if let Some(proxy) = settings.sip.outbound_proxy
            && (at_home || settings.sip.always_use_my_proxy)
        {
            identity.route.extend(proxy.uri().parse());
        }
        // The first that we prefer among those that we have.
        let preferred = running.configuration.settings().sip.transport_list;
        let open = |wanted: &SipTransport| {
            running.engine.endpoints().iter().any(|endpoint| endpoint.transport == *wanted)
        };
        let first = running.engine.endpoints().first().map(|endpoint| endpoint.transport);
        identity.transport = preferred.into_iter().map(sip_transport).find(open).or(first);
        Ok(identity)
    }

    async fn command(&self, command: driver::Command) -> Result<(), AccountError> {
        let task = lock(&self.shared.task).clone();
        let disabled = || AccountError::Disabled { id: self.id().to_string() };
        let task = task.ok_or_else(disabled)?;
        task.send(command).await.map_err(|_| AccountError::NotRunning)
    }

    /// Brings the account's task into being, or to an end, as the settings say.
    pub(crate) async fn activate(&self, context: &Arc<Context>) {
        let settings = self.settings().ok().filter(|settings| settings.enabled);
        let task = {
            // One task, however many activate it at the same time.
            let mut task = lock(&self.shared.task);
            if let (Some(settings), None) = (&settings, &*task) {
                let (sender, commands) = mpsc::channel(COMMAND_CAPACITY);
                *task = Some(sender);
                drop(task);
                driver::spawn(context, self.clone(), commands, settings.sip.register);
                return;
            }
            task.clone()
        };
        match (settings, task) {
            (Some(settings), Some(task)) => {
                let register = settings.sip.register;
                // An error means that the application is being stopped.
                let _ = task.send(driver::Command::SettingsChanged { register }).await;
            }
            (None, Some(_)) => self.deactivate().await,
            (_, None) => {}
        }
    }

    /// Unregisters, and ends the account's task.
    pub(crate) async fn deactivate(&self) {
        let Some(task) = lock(&self.shared.task).take() else { return };
        let (done, ended) = tokio::sync::oneshot::channel();
        if task.send(driver::Command::Stop { done }).await.is_ok() {
            // An error says the same: it has ended.
            let _ = ended.await;
        }
    }

    fn set_registered(&self, registered: bool) {
        self.shared
            .registered
            .send_if_modified(|now| std::mem::replace(now, registered) != registered);
    }
}

pub(crate) fn sip_transport(transport: Transport) -> SipTransport {
    match transport {
        Transport::Udp => SipTransport::Udp,
        Transport::Tcp => SipTransport::Tcp,
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Account {}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Account").field(&self.id().as_str()).finish()
    }
}

impl ToValue for Account {
    fn to_value(&self) -> Value {
        self.sender().to_value()
    }
}
