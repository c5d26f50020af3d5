//! DTMF and recording.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use sipsimple::AudioStream;

use super::{Outcome, Verb};
use crate::agent::Agent;
use crate::agent::line::Line;

pub(super) const VERBS: &[Verb] = &[
    Verb { name: "dtmf", run: |agent, line| Box::pin(dtmf(agent, line)) },
    Verb { name: "record", run: |agent, line| Box::pin(record(agent, line)) },
    Verb { name: "stop-record", run: |agent, line| Box::pin(stop_record(agent, line)) },
];

fn audio_of(agent: &Agent, line: &Line) -> Result<AudioStream, String> {
    let session = agent.session(line)?;
    let audio = session.streams().audio().into_iter().next();
    audio.ok_or_else(|| format!("{} has no audio now", session.id()))
}

/// `dtmf DIGITS`
async fn dtmf(agent: &mut Agent, line: &Line) -> Outcome {
    let digits = line.word("digits")?;
    let audio = audio_of(agent, line)?;
    for digit in digits.chars() {
        audio.send_dtmf(digit).map_err(|error| error.to_string())?;
    }
    Ok(Json::Null)
}

/// `record FILE`
async fn record(agent: &mut Agent, line: &Line) -> Outcome {
    let file = PathBuf::from(line.word("a file name")?);
    let audio = audio_of(agent, line)?;
    audio.start_recording(Some(file)).await.map_err(|error| error.to_string())?;
    Ok(json!({"filename": audio.recording_filename()}))
}

async fn stop_record(agent: &mut Agent, line: &Line) -> Outcome {
    audio_of(agent, line)?.stop_recording().await;
    Ok(Json::Null)
}
