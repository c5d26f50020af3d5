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
        println!("{}", plain(&line.to_string()));
    }

    /// The line at the bottom; shown on terminals only.
    pub(super) fn status(&mut self, line: impl Display) {
        if self.terminal {
            print!("\r\x1b[K{}", plain(&line.to_string()));
            let _ = std::io::stdout().flush();
            self.status = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.status) {
            print!("\r\x1b[K");
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
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
