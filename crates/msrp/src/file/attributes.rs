//! The other file attributes, and all of them together (RFC 5547 §6).

use std::fmt;
use std::str::FromStr;

use super::{FileAttributeError, FileSelector};

fn error(attribute: &'static str, offset: usize, expected: &'static str) -> FileAttributeError {
    FileAttributeError { attribute, offset, expected }
}

/// Which part of a file is transferred: the first byte is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRange {
    /// The first byte; never 0.
    pub start: u64,
    /// The last byte; `None` is `*`.
    pub stop: Option<u64>,
}

impl FileRange {
    /// The rest of a file of which so many bytes are there.
    pub fn resume_after(bytes: u64) -> Self {
        Self { start: bytes + 1, stop: None }
    }
}

// file-range-attr = "file-range:" start-offset "-" stop-offset
impl FromStr for FileRange {
    type Err = FileAttributeError;

    fn from_str(text: &str) -> Result<Self, FileAttributeError> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u64>().ok().filter(|_| digits)
        };
        let (start, stop) = text.split_once('-').ok_or(error("range", text.len(), "\"-\""))?;
        let at = start.len() + 1;
        let start = number(start).filter(|s| *s > 0).ok_or(error("range", 0, "1 or more"))?;
        let stop = match stop {
            "*" => None,
            digits => Some(number(digits).ok_or(error("range", at, "a number or \"*\""))?),
        };
        // An empty rest is written as the byte before the first.
        if stop.is_some_and(|stop| stop < start - 1) {
            return Err(error("range", at, "an end not before the beginning"));
        }
        Ok(Self { start, stop })
    }
}

impl fmt::Display for FileRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stop {
            Some(stop) => write!(f, "{}-{stop}", self.start),
            None => write!(f, "{}-*", self.start),
        }
    }
}

/// When a file was made, changed and read, each in RFC 5322 form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileDate {
    /// When it was made.
    pub creation: Option<String>,
    /// When it was changed last.
    pub modification: Option<String>,
    /// When it was read last.
    pub read: Option<String>,
}

// file-date-attr = "file-date:" date-param *(SP date-param)
impl FromStr for FileDate {
    type Err = FileAttributeError;

    fn from_str(text: &str) -> Result<Self, FileAttributeError> {
        let mut date = Self::default();
        let mut at = 0;
        while at < text.len() {
            if text[at..].starts_with(' ') {
                at += 1;
                continue;
            }
            let rest = &text[at..];
            let (kind, value) = rest.split_once(":\"").ok_or(error("date", at, "a date"))?;
            let (value, _) = value.split_once('"').ok_or(error("date", at, "a quoted date"))?;
            let slot = match kind {
                "creation" => &mut date.creation,
                "modification" => &mut date.modification,
                "read" => &mut date.read,
                _ => return Err(error("date", at, "creation, modification or read")),
            };
            if slot.replace(value.to_owned()).is_some() {
                return Err(error("date", at, "each kind once"));
            }
            at += kind.len() + value.len() + 3;
        }
        Ok(date)
    }
}

impl fmt::Display for FileDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dates = [
            ("creation", &self.creation),
            ("modification", &self.modification),
            ("read", &self.read),
        ];
        let mut separator = "";
        for (kind, date) in dates {
            if let Some(date) = date {
                let clean: String = date.chars().filter(|c| !c.is_control() && *c != '"').collect();
                write!(f, "{separator}{kind}:\"{clean}\"")?;
                separator = " ";
            }
        }
        Ok(())
    }
}

