//! Quoted strings (RFC 3261 §25.1: `quoted-string`, `quoted-pair`).

use std::borrow::Cow;
use std::fmt;

/// Text that prints as a quoted string, with what needs it escaped.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut from = 0;
        for (at, octet) in self.0.bytes().enumerate() {
            if octet == b'"' || octet == b'\\' {
                f.write_str(self.0.get(from..at).unwrap_or_default())?;
                f.write_str("\\")?;
                from = at;
            }
        }
        f.write_str(self.0.get(from..).unwrap_or_default())?;
        f.write_str("\"")
    }
}

/// The text of the inside of a quoted string: `\x` becomes `x`.
pub fn unquote(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        text.push(if char == '\\' { chars.next().unwrap_or('\\') } else { char });
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["", "plain", r#"a "b" \c"#, "é\\\"é"] {
            let quoted = Quoted(text).to_string();
            assert_eq!(unquote(&quoted[1..quoted.len() - 1]), text);
        }
    }
}
