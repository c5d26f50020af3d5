//! Notifications as lines that a person follows while they happen.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use sipsimple::notification::{Notification, Value};

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 60;

/// When it started, to print times from there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    started: SystemTime,
}

impl Timeline {
    pub(super) fn new(started: SystemTime) -> Self {
        Self { started }
    }

    /// One line: when, at whose side, what, and its data.
    pub(super) fn line(&self, who: &str, notification: &Notification) -> String {
        let since = notification.timestamp.duration_since(self.started).unwrap_or(Duration::ZERO);
        let mut line =
            format!("  {:6.3} s  {who:<6} {:<36}", since.as_secs_f64(), notification.name());
        for (name, value) in notification.event.data() {
            let value = brief(&value);
            if !value.is_empty() {
                let _ = write!(line, " {name}={value}");
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// A value in a few words; nothing for what says nothing.
fn brief(value: &Value) -> String {
    let text = match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:.3}"),
        Value::Text(value) => value.clone(),
        Value::List(values) => {
            let values: Vec<String> = values.iter().map(brief).collect();
            values.join(",")
        }
        Value::Map(values) => {
            let values: Vec<String> = values
                .iter()
                .map(|(name, value)| (name, brief(value)))
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            if values.is_empty() { String::new() } else { format!("{{{}}}", values.join(" ")) }
        }
        _ => String::new(),
    };
    // What the other side sent must not move the cursor.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_few_safe_words() {
        assert_eq!(brief(&Value::Null), "");
        assert_eq!(brief(&Value::Text("a\u{1b}[2Jb\r\n".into())), "a [2Jb  ");
        assert_eq!(brief(&Value::Text("x".repeat(100))).chars().count(), LONGEST + 1);
        let list = Value::List(vec![Value::Text("audio".into()), Value::Text("chat".into())]);
        assert_eq!(brief(&list), "audio,chat");
    }
}
