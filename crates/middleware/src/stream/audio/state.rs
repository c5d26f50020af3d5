//! Where an audio stream is in its life.

use std::net::SocketAddr;

use sipsimple_media::mixer::AudioBridge;
use sipsimple_media::net::{AudioHandle, RtpTransport};

use super::recording::Recording;
use crate::stream::StreamSession;
use crate::stream::negotiation::Agreement;

#[derive(Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// We hold it.
    pub(super) hold: bool,
    /// The other party holds it.
    pub(super) held: bool,
    pub(super) muted: bool,
    pub(super) recording: Option<Recording>,
}

#[derive(Default)]
pub(super) enum Phase {
    #[default]
    New,
    Initializing,
    /// It has its ports.
    Initialized {
        transport: RtpTransport,
        session: StreamSession,
    },
    Started(Box<Active>),
    Ended,
}

/// A stream that runs.
pub(super) struct Active {
    pub(super) handle: AudioHandle,
    pub(super) bridge: AudioBridge,
    pub(super) agreement: Agreement,
    pub(super) session: StreamSession,
}

impl State {
    pub(super) fn active(&self) -> Option<&Active> {
        match &self.phase {
            Phase::Started(active) => Some(active),
            _ => None,
        }
    }

    pub(super) fn active_mut(&mut self) -> Option<&mut Active> {
        match &mut self.phase {
            Phase::Started(active) => Some(active),
            _ => None,
        }
    }

    pub(super) fn local_rtp(&self) -> Option<SocketAddr> {
        match &self.phase {
            Phase::Initialized { transport, .. } => Some(transport.local_rtp()),
            Phase::Started(active) => Some(active.handle.local_rtp()),
            Phase::New | Phase::Initializing | Phase::Ended => None,
        }
    }
}
