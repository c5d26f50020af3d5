//! Bytes to message (RFC 3862 §2, §3.6).

use std::borrow::Cow;

use bytes::Bytes;

use super::escape::unescape;
use super::header::{is_name_char, is_uri};
use super::{
    CPIM_NAMESPACE, CpimError, CpimHeader, CpimIdentity, CpimMessage, CpimName, MAX_CPIM_HEAD,
    MAX_CPIM_HEADERS, Subject,
};

pub(super) fn parse(bytes: &Bytes) -> Result<CpimMessage, CpimError> {
    let mut message = CpimMessage::default();
    let (lines, mime_at) = block(bytes, 0)?;
    let mut namespaces = Namespaces::default();
    // RFC 4975 §11.4 and RFC 5547 §9 print both kinds of headers without the
    // blank line between them, and some implementations do as printed.
    let joined = lines.iter().position(|(_, line)| is_content(line)).unwrap_or(lines.len());
    for (offset, line) in &lines[..joined] {
        header(&mut message, &mut namespaces, *offset, line)?;
    }
    for (offset, line) in &lines[joined..] {
        mime_header(&mut message, *offset, line)?;
    }
    if joined < lines.len() {
        message.body = bytes.slice(mime_at..);
        return Ok(message);
    }
    let (lines, body_at) = block(bytes, mime_at)?;
    for (offset, line) in lines {
        mime_header(&mut message, offset, line)?;
    }
    message.body = bytes.slice(body_at..);
    Ok(message)
}

fn is_content(line: &str) -> bool {
    line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("Content-"))
}

type Lines<'a> = Vec<(usize, &'a str)>;

/// The lines from `start` up to the blank line, and where that line ends.
fn block(bytes: &[u8], start: usize) -> Result<(Lines<'_>, usize), CpimError> {
    let mut lines = Vec::new();
    let mut at = start;
    loop {
        let rest = &bytes[at..];
        let window = &rest[..rest.len().min(MAX_CPIM_HEAD + 1 - (at - start))];
        let Some(end) = memchr::memchr(b'\n', window) else {
            return Err(if window.len() < rest.len() {
                CpimError::TooLong { offset: at }
            } else {
                CpimError::Unfinished { offset: start }
            });
        };
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        let line_at = at;
        at += end + 1;
        if line.is_empty() {
            return Ok((lines, at));
        }
        if lines.len() == MAX_CPIM_HEADERS || at - start > MAX_CPIM_HEAD {
            return Err(CpimError::TooLong { offset: line_at });
        }
        let text = std::str::from_utf8(line).map_err(|e| CpimError::Syntax {
            offset: line_at + e.valid_up_to(),
            expected: "UTF-8",
        })?;
        lines.push((line_at, text));
    }
}

/// The prefixes that are declared so far.
#[derive(Default)]
struct Namespaces {
    default: Option<String>,
    prefixes: Vec<(String, String)>,
}

impl Namespaces {
    fn name(&self, text: &str) -> CpimName {
        match text.split_once('.') {
            None => {
                let namespace = self.default.as_deref().unwrap_or(CPIM_NAMESPACE);
                CpimName::unchecked(namespace, "", text)
            }
            Some((prefix, name)) => {
                // A prefix may be declared anew; the last declaration holds.
                let found = self.prefixes.iter().rev().find(|(p, _)| p == prefix);
                CpimName::unchecked(found.map_or("", |(_, uri)| uri), prefix, name)
            }
        }
    }

    // NS-header = "NS" ": " [ Name-prefix ] "<" URI ">"
    fn declare(&mut self, text: &str) -> Option<()> {
        let (prefix, uri) = text.split_once('<')?;
        let (prefix, uri) = (prefix.trim(), uri.trim_end().strip_suffix('>')?);
        if !is_uri(uri) || !prefix.bytes().all(is_name_char) {
            return None;
        }
        if prefix.is_empty() {
            self.default = Some(uri.to_owned());
        } else {
            self.prefixes.push((prefix.to_owned(), uri.to_owned()));
        }
        Some(())
    }
}

