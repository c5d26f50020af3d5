//! The TOML document behind the settings. What it does not know, it keeps.

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{AccountSettings, ConfigurationError, SipAddress, SipSimpleSettings};

const ACCOUNTS: &str = "accounts";

/// A whole configuration: its settings, and the tree they were read from.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) settings: SipSimpleSettings,
    /// In the order of the document; new ones come last.
    pub(super) accounts: Vec<(SipAddress, AccountSettings)>,
    tree: Table,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, ConfigurationError> {
        let tree: Table = text
            .parse()
            .map_err(|e: toml::de::Error| ConfigurationError::Syntax { reason: e.to_string() })?;
        let settings: SipSimpleSettings = read("", &tree)?;
        settings.validate()?;
        let mut accounts = Vec::new();
        let tables = match tree.get(ACCOUNTS) {
            None => None,
            Some(Value::Table(tables)) => Some(tables),
            Some(_) => return Err(ConfigurationError::invalid(ACCOUNTS, "it is not a table")),
        };
        for (key, table) in tables.into_iter().flatten() {
            let place = format!("{ACCOUNTS}.{key:?}");
            let id: SipAddress =
                key.parse().map_err(|reason| ConfigurationError::invalid(&place, reason))?;
            let Value::Table(table) = table else {
                return Err(ConfigurationError::invalid(place, "it is not a table"));
            };
            if accounts.iter().any(|(other, _)| *other == id) {
                return Err(ConfigurationError::DuplicateId { id: id.to_string() });
            }
            let account: AccountSettings = read(&place, table)?;
            account.validate().map_err(|error| within(&place, error))?;
            accounts.push((id, account));
        }
        Ok(Self { settings, accounts, tree })
    }

    /// The document as text, the keys it does not know included.
    pub(super) fn print(&self) -> Result<String, ConfigurationError> {
        let mut tree = self.tree.clone();
        merge(&mut tree, &self.settings)?;
        let old = match tree.remove(ACCOUNTS) {
            Some(Value::Table(tables)) => tables,
            _ => Table::new(),
        };
        let mut accounts = Table::new();
        for (id, settings) in &self.accounts {
            // A hand-written id may differ in case or escapes.
            let known = old.iter().find(|(key, _)| key.parse().as_ref() == Ok(id));
            let mut table = match known {
                Some((_, Value::Table(table))) => table.clone(),
                _ => Table::new(),
            };
            merge(&mut table, settings)?;
            accounts.insert(id.to_string(), Value::Table(table));
        }
        if !accounts.is_empty() {
            tree.insert(ACCOUNTS.to_owned(), Value::Table(accounts));
        }
        toml::to_string_pretty(&tree)
            .map_err(|e| ConfigurationError::invalid("", format!("can't be written: {e}")))
    }

    pub(super) fn account(&mut self, id: &SipAddress) -> Option<&mut AccountSettings> {
        self.accounts.iter_mut().find(|(other, _)| other == id).map(|(_, settings)| settings)
    }
}

/// The dotted names of the settings in which two objects differ.
pub(super) fn differences<T: Serialize>(old: &T, new: &T) -> Vec<String> {
    let mut names = Vec::new();
    if let (Ok(old), Ok(new)) = (Table::try_from(old), Table::try_from(new)) {
        compare("", &old, &new, &mut names);
    }
    names
}

fn compare(prefix: &str, old: &Table, new: &Table, names: &mut Vec<String>) {
    let only_old = old.keys().filter(|key| !new.contains_key(*key));
    for key in new.keys().chain(only_old) {
        let name = format!("{prefix}{key}");
        match (old.get(key), new.get(key)) {
            (Some(Value::Table(old)), Some(Value::Table(new))) => {
                compare(&format!("{name}."), old, new, names);
            }
            (old, new) if old != new => names.push(name),
            _ => {}
        }
    }
}

/// Puts settings into the tree that they were read from. What has its default
/// and was not written before stays out, so that a document shows only what
/// somebody chose; what the settings don't know is left alone.
fn merge<T>(tree: &mut Table, value: &T) -> Result<(), ConfigurationError>
where
    T: Serialize + DeserializeOwned + Default,
{
    let table = |object: &T| {
        Table::try_from(object).map_err(|e| ConfigurationError::invalid("", e.to_string()))
    };
    let before: T = read("", tree)?;
    overlay(tree, &table(&T::default())?, &table(&before)?, &table(value)?);
    Ok(())
}

