//! One line of a script: a verb, the session it means, and its words.

/// A line from stdin, split into its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What to do.
    pub(crate) verb: String,
    /// The `session:N` after the verb, where one is given.
    pub(crate) session: Option<u64>,
    /// The words after that.
    pub(crate) words: Vec<String>,
}

impl Line {
    /// Splits a line at white space. `None` for a blank line or a `#` comment.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().peekable();
        let verb = words.next().filter(|word| !word.starts_with('#'))?.to_owned();
        let session = words.peek().and_then(|word| word.strip_prefix("session:")?.parse().ok());
        if session.is_some() {
            words.next();
        }
        Some(Self { verb, session, words: words.map(str::to_owned).collect() })
    }

    /// The one word that the verb needs.
    pub(crate) fn word(&self, what: &str) -> Result<&str, String> {
        match self.words.as_slice() {
            [word] => Ok(word),
            [] => Err(format!("{} needs {what}", self.verb)),
            _ => Err(format!("{} takes {what} and nothing more", self.verb)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verb: &str, session: Option<u64>, words: &[&str]) -> Option<Line> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Some(Line { verb: verb.to_owned(), session, words })
    }

    #[test]
    fn a_line_is_a_verb_a_session_and_words() {
        assert_eq!(Line::parse("hangup"), line("hangup", None, &[]));
        assert_eq!(Line::parse(" dtmf session:12  12# "), line("dtmf", Some(12), &["12#"]));
        assert_eq!(
            Line::parse("call sip:bob@example.com audio"),
            line("call", None, &["sip:bob@example.com", "audio"])
        );
    }

    #[test]
    fn blank_lines_and_comments_are_nothing() {
        assert_eq!(Line::parse("   "), None);
        assert_eq!(Line::parse("# a remark"), None);
    }

    #[test]
    fn what_only_looks_like_a_session_is_a_word() {
        assert_eq!(Line::parse("dtmf session:x"), line("dtmf", None, &["session:x"]));
    }

    #[test]
    fn a_missing_or_surplus_word_is_named() {
        let short = Line::parse("record").unwrap();
        assert_eq!(short.word("a file name"), Err("record needs a file name".into()));
        let long = Line::parse("record a b").unwrap();
        assert!(long.word("a file name").unwrap_err().contains("nothing more"));
    }
}
