//! The commands of a script, area by area.

mod audio;
mod calls;
mod diagnostics;
mod registration;

use std::future::Future;
use std::pin::Pin;

use serde_json::Value as Json;

use super::Agent;
use super::line::Line;

/// What a command comes to: data for the answer, or why it was refused.
pub(super) type Outcome = Result<Json, String>;

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A command.
pub(super) struct Verb {
    /// The first word of its line.
    pub(super) name: &'static str,
    /// Carries it out.
    pub(super) run: for<'a> fn(&'a mut Agent, &'a Line) -> Running<'a>,
}

/// Every area's commands.
static AREAS: [&[Verb]; 4] = [calls::VERBS, audio::VERBS, registration::VERBS, diagnostics::VERBS];

/// The command of this name.
pub(super) fn find(name: &str) -> Option<&'static Verb> {
    AREAS.iter().flat_map(|verbs| verbs.iter()).find(|verb| verb.name == name)
}

/// All names, for who misspelt one.
pub(super) fn names() -> String {
    let mut names: Vec<&str> =
        AREAS.iter().flat_map(|verbs| verbs.iter()).map(|verb| verb.name).collect();
    names.push("quit");
    names.join(", ")
}

/// Nothing to report but that it was done.
fn done<E: std::fmt::Display>(outcome: Result<(), E>) -> Outcome {
    outcome.map(|()| Json::Null).map_err(|error| error.to_string())
}
