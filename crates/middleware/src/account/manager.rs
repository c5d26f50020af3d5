//! All accounts of an application.

use std::sync::Arc;

use sipsimple_core::uri::SipUri;

use super::{Account, AccountError};
use crate::application::{Context, lock};
use crate::configuration::{AccountSettings, ConfigurationManager, SipAddress};
use crate::notification::{AccountEvent, AccountManagerEvent, Sender};

/// All accounts of an application: a handle, cheap to clone.
#[derive(Clone)]
pub struct AccountManager {
    context: Arc<Context>,
}

impl AccountManager {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Every account, enabled or not, in the order of the configuration.
    pub fn all(&self) -> Vec<Account> {
        lock(&self.context.accounts).clone()
    }

    /// The account of this id.
    pub fn get(&self, id: &str) -> Result<Account, AccountError> {
        let found = self.all().into_iter().find(|account| account.id().as_str() == id);
        found.ok_or_else(|| AccountError::NotFound { id: id.to_owned() })
    }

    /// The account to use when none is named: that of the `default_account`
    /// setting, or else the first that is enabled.
    pub fn default_account(&self) -> Result<Account, AccountError> {
        let configuration = self.configuration()?;
        let wanted = configuration.settings().default_account;
        let enabled: Vec<_> = self.all().into_iter().filter(is_enabled).collect();
        let chosen = enabled.iter().find(|account| Some(account.id()) == wanted.as_ref());
        chosen.or(enabled.first()).cloned().ok_or(AccountError::NoAccount)
    }

    /// Makes an account the default.
    pub async fn set_default_account(&self, account: &Account) -> Result<(), AccountError> {
        if !is_enabled(account) {
            return Err(AccountError::Disabled { id: account.id().to_string() });
        }
        let configuration = self.configuration()?;
        let before = self.default_account().ok();
        let id = account.id().clone();
        let written = configuration.update(|settings| settings.default_account = Some(id)).await;
        self.default_may_have_changed(before);
        Ok(written?)
    }

    /// Adds an account, and registers it if its settings say so.
    pub async fn add(
        &self,
        id: SipAddress,
        settings: AccountSettings,
    ) -> Result<Account, AccountError> {
        let configuration = self.configuration()?;
        let before = self.default_account().ok();
        configuration.add_account(&id, settings).await?;
        let account = Account::new(&self.context, id);
        lock(&self.context.accounts).push(account.clone());
        let added = AccountManagerEvent::DidAddAccount { account: account.clone() };
        self.context.bus.post(Sender::AccountManager, added);
        self.default_may_have_changed(before);
        account.activate(&self.context).await;
        Ok(account)
    }

    /// Unregisters an account and deletes its settings.
    pub async fn remove(&self, account: &Account) -> Result<(), AccountError> {
        let configuration = self.configuration()?;
        let before = self.default_account().ok();
        account.deactivate().await;
        lock(&self.context.accounts).retain(|other| other != account);
        let deleted = configuration.remove_account(account.id()).await;
        let removed = AccountManagerEvent::DidRemoveAccount { account: account.clone() };
        self.context.bus.post(Sender::AccountManager, removed);
        self.context.bus.close(&account.sender());
        self.default_may_have_changed(before);
        Ok(deleted?)
    }

    /// The enabled account that a call to `uri` is for: by the user part of
    /// our Contact, by id, by the user part of the id alone; or else one whose
    /// `sip.accept_any_user` setting says so.
    pub fn find(&self, uri: &SipUri) -> Option<Account> {
        let accounts: Vec<_> = self.all().into_iter().filter(is_enabled).collect();
        let user = uri.user().unwrap_or_default();
        let host = uri.host().to_string();
        let by_contact = accounts.iter().find(|account| account.contact_user() == user);
        let by_id = || {
            accounts.iter().find(|account| {
                account.id().user() == user && account.id().domain().eq_ignore_ascii_case(&host)
            })
        };
        let by_user = || accounts.iter().find(|account| account.id().user() == user);
        let by_will = || accounts.iter().find(|account| accepts_any_user(account));
        by_contact.or_else(by_id).or_else(by_user).or_else(by_will).cloned()
    }

    /// Reads the accounts from the configuration.
    pub(crate) fn load(&self, configuration: &ConfigurationManager) {
        let ids = configuration.account_ids();
        let accounts: Vec<_> = ids.into_iter().map(|id| Account::new(&self.context, id)).collect();
        lock(&self.context.accounts).clone_from(&accounts);
        self.post(AccountManagerEvent::DidLoad { accounts });
    }

    pub(crate) async fn start(&self) {
        self.post(AccountManagerEvent::WillStart);
        for account in self.all() {
            account.activate(&self.context).await;
        }
        self.post(AccountManagerEvent::DidStart);
    }

    /// Unregisters all accounts at once. Each takes a bounded time.
    pub(crate) async fn stop(&self) {
        self.post(AccountManagerEvent::WillEnd);
        let mut leaving = tokio::task::JoinSet::new();
        for account in self.all() {
            leaving.spawn(async move { account.deactivate().await });
        }
        while leaving.join_next().await.is_some() {}
        self.post(AccountManagerEvent::DidEnd);
    }

    fn default_may_have_changed(&self, old_account: Option<Account>) {
        let account = self.default_account().ok();
        if account != old_account {
            self.post(AccountManagerEvent::DidChangeDefaultAccount { old_account, account });
        }
    }

    fn configuration(&self) -> Result<ConfigurationManager, AccountError> {
        let running = self.context.running().ok_or(AccountError::NotRunning)?;
        Ok(running.configuration.clone())
    }

    fn post(&self, event: AccountManagerEvent) {
        self.context.bus.post(Sender::AccountManager, event);
    }
}

pub(super) fn activated(context: &Context, account: &Account) {
    context.bus.post(account.sender(), AccountEvent::DidActivate);
}

fn accepts_any_user(account: &Account) -> bool {
    account.settings().is_ok_and(|settings| settings.sip.accept_any_user)
}

fn is_enabled(account: &Account) -> bool {
    account.settings().is_ok_and(|settings| settings.enabled)
}

impl std::fmt::Debug for AccountManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountManager").field("accounts", &self.all()).finish()
    }
}
