//! Lines for a person, and one status line below them that changes in place.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Where a person looks.
pub(super) struct Screen {
    /// Whether the status line can be written over.
    terminal: bool,
    status: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stdout().is_terminal(), status: false }
    }

    /// A line that stays.
    pub(super) fn say(&mut self, line: impl Display) {
        self.clear();
        write(format_args!("{}\n", plain(&line.to_string())));
    }

    /// The line at the bottom; shown on terminals only.
    pub(super) fn status(&mut self, line: impl Display) {
        if self.terminal {
            write(format_args!("\r\x1b[K{}", plain(&line.to_string())));
            self.status = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.status) {
            write(format_args!("\r\x1b[K"));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Nobody may be reading any more (`sipsimple call … | head`): no reason to
/// drop a call.
fn write(text: std::fmt::Arguments<'_>) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_fmt(text).and_then(|()| stdout.flush());
}

/// What others sent must not move the cursor; line ends stay.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2J\rb\nc"), "a [2J b\nc");
    }
}
