//! Extension headers, their namespaces, and subjects (RFC 3862 §3.3, §3.4, §4.5).

use super::{CPIM_NAMESPACE, CpimError};

/// A header name in its namespace.
///
/// Two names mean the same when namespace and name are the same; the prefix
/// is only how a message abbreviates the namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpimName {
    namespace: String,
    prefix: String,
    name: String,
}

impl CpimName {
    /// A name in the namespace of CPIM itself.
    ///
    /// # Errors
    ///
    /// When the name has characters that a header name can't have.
    pub fn plain(name: &str) -> Result<Self, CpimError> {
        Self::checked(CPIM_NAMESPACE, "", name)
    }

    /// A name in a namespace that the message abbreviates as `prefix`.
    ///
    /// # Errors
    ///
    /// When the namespace is no URI, or prefix or name have characters that
    /// they can't have.
    pub fn prefixed(namespace: &str, prefix: &str, name: &str) -> Result<Self, CpimError> {
        if prefix.is_empty() {
            return Err(CpimError::Name { name: prefix.into() });
        }
        Self::checked(namespace, prefix, name)
    }

    fn checked(namespace: &str, prefix: &str, name: &str) -> Result<Self, CpimError> {
        if !is_uri(namespace) {
            return Err(CpimError::Uri { uri: namespace.into() });
        }
        for part in [prefix, name] {
            if !part.bytes().all(is_name_char) || name.is_empty() {
                return Err(CpimError::Name { name: part.into() });
            }
        }
        Ok(Self { namespace: namespace.into(), prefix: prefix.into(), name: name.into() })
    }

    pub(super) fn unchecked(namespace: &str, prefix: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), prefix: prefix.into(), name: name.into() }
    }

    /// The URI of the namespace; empty when the message used a prefix that it
    /// had not declared.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The prefix, empty in the default namespace.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The name without prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is that name in that namespace.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// A header that is none of those that [`CpimMessage`](super::CpimMessage) has
/// fields for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpimHeader {
    /// Its name.
    pub name: CpimName,
    /// Its value; escaped when written, unescaped when read.
    pub value: String,
}

/// What a message is about, maybe in a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The language tag (RFC 5646).
    pub language: Option<String>,
    /// The text.
    pub text: String,
}

/// Whether a text can stand between `<` and `>` as a URI.
pub(super) fn is_uri(text: &str) -> bool {
    text.contains(':')
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"\\".contains(c))
}

// NAMECHAR: any US-ASCII character except ".", CTLs and SEPARATORS
pub(super) fn is_name_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-^_`|~".contains(&b)
}

// TOKENCHAR = NAMECHAR / "." / UCS-high
pub(super) fn is_token(text: &str) -> bool {
    let token = |c: char| match u8::try_from(c) {
        Ok(b) if b.is_ascii() => is_name_char(b) || b == b'.',
        _ => !c.is_control(),
    };
    !text.is_empty() && text.chars().all(token)
}
