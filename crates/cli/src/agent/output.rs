//! What a script reads: one JSON object a line on stdout.

use std::io::Write;
use std::time::SystemTime;

use serde_json::{Map, Value as Json, json};
use sipsimple::notification::{Notification, Value};

/// Prints one object and a line end, at once.
///
/// The reader may have gone: that ends the program when stdin ends, not here.
pub(super) fn print(object: &Json) {
    let mut line = object.to_string();
    line.push('\n');
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(line.as_bytes());
    let _ = stdout.flush();
}

/// A notification as an object.
pub(super) fn notification(notification: &Notification) -> Json {
    let data: Map<String, Json> = notification
        .event
        .data()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect();
    json!({
        "time": rfc3339(notification.timestamp),
        "name": notification.name(),
        "sender": notification.sender.to_string(),
        "data": data,
    })
}

/// The answer to a command: that it was done, with what there is to tell, or
/// why it was not.
pub(super) fn answer(command: &str, outcome: Result<Json, String>) -> Json {
    let mut object = json!({"command": command, "ok": outcome.is_ok()});
    match outcome {
        Ok(Json::Object(data)) => {
            for (name, value) in data {
                object[name] = value;
            }
        }
        Ok(_) => {}
        Err(error) => object["error"] = json!(error),
    }
    object
}

/// A point in time as RFC 3339 writes it, in UTC with milliseconds.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    match jiff::Timestamp::try_from(time) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => "9999-12-31T23:59:59.999Z".into(),
    }
}

fn plain(value: Value) -> Json {
    match value {
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Text(value) => json!(value),
        Value::List(values) => values.into_iter().map(plain).collect(),
        Value::Map(values) => {
            Json::Object(values.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_are_rfc_3339() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_342_717_042);
        assert_eq!(rfc3339(time), "2026-11-22T10:18:37.042Z");
    }

    #[test]
    fn an_answer_says_what_it_answers() {
        assert_eq!(answer("ring", Ok(Json::Null)).to_string(), r#"{"command":"ring","ok":true}"#);
        let told = answer("call a", Ok(json!({"session": "session:1"})));
        assert_eq!(told["session"], "session:1");
        let refused = answer("ring", Err("no session".into()));
        assert_eq!(refused["ok"], false);
        assert_eq!(refused["error"], "no session");
    }

    #[test]
    fn values_keep_their_shape() {
        let value = Value::Map(vec![
            ("code".into(), Value::Integer(200)),
            ("streams".into(), Value::List(vec![Value::Text("audio".into()), Value::Null])),
        ]);
        assert_eq!(plain(value), json!({"code": 200, "streams": ["audio", null]}));
    }
}
