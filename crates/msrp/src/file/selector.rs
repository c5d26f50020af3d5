//! `a=file-selector` (RFC 5547 §6).

use std::fmt;
use std::str::FromStr;

use super::{FileAttributeError, FileHash, HashAlgorithm};

/// The most hashes that a selector may have.
pub const MAX_HASHES: usize = 8;

/// What characterizes a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileSelector {
    /// Its name, decoded. Not safe to be used as it is: see
    /// [`safe_file_name`](super::safe_file_name).
    pub name: Option<String>,
    /// Its media type, with parameters as they are written here.
    pub media_type: Option<String>,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// Its hashes. Algorithms that this crate does not know are left out.
    pub hashes: Vec<FileHash>,
}

impl FileSelector {
    /// Whether nothing is said: in an answer to a question for capabilities.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The hash that is hardest to forge.
    pub fn best_hash(&self) -> Option<&FileHash> {
        self.hashes.iter().max_by_key(|hash| hash.algorithm() == HashAlgorithm::Sha256)
    }

    /// Whether a file that is described by `file` is one that this selects:
    /// whatever both say must be the same, and what this says, `file` must say,
    /// but hashes need only agree where both have one.
    pub fn selects(&self, file: &Self) -> bool {
        fn said<T: PartialEq>(wanted: &Option<T>, found: &Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let media = |s: &Self| {
            let base = |t: &String| t.split(';').next().unwrap_or_default().to_ascii_lowercase();
            s.media_type.as_ref().map(base)
        };
        let hashes = self.hashes.iter().all(|wanted| {
            let mut same = file.hashes.iter().filter(|h| h.algorithm() == wanted.algorithm());
            same.all(|hash| hash == wanted)
        });
        said(&self.name, &file.name)
            && said(&self.size, &file.size)
            && said(&media(self), &media(file))
            && hashes
    }
}

// file-selector-attr = "file-selector" [":" selector *(SP selector)]
impl FromStr for FileSelector {
    type Err = FileAttributeError;

    fn from_str(text: &str) -> Result<Self, FileAttributeError> {
        let mut selector = Self::default();
        let mut at = 0;
        while at < text.len() {
            if text[at..].starts_with(' ') {
                at += 1;
                continue;
            }
            let end = at + part(&text[at..]);
            let (kind, value) = text[at..end].split_once(':').unwrap_or((&text[at..end], ""));
            let error =
                |expected| FileAttributeError { attribute: "selector", offset: at, expected };
            match kind {
                "name" => {
                    let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
                    let quoted = quoted.filter(|name| !name.is_empty());
                    selector.name = Some(decode(quoted.ok_or(error("a quoted name"))?));
                }
                "type" => {
                    let valid = value.split(';').next().is_some_and(is_media_type);
                    selector.media_type = Some(value.to_owned()).filter(|_| valid);
                    selector.media_type.as_ref().ok_or(error("a media type"))?;
                }
                "size" => {
                    let digits = value.bytes().all(|b| b.is_ascii_digit());
                    let size = value.parse().ok().filter(|_| digits);
                    selector.size = Some(size.ok_or(error("a size"))?);
                }
                "hash" => {
                    let (name, hex) = value.split_once(':').ok_or(error("a hash"))?;
                    if let Some(algorithm) = HashAlgorithm::from_name(name) {
                        let hash = FileHash::parse(algorithm, hex).ok_or(error("a hash"))?;
                        if selector.hashes.len() == MAX_HASHES {
                            return Err(error("fewer hashes"));
                        }
                        selector.hashes.push(hash);
                    }
                }
                // Selectors of later extensions.
                _ if !kind.is_empty() && value.len() < text.len() => {}
                _ => return Err(error("a selector")),
            }
            at = end;
        }
        Ok(selector)
    }
}

/// The length up to the next blank that is not quoted.
fn part(text: &str) -> usize {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == ' ' && !quoted
    });
    end.unwrap_or(text.len())
}

fn is_media_type(text: &str) -> bool {
    let token = |t: &str| {
        !t.is_empty()
            && t.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

impl fmt::Display for FileSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(name) = &self.name {
            write!(f, "name:\"{}\"", encode(name))?;
            separator = " ";
        }
        if let Some(media_type) = &self.media_type {
            // A blank would end it.
            let clean: String =
                media_type.chars().filter(|c| !c.is_control() && *c != ' ').collect();
            write!(f, "{separator}type:{clean}")?;
            separator = " ";
        }
        if let Some(size) = self.size {
            write!(f, "{separator}size:{size}")?;
            separator = " ";
        }
        for hash in &self.hashes {
            write!(f, "{separator}hash:{hash}")?;
            separator = " ";
        }
        Ok(())
    }
}

/// Percent-encodes what a name can't hold, and what could be a folder.
fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_control() || "%\"/\\:".contains(c) {
            out.push_str(&format!("%{:02X}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

/// Decodes a name. A percent sign that introduces nothing stands for itself.
fn decode(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = name.get(at + 1..at + 3).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHA1: &str = "sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E";

    #[test]
    fn the_example_of_section_6() {
        let text = format!("name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:{SHA1}");
        let selector: FileSelector = text.parse().expect("valid");
        assert_eq!(selector.to_string(), text);
        assert_eq!(selector.best_hash().expect("a hash").to_string(), SHA1);
        let old = text.replace("sha-1", "sha1").to_lowercase();
        assert_eq!(old.parse::<FileSelector>().expect("valid").hashes, selector.hashes);
    }

    #[test]
    fn what_selects_what() {
        let file: FileSelector =
            format!("name:\"a b.jpg\" type:image/jpeg size:5 hash:{SHA1}").parse().expect("valid");
        for (text, selects) in [
            ("size:5", true),
            ("size:6", false),
            ("type:IMAGE/JPEG", true),
            ("type:image/jpeg;x=\"y z\"", true),
            ("name:\"A b.jpg\"", false),
            ("name:\"a%20b.jpg\"", true),
            (&format!("hash:{SHA1}")[..], true),
            (&format!("hash:{}", SHA1.replace("72", "73"))[..], false),
            ("hash:md5:00 size:5", true),
            ("", true),
        ] {
            let wanted: FileSelector = text.parse().expect(text);
            assert_eq!(wanted.selects(&file), selects, "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "name:picture",
            "name:\"\"",
            "size:-1",
            "size:99999999999999999999",
            "size:",
            "type:image",
            "type:",
            "hash:sha-1",
            "hash:sha-1:72:24",
            "hash:sha-1:zz",
            ":",
            "name:\"open",
        ] {
            assert!(text.parse::<FileSelector>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(name in "\\PC{1,40}|[\\x00-\\x7f]{1,20}", size in proptest::option::of(any::<u64>())) {
            let selector = FileSelector { name: Some(name), size, ..FileSelector::default() };
            let text = selector.to_string();
            prop_assert!(!text.contains(['\r', '\n', '\0']));
            prop_assert_eq!(text.parse(), Ok(selector));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<FileSelector>();
        }
    }
}