// Header = Header-name ":" *( ";" Parameter ) SP Header-value CRLF
fn header(
    message: &mut CpimMessage,
    namespaces: &mut Namespaces,
    offset: usize,
    line: &str,
) -> Result<(), CpimError> {
    let syntax = |at: usize, expected| CpimError::Syntax { offset: offset + at, expected };
    let end = line.bytes().position(|b| !is_name_char(b) && b != b'.').unwrap_or(line.len());
    if end == 0 || !line[end..].starts_with(':') {
        return Err(syntax(end, "a header name and \":\""));
    }
    let name = &line[..end];
    if !is_header_name(name) {
        return Err(syntax(0, "a header name"));
    }
    let (params, value_at) = params(line, end + 1);
    let raw = line[value_at..].trim();
    let value_at = line.len() - line[value_at..].trim_start().len();
    let identity = || {
        let parsed = CpimIdentity::parse(raw);
        parsed.map_err(|(at, expected)| syntax(value_at + at, expected))
    };
    let known = if namespaces.default.is_none() { name } else { "" };
    match known {
        "From" => message.from = Some(identity()?),
        "To" => message.to.push(identity()?),
        "cc" => message.cc.push(identity()?),
        "DateTime" => message.date_time = Some(unescape(raw)),
        "Subject" => message.subjects.push(Subject { language: params, text: unescape(raw) }),
        "Require" | "Required" => {
            for name in raw.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                if !is_header_name(name) {
                    return Err(syntax(value_at, "header names"));
                }
                message.required.push(namespaces.name(name));
            }
        }
        _ if name == "NS" => {
            let declared = namespaces.declare(raw);
            declared.ok_or(syntax(value_at, "a prefix and \"<\" URI \">\""))?;
        }
        _ => {
            let name = namespaces.name(name);
            message.headers.push(CpimHeader { name, value: unescape(raw) });
        }
    }
    Ok(())
}

// Header-name = [ Name-prefix "." ] Name
fn is_header_name(text: &str) -> bool {
    let name = |part: &str| !part.is_empty() && part.bytes().all(is_name_char);
    match text.split_once('.') {
        Some((prefix, rest)) => name(prefix) && name(rest),
        None => name(text),
    }
}

/// The language among the parameters, and where the value begins.
fn params(line: &str, from: usize) -> (Option<String>, usize) {
    if !line[from..].starts_with(';') {
        return (None, from);
    }
    let mut quoted = false;
    let end = line[from..].find(|c| {
        quoted ^= c == '"';
        c == ' ' && !quoted
    });
    let end = end.map_or(line.len(), |n| from + n);
    let lang = line[from..end].split(';').find_map(|p| p.strip_prefix("lang="));
    (lang.map(str::to_owned), end)
}

fn mime_header(message: &mut CpimMessage, offset: usize, line: &str) -> Result<(), CpimError> {
    if line.starts_with([' ', '\t'])
        && let Some((_, value)) = message.content_headers.last_mut()
    {
        let more = blank_controls(line);
        if !value.is_empty() && !more.trim().is_empty() {
            value.push(' ');
        }
        value.push_str(more.trim());
        return Ok(());
    }
    match line.split_once(':') {
        Some((name, value)) if !name.is_empty() && !name.contains(is_gap) => {
            let value = blank_controls(value);
            message.content_headers.push((name.to_owned(), value.trim().to_owned()));
            Ok(())
        }
        _ => Err(CpimError::Syntax { offset, expected: "a MIME header" }),
    }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// MIME headers have no escapes: a control character counts as a blank, so
/// that what was read can be written.
fn blank_controls(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() && c != '\t';
    if text.contains(bad) { text.replace(bad, " ").into() } else { text.into() }
}
