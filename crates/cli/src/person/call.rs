//! `sipsimple call URI`

use std::process::ExitCode;

use clap::Args;
use sipsimple::AudioStream;
use sipsimple::Session;
use sipsimple_core::uri::SipUri;

use super::screen::Screen;
use super::talk::{Desk, Ending, Talk};
use crate::endpoint::{Endpoint, Failure, RecordingNames};
use crate::options::EndpointOptions;
use crate::play::Jukebox;

/// Flags of `sipsimple call`.
#[derive(Args)]
pub(crate) struct CallOptions {
    /// Whom to call, e.g. sip:bob@example.com.
    uri: String,

    #[command(flatten)]
    endpoint: EndpointOptions,
}

/// Calls, and talks until either side hangs up. Fails when there was no call.
pub(crate) async fn call(options: CallOptions) -> Result<ExitCode, Failure> {
    let uri = match options.uri.contains(':') {
        true => options.uri.clone(),
        false => format!("sip:{}", options.uri),
    };
    let uri: SipUri = uri.parse().map_err(|error| format!("can't call {uri}: {error}"))?;
    let mut endpoint = Endpoint::start(&options.endpoint, Some(false)).await?;
    let desk = Desk {
        jukebox: options.endpoint.play.map(Jukebox::new),
        recordings: options.endpoint.record.map(RecordingNames::new),
    };
    let mut screen = Screen::new();
    let session = Session::new(&endpoint.account);
    let audio = AudioStream::new(&endpoint.account);
    screen.say(format_args!("Calling {uri} as {}…", endpoint.account.id()));
    let outcome = session.connect(uri, [&audio]).await;
    let ending = match outcome {
        Ok(()) => {
            let talk = Talk { session, screen: &mut screen, desk: &desk };
            talk.follow(endpoint.notifications, &mut endpoint.traces).await
        }
        Err(error) => {
            screen.say(format_args!("No call: {error}"));
            Ending::Failed
        }
    };
    super::stop(&endpoint.app).await;
    Ok(if ending == Ending::Ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
