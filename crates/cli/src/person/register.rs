//! `sipsimple register`

use std::process::ExitCode;

use clap::Args;
use sipsimple::notification::{AccountEvent, Event};

use super::screen::Screen;
use super::talk::{next, show_trace};
use crate::endpoint::{Endpoint, Failure};
use crate::options::EndpointOptions;

/// Flags of `sipsimple register`.
#[derive(Args)]
pub(crate) struct RegisterOptions {
    #[command(flatten)]
    endpoint: EndpointOptions,

    /// End after the first answer: exit status 0 if we were registered.
    #[arg(long)]
    once: bool,
}

/// Registers, stays registered, and unregisters at the end.
pub(crate) async fn register(options: RegisterOptions) -> Result<ExitCode, Failure> {
    if options.endpoint.account.is_none() && options.endpoint.config.is_none() {
        return Err("register whom? Give --account USER@DOMAIN, or a --config folder".into());
    }
    let mut endpoint = Endpoint::start(&options.endpoint, None).await?;
    let mut screen = Screen::new();
    screen.say(format_args!("Registering {}…", endpoint.account.id()));
    if !endpoint.account.settings()?.sip.register {
        endpoint.account.reregister().await?;
    }
    let mut interrupted = std::pin::pin!(super::interrupted());
    let mut code = ExitCode::FAILURE;
    loop {
        let notification = tokio::select! {
            notification = endpoint.notifications.next() => notification,
            Some(trace) = next(&mut endpoint.traces) => {
                show_trace(&mut screen, &trace);
                continue;
            }
            () = &mut interrupted => break,
        };
        let Some(notification) = notification else { break };
        let Event::Account(event) = notification.event else { continue };
        line(&event).into_iter().for_each(|line| screen.say(line));
        match event {
            AccountEvent::RegistrationDidSucceed { .. } => code = ExitCode::SUCCESS,
            AccountEvent::RegistrationDidFail { .. } => code = ExitCode::FAILURE,
            _ => continue,
        }
        if options.once {
            break;
        }
    }
    if endpoint.account.is_registered() {
        screen.say("Unregistering…");
    }
    super::stop(&endpoint.app).await;
    while let Some(notification) = endpoint.notifications.try_next() {
        if let Event::Account(event @ AccountEvent::RegistrationDidEnd { .. }) = notification.event
        {
            line(&event).into_iter().for_each(|line| screen.say(line));
        }
    }
    Ok(code)
}

/// What happened to a registration, for a person; nothing for what only a
/// program wants to know.
pub(super) fn line(event: &AccountEvent) -> Option<String> {
    Some(match event {
        AccountEvent::RegistrationDidSucceed { contact_header, expires, registrar } => format!(
            "Registered at {registrar} for {} s: reachable as {contact_header}",
            expires.as_secs()
        ),
        AccountEvent::RegistrationDidFail { error, retry_after, .. } => match retry_after {
            Some(wait) => format!("Not registered: {error}; next try in {} s", wait.as_secs()),
            None => format!("Not registered: {error}; not tried again"),
        },
        AccountEvent::RegistrationDidEnd { expired: false } => "No longer registered".into(),
        AccountEvent::RegistrationDidEnd { expired: true } => "The registration ran out".into(),
        AccountEvent::RegistrationDidNotEnd { reason, .. } => {
            format!("Could not unregister: {reason}")
        }
        _ => return None,
    })
}
