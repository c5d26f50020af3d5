//! The tables of calls and registrations.

use std::time::Instant;

use super::clients::Owner;
use super::core::{Core, Outcome};
use super::random::{IdMap, give_back};
use super::reply::Responder;
use super::request::Request;
use super::{CallKey, OutgoingCall, Path, RegistrationKey, RegistrationRequest};
use crate::usage::invite::Call;
use crate::usage::registration::Registration;

/// All usages.
#[derive(Debug, Default)]
pub(crate) struct Usages {
    calls: IdMap<u64, Call>,
    /// Calls by our tag.
    by_tag: IdMap<u64, CallKey>,
    registrations: IdMap<u64, Registration>,
    dialogs: usize,
    next: u64,
}

impl Usages {
    pub(crate) fn calls(&self) -> usize {
        self.calls.len()
    }

    pub(crate) fn dialogs(&self) -> usize {
        self.dialogs
    }

    pub(crate) fn registrations(&self) -> usize {
        self.registrations.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.registrations.is_empty()
    }

    /// All calls, oldest first.
    pub(crate) fn call_keys(&self) -> Vec<CallKey> {
        let mut keys: Vec<u64> = self.calls.keys().copied().collect();
        keys.sort_unstable();
        keys.into_iter().map(CallKey).collect()
    }

    /// All registrations, oldest first.
    pub(crate) fn registration_keys(&self) -> Vec<RegistrationKey> {
        let mut keys: Vec<u64> = self.registrations.keys().copied().collect();
        keys.sort_unstable();
        keys.into_iter().map(RegistrationKey).collect()
    }

    pub(crate) fn call_by_tag(&self, tag: u64) -> Option<CallKey> {
        self.by_tag.get(&tag).copied()
    }

    /// Does something with a call, and tidies up after it. `None` if there is
    /// no such call.
    pub(crate) fn try_with_call<T>(
        &mut self,
        core: &mut Core,
        key: CallKey,
        work: impl FnOnce(&mut Call, &mut Core) -> T,
    ) -> Option<T> {
        let call = self.calls.get_mut(&key.0)?;
        self.dialogs -= usize::from(call.has_dialog());
        let result = work(call, core);
        call.settle(core);
        self.dialogs += usize::from(call.has_dialog());
        if call.is_over() {
            self.by_tag.remove(&call.local_tag);
            self.calls.remove(&key.0);
            give_back(&mut self.by_tag);
            give_back(&mut self.calls);
        }
        Some(result)
    }

    pub(crate) fn with_call(
        &mut self,
        core: &mut Core,
        key: CallKey,
        work: impl FnOnce(&mut Call, &mut Core),
    ) {
        let _ = self.try_with_call(core, key, work);
    }

    pub(crate) fn try_with_registration<T>(
        &mut self,
        core: &mut Core,
        key: RegistrationKey,
        work: impl FnOnce(&mut Registration, &mut Core) -> T,
    ) -> Option<T> {
        let registration = self.registrations.get_mut(&key.0)?;
        let result = work(registration, core);
        registration.settle(core);
        if registration.is_over() {
            self.registrations.remove(&key.0);
        }
        Some(result)
    }

    pub(crate) fn outgoing_call(&mut self, core: &mut Core, call: OutgoingCall) -> CallKey {
        self.next += 1;
        let key = CallKey(self.next);
        let call = Call::outgoing(core, key, call);
        self.insert_call(core, call);
        key
    }

    pub(crate) fn incoming_call(
        &mut self,
        core: &mut Core,
        request: &Request<'_>,
        responder: Responder,
        path: &Path,
    ) {
        self.next += 1;
        let key = CallKey(self.next);
        if let Some(call) = Call::incoming(core, key, request, responder, path) {
            self.insert_call(core, call);
        }
    }

    fn insert_call(&mut self, core: &mut Core, mut call: Call) {
        call.settle(core);
        self.dialogs += usize::from(call.has_dialog());
        self.by_tag.insert(call.local_tag, call.key);
        self.calls.insert(call.key.0, call);
    }

    pub(crate) fn registration(
        &mut self,
        core: &mut Core,
        request: RegistrationRequest,
    ) -> RegistrationKey {
        self.next += 1;
        let key = RegistrationKey(self.next);
        let registration = Registration::new(core, key, request);
        self.registrations.insert(key.0, registration);
        key
    }

    pub(crate) fn on_outcome(&mut self, core: &mut Core, owner: Owner, outcome: Outcome) {
        match owner {
            Owner::Call(key) => {
                self.with_call(core, key, |call, core| call.on_outcome(core, outcome))
            }
            Owner::Registration(key) => {
                let work = |registration: &mut Registration, core: &mut Core| {
                    registration.on_outcome(core, outcome);
                };
                let _ = self.try_with_registration(core, key, work);
            }
            Owner::Nobody => {}
        }
    }

    pub(crate) fn wake_call(&mut self, core: &mut Core, key: CallKey, at: Instant) {
        self.with_call(core, key, |call, core| call.on_timer(core, at));
    }

    pub(crate) fn wake_registration(&mut self, core: &mut Core, key: RegistrationKey, at: Instant) {
        let _ = self.try_with_registration(core, key, |registration, core| {
            registration.on_timer(core, at);
        });
    }
}
