//! What the machine tells the SIP engine.

use std::sync::Arc;

use bytes::Bytes;
use sipsimple_core::message::StatusCode;
use sipsimple_core::net::EngineError;
use sipsimple_core::sdp::MediaDescription;
use sipsimple_core::stack::{Body, Content, ExtraHeaders, OutgoingCall};
use sipsimple_core::uri::Uri;

use super::{Driver, Input};
use crate::application::lock;
use crate::session::description::places;
use crate::session::info::Party;
use crate::session::machine::{CallCommand, Failure, Layout};
use crate::stream::{RemoteMedia, StreamError};

/// Why a call command could not be carried out.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("a stream has no description: {0}")]
    Stream(#[from] StreamError),
    #[error("{0}")]
    Description(#[from] crate::session::description::DescriptionError),
    #[error("{0}")]
    Account(#[from] crate::account::AccountError),
    #[error("there is no call")]
    NoCall,
}

impl Driver {
    pub(super) async fn call(&mut self, command: CallCommand) {
        let refusable = matches!(
            command,
            CallCommand::Invite(_) | CallCommand::Reinvite(_) | CallCommand::AnswerReinvite(_)
        );
        let answering = matches!(command, CallCommand::Answer(_));
        let Err(error) = self.carry_out(command).await else { return };
        tracing::info!(session = %self.session.id(), %error, "a call command was refused");
        if refusable {
            self.descriptions.give_up();
            self.descriptions.refuse();
            self.input(Input::Refused { reason: error.to_string() });
        } else if answering && !matches!(error, CallError::Engine(_)) {
            // The engine refuses an answer when the caller has given up, and
            // says so in an event; anything else is ours to end.
            self.refuse_unanswerable(&error).await;
        }
    }

    async fn carry_out(&mut self, command: CallCommand) -> Result<(), CallError> {
        let engine = self.running.engine.clone();
        match command {
            CallCommand::Invite(layout) => return self.invite(layout).await,
            CallCommand::Ring => engine.ring(self.key()?, Content::default()).await?,
            CallCommand::Answer(layout) | CallCommand::AnswerReinvite(layout) => {
                let body = match self.descriptions.pending_offer() {
                    Some(_) => self.answer(layout).await?,
                    None => self.offer(layout).await?,
                };
                engine.answer(self.key()?, Body::sdp(body).into()).await?;
            }
            CallCommand::Reject { code, reason } => {
                let code = StatusCode::new(code).unwrap_or(StatusCode::DECLINE);
                let content = Content { reason: Some(reason.into()), ..Content::default() };
                engine.reject(self.key()?, code, content).await?;
            }
            CallCommand::Reinvite(layout) => {
                let body = self.offer(layout).await?;
                engine.reinvite(self.key()?, Body::sdp(body).into()).await?;
            }
            CallCommand::CancelReinvite => engine.cancel_reinvite(self.key()?).await?,
            CallCommand::RejectReinvite { warning } => {
                self.descriptions.refuse();
                let headers = ExtraHeaders::new()
                    .with("Warning", &format!("399 sipsimple \"{}\"", quotable(&warning)))
                    .unwrap_or_default();
                let content = Content { headers, ..Content::default() };
                engine.reject(self.key()?, StatusCode::NOT_ACCEPTABLE_HERE, content).await?;
            }
            CallCommand::Hangup { reason } => {
                let headers = reason.and_then(|reason| {
                    let value = format!("SIP;cause=500;text=\"{}\"", quotable(&reason));
                    ExtraHeaders::new().with("Reason", &value).ok()
                });
                engine.hangup(self.key()?, headers.unwrap_or_default()).await?;
            }
        }
        Ok(())
    }

    async fn invite(&mut self, layout: Layout) -> Result<(), CallError> {
        let body = Body::sdp(self.offer(layout).await?);
        let (to, mut options) = self.outgoing.take().ok_or(CallError::NoCall)?;
        if let Some(subject) = &options.subject {
            options.headers.push("Subject", subject).map_err(EngineError::from)?;
        }
        let identity = self.session.account().identity(Some(&to))?;
        {
            let mut info = lock(&self.session.shared.info);
            info.local_identity = Some(Party {
                display_name: identity.display_name.as_deref().map(str::to_owned),
                uri: Uri::Sip(identity.uri.clone()),
            });
            let display_name = options.display_name.clone();
            info.remote_identity = Some(Party { display_name, uri: Uri::Sip(to.clone()) });
        }
        let call = OutgoingCall {
            identity: Arc::new(identity),
            to,
            to_display_name: options.display_name.map(Into::into),
            body: Some(body),
            headers: options.headers,
        };
        let key = self.running.engine.call(call).await?;
        self.call = Some(self.context.calls.open(key));
        lock(&self.session.shared.info).call = Some(key);
        Ok(())
    }

    async fn offer(&mut self, layout: Layout) -> Result<Bytes, CallError> {
        let address = self.address().await?;
        let media = self.local_media(&layout, layout.len(), |_| None)?;
        Ok(self.descriptions.offer(address, media)?)
    }

    async fn answer(&mut self, layout: Layout) -> Result<Bytes, CallError> {
        let address = self.address().await?;
        let offer = self.descriptions.pending_offer();
        let count = places(&layout, offer);
        let media = self.local_media(&layout, count, |index| {
            offer.map(|description| RemoteMedia { description, index })
        })?;
        Ok(self.descriptions.answer(address, media)?)
    }

    async fn address(&self) -> Result<std::net::IpAddr, CallError> {
        let found = self.place.local_address(&self.context).await;
        Ok(found.ok_or(StreamError::NoLocalAddress)?)
    }

    fn local_media<'a>(
        &self,
        layout: &Layout,
        count: usize,
        remote: impl Fn(usize) -> Option<RemoteMedia<'a>>,
    ) -> Result<Vec<Option<MediaDescription>>, StreamError> {
        let medium = |index: usize| {
            let stream = layout.get(index).copied().flatten();
            let known = stream.and_then(|id| self.streams.get(&id));
            known.map(|known| known.stream.local_media(remote(index))).transpose()
        };
        (0..count).map(medium).collect()
    }

    async fn refuse_unanswerable(&mut self, error: &CallError) {
        let Ok(key) = self.key() else { return };
        let code = StatusCode::NOT_ACCEPTABLE_HERE;
        let refused = self.running.engine.reject(key, code, Content::default()).await;
        if let Err(error) = refused {
            tracing::debug!(%error, "the caller has given up meanwhile");
        }
        let reason = code.reason();
        self.input(Input::Failed(Failure::local(code.code(), reason, error.to_string())));
    }

    fn key(&self) -> Result<sipsimple_core::stack::CallKey, CallError> {
        self.call.as_ref().map(|route| route.key()).ok_or(CallError::NoCall)
    }
}

/// What may stand between quotes in a header.
fn quotable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '"' && *c != '\\').take(200).collect()
}
