//! What the demo set out to show, and whether it did.

use std::fmt;

/// One step of the demo and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    what: String,
    outcome: Result<String, String>,
}

/// The steps in the order in which they were judged.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    steps: Vec<Step>,
}

impl Verdict {
    /// Notes a step; `outcome` says what was measured, or what went wrong.
    pub(super) fn judge(&mut self, what: &str, outcome: Result<String, String>) {
        self.steps.push(Step { what: what.to_owned(), outcome });
    }

    /// Whether every step was as it should be.
    pub(super) fn passed(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.outcome.is_ok())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.steps.iter().map(|step| step.what.chars().count()).max().unwrap_or(0);
        for Step { what, outcome } in &self.steps {
            let (mark, detail) = match outcome {
                Ok(detail) => ("ok  ", detail),
                Err(detail) => ("FAIL", detail),
            };
            writeln!(f, "  {mark}  {what:<width$}  {detail}")?;
        }
        let failed = self.steps.iter().filter(|step| step.outcome.is_err()).count();
        match failed {
            0 => write!(f, "\n  All {} steps passed.", self.steps.len()),
            _ => write!(f, "\n  {failed} of {} steps failed.", self.steps.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_fails_the_demo() {
        let mut verdict = Verdict::default();
        assert!(!verdict.passed(), "a demo that showed nothing has not passed");
        verdict.judge("register", Ok("200 OK".into()));
        assert!(verdict.passed());
        verdict.judge("call", Err("408".into()));
        assert!(!verdict.passed());
        let text = verdict.to_string();
        assert!(text.contains("ok    register  200 OK"), "{text}");
        assert!(text.contains("1 of 2 steps failed"), "{text}");
    }
}
