//! Message to bytes (RFC 3862 §2, §3.6).

use std::fmt::Write;

use bytes::{Bytes, BytesMut};

use super::escape::escape;
use super::{CPIM_NAMESPACE, CpimMessage, CpimName};

pub(super) fn print(message: &CpimMessage) -> Bytes {
    let mut out = String::with_capacity(512);
    for (name, identities) in
        [("From", message.from.as_slice()), ("To", &message.to), ("cc", &message.cc)]
    {
        for identity in identities {
            line(&mut out, format_args!("{name}: {identity}"));
        }
    }
    if let Some(date_time) = &message.date_time {
        value(&mut out, "DateTime: ", date_time);
    }
    for subject in &message.subjects {
        match subject.language.as_deref().filter(|l| is_language(l)) {
            Some(language) => value(&mut out, &format!("Subject:;lang={language} "), &subject.text),
            None => value(&mut out, "Subject: ", &subject.text),
        }
    }
    let names = || message.headers.iter().map(|h| &h.name).chain(&message.required);
    let undeclared = names().filter(|name| name.namespace().is_empty());
    let mut prefixes = Prefixes {
        declared: Vec::new(),
        undeclared: undeclared.map(|name| name.prefix().to_owned()).collect(),
    };
    for name in names() {
        prefixes.declare(name, &mut out);
    }
    for name in &message.required {
        line(&mut out, format_args!("Require: {}", prefixes.written(name)));
    }
    for header in &message.headers {
        value(&mut out, &format!("{}: ", prefixes.written(&header.name)), &header.value);
    }
    out.push_str("\r\n");
    for (name, text) in &message.content_headers {
        // MIME headers have no escapes: what would break the line becomes a blank.
        let clean = |text: &str| text.replace(|c: char| c.is_control() && c != '\t', " ");
        line(&mut out, format_args!("{}: {}", clean(name).replace(' ', "-"), clean(text)));
    }
    out.push_str("\r\n");
    let mut bytes = BytesMut::with_capacity(out.len() + message.body.len());
    bytes.extend_from_slice(out.as_bytes());
    bytes.extend_from_slice(&message.body);
    bytes.freeze()
}

/// Which prefix stands for which namespace, so that two namespaces that came
/// with the same prefix stay apart.
struct Prefixes {
    declared: Vec<(String, String)>,
    /// Prefixes that came without a declaration, and must stay without one.
    undeclared: Vec<String>,
}

impl Prefixes {
    fn declare(&mut self, name: &CpimName, out: &mut String) {
        let namespace = name.namespace();
        if namespace.is_empty()
            || namespace == CPIM_NAMESPACE
            || self.declared.iter().any(|(uri, _)| uri == namespace)
        {
            return;
        }
        let taken = |prefix: &str| {
            self.declared.iter().any(|(_, p)| p == prefix)
                || self.undeclared.iter().any(|p| p == prefix)
        };
        let mut prefix = name.prefix().to_owned();
        let mut number = 1;
        while prefix.is_empty() || taken(&prefix) {
            prefix = format!("ns{number}");
            number += 1;
        }
        line(out, format_args!("NS: {prefix} <{namespace}>"));
        self.declared.push((namespace.to_owned(), prefix));
    }

    fn written(&self, name: &CpimName) -> String {
        let declared = self.declared.iter().find(|(uri, _)| uri == name.namespace());
        match declared {
            Some((_, prefix)) => format!("{prefix}.{}", name.name()),
            None if name.prefix().is_empty() => name.name().to_owned(),
            None => format!("{}.{}", name.prefix(), name.name()),
        }
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to memory can't fail.
    let _ = out.write_fmt(text);
    out.push_str("\r\n");
}

fn value(out: &mut String, name: &str, text: &str) {
    out.push_str(name);
    escape(text, false, out);
    out.push_str("\r\n");
}

fn is_language(tag: &str) -> bool {
    !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
