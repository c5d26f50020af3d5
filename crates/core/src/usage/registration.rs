//! Registrations: REGISTER, refreshed until the application removes it
//! (RFC 3261 §10.2).

use std::time::{Duration, Instant};

use super::invite::authorize;
use super::invite::outgoing::{contact_user, from_value, out_of_dialog};
use crate::auth::Authenticator;
use crate::header::{Contact, Expires, HeaderName, MinExpires, NameAddr};
use crate::message::{Message, Method, StatusCode};
use crate::stack::clients::{Owner, RequestId};
use crate::stack::core::{Core, Outcome};
use crate::stack::deadlines::{Alarm, Sleeper};
use crate::stack::draft::ContactDraft;
use crate::stack::random::token;
use crate::stack::{
    Cause, Event, Path, Refused, RegistrationEvent, RegistrationKey, RegistrationRequest,
    RetryPolicy,
};
use crate::uri::{SipUri, SipUriView};

/// A registration is refreshed this long before its end: time for a whole
/// transaction to fail and another try. Short ones at half their time.
const REFRESH_MARGIN: Duration = Duration::from_secs(40);

/// The shortest time between two refreshes, whatever the registrar grants.
const MIN_REFRESH: Duration = Duration::from_secs(1);

/// The longest Min-Expires that is followed.
const MAX_MIN_EXPIRES: Duration = Duration::from_secs(7 * 24 * 3600);

/// A registration.
#[derive(Debug)]
pub(crate) struct Registration {
    key: RegistrationKey,
    request: RegistrationRequest,
    registrar: SipUri,
    call_id: Box<str>,
    local_tag: u64,
    seq: u32,
    /// What we ask for; a 423 raises it.
    expires: Duration,
    /// The Contact that is registered.
    bound: Option<Box<str>>,
    /// Failures in a row.
    failures: u32,
    auth: Authenticator,
    state: State,
    alarm: Alarm,
}

#[derive(Debug)]
enum State {
    /// A REGISTER runs.
    Registering {
        request: RequestId,
        then: Then,
    },
    /// The binding stands until its refresh.
    Registered {
        refresh: Instant,
    },
    /// After a failure, until the next try.
    Waiting {
        until: Instant,
    },
    /// After a failure, until the application says something.
    Failed,
    /// A REGISTER with Expires 0 runs.
    Removing {
        request: RequestId,
    },
    Over,
}

/// What comes after a REGISTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Keep,
    Remove,
}

