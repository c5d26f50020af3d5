//! URIs that own their text, for what outlives a message.

use std::fmt;
use std::str::FromStr;

use super::{Escaped, Host, SipUriView, UriHeaders, UriParams, UriView};
use crate::scan::SyntaxError;

/// Any URI, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    /// `sip:` or `sips:`
    Sip(SipUri),
    /// Another scheme, the whole text.
    Other(Box<str>),
}

impl Uri {
    /// The borrowed form.
    pub fn view(&self) -> UriView<'_> {
        match self {
            Uri::Sip(uri) => UriView::Sip(uri.view()),
            Uri::Other(text) => UriView::Other(text),
        }
    }

    /// The SIP or SIPS URI.
    pub const fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Uri::Sip(uri) => Some(uri),
            Uri::Other(_) => None,
        }
    }
}

impl FromStr for Uri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        UriView::parse(text).map(|uri| uri.to_owned())
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl From<SipUri> for Uri {
    fn from(uri: SipUri) -> Self {
        Uri::Sip(uri)
    }
}

/// A SIP or SIPS URI, owned. `==` compares the text (names of hosts without
/// case); [`equivalent`](Self::equivalent) compares as RFC 3261 §19.1.4 says.
///
/// ```
/// use sipsimple_core::uri::SipUri;
///
/// let uri: SipUri = "sip:alice@example.com;transport=tcp".parse()?;
/// assert_eq!(uri.user(), Some("alice"));
/// assert_eq!(uri.params().get("transport"), Some("tcp"));
/// assert!(uri.equivalent(&"sip:%61lice@EXAMPLE.com;transport=TCP".parse()?));
/// # Ok::<(), sipsimple_core::uri::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUri {
    secure: bool,
    port: Option<u16>,
    host: Host,
    user: Option<Box<str>>,
    password: Option<Box<str>>,
    params: Box<str>,
    headers: Box<str>,
}

impl SipUri {
    /// `sip:host`
    pub fn new(host: Host) -> Self {
        Self {
            secure: false,
            port: None,
            host,
            user: None,
            password: None,
            params: Box::default(),
            headers: Box::default(),
        }
    }

    /// With a user part, which is escaped where it must be.
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = (!user.is_empty()).then(|| Escaped::user(user).to_string().into());
        self
    }

    /// With a port, or without one.
    pub fn with_port(mut self, port: impl Into<Option<u16>>) -> Self {
        self.port = port.into();
        self
    }

    /// As `sips:`, or as `sip:`.
    pub fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// With a parameter (an empty value makes it a flag), in place of one of
    /// the same name. Name and value are escaped where they must be.
    pub fn with_param(self, name: &str, value: &str) -> Self {
        let mut uri = self.without_param(name);
        let mut params = String::from(std::mem::take(&mut uri.params));
        params.push_str(&format!(";{}", Escaped::value(name)));
        if !value.is_empty() {
            params.push_str(&format!("={}", Escaped::value(value)));
        }
        uri.params = params.into();
        uri
    }

    /// Without the parameters of that name.
    pub fn without_param(mut self, name: &str) -> Self {
        if self.params().contains(name) {
            let mut params = String::new();
            for (found, value) in self.params().iter() {
                if !found.eq_ignore_ascii_case(name) {
                    params.push(';');
                    params.push_str(found);
                    if let Some(value) = value {
                        params.push('=');
                        params.push_str(value);
                    }
                }
            }
            self.params = params.into();
        }
        self
    }

    /// Without headers, as a Request-URI must be (RFC 3261 §19.1.1).
    pub fn without_headers(mut self) -> Self {
        self.headers = Box::default();
        self
    }

    /// True for `sips:`.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The user part, escapes kept.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password, escapes kept.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The host.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, when written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The parameters.
    pub fn params(&self) -> UriParams<'_> {
        UriParams::new(&self.params)
    }

    /// The headers.
    pub fn headers(&self) -> UriHeaders<'_> {
        UriHeaders::new(&self.headers)
    }

    /// The `transport` parameter.
    pub fn transport(&self) -> Option<&str> {
        self.params().get("transport")
    }

    /// True when the URI is a loose router (`;lr`).
    pub fn is_loose_router(&self) -> bool {
        self.params().contains("lr")
    }

    /// The borrowed form.
    pub fn view(&self) -> SipUriView<'_> {
        SipUriView {
            secure: self.secure,
            user: self.user(),
            password: self.password(),
            host: self.host.view(),
            port: self.port,
            params: self.params(),
            headers: self.headers(),
        }
    }

    /// True when both URIs mean the same (RFC 3261 §19.1.4).
    pub fn equivalent(&self, other: &SipUri) -> bool {
        self.view().equivalent(&other.view())
    }
}

impl From<SipUriView<'_>> for SipUri {
    fn from(view: SipUriView<'_>) -> Self {
        Self {
            secure: view.secure,
            port: view.port,
            host: view.host.to_owned(),
            user: view.user.map(Into::into),
            password: view.password.map(Into::into),
            params: view.params.as_str().into(),
            headers: view.headers.as_str().into(),
        }
    }
}

impl FromStr for SipUri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        SipUriView::parse(text).map(Into::into)
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_and_changed() {
        let uri = SipUri::new("::1".parse().unwrap())
            .with_user("a b")
            .with_port(5080)
            .with_param("transport", "udp")
            .with_param("lr", "")
            .with_param("Transport", "tcp");
        assert_eq!(uri.to_string(), "sip:a%20b@[::1]:5080;lr;Transport=tcp");
        assert_eq!(uri.without_param("lr").to_string(), "sip:a%20b@[::1]:5080;Transport=tcp");
    }
}
