//! Format parameters: what follows the payload type in `a=fmtp` (RFC 4855 §3).

use std::fmt;
use std::sync::Arc;

/// Parameters of a codec, as text: `useinbandfec=1; maxptime=40`. Cheap to
/// clone.
///
/// ```
/// use sipsimple_media::codec::FormatParameters;
///
/// let parameters = FormatParameters::new("UseInbandFEC=1; maxaveragebitrate=20000");
/// assert!(parameters.is_set("useinbandfec"));
/// assert_eq!(parameters.number("maxaveragebitrate"), Some(20_000));
/// assert_eq!(parameters.get("stereo"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormatParameters(Option<Arc<str>>);

impl FormatParameters {
    /// The parameters of this text, whatever it is.
    pub fn new(text: &str) -> Self {
        Self(Some(text.trim()).filter(|text| !text.is_empty()).map(Into::into))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The value of the first parameter of this name, in any case; empty where
    /// it stands without one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.as_str().split(';').find_map(|parameter| {
            let (found, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The value of a parameter, where it is a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }

    /// Whether a parameter is there and is 1.
    pub fn is_set(&self, name: &str) -> bool {
        self.number(name) == Some(1)
    }
}

impl fmt::Display for FormatParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_any_spelling() {
        let parameters = FormatParameters::new("a=1;B = 2 ; flag;c=x;a=3; big=99999999999;=");
        assert_eq!(parameters.number("A"), Some(1));
        assert_eq!(parameters.number("b"), Some(2));
        assert_eq!(parameters.get("flag"), Some(""));
        assert_eq!(parameters.number("c"), None);
        assert_eq!(parameters.number("big"), None);
        assert!(parameters.is_set("a") && !parameters.is_set("b"));
        assert!(FormatParameters::new("  ").is_empty());
        assert_eq!(FormatParameters::new(""), FormatParameters::default());
    }
}
