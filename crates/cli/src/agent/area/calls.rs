//! Calling, answering, holding and hanging up.

use serde_json::json;
use sipsimple::AudioStream;
use sipsimple::Session;
use sipsimple_core::uri::SipUri;

use super::{Outcome, Running, Verb, done};
use crate::agent::Agent;
use crate::agent::line::Line;
use crate::agent::react::streams_to_accept;

pub(super) const VERBS: &[Verb] = &[
    Verb { name: "call", run: |agent, line| Box::pin(call(agent, line)) },
    Verb { name: "ring", run: |agent, line| of_session(agent, line, Action::Ring) },
    Verb { name: "answer", run: |agent, line| Box::pin(answer(agent, line)) },
    Verb { name: "reject", run: |agent, line| Box::pin(reject(agent, line)) },
    Verb { name: "hangup", run: |agent, line| of_session(agent, line, Action::Hangup) },
    Verb { name: "hold", run: |agent, line| of_session(agent, line, Action::Hold) },
    Verb { name: "unhold", run: |agent, line| of_session(agent, line, Action::Unhold) },
];

/// What needs nothing but a session.
enum Action {
    Ring,
    Hangup,
    Hold,
    Unhold,
}

fn of_session<'a>(agent: &'a mut Agent, line: &'a Line, action: Action) -> Running<'a> {
    Box::pin(async move {
        let session = agent.session(line)?;
        done(match action {
            Action::Ring => session.send_ring_indication().await,
            Action::Hangup => session.end().await,
            Action::Hold => session.hold().await,
            Action::Unhold => session.unhold().await,
        })
    })
}

/// `call URI [audio]`
async fn call(agent: &mut Agent, line: &Line) -> Outcome {
    let (uri, streams) = line.words.split_first().ok_or("call needs a URI")?;
    if let Some(other) = streams.iter().find(|stream| *stream != "audio") {
        return Err(format!("can't call with {other:?}: there is audio only"));
    }
    let uri: SipUri = uri.parse().map_err(|error| format!("{uri}: {error}"))?;
    let session = Session::new(&agent.account);
    let audio = AudioStream::new(&agent.account);
    session.connect(uri, [&audio]).await.map_err(|error| error.to_string())?;
    agent.newest = Some(session.id());
    Ok(json!({"session": session.id().to_string()}))
}

async fn answer(agent: &mut Agent, line: &Line) -> Outcome {
    let session = agent.session(line)?;
    let streams = streams_to_accept(&session);
    done(session.accept(streams).await)
}

/// `reject CODE [REASON]`
async fn reject(agent: &mut Agent, line: &Line) -> Outcome {
    let (code, reason) = line.words.split_first().ok_or("reject needs a status code")?;
    let code = code.parse().map_err(|_| format!("{code:?} is not a status code"))?;
    let session = agent.session(line)?;
    done(match reason {
        [] => session.reject(code).await,
        reason => session.reject_with(code, reason.join(" ")).await,
    })
}
