//! An application made of flags: what every command here runs on.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sipsimple::Account;
use sipsimple::configuration::{
    AccountSettings, AudioCodec, PortRange, SipAddress, SipSimpleSettings, Transport,
};
use sipsimple::notification::Notifications;
use sipsimple::{FileStorage, MemoryStorage, SipApplication};

use crate::options::{EndpointOptions, Protocol};

/// Any failure that ends a command; it is printed for a person.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The account of those who name none: it can call and be called, and has
/// nowhere to register.
const ANONYMOUS: &str = "anonymous@anonymous.invalid";

/// A started application with its account.
pub(crate) struct Endpoint {
    pub(crate) app: SipApplication,
    pub(crate) account: Account,
    /// Everything that happens, from before the start.
    pub(crate) notifications: Notifications,
    /// SIP messages, when they were asked for.
    pub(crate) traces: Option<Notifications>,
}

impl Endpoint {
    /// Starts an application as the flags say. `register` overrides whether
    /// its account registers.
    pub(crate) async fn start(
        options: &EndpointOptions,
        register: Option<bool>,
    ) -> Result<Self, Failure> {
        let mut builder = SipApplication::builder();
        for listen in &options.listen {
            let transport = match listen.protocol {
                Protocol::Udp => Transport::Udp,
                Protocol::Tcp => Transport::Tcp,
            };
            builder = builder.listen(transport, listen.address);
        }
        let app = builder.build();
        let notifications = app.notifications();
        let traces = options.trace_sip.then(|| app.traces());
        match &options.config {
            Some(folder) => app.start(FileStorage::new(folder)?).await?,
            None => app.start(in_memory(options)?).await?,
        }
        let account = match choose_account(&app, options, register).await {
            Ok(account) => account,
            Err(error) => {
                app.stop().await;
                return Err(error);
            }
        };
        Ok(Self { app, account, notifications, traces })
    }

    /// Where it listens, as `udp:127.0.0.1:5060`.
    pub(crate) fn listening(&self) -> Result<Vec<String>, Failure> {
        let engine = self.app.engine()?;
        let name = |endpoint: &sipsimple_core::stack::Endpoint| {
            format!("{}:{}", endpoint.transport, endpoint.address).to_lowercase()
        };
        Ok(engine.endpoints().iter().map(name).collect())
    }
}

/// Settings from the flags, kept nowhere.
fn in_memory(options: &EndpointOptions) -> Result<MemoryStorage, Failure> {
    let mut settings = SipSimpleSettings::default();
    if let Some(ports) = options.rtp_ports {
        settings.rtp.port_range = PortRange::new(ports.first, ports.last)?;
    }
    if !options.codecs.is_empty() {
        settings.rtp.audio_codec_list = codecs(options)?;
    }
    Ok(MemoryStorage::with_configuration(toml::to_string(&settings)?))
}

fn codecs(options: &EndpointOptions) -> Result<Vec<AudioCodec>, Failure> {
    let parsed: Result<_, _> = options.codecs.iter().map(|name| name.trim().parse()).collect();
    Ok(parsed?)
}

/// The account that the flags name, made if need be; else the configured one;
/// else one that only calls and is called.
async fn choose_account(
    app: &SipApplication,
    options: &EndpointOptions,
    register: Option<bool>,
) -> Result<Account, Failure> {
    let accounts = app.accounts();
    let id: SipAddress = match &options.account {
        Some(id) => id.parse()?,
        None => match accounts.default_account() {
            Ok(account) => return Ok(account),
            Err(_) => ANONYMOUS.parse()?,
        },
    };
    let registrar = options.registrar.as_deref().map(proxy).transpose()?;
    let outbound_proxy = options.proxy.as_deref().map(proxy).transpose()?;
    let from_flags = |settings: &mut AccountSettings| {
        if let Some(password) = &options.password {
            settings.auth.password.clone_from(password);
        }
        if registrar.is_some() {
            settings.sip.registrar.clone_from(&registrar);
        }
        if outbound_proxy.is_some() {
            settings.sip.outbound_proxy.clone_from(&outbound_proxy);
        }
        if let Some(register) = register {
            settings.sip.register = register;
        }
    };
    if let Ok(account) = accounts.get(id.as_str()) {
        if options.password.is_some() || registrar.is_some() || outbound_proxy.is_some() {
            account.update(from_flags).await?;
        }
        return Ok(account);
    }
    let mut settings = AccountSettings::default();
    // Who names no account is called by any name, and registers nowhere.
    settings.sip.accept_any_user = options.account.is_none();
    settings.sip.register = options.account.is_some();
    from_flags(&mut settings);
    Ok(accounts.add(id, settings).await?)
}

/// A registrar or proxy: `sip:host:port;transport=tcp`, with or without `sip:`.
fn proxy(text: &str) -> Result<sipsimple::configuration::SipProxyAddress, Failure> {
    let text = text.trim_start_matches('<').trim_end_matches('>');
    let text = text.strip_prefix("sip:").unwrap_or(text);
    Ok(text.parse()?)
}

/// Names for recordings: the first call's is the one that was asked for, and
/// every later call's has its number in it.
#[derive(Debug, Clone)]
pub(crate) struct RecordingNames {
    first: PathBuf,
    used: Arc<AtomicU32>,
}

impl RecordingNames {
    pub(crate) fn new(first: PathBuf) -> Self {
        Self { first, used: Arc::default() }
    }

    pub(crate) fn next(&self) -> PathBuf {
        match self.used.fetch_add(1, Ordering::Relaxed) {
            0 => self.first.clone(),
            used => {
                let stem = self.first.file_stem().unwrap_or_default().to_string_lossy();
                let mut name = format!("{stem}-{}", used + 1);
                if let Some(extension) = self.first.extension() {
                    name.push('.');
                    name.push_str(&extension.to_string_lossy());
                }
                self.first.with_file_name(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_recordings_are_numbered() {
        let names = RecordingNames::new("calls/heard.wav".into());
        assert_eq!(names.next(), PathBuf::from("calls/heard.wav"));
        assert_eq!(names.next(), PathBuf::from("calls/heard-2.wav"));
        assert_eq!(names.next(), PathBuf::from("calls/heard-3.wav"));
    }

    #[test]
    fn a_proxy_is_a_uri_or_a_host() {
        for text in ["sip:127.0.0.1:5060;transport=tcp", "127.0.0.1:5060;transport=tcp"] {
            let address = proxy(text).unwrap();
            assert_eq!((address.host.as_str(), address.port), ("127.0.0.1", Some(5060)));
            assert_eq!(address.transport, Some(Transport::Tcp));
        }
        assert!(proxy("sip:").is_err());
    }
}