fn overlay(tree: &mut Table, default: &Table, before: &Table, value: &Table) {
    // Optional settings that were unset are not in `value` at all.
    for key in before.keys().filter(|key| !value.contains_key(*key)) {
        tree.remove(key);
    }
    for (key, value) in value {
        match (value, default.get(key), before.get(key)) {
            (Value::Table(value), Some(Value::Table(default)), Some(Value::Table(before))) => {
                // Changed in place, so that the document keeps its order.
                let written = tree.contains_key(key);
                let inner = tree.entry(key.clone()).or_insert_with(|| Table::new().into());
                if let Value::Table(inner) = inner {
                    overlay(inner, default, before, value);
                    if inner.is_empty() && !written {
                        tree.remove(key);
                    }
                }
            }
            (value, default, _) => {
                if default != Some(value) || tree.contains_key(key) {
                    tree.insert(key.clone(), value.clone());
                }
            }
        }
    }
}

fn read<T: DeserializeOwned>(place: &str, table: &Table) -> Result<T, ConfigurationError> {
    table.clone().try_into().map_err(|error: toml::de::Error| {
        // A tree has no line numbers; the error's own text says which key.
        let reason = error.message().to_owned();
        let key = error_key(&error).unwrap_or_default();
        let dot = if place.is_empty() || key.is_empty() { "" } else { "." };
        ConfigurationError::Invalid { key: format!("{place}{dot}{key}"), reason }
    })
}

/// The dotted key that a serde error prints as ``in `a.b` ``.
fn error_key(error: &toml::de::Error) -> Option<String> {
    let text = error.to_string();
    let rest = text.split("in `").nth(1)?;
    rest.split('`').next().map(str::to_owned)
}

fn within(place: &str, error: ConfigurationError) -> ConfigurationError {
    match error {
        ConfigurationError::Invalid { key, reason } => {
            ConfigurationError::Invalid { key: format!("{place}.{key}"), reason }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
default_account = "alice@example.com"
future = "kept"

[rtp]
timeout = 30
port_range = "40000-40100"
jitter = { kind = "kept" }

[accounts."alice@example.com"]
display_name = "Alice"
colour = "kept"

[accounts."alice@example.com".auth]
password = "sesame"
"#;

    #[test]
    fn unknown_keys_and_written_defaults_survive() {
        let mut document = Document::parse(SAMPLE).unwrap();
        document.settings.sip.udp_port = 5060;
        let alice = "alice@example.com".parse().unwrap();
        document.account(&alice).unwrap().display_name = None;
        let text = document.print().unwrap();
        assert_eq!(text.matches("\"kept\"").count(), 3, "{text}");
        assert!(text.contains("udp_port = 5060") && text.contains("timeout = 30"), "{text}");
        assert!(!text.contains("tcp_port") && !text.contains("Alice"), "{text}");
        let again = Document::parse(&text).unwrap();
        assert_eq!(again.settings, document.settings);
        assert_eq!(again.accounts, document.accounts);
        assert_eq!(again.print().unwrap(), text);
    }

    #[test]
    fn an_empty_document_has_the_defaults_and_prints_as_nothing() {
        let document = Document::parse("").unwrap();
        assert_eq!(document.settings, SipSimpleSettings::default());
        assert_eq!(document.print().unwrap(), "");
    }

    #[test]
    fn errors_say_key_and_reason() {
        let error = |text: &str| Document::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("[rtp]\nport_range = \"99-1\""),
            "setting rtp.port_range: port 99 is below 1024"
        );
        assert_eq!(
            error("[audio]\nsample_rate = 44100"),
            "setting audio.sample_rate: 44100 is none of 8000, 16000, 32000, 48000"
        );
        assert_eq!(
            error("[accounts.\"a@b\".sip]\nregister_interval = 1"),
            "setting accounts.\"a@b\".sip.register_interval: it must be at least 30 seconds"
        );
        assert_eq!(
            error("[accounts.\"a@b\".auth]\npassword = 1"),
            "setting accounts.\"a@b\".auth.password: invalid type: integer `1`, expected a string"
        );
        assert_eq!(
            error("[accounts.alice]"),
            "setting accounts.\"alice\": \"alice\" is not user@domain"
        );
        assert!(error("a = ").starts_with("the configuration is not TOML"));
        assert!(error("[accounts.\"a@B\"]\n[accounts.\"a@b\"]").contains("a@b already"));
    }

    #[test]
    fn differences_are_dotted_names() {
        let old = SipSimpleSettings::default();
        let mut new = old.clone();
        new.sip.udp_port = 1;
        new.default_account = "a@b".parse().ok();
        assert_eq!(differences(&old, &new), ["default_account", "sip.udp_port"]);
    }
}
