//! File names that came from somebody else.

/// The longest name that is made, in bytes. Room for a number and a suffix is
/// left below what file systems allow.
pub const MAX_FILE_NAME: usize = 200;

/// A name that is one ordinary file in whatever folder it is put, on every
/// operating system: no separators, no dot-dot, no device names, no control
/// characters, no text direction tricks, not hidden, not too long.
///
/// ```
/// use sipsimple_msrp::file::safe_file_name;
///
/// assert_eq!(safe_file_name("My cool picture.jpg"), "My cool picture.jpg");
/// assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
/// assert_eq!(safe_file_name("C:\\Windows\\aux.txt"), "_aux.txt");
/// assert_eq!(safe_file_name(".."), "file");
/// ```
pub fn safe_file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe = String::with_capacity(base.len());
    for c in base.chars().filter(|c| !c.is_control() && !is_invisible(*c)) {
        safe.push(if "<>:\"|?*".contains(c) { '_' } else { c });
    }
    let trimmed = safe.trim().trim_end_matches(['.', ' ']);
    let mut safe = trimmed.trim_start_matches('.').trim_start().to_owned();
    if safe.is_empty() {
        return "file".into();
    }
    if is_device(&safe) {
        safe.insert(0, '_');
    }
    shorten(safe)
}

/// Characters that turn the direction of text, or can't be seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Names that are devices on Windows, whatever their extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|number| {
            number.chars().count() == 1 && number.chars().all(|c| c.is_numeric())
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

/// Cuts the middle out, so that a short extension stays.
fn shorten(name: String) -> String {
    if name.len() <= MAX_FILE_NAME {
        return name;
    }
    let extension = name.rfind('.').map(|at| &name[at..]).filter(|e| e.len() <= 20).unwrap_or("");
    let mut end = MAX_FILE_NAME - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names() {
        for (given, safe) in [
            ("", "file"),
            (".", "file"),
            ("...", "file"),
            ("a/..", "file"),
            ("a/", "file"),
            (".bashrc", "bashrc"),
            ("report.", "report"),
            ("report. . ", "report"),
            ("con", "_con"),
            ("COM1.log", "_COM1.log"),
            ("COM¹.log", "_COM¹.log"),
            ("company.log", "company.log"),
            ("a\0b\r\nc", "abc"),
            ("x:stream", "x_stream"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("Ünïcode ☃.txt", "Ünïcode ☃.txt"),
        ] {
            assert_eq!(safe_file_name(given), safe, "{given:?}");
        }
        let long = safe_file_name(&("é".repeat(300) + ".jpeg"));
        assert!(long.len() <= MAX_FILE_NAME && long.ends_with(".jpeg"));
    }

    proptest! {
        #[test]
        fn always_one_plain_name(given in any::<String>()) {
            let safe = safe_file_name(&given);
            prop_assert!(!safe.is_empty() && safe.len() <= MAX_FILE_NAME);
            let bad = |c: char| c == '/' || c == '\\' || c.is_control();
            prop_assert!(!safe.contains(bad) && !safe.starts_with('.') && !safe.ends_with('.'));
            prop_assert_eq!(safe_file_name(&safe), safe.clone());
        }
    }
}
