//! What there is and how it does.

use std::time::Duration;

use serde_json::{Value as Json, json};
use sipsimple::AudioStream;
use sipsimple::Session;
use sipsimple_media::stream::{DirectionStatistics, Statistic};

use super::{Outcome, Verb};
use crate::agent::Agent;
use crate::agent::line::Line;

pub(super) const VERBS: &[Verb] =
    &[Verb { name: "stats", run: |agent, line| Box::pin(stats(agent, line)) }];

/// Every session with its streams, the account, and the engine's counters.
/// Times are in milliseconds.
async fn stats(agent: &mut Agent, line: &Line) -> Outcome {
    let sessions = match line.session {
        Some(_) => vec![agent.session(line)?],
        None => agent.app.sessions().sessions(),
    };
    let engine = agent.app.engine().map_err(|error| error.to_string())?;
    let engine = engine.statistics().await.map_err(|error| error.to_string())?;
    Ok(json!({
        "sessions": sessions.iter().map(session).collect::<Vec<Json>>(),
        "registered": agent.account.is_registered(),
        "engine": {
            "calls": engine.calls,
            "registrations": engine.registrations,
            "dialogs": engine.dialogs,
            "client_transactions": engine.client_transactions,
            "server_transactions": engine.server_transactions,
            "connections": engine.connections,
            "requests_received": engine.requests_received,
            "responses_received": engine.responses_received,
            "messages_sent": engine.messages_sent,
            "retransmissions_received": engine.retransmissions_received,
            "malformed": engine.malformed,
            "bad_requests": engine.bad_requests,
            "unmatched": engine.unmatched,
            "overloads": engine.overloads,
        },
    }))
}

fn session(session: &Session) -> Json {
    json!({
        "session": session.id().to_string(),
        "state": session.state().to_string(),
        "on_hold": session.on_hold(),
        "transport": session.transport().map(|transport| transport.to_string()),
        "remote_user_agent": session.remote_user_agent(),
        "audio": session.streams().audio().iter().map(audio).collect::<Vec<Json>>(),
    })
}

fn audio(audio: &AudioStream) -> Json {
    let statistics = audio.statistics();
    let local = audio.local_rtp_address().zip(audio.local_rtp_port());
    let remote = audio.remote_rtp_address_received().zip(audio.remote_rtp_port_received());
    json!({
        "codec": audio.codec().map(|codec| codec.name()),
        "sample_rate": audio.sample_rate(),
        "local": local.map(|local| std::net::SocketAddr::from(local).to_string()),
        "remote": remote.map(|remote| std::net::SocketAddr::from(remote).to_string()),
        "recording": audio.recording_filename(),
        "rtt": statistics.as_ref().map(|statistics| statistic(&statistics.rtt)),
        "rx": statistics.as_ref().map(|statistics| direction(&statistics.rx)),
        "tx": statistics.as_ref().map(|statistics| direction(&statistics.tx)),
    })
}

fn direction(direction: &DirectionStatistics) -> Json {
    json!({
        "packets": direction.packets,
        "bytes": direction.bytes,
        "packets_lost": direction.packets_lost,
        "packets_discarded": direction.packets_discarded,
        "packets_reordered": direction.packets_reordered,
        "packets_duplicate": direction.packets_duplicate,
        "jitter": statistic(&direction.jitter),
    })
}

fn statistic(statistic: &Statistic) -> Json {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    json!({
        "count": statistic.count,
        "min": ms(statistic.min),
        "max": ms(statistic.max),
        "last": ms(statistic.last),
        "avg": ms(statistic.average()),
    })
}
