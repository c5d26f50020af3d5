//! The character escapes of header values (RFC 3862 §2.3).

/// Writes `text` so that it stays in its line; `quoted` escapes `"` too.
pub(super) fn escape(text: &str, quoted: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' if quoted => out.push_str("\\\""),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || c == '\u{7f}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
}

/// Reads a value. Never fails: an escape that is not known stands for the
/// character behind the backslash, a backslash at the end for nothing.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            flush(&mut units, &mut out);
            out.push(c);
            continue;
        }
        let code = rest.as_str().strip_prefix('u').and_then(|hex| hex.get(..4));
        let unit = code
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u16::from_str_radix(hex, 16).ok());
        if let Some(unit) = unit {
            // Characters outside the first plane are two of these.
            units.push(unit);
            rest.nth(4);
            continue;
        }
        flush(&mut units, &mut out);
        match rest.next() {
            Some('b') => out.push('\u{8}'),
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    flush(&mut units, &mut out);
    out
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.push_str(&String::from_utf16_lossy(units));
    units.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (read, written) in [
            ("a\r\nFrom: x", "a\\r\\nFrom: x"),
            ("back\\slash", "back\\\\slash"),
            ("\u{0}\u{1f}\u{7f}\u{8}\t", "\\u0000\\u001f\\u007f\\b\\t"),
            ("it's é ☃ 😀", "it's é ☃ 😀"),
        ] {
            let mut out = String::new();
            escape(read, false, &mut out);
            assert_eq!(out, written);
            assert_eq!(unescape(written), read);
        }
    }

    #[test]
    fn strange_escapes() {
        for (written, read) in [
            ("\\x\\\"\\'", "x\"'"),
            ("end\\", "end"),
            ("\\u00e9\\u26C3", "é\u{26c3}"),
            ("\\ud83d\\ude00", "😀"),
            ("\\ud83dx", "\u{fffd}x"),
            ("\\u12", "u12"),
            ("\\u+123", "u+123"),
            ("\\ué", "ué"),
        ] {
            assert_eq!(unescape(written), read, "{written}");
        }
    }
}