/// An id for a new transfer, of random bytes (RFC 5547 §8.1).
pub fn transfer_id(random: [u8; 16]) -> String {
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that SDP says about a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileDescription {
    /// Which file.
    pub selector: FileSelector,
    /// Tells a new transfer from a repeated description.
    pub transfer_id: Option<String>,
    /// `render` (where nothing is said) or `attachment`.
    pub disposition: Option<String>,
    /// When it was made, changed and read.
    pub date: Option<FileDate>,
    /// The `cid:` URL of a small picture of it.
    pub icon: Option<String>,
    /// Which part of it; all where nothing is said.
    pub range: Option<FileRange>,
}

impl FileDescription {
    /// Reads the media-level attributes, each a name and a value, among which
    /// others may be. `None` when there is no file-selector.
    ///
    /// # Errors
    ///
    /// When one of them does not follow its grammar.
    pub fn from_attributes<'a>(
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<Self>, FileAttributeError> {
        let mut description = Self::default();
        let mut found = false;
        for (name, value) in attributes {
            match name {
                "file-selector" => {
                    description.selector = value.parse()?;
                    found = true;
                }
                "file-transfer-id" => {
                    description.transfer_id = Some(token("transfer-id", value)?);
                }
                "file-disposition" => {
                    description.disposition = Some(token("disposition", value)?);
                }
                "file-date" => description.date = Some(value.parse()?),
                "file-icon" => description.icon = Some(token("icon", value)?),
                "file-range" => description.range = Some(value.parse()?),
                _ => {}
            }
        }
        Ok(if found { Some(description) } else { None })
    }

    /// The attributes for SDP: name and value.
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        let clean =
            |text: &String| text.chars().filter(|c| c.is_ascii_graphic()).collect::<String>();
        let mut attributes = vec![("file-selector", self.selector.to_string())];
        attributes.extend(self.transfer_id.as_ref().map(|id| ("file-transfer-id", clean(id))));
        attributes.extend(self.disposition.as_ref().map(|d| ("file-disposition", clean(d))));
        attributes.extend(self.date.as_ref().map(|date| ("file-date", date.to_string())));
        attributes.extend(self.icon.as_ref().map(|icon| ("file-icon", clean(icon))));
        attributes.extend(self.range.map(|range| ("file-range", range.to_string())));
        attributes
    }

    /// Whether this part of the file is the whole of it.
    pub fn is_whole(&self) -> bool {
        self.range.is_none_or(|range| {
            range.start == 1 && range.stop.is_none_or(|stop| self.selector.size == Some(stop))
        })
    }
}

fn token(attribute: &'static str, value: &str) -> Result<String, FileAttributeError> {
    match value.bytes().position(|b| !b.is_ascii_graphic()) {
        None if !value.is_empty() => Ok(value.to_owned()),
        at => Err(error(attribute, at.unwrap_or(0), "a token")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_section_6() {
        let attributes = [
            ("accept-types", "message/cpim"),
            ("file-selector", "name:\"My cool picture.jpg\" type:image/jpeg size:32349"),
            ("file-transfer-id", "vBnG916bdberum2fFEABR1FR3ExZMUrd"),
            ("file-disposition", "attachment"),
            ("file-date", "creation:\"Mon, 15 May 2006 15:01:31 +0300\""),
            ("file-icon", "cid:id2@alicepc.example.com"),
            ("file-range", "1-32349"),
        ];
        let found = FileDescription::from_attributes(attributes).expect("valid").expect("a file");
        assert!(found.is_whole());
        let again = found.attributes();
        assert_eq!(
            again.iter().map(|(n, v)| (*n, v.as_str())).collect::<Vec<_>>(),
            attributes[1..]
        );
        assert_eq!(FileDescription::from_attributes([("accept-types", "*")]), Ok(None));
    }

    #[test]
    fn ranges_and_dates() {
        for text in ["1-*", "5-4", "1024-2048"] {
            assert_eq!(text.parse::<FileRange>().expect(text).to_string(), text);
        }
        for text in ["", "0-*", "5-3", "-3", "1-", "a-b", "1-+2"] {
            assert!(text.parse::<FileRange>().is_err(), "{text}");
        }
        for text in ["creation:x", "made:\"x\"", "read:\"x\" read:\"y\"", "read:\"x"] {
            assert!(text.parse::<FileDate>().is_err(), "{text}");
        }
    }
}
