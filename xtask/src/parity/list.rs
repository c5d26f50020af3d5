//! One list of names under `fixtures/reference/`: its form, and what it says about the code.
//!
//! A line is `NAME  STATUS`. The status is `present`, `present: Rust::path` where the
//! Rust name isn't the obvious one, `later: what it waits for`, or `declined: reason`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Source;
use crate::workspace;

/// Which names a list holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Notifications,
    Api,
    Settings,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Notifications, Self::Api, Self::Settings];

    /// The list's file, from the root of the workspace.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Notifications => "fixtures/reference/notifications.txt",
            Self::Api => "fixtures/reference/api.txt",
            Self::Settings => "fixtures/reference/settings.txt",
        }
    }
}

/// What the list says about one name.
#[derive(Clone, PartialEq, Eq)]
enum Status {
    Present(Option<String>),
    Later(String),
    Declined(String),
}

impl Status {
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        let rest = rest.trim();
        match (word.trim(), rest.is_empty()) {
            ("present", true) => Some(Self::Present(None)),
            ("present", false) => Some(Self::Present(Some(rest.into()))),
            ("later", false) => Some(Self::Later(rest.into())),
            ("declined", false) => Some(Self::Declined(rest.into())),
            _ => None,
        }
    }
}

/// A list as read from its file.
pub(super) struct List {
    kind: Kind,
    entries: BTreeMap<String, Status>,
    malformed: Vec<String>,
}

impl List {
    pub(super) fn read(kind: Kind) -> Result<Self, String> {
        let path = workspace::root().join(kind.path());
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", kind.path()))?;
        Ok(Self::parse(kind, &text))
    }

    fn parse(kind: Kind, text: &str) -> Self {
        let mut list = Self { kind, entries: BTreeMap::new(), malformed: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, status) = line.trim().split_once(char::is_whitespace).unwrap_or((line, ""));
            match Status::parse(status.trim()) {
                None => list.malformed.push(format!("line {}: no status: {line}", index + 1)),
                Some(status) => {
                    if list.entries.insert(name.into(), status).is_some() {
                        list.malformed.push(format!("line {}: {name} stands twice", index + 1));
                    }
                }
            }
        }
        list
    }

    /// Names that break the promise of the list.
    pub(super) fn check(&self, sources: &[Source]) -> Vec<String> {
        let mut problems = self.malformed.clone();
        for (name, status) in &self.entries {
            let found = self.occurs(name, status, sources);
            match status {
                Status::Present(_) if !found => {
                    problems
                        .push(format!("{name} is marked present, and the code has no such name"));
                }
                Status::Later(what) if found => {
                    problems.push(format!("{name} is marked `later: {what}`, and the code has it"));
                }
                Status::Declined(reason) if found => {
                    problems.push(format!("{name} is declined ({reason}), and the code has it"));
                }
                _ => {}
            }
        }
        if self.kind == Kind::Notifications {
            for name in unlisted(&self.entries, sources) {
                problems.push(format!("{name} is in the code and not in the list"));
            }
        }
        problems
    }

    /// Rewrites the file with what the code has meanwhile.
    pub(super) fn update(&mut self, sources: &[Source]) -> Result<(), String> {
        let path = workspace::root().join(self.kind.path());
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", self.kind.path()))?;
        let mut written = String::new();
        for line in text.lines() {
            let name = line.split_whitespace().next().unwrap_or_default();
            match self.entries.get(name) {
                Some(status @ Status::Later(_)) if self.occurs(name, status, sources) => {
                    let _ = writeln!(written, "{name}  present");
                }
                _ => {
                    let _ = writeln!(written, "{line}");
                }
            }
        }
        std::fs::write(&path, &written)
            .map_err(|error| format!("{}: {error}", self.kind.path()))?;
        *self = Self::parse(self.kind, &written);
        Ok(())
    }

    /// How much of the list is there.
    pub(super) fn summary(&self) -> String {
        let count = |wanted: fn(&Status) -> bool| {
            self.entries.values().filter(|status| wanted(status)).count()
        };
        format!(
            "{}: {} names, {} present, {} later, {} declined",
            self.kind.path(),
            self.entries.len(),
            count(|status| matches!(status, Status::Present(_))),
            count(|status| matches!(status, Status::Later(_))),
            count(|status| matches!(status, Status::Declined(_))),
        )
    }

    fn occurs(&self, name: &str, status: &Status, sources: &[Source]) -> bool {
        match self.kind {
            Kind::Notifications => {
                let literal = format!("\"{name}\"");
                middleware(sources).any(|source| code(&source.text).contains(&literal))
            }
            Kind::Api => {
                // Without a path it is a name that the application sees; a
                // type of a leaf crate may share it and mean something else.
                match status {
                    Status::Present(Some(path)) => has_path(path, sources.iter()),
                    _ => has_path(&rust_path(name), middleware(sources)),
                }
            }
            Kind::Settings => {
                let explicit = matches!(status, Status::Present(Some(_)));
                let field = match status {
                    Status::Present(Some(path)) => path.rsplit("::").next().unwrap_or(path).into(),
                    _ => name.rsplit('.').next().unwrap_or(name).to_string(),
                };
                // A name such as `enabled` says nothing about whose it is:
                // only one that stands once in the list is found by itself.
                let mine = |other: &&String| other.rsplit('.').next() == Some(field.as_str());
                let telling = self.entries.keys().filter(mine).count() == 1;
                let counted = telling || matches!(status, Status::Present(_)) || explicit;
                counted && middleware(sources).any(|source| has_field(source, &field))
            }
        }
    }
}

