//! The settings of one account.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::general::no_twice;
use super::{AudioCodec, ConfigurationError, SipProxyAddress};

/// The settings of one account: the table `accounts."user@domain"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AccountSettings {
    /// A disabled account neither registers nor takes calls.
    pub enabled: bool,
    /// The name shown to the other party.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `auth.*`
    pub auth: AccountAuthSettings,
    /// `sip.*`
    pub sip: AccountSipSettings,
    /// `rtp.*`
    pub rtp: AccountRtpSettings,
}

/// `auth.*`
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AccountAuthSettings {
    /// The user name for digest authentication. Unset: the user part of the
    /// account's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password for digest authentication.
    pub password: String,
}

/// `sip.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AccountSipSettings {
    /// Takes calls for any user, where no other account fits: for bots and
    /// for test programs.
    pub accept_any_user: bool,
    /// Send calls to other domains through the outbound proxy too.
    pub always_use_my_proxy: bool,
    /// Where requests are sent through. Unset: to where their URI points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound_proxy: Option<SipProxyAddress>,
    /// Register at the account's domain.
    pub register: bool,
    /// Seconds to register for, at least
    /// [`AccountSettings::MIN_REGISTER_INTERVAL`]; the registrar may shorten it.
    pub register_interval: u32,
    /// The registrar, where it is not the account's domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registrar: Option<SipProxyAddress>,
}

/// `rtp.*`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AccountRtpSettings {
    /// The codecs of this account. Unset: those of [`RtpSettings`].
    ///
    /// [`RtpSettings`]: super::RtpSettings
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_codec_list: Option<Vec<AudioCodec>>,
}

impl AccountSettings {
    /// The shortest `sip.register_interval`, in seconds.
    pub const MIN_REGISTER_INTERVAL: u32 = 30;

    /// Says which setting is wrong, and why.
    pub fn validate(&self) -> Result<(), ConfigurationError> {
        let invalid = ConfigurationError::invalid;
        for (key, text) in [
            ("display_name", self.display_name.as_deref()),
            ("auth.username", self.auth.username.as_deref()),
        ] {
            if text.is_some_and(|text| text.chars().any(char::is_control)) {
                return Err(invalid(key, "control characters are not allowed"));
            }
        }
        if self.sip.register_interval < Self::MIN_REGISTER_INTERVAL {
            return Err(invalid("sip.register_interval", "it must be at least 30 seconds"));
        }
        self.rtp
            .audio_codec_list
            .as_ref()
            .map_or(Ok(()), |list| no_twice("rtp.audio_codec_list", list))
    }
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            display_name: None,
            auth: AccountAuthSettings::default(),
            sip: AccountSipSettings::default(),
            rtp: AccountRtpSettings::default(),
        }
    }
}

impl Default for AccountSipSettings {
    fn default() -> Self {
        Self {
            accept_any_user: false,
            always_use_my_proxy: true,
            outbound_proxy: None,
            register: true,
            register_interval: 600,
            registrar: None,
        }
    }
}

/// Hides the password.
impl fmt::Debug for AccountAuthSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAuthSettings")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_documented_ones() {
        let settings = AccountSettings::default();
        settings.validate().unwrap();
        assert!(settings.enabled && settings.sip.register);
        assert_eq!(settings.sip.register_interval, 600);
    }

    #[test]
    fn a_password_is_never_printed() {
        let mut settings = AccountSettings::default();
        settings.auth.password = "sesame".into();
        assert!(!format!("{settings:?}").contains("sesame"));
    }

    #[test]
    fn the_error_names_the_setting() {
        let mut settings = AccountSettings::default();
        settings.sip.register_interval = 1;
        let error = settings.validate().unwrap_err().to_string();
        assert!(error.starts_with("setting sip.register_interval:"), "{error}");
    }
}
