//! The settings of the whole application.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{AudioCodec, ConfigurationError, PortRange, SampleRate, SipAddress, Transport};

/// The settings that all accounts share: the document's top level.
///
/// A setting with a `None` default is left out of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SipSimpleSettings {
    /// The account that is used when none is named. Without it, or when it is
    /// disabled, the first enabled account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_account: Option<SipAddress>,
    /// What this application calls itself in the User-Agent and Server headers
    /// and in SDP. At most [`SipSimpleSettings::MAX_USER_AGENT`] bytes.
    pub user_agent: String,
    /// Names this installation (RFC 5626 section 4.1). Made at first start.
    pub instance_id: String,
    /// `audio.*`
    pub audio: AudioSettings,
    /// `rtp.*`
    pub rtp: RtpSettings,
    /// `sip.*`
    pub sip: SipSettings,
}

/// `audio.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AudioSettings {
    /// The rate at which the voice mixer works, in Hz: 8000, 16000, 32000 or
    /// 48000.
    pub sample_rate: SampleRate,
    /// Where recordings without a file name go. Unset: the working folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordings_directory: Option<PathBuf>,
}

/// `rtp.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RtpSettings {
    /// The UDP ports for RTP and RTCP.
    pub port_range: PortRange,
    /// Seconds without any received packet after which
    /// `AudioStreamDidTimeout` is sent; 0 switches it off.
    pub timeout: u32,
    /// The codecs to offer and to accept, the preferred one first.
    pub audio_codec_list: Vec<AudioCodec>,
}

/// `sip.*`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SipSettings {
    /// Seconds that an INVITE may wait for its final response, on either side.
    pub invite_timeout: u32,
    /// The local UDP port; 0 picks one.
    pub udp_port: u16,
    /// The local TCP port; 0 picks one.
    pub tcp_port: u16,
    /// The transports to use, the preferred one first.
    pub transport_list: Vec<Transport>,
}

impl SipSimpleSettings {
    /// The longest user agent, in bytes.
    pub const MAX_USER_AGENT: usize = 256;

    /// Says which setting is wrong, and why.
    pub fn validate(&self) -> Result<(), ConfigurationError> {
        let invalid = ConfigurationError::invalid;
        if self.user_agent.is_empty() || self.user_agent.len() > Self::MAX_USER_AGENT {
            return Err(invalid("user_agent", "1 to 256 bytes are allowed"));
        }
        if self.user_agent.chars().any(char::is_control) {
            return Err(invalid("user_agent", "control characters are not allowed"));
        }
        if !self.instance_id.is_empty() && !is_instance_id(&self.instance_id) {
            return Err(invalid("instance_id", "it must be urn:uuid: and a UUID"));
        }
        no_twice("rtp.audio_codec_list", &self.rtp.audio_codec_list)?;
        no_twice("sip.transport_list", &self.sip.transport_list)?;
        if self.sip.invite_timeout == 0 {
            return Err(invalid("sip.invite_timeout", "it must be at least 1 second"));
        }
        Ok(())
    }
}

impl Default for SipSimpleSettings {
    fn default() -> Self {
        Self {
            default_account: None,
            user_agent: concat!("sipsimple ", env!("CARGO_PKG_VERSION")).to_owned(),
            instance_id: String::new(),
            audio: AudioSettings::default(),
            rtp: RtpSettings::default(),
            sip: SipSettings::default(),
        }
    }
}

#[allow(clippy::derivable_impls, reason = "all defaults of the settings stand side by side")]
impl Default for AudioSettings {
    fn default() -> Self {
        Self { sample_rate: SampleRate::default(), recordings_directory: None }
    }
}

impl Default for RtpSettings {
    fn default() -> Self {
        Self {
            port_range: PortRange::default(),
            timeout: 30,
            audio_codec_list: AudioCodec::ALL.to_vec(),
        }
    }
}

impl Default for SipSettings {
    fn default() -> Self {
        Self {
            invite_timeout: 90,
            udp_port: 0,
            tcp_port: 0,
            transport_list: vec![Transport::Udp, Transport::Tcp],
        }
    }
}

/// Lists of preference: at least one entry, none twice.
pub(super) fn no_twice<T: PartialEq + ToString>(
    key: &str,
    list: &[T],
) -> Result<(), ConfigurationError> {
    if list.is_empty() {
        return Err(ConfigurationError::invalid(key, "it is empty"));
    }
    for (index, entry) in list.iter().enumerate() {
        if list[..index].contains(entry) {
            let reason = format!("{} is there twice", entry.to_string());
            return Err(ConfigurationError::invalid(key, reason));
        }
    }
    Ok(())
}

fn is_instance_id(text: &str) -> bool {
    text.strip_prefix("urn:uuid:").is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        let settings = SipSimpleSettings::default();
        settings.validate().unwrap();
        assert_eq!(settings.audio.sample_rate.hz(), 32000);
        assert_eq!(settings.sip.invite_timeout, 90);
    }

    #[test]
    fn the_error_names_the_setting() {
        let wrong = |change: fn(&mut SipSimpleSettings)| {
            let mut settings = SipSimpleSettings::default();
            change(&mut settings);
            settings.validate().unwrap_err().to_string()
        };
        assert!(wrong(|s| s.user_agent = "a\r\nb".into()).starts_with("setting user_agent:"));
        assert!(
            wrong(|s| s.rtp.audio_codec_list.clear()).contains("rtp.audio_codec_list: it is e")
        );
        assert!(
            wrong(|s| s.sip.transport_list.push(Transport::Udp)).contains("udp is there twice")
        );
        assert!(wrong(|s| s.instance_id = "me".into()).contains("instance_id"));
        assert!(wrong(|s| s.sip.invite_timeout = 0).contains("sip.invite_timeout"));
    }
}