/// The Rust form of a name of the page: `MSRPStreamBase.new_from_sdp` is
/// `MsrpStreamBase::new_from_sdp`, and interfaces lose their `I`.
fn rust_path(name: &str) -> String {
    let mut parts = name.splitn(2, '.');
    let kind = parts.next().unwrap_or_default();
    let kind = match kind.strip_prefix('I') {
        Some(rest) if rest.starts_with(char::is_uppercase) => rest,
        _ => kind,
    };
    let kind = ["SIPSimple", "SIP", "MSRP", "CPIM", "XCAP", "DNS"]
        .iter()
        .find_map(|prefix| {
            let rest = kind.strip_prefix(prefix)?;
            let lower = prefix[1..].to_lowercase();
            let lower = if *prefix == "SIPSimple" { "ipSimple".into() } else { lower };
            Some(format!("{}{lower}{rest}", &prefix[..1]))
        })
        .unwrap_or_else(|| kind.to_string());
    match parts.next() {
        Some(member) => format!("{kind}::{member}"),
        None => kind,
    }
}

/// Whether the files define or re-export `Type`, or have `member` beside a
/// definition or an `impl` of it.
fn has_path<'a>(path: &str, sources: impl Iterator<Item = &'a Source> + Clone) -> bool {
    let (kind, member) = path.rsplit_once("::").map_or((path, None), |(k, m)| (k, Some(m)));
    // `sipsimple_core::Engine` is a type; `Engine::start` is a member.
    let (kind, member) = match member {
        Some(member) if !kind.starts_with(char::is_uppercase) => (member, None),
        _ => (kind, member),
    };
    let defines = |source: &Source| {
        let words = ["struct", "enum", "trait", "type"];
        words.iter().any(|word| has_words(&source.text, &format!("pub {word} "), kind))
    };
    let Some(member) = member else {
        return sources.clone().any(|source| defines(source) || exports(&source.text, kind));
    };
    let beside = |source: &Source| {
        defines(source)
            || has_words(&source.text, "impl ", kind)
            || has_words(&source.text, " for ", kind)
    };
    sources.clone().filter(|source| beside(source)).any(|source| {
        has_words(&source.text, "fn ", member)
            || has_words(&source.text, "pub ", member)
            || variant(&source.text, member)
    })
}

/// Whether a `pub use` of the text names the type.
fn exports(text: &str, kind: &str) -> bool {
    text.split("pub use ").skip(1).any(|rest| {
        let statement = rest.split(';').next().unwrap_or_default();
        statement.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == kind)
    })
}

fn variant(text: &str, name: &str) -> bool {
    name.starts_with(char::is_uppercase)
        && text.lines().any(|line| {
            line.trim_start()
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([',', ' ', '{', '(']))
        })
}

fn has_words(text: &str, before: &str, name: &str) -> bool {
    text.match_indices(before).any(|(at, _)| {
        text[at + before.len()..]
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

fn has_field(source: &Source, field: &str) -> bool {
    let holds_settings = ["configuration", "settings", "account"];
    holds_settings.iter().any(|word| source.path.contains(word))
        && has_words(&source.text, "pub ", field)
}

fn middleware(sources: &[Source]) -> impl Iterator<Item = &Source> + Clone {
    sources.iter().filter(|source| source.path.starts_with("crates/middleware/"))
}

/// The text without comments.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// String literals of the middleware that look like a notification's name
/// and stand in no list.
fn unlisted(entries: &BTreeMap<String, Status>, sources: &[Source]) -> BTreeSet<String> {
    let verbs = ["Will", "Did", "Got", "New", "Has", "Was", "Had", "Failed"];
    let mut names = BTreeSet::new();
    for source in middleware(sources).filter(|source| source.path.contains("notification")) {
        for literal in code(&source.text).split('"').skip(1).step_by(2) {
            let word = literal.len() > 8 && literal.chars().all(|c| c.is_ascii_alphanumeric());
            let looks = literal.starts_with(|c: char| c.is_ascii_uppercase())
                && verbs.iter().any(|verb| literal.contains(verb));
            if word && looks && !entries.contains_key(literal) {
                names.insert(literal.into());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Vec<Source> {
        vec![Source { path: "crates/middleware/src/notification.rs".into(), text: text.into() }]
    }

    #[test]
    fn names_in_rust_case() {
        assert_eq!(rust_path("SIPApplication.start"), "SipApplication::start");
        assert_eq!(rust_path("SIPSimpleSettings"), "SipSimpleSettings");
        assert_eq!(rust_path("IMediaStream.hold"), "MediaStream::hold");
        assert_eq!(rust_path("MSRPStreamBase"), "MsrpStreamBase");
        assert_eq!(rust_path("Invitation"), "Invitation");
    }

    #[test]
    fn present_must_be_there_and_later_must_not() {
        let list = List::parse(
            Kind::Notifications,
            "SIPSessionDidStart  present\nSIPSessionDidEnd  later: sessions\nBroken\n",
        );
        let problems = list.check(&source("fn name() { \"SIPSessionDidEnd\" }"));
        assert_eq!(problems.len(), 3, "{problems:?}");
        let good = list.check(&source("fn name() { \"SIPSessionDidStart\" }"));
        assert_eq!(good.len(), 1, "{good:?}");
    }

    #[test]
    fn a_name_of_our_own_is_found() {
        let list = List::parse(Kind::Notifications, "");
        let problems = list.check(&source("\"SIPSessionDidInvent\" // \"SIPSessionDidStart\""));
        assert!(problems.iter().any(|problem| problem.contains("SIPSessionDidInvent")));
    }

    #[test]
    fn members_are_looked_for_beside_their_type() {
        let list = List::parse(Kind::Api, "Session.hold  present\nSession.fly  present\n");
        let problems = list.check(&source("impl Session {\n    pub async fn hold(&self) {}\n}"));
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}
