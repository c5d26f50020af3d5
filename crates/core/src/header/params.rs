//! Header parameters, read lazily from their text (RFC 3261 §25.1:
//! `generic-param`).

use std::borrow::Cow;
use std::fmt;

use super::quoted::unquote;
use crate::scan::{Class, Scanner, SyntaxError};

// generic-param = token [ EQUAL gen-value ]
// gen-value     = token / host / quoted-string
/// `;name=value;name` of a header, in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'a>(&'a str);

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name, as written.
    pub name: &'a str,
    /// The value as written, a quoted string with its quotes.
    pub value: Option<&'a str>,
}

impl<'a> Param<'a> {
    /// True when the name is `name`, without case.
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        self.name.len() == name.len() && self.name.eq_ignore_ascii_case(name)
    }

    /// The value as text: without quotes, escapes resolved, empty when there
    /// is none.
    pub fn text(&self) -> Cow<'a, str> {
        let value = self.value.unwrap_or_default();
        match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inside) => unquote(inside),
            None => Cow::Borrowed(value),
        }
    }

    /// Consumes one parameter after its semicolon.
    #[inline]
    pub(crate) fn scan(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let name = scanner.take_some(Class::TOKEN, "a parameter name")?;
        if !scanner.eat_separator(b'=') {
            return Ok(Self { name, value: None });
        }
        let start = scanner.position();
        let value = if scanner.peek() == Some(b'"') {
            scanner.quoted()?;
            scanner.slice(start, scanner.position())
        } else {
            scanner.take_some(Class::VALUE, "a parameter value")?
        };
        Ok(Self { name, value: Some(value) })
    }
}

impl fmt::Display for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(";")?;
        f.write_str(self.name)?;
        if let Some(value) = self.value {
            f.write_str("=")?;
            f.write_str(value)?;
        }
        Ok(())
    }
}

impl<'a> Params<'a> {
    /// Parses `;name=value;name`; the empty text has no parameters.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let mut scanner = Scanner::new(text);
        let params = Self::scan(&mut scanner, |_| {})?;
        scanner.finish()?;
        Ok(params)
    }

    /// Consumes `*( SEMI generic-param )` and shows each to `visit`, so that
    /// the ones that matter are found while the syntax is checked.
    #[inline]
    pub fn scan(
        scanner: &mut Scanner<'a>,
        mut visit: impl FnMut(Param<'a>),
    ) -> Result<Self, SyntaxError> {
        let start = scanner.position();
        let mut end = start;
        while scanner.eat_separator(b';') {
            visit(Param::scan(scanner)?);
            end = scanner.position();
        }
        Ok(Self(scanner.slice(start, end)))
    }

    /// The text, as written.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// True when there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Each parameter.
    pub fn iter(self) -> impl Iterator<Item = Param<'a>> {
        let mut scanner = Scanner::new(self.0);
        std::iter::from_fn(move || {
            // The text was checked when it was scanned; an error can't be.
            scanner.eat_separator(b';').then(|| Param::scan(&mut scanner).ok()).flatten()
        })
    }

    /// The first parameter of that name, without case.
    pub fn get(self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|param| param.is(name))
    }

    /// The raw value of the first parameter of that name.
    pub fn value(self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(|param| param.value)
    }

    /// True when the parameter is there, with or without a value.
    pub fn contains(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Prints all but those that their header prints itself.
    pub(crate) fn write_except(self, f: &mut fmt::Formatter<'_>, names: &[&str]) -> fmt::Result {
        self.iter()
            .filter(|param| !names.iter().any(|name| param.is(name)))
            .try_for_each(|param| write!(f, "{param}"))
    }
}

impl fmt::Display for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_except(f, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_quotes() {
        let params = Params::parse(" ; a = b;c; d=\"x;\\\"y\" ;e=[::1]").unwrap();
        assert_eq!(params.to_string(), ";a=b;c;d=\"x;\\\"y\";e=[::1]");
        assert_eq!(params.get("D").unwrap().text(), "x;\"y");
        assert_eq!(params.value("a"), Some("b"));
        assert!(params.contains("c") && params.value("c").is_none());
        assert!(!params.contains("x"));
        for bad in [";", ";;a", ";a=", ";a=;b", ";a=\"b", ";a b", "a", ";a,b"] {
            assert!(Params::parse(bad).is_err(), "{bad}");
        }
    }
}
