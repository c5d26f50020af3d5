//! `SIPAccount…` and `SIPAccountManager…`

use std::time::Duration;

use crate::account::Account;

events! {
    /// What happens to an account.
    pub enum AccountEvent {
        /// The account is in use from now on.
        DidActivate = "SIPAccountDidActivate",
        /// The account is not in use any more.
        DidDeactivate = "SIPAccountDidDeactivate",
        /// A registration is about to be sent.
        WillRegister = "SIPAccountWillRegister",
        /// The registrar accepted.
        RegistrationDidSucceed = "SIPAccountRegistrationDidSucceed" {
            /// The contact that was registered.
            contact_header: String,
            /// For how long; it is refreshed before that.
            expires: Duration,
            /// The registrar's URI.
            registrar: String,
        },
        /// The registrar refused or did not answer.
        RegistrationDidFail = "SIPAccountRegistrationDidFail" {
            /// The status code, when there was an answer.
            code: Option<u16>,
            /// What went wrong.
            error: String,
            /// When it is tried again; `None`: not before the settings change
            /// or [`Account::reregister`] is called.
            retry_after: Option<Duration>,
        },
        /// The registration was removed, or has run out.
        RegistrationDidEnd = "SIPAccountRegistrationDidEnd" {
            /// It ran out without being removed.
            expired: bool,
        },
        /// The registrar did not confirm the removal.
        RegistrationDidNotEnd = "SIPAccountRegistrationDidNotEnd" {
            /// The status code, when there was an answer.
            code: Option<u16>,
            /// What went wrong.
            reason: String,
        },
    }
}

events! {
    /// What happens to the account manager.
    pub enum AccountManagerEvent {
        /// The accounts have been read from the configuration.
        DidLoad = "SIPAccountManagerDidLoad" {
            /// All of them.
            accounts: Vec<Account>,
        },
        /// The accounts are about to be activated.
        WillStart = "SIPAccountManagerWillStart",
        /// The accounts have been activated.
        DidStart = "SIPAccountManagerDidStart",
        /// The accounts are about to be deactivated.
        WillEnd = "SIPAccountManagerWillEnd",
        /// The accounts have been deactivated.
        DidEnd = "SIPAccountManagerDidEnd",
        /// An account was added.
        DidAddAccount = "SIPAccountManagerDidAddAccount" {
            /// The new account.
            account: Account,
        },
        /// An account was removed.
        DidRemoveAccount = "SIPAccountManagerDidRemoveAccount" {
            /// The account that was removed.
            account: Account,
        },
        /// Another account is the default now.
        DidChangeDefaultAccount = "SIPAccountManagerDidChangeDefaultAccount" {
            /// The default until now.
            old_account: Option<Account>,
            /// The default from now on.
            account: Option<Account>,
        },
    }
}
