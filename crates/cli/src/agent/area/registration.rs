//! Registering and unregistering.

use super::{Outcome, Verb, done};
use crate::agent::Agent;
use crate::agent::line::Line;

pub(super) const VERBS: &[Verb] = &[
    Verb { name: "register", run: |agent, line| Box::pin(register(agent, line)) },
    Verb { name: "unregister", run: |agent, line| Box::pin(unregister(agent, line)) },
];

async fn register(agent: &mut Agent, _: &Line) -> Outcome {
    done(agent.account.reregister().await)
}

async fn unregister(agent: &mut Agent, _: &Line) -> Outcome {
    done(agent.account.unregister().await)
}