impl Registration {
    pub(crate) fn new(core: &mut Core, key: RegistrationKey, request: RegistrationRequest) -> Self {
        let registrar = request.registrar.clone().unwrap_or_else(|| {
            // §10.2: the Request-URI has no user part.
            let uri = &request.identity.uri;
            SipUri::new(uri.host().clone()).with_port(uri.port())
        });
        let mut registration = Self {
            key,
            registrar,
            call_id: format!("{}{}", token(core.random.bits()), token(core.random.bits())).into(),
            local_tag: core.random.bits(),
            seq: 0,
            expires: request.expires.max(Duration::from_secs(1)),
            bound: None,
            failures: 0,
            auth: Authenticator::default(),
            state: State::Over,
            alarm: Alarm::default(),
            request,
        };
        registration.register(core, true);
        registration
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Asks for the binding, or its refresh.
    fn register(&mut self, core: &mut Core, fresh_auth: bool) {
        let request = self.send(core, self.expires, fresh_auth);
        self.state = State::Registering { request, then: Then::Keep };
    }

    /// Asks for the removal of the binding.
    fn remove(&mut self, core: &mut Core, fresh_auth: bool) {
        let request = self.send(core, Duration::ZERO, fresh_auth);
        self.state = State::Removing { request };
    }

    fn send(&mut self, core: &mut Core, expires: Duration, fresh_auth: bool) -> RequestId {
        self.seq += 1;
        let identity = &self.request.identity;
        let mut draft = out_of_dialog(Method::Register, identity, &self.registrar);
        draft.header("From", from_value(identity, self.local_tag));
        let mut to = NameAddr::from(&identity.uri);
        if let Some(name) = &identity.display_name {
            to = to.with_display_name(name);
        }
        draft.header("To", to);
        draft.header("Call-ID", &self.call_id);
        draft.header("CSeq", format_args!("{} REGISTER", self.seq));
        draft.header("Expires", expires.as_secs());
        let params = match &self.request.contact_params {
            Some(params) => format!(";{params};expires={}", expires.as_secs()),
            None => format!(";expires={}", expires.as_secs()),
        };
        draft.contact = Some(ContactDraft { user: contact_user(identity), params: params.into() });
        draft.header("Allow", super::options::ALLOW);
        if let Some(agent) = &core.config.user_agent {
            draft.header("User-Agent", agent);
        }
        draft.extra(&self.request.headers);
        if fresh_auth {
            self.auth.begin();
        }
        authorize(&mut self.auth, core, &mut draft);
        core.send(Owner::Registration(self.key), draft)
    }

    pub(crate) fn on_outcome(&mut self, core: &mut Core, outcome: Outcome) {
        match outcome {
            Outcome::Response { request, response, path, .. } if self.waits_for(request) => {
                let Some(code) = response.status().filter(|code| code.is_final()) else { return };
                self.on_response(core, code, response, &path);
            }
            Outcome::Failed { request, cause, .. } if self.waits_for(request) => {
                self.on_failure(core, cause, true, None);
            }
            _ => {}
        }
    }

    fn waits_for(&self, id: RequestId) -> bool {
        match &self.state {
            State::Registering { request, .. } | State::Removing { request } => *request == id,
            _ => false,
        }
    }

    fn on_response(&mut self, core: &mut Core, code: StatusCode, response: Message, path: &Path) {
        let removing = matches!(self.state, State::Removing { .. });
        match code.code() {
            200..=299 if removing => self.removed(core, None),
            200..=299 => self.on_success(core, response, path),
            401 | 407 => {
                let credentials = &self.request.identity.credentials;
                match self.auth.on_challenge(&response, credentials) {
                    Ok(()) if removing => self.remove(core, false),
                    Ok(()) => self.again(core),
                    Err(failure) => {
                        let cause = Cause::Authentication { failure, response };
                        self.on_failure(core, cause, false, None);
                    }
                }
            }
            423 => {
                let minimum = response.typed::<MinExpires>().ok().flatten();
                let minimum =
                    minimum.map_or(Duration::ZERO, |m| Duration::from_secs(u64::from(m.0)));
                if minimum > self.expires && minimum <= MAX_MIN_EXPIRES && !removing {
                    self.expires = minimum;
                    self.again(core);
                } else {
                    self.on_failure(core, Cause::Response(response), false, None);
                }
            }
            _ => {
                let transient = matches!(code.code(), 408 | 480 | 500 | 502..=504 | 600);
                let after = retry_after(&response);
                self.on_failure(core, Cause::Response(response), transient, after);
            }
        }
    }

    /// Registers once more in the same attempt.
    fn again(&mut self, core: &mut Core) {
        let State::Registering { then, .. } = self.state else { return };
        let request = self.send(core, self.expires, false);
        self.state = State::Registering { request, then };
    }

    fn on_success(&mut self, core: &mut Core, response: Message, path: &Path) {
        let user = contact_user(&self.request.identity);
        let contact: Box<str> = core.sent_contact(path, &user).unwrap_or_default().into();
        self.bound = Some(contact.clone());
        self.failures = 0;
        let then = match self.state {
            State::Registering { then, .. } => then,
            _ => Then::Keep,
        };
        if then == Then::Remove {
            self.remove(core, true);
            return;
        }
        let expires = granted(&response, &contact).unwrap_or(self.expires);
        let half = expires / 2;
        let early = expires.saturating_sub(REFRESH_MARGIN).max(half);
        self.state = State::Registered { refresh: core.now + early.max(MIN_REFRESH) };
        let (registrar, transport) = (path.remote(), path.transport());
        let event =
            RegistrationEvent::Registered { contact, expires, registrar, transport, response };
        self.tell(core, event);
    }

    fn on_failure(
        &mut self,
        core: &mut Core,
        cause: Cause,
        transient: bool,
        after: Option<Duration>,
    ) {
        match self.state {
            State::Removing { .. } | State::Registering { then: Then::Remove, .. } => {
                self.removed(core, Some(cause));
                return;
            }
            _ => {}
        }
        let pause = match self.request.retry {
            RetryPolicy::BackOff { first, max } if transient => {
                let doubled = first.saturating_mul(1 << self.failures.min(16)).min(max);
                Some(doubled.max(after.unwrap_or_default()))
            }
            RetryPolicy::Never | RetryPolicy::BackOff { .. } => None,
        };
        self.failures = self.failures.saturating_add(1);
        self.state = match pause {
            Some(pause) => State::Waiting { until: core.now + pause },
            None => State::Failed,
        };
        self.tell(core, RegistrationEvent::Failed { cause, retry_after: pause });
    }

    fn removed(&mut self, core: &mut Core, cause: Option<Cause>) {
        self.state = State::Over;
        self.tell(core, RegistrationEvent::Removed { cause });
    }

    /// The application wants the binding refreshed now.
    pub(crate) fn refresh(&mut self, core: &mut Core) -> Result<(), Refused> {
        match self.state {
            State::Registered { .. } | State::Waiting { .. } | State::Failed => {
                self.register(core, true);
                Ok(())
            }
            State::Registering { .. } | State::Removing { .. } | State::Over => {
                self.illegal("refresh")
            }
        }
    }

    /// The application wants the binding removed.
    pub(crate) fn unregister(&mut self, core: &mut Core) -> Result<(), Refused> {
        match &mut self.state {
            // The registrar may have bound us already: its answer comes first.
            State::Registering { then, .. } if *then == Then::Keep => *then = Then::Remove,
            State::Registered { .. } | State::Waiting { .. } | State::Failed => {
                if self.bound.is_some() {
                    self.remove(core, true);
                } else {
                    self.removed(core, None);
                }
            }
            State::Registering { .. } | State::Removing { .. } | State::Over => {
                return self.illegal("unregister");
            }
        }
        Ok(())
    }

    /// Forgets the registration and leaves the binding to time out.
    pub(crate) fn drop_silently(&mut self, core: &mut Core) {
        if let State::Registering { request, .. } | State::Removing { request } = self.state {
            core.disown(request);
        }
        self.removed(core, None);
    }

    /// The deadline has come: refresh, or try again.
    pub(crate) fn on_timer(&mut self, core: &mut Core, at: Instant) {
        self.alarm.rang(at);
        if self.deadline().is_some_and(|deadline| deadline <= core.now) {
            self.register(core, true);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Registered { refresh } => Some(refresh),
            State::Waiting { until } => Some(until),
            _ => None,
        }
    }

    /// After every input.
    pub(crate) fn settle(&mut self, core: &mut Core) {
        let deadline = self.deadline();
        core.deadlines.arm(&mut self.alarm, deadline, Sleeper::Registration(self.key));
    }

    fn tell(&self, core: &mut Core, event: RegistrationEvent) {
        core.event(Event::Registration { registration: self.key, event });
    }

    fn illegal(&self, command: &'static str) -> Result<(), Refused> {
        let state = match self.state {
            State::Registering { .. } => "registering",
            State::Registered { .. } => "registered",
            State::Waiting { .. } | State::Failed => "failed",
            State::Removing { .. } => "unregistering",
            State::Over => "over",
        };
        Err(Refused::IllegalState { command, state })
    }
}

/// How long our binding lives (§10.2.4): what stands at our Contact, else in
/// Expires.
fn granted(response: &Message, contact: &str) -> Option<Duration> {
    let own = contact.trim_start_matches('<').trim_end_matches('>');
    let own = SipUriView::parse(own).ok().map(|uri| uri.to_owned());
    let mut fallback = None;
    for entry in response.all::<Contact<'_>>().flatten() {
        let same = match (entry.address.uri.as_sip(), &own) {
            (Some(uri), Some(own)) => uri.to_owned().equivalent(own),
            _ => false,
        };
        if same && entry.expires.is_some() {
            return entry.expires.map(|seconds| Duration::from_secs(u64::from(seconds)));
        }
        // A registrar may have rewritten our address.
        fallback = fallback.or(entry.expires);
    }
    let header = response.typed::<Expires>().ok().flatten().map(|expires| expires.0);
    header.or(fallback).map(|seconds| Duration::from_secs(u64::from(seconds)))
}

/// The Retry-After header's seconds.
fn retry_after(response: &Message) -> Option<Duration> {
    let value = response.value(HeaderName::RetryAfter)?;
    let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(|seconds: u32| Duration::from_secs(u64::from(seconds)))
}
