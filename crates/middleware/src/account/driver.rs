//! The task of one account: drives its registrar machine.

use std::sync::Arc;
use std::time::Duration;

use sipsimple_core::net::EngineError;
use sipsimple_core::stack::{
    Cause, Refused, RegistrationEvent, RegistrationKey, RegistrationRequest, RetryPolicy,
};
use tokio::sync::{mpsc, oneshot};

use super::registrar::{Failure, FailureKind, Input, Output, Registrar, kind_of};
use super::{Account, manager};
use crate::application::{Context, Route, sleep_until};
use crate::notification::AccountEvent;

/// What an account's task can be told.
pub(super) enum Command {
    Register,
    Unregister,
    SettingsChanged { register: bool },
    Stop { done: oneshot::Sender<()> },
}

pub(super) fn spawn(
    context: &Arc<Context>,
    account: Account,
    commands: mpsc::Receiver<Command>,
    register: bool,
) {
    manager::activated(context, &account);
    let driver = Driver {
        registrar: Registrar::new(context.seed()),
        context: Arc::clone(context),
        account,
        commands,
        route: None,
        stopping: None,
    };
    context.spawn(driver.run(register));
}

struct Driver {
    context: Arc<Context>,
    account: Account,
    registrar: Registrar,
    commands: mpsc::Receiver<Command>,
    route: Option<Route<RegistrationKey, RegistrationEvent>>,
    /// The application waits for the end.
    stopping: Option<oneshot::Sender<()>>,
}

impl Driver {
    async fn run(mut self, register: bool) {
        if register {
            self.give(Input::Register);
        }
        loop {
            let deadline = self.drain().await;
            self.account.set_registered(self.registrar.is_registered());
            if self.stopping.is_some() && self.registrar.is_idle() {
                break;
            }
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                event = next(&mut self.route) => self.event(event),
                () = sleep_until(&*self.context.clock, deadline) => self.give(Input::Timeout),
            }
        }
        self.context.bus.post(self.account.sender(), AccountEvent::DidDeactivate);
        if let Some(done) = self.stopping {
            // Nobody waits any more: nobody needs to know.
            let _ = done.send(());
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Register | Command::SettingsChanged { register: true } => {
                self.give(Input::Unregister);
                self.give(Input::Register);
            }
            Command::Unregister | Command::SettingsChanged { register: false } => {
                self.give(Input::Unregister);
            }
            Command::Stop { done } => {
                self.give(Input::Unregister);
                self.stopping = Some(done);
            }
        }
    }

    fn event(&mut self, event: RegistrationEvent) {
        let input = match event {
            RegistrationEvent::Registered { contact, expires, registrar, .. } => {
                let (contact, registrar) = (contact.into(), registrar.to_string());
                Input::Registered { contact, expires, registrar }
            }
            RegistrationEvent::Failed { cause, .. } => Input::Failed(failure(&cause)),
            RegistrationEvent::Removed { cause } => {
                self.route = None;
                Input::Removed(cause.as_ref().map(failure))
            }
            _ => return,
        };
        self.give(input);
    }

    fn give(&mut self, input: Input) {
        self.registrar.handle_input(self.context.clock.now(), input);
    }

    /// Does what the machine says, and returns when to come back.
    async fn drain(&mut self) -> Option<std::time::Instant> {
        loop {
            match self.registrar.poll_output() {
                Output::Timeout(when) => return when,
                Output::Event(event) => {
                    self.account.set_registered(self.registrar.is_registered());
                    self.context.bus.post(self.account.sender(), event);
                }
                Output::Register => {
                    if let Err(error) = self.register().await {
                        self.give(Input::Failed(error));
                    }
                }
                Output::Unregister => self.unregister().await,
            }
        }
    }

    async fn register(&mut self) -> Result<(), Failure> {
        let running = self.context.running().ok_or_else(|| local("the application has stopped"))?;
        if let Some(route) = &self.route {
            return match running.engine.refresh(route.key()).await {
                Ok(()) => Ok(()),
                Err(EngineError::Refused(Refused::NoSuchRegistration)) => {
                    self.route = None;
                    Err(local("the registration was lost"))
                }
                Err(error) => Err(local(&error.to_string())),
            };
        }
        let request = self.request().map_err(|error| local(&error.to_string()))?;
        match running.engine.register(request).await {
            Ok(key) => {
                self.route = Some(self.context.registrations.open(key));
                Ok(())
            }
            Err(error) => Err(local(&error.to_string())),
        }
    }

    fn request(&self) -> Result<RegistrationRequest, super::AccountError> {
        let settings = self.account.settings()?;
        let registrar = settings.sip.registrar.and_then(|registrar| {
            let mut uri = format!("sip:{}", registrar.host);
            if let Some(port) = registrar.port {
                uri.push_str(&format!(":{port}"));
            }
            if let Some(transport) = registrar.transport {
                uri.push_str(&format!(";transport={transport}"));
            }
            uri.parse().ok()
        });
        let instance = self.context.running().map(|running| {
            let id = running.configuration.settings().instance_id;
            format!("+sip.instance=\"<{id}>\"").into()
        });
        Ok(RegistrationRequest {
            identity: Arc::new(self.account.identity(None)?),
            registrar,
            expires: Duration::from_secs(settings.sip.register_interval.into()),
            contact_params: instance,
            headers: Default::default(),
            retry: RetryPolicy::Never,
        })
    }

    async fn unregister(&mut self) {
        let Some(route) = &self.route else { return self.give(Input::Removed(None)) };
        let Some(running) = self.context.running() else { return };
        if let Err(error) = running.engine.unregister(route.key()).await {
            self.route = None;
            self.give(Input::Removed(Some(local(&error.to_string()))));
        } else if !self.registrar.is_unregistering() {
            // Nobody waits for the end of it: what comes next is a new one.
            self.route = None;
        }
    }
}

async fn next(route: &mut Option<Route<RegistrationKey, RegistrationEvent>>) -> RegistrationEvent {
    match route {
        Some(route) => match route.next().await {
            Some(event) => event,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

fn failure(cause: &Cause) -> Failure {
    let (code, kind) = match cause {
        Cause::Response(response) => {
            let code = response.status().map_or(500, |status| status.code());
            (Some(code), kind_of(code))
        }
        Cause::Authentication { response, .. } => {
            (response.status().map(|status| status.code()), FailureKind::Permanent)
        }
        Cause::Unresolved { .. } => (None, FailureKind::Unresolved),
        _ => (None, FailureKind::Temporary),
    };
    Failure { code, error: cause.to_string(), kind }
}

fn local(error: &str) -> Failure {
    Failure { code: None, error: error.to_owned(), kind: FailureKind::Temporary }
}
