//! The `a=` lines of one section, in order (RFC 8866 §5.13).

use std::fmt;

use crate::scan::split_once;

/// The attributes of a session or of one media description.
///
/// They are kept as one text and split when read: a description has dozens,
/// and most are read once or never.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `name:value` or `name`, each followed by a line feed.
    text: String,
}

/// One attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The name.
    pub name: &'a str,
    /// What follows the colon.
    pub value: Option<&'a str>,
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.value {
            Some(value) => write!(f, ":{value}"),
            None => Ok(()),
        }
    }
}

impl Attributes {
    /// No attributes.
    pub const fn new() -> Self {
        Self { text: String::new() }
    }

    /// Each attribute.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'_>> {
        let mut rest = self.text.as_str();
        std::iter::from_fn(move || {
            let end = memchr::memchr(b'\n', rest.as_bytes())?;
            let (line, next) = rest.split_at(end);
            rest = next.get(1..).unwrap_or_default();
            Some(split(line))
        })
    }

    /// The value of the first attribute of that name: `Some("")` for a flag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all attributes of that name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |attribute| attribute.name == name)
            .map(|attribute| attribute.value.unwrap_or_default())
    }

    /// True when there is an attribute of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds `name:value`; line ends in either become spaces.
    pub fn push(&mut self, name: &str, value: impl fmt::Display) {
        let start = self.text.len();
        self.text.push_str(name);
        self.text.push(':');
        self.text.push_str(&value.to_string());
        self.end_line(start);
    }

    /// Adds a flag; line ends in it become spaces.
    pub fn push_flag(&mut self, name: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        self.end_line(start);
    }

    /// Removes all attributes of that name.
    pub fn remove(&mut self, name: &str) {
        self.retain(|attribute| attribute.name != name);
    }

    /// Keeps those for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(Attribute<'_>) -> bool) {
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.split_inclusive('\n') {
            if keep(split(line.trim_end_matches('\n'))) {
                text.push_str(line);
            }
        }
        self.text = text;
    }

    /// Adds a line of a description that is being parsed.
    pub(super) fn push_line(&mut self, line: &str, expected: usize) {
        if self.text.is_empty() {
            self.text.reserve(expected);
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn end_line(&mut self, start: usize) {
        let line = &self.text[start..];
        if line.contains(['\r', '\n']) {
            let fixed = line.replace(['\r', '\n'], " ");
            self.text.truncate(start);
            self.text.push_str(&fixed);
        }
        self.text.push('\n');
    }
}

fn split(line: &str) -> Attribute<'_> {
    match split_once(line, b':') {
        Some((name, value)) => Attribute { name, value: Some(value) },
        None => Attribute { name: line, value: None },
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.text.lines()).finish()
    }
}

/// The lines as they go on the wire.
impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.lines().try_for_each(|line| write!(f, "a={line}\r\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_changed() {
        let mut attributes = Attributes::new();
        attributes.push("rtpmap", "0 PCMU/8000");
        attributes.push_flag("sendrecv");
        attributes.push("x", "a:b\r\na=evil");
        attributes.push("rtpmap", "8 PCMA/8000");
        assert_eq!(attributes.all("rtpmap").count(), 2);
        assert_eq!(attributes.get("sendrecv"), Some(""));
        assert_eq!(attributes.get("x"), Some("a:b  a=evil"));
        attributes.remove("rtpmap");
        assert_eq!(attributes.to_string(), "a=sendrecv\r\na=x:a:b  a=evil\r\n");
    }
}
