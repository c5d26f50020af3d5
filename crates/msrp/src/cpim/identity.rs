//! Who sends and who receives (RFC 3862 §4.1 to §4.3).

use std::fmt;

use super::CpimError;
use super::escape::{escape, unescape};
use super::header::{is_token, is_uri};

/// A URI and maybe a name for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CpimIdentity {
    display_name: Option<String>,
    uri: String,
}

impl CpimIdentity {
    /// An identity. Any display name will do; it is escaped when it is written.
    ///
    /// # Errors
    ///
    /// When `uri` has no scheme, or holds blanks, quotes, brackets or control
    /// characters.
    pub fn new(display_name: Option<&str>, uri: &str) -> Result<Self, CpimError> {
        if !is_uri(uri) {
            return Err(CpimError::Uri { uri: uri.into() });
        }
        let display_name = display_name.filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self { display_name, uri: uri.into() })
    }

    /// The name for people.
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }

    /// The address.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Reads `[ Formal-name ] "<" URI ">"`; the error is an offset into `text`.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let (name, rest_at) = if text.starts_with('"') {
            let end = quoted_end(text).ok_or((text.len(), "the closing quote"))?;
            (unescape(&text[1..end]), end + 1)
        } else {
            let open = text.rfind('<').ok_or((text.len(), "\"<\" and a URI"))?;
            (unescape(text[..open].trim()), open)
        };
        let rest = text[rest_at..].trim_start();
        let at = text.len() - rest.len();
        let uri = rest.strip_prefix('<').ok_or((at, "\"<\" and a URI"))?;
        let uri = uri.trim_end().strip_suffix('>').ok_or((text.len(), "\">\""))?;
        if !is_uri(uri) {
            return Err((at + 1, "a URI"));
        }
        let display_name = if name.is_empty() { None } else { Some(name) };
        Ok(Self { display_name, uri: uri.into() })
    }
}

/// Where the string that begins `text` ends.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

// Formal-name = 1*( Token SP ) / String
impl fmt::Display for CpimIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.display_name {
            None => {}
            Some(name) if name.split(' ').all(is_token) => write!(f, "{name} ")?,
            Some(name) => {
                let mut quoted = String::with_capacity(name.len() + 2);
                escape(name, true, &mut quoted);
                write!(f, "\"{quoted}\" ")?;
            }
        }
        write!(f, "<{}>", self.uri)
    }
}
