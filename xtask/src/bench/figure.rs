//! What is measured: the list of figures, each in a file of its own.

mod held_calls;
mod messages;
mod mixer;
mod start;
mod uas_call;

use super::report::Report;

/// A figure: some rows of the table.
pub(super) struct Figure {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What is done, and how it is measured; a sentence for the report.
    pub(super) how: &'static str,
    /// Measures, and adds a row for each number.
    pub(super) measure: fn(&mut Report),
}

/// All figures, in the order of the table.
pub(super) fn all() -> Vec<Figure> {
    vec![
        messages::figure(),
        uas_call::figure(),
        held_calls::figure(),
        mixer::figure(),
        start::figure(),
    ]
}
