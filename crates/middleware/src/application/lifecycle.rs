//! How an application starts and stops.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use sipsimple_core::net::{Engine, EngineConfig, EngineEvents, Listener};
use sipsimple_media::net::{MediaConfig, MediaEngine};

use super::builder::Plan;
use super::context::{Context, Phase, Running, lock};
use super::voice::Voice;
use super::{ApplicationError, engine};
use crate::account::{AccountManager, sip_transport};
use crate::configuration::{ConfigurationManager, SipSimpleSettings, Transport};
use crate::notification::{ApplicationEvent, EngineEvent, Event, Sender};
use crate::session::SessionManager;
use crate::storage::Storage;

pub(super) async fn start(
    context: &Arc<Context>,
    plan: &Plan,
    storage: &impl Storage,
) -> Result<(), ApplicationError> {
    {
        let mut phase = lock(&context.phase);
        if !matches!(*phase, Phase::Idle) {
            return Err(ApplicationError::AlreadyStarted);
        }
        *phase = Phase::Starting;
    }
    let backend = storage.configuration_backend();
    let configuration = match ConfigurationManager::load(backend, context.bus.clone()).await {
        Ok(configuration) => configuration,
        Err(error) => {
            *lock(&context.phase) = Phase::Idle;
            return Err(error.into());
        }
    };
    if !is_starting(context) {
        return Err(ApplicationError::NotRunning);
    }
    post(context, ApplicationEvent::WillStart);
    let started = run(context, plan, configuration).await;
    if let Err(error) = &started {
        *lock(&context.phase) = Phase::Stopped;
        context.end_tasks().await;
        post(context, ApplicationEvent::GotFatalError { error: error.to_string() });
    }
    started
}

async fn run(
    context: &Arc<Context>,
    plan: &Plan,
    configuration: ConfigurationManager,
) -> Result<(), ApplicationError> {
    if configuration.settings().instance_id.is_empty() {
        let id = new_instance_id(context);
        // What can't be written is in force all the same, and was announced.
        if let Err(error) = configuration.update(|settings| settings.instance_id = id).await {
            tracing::warn!(%error, "the new instance id won't last");
        }
    }
    let settings = configuration.settings();
    let (engine, events) = start_engine(context, plan, &settings)?;
    let range = settings.rtp.port_range;
    let media = MediaEngine::new(MediaConfig {
        network: Arc::clone(&context.network),
        clock: Arc::clone(&context.clock),
        pacer: Arc::clone(&context.pacer),
        port_range: range.first()..=range.last(),
        workers: plan.media_workers,
        seed: context.seed(),
    })?;
    let rate = settings.audio.sample_rate.hz();
    let voice = Voice::start(rate, &*plan.device, &*context.pacer)?;
    let running = Arc::new(Running { configuration: configuration.clone(), engine, media, voice });
    context.spawn(engine::forward_traces(Arc::clone(context), running.engine.traces()));
    context.spawn(engine::dispatch(Arc::clone(context), Arc::clone(&running), events));
    {
        let mut phase = lock(&context.phase);
        if !matches!(*phase, Phase::Starting) {
            return Err(ApplicationError::NotRunning);
        }
        *phase = Phase::Running(running);
    }
    let accounts = AccountManager::new(Arc::clone(context));
    accounts.load(&configuration);
    accounts.start().await;
    SessionManager::new(Arc::clone(context)).start();
    post(context, ApplicationEvent::DidStart);
    Ok(())
}

fn start_engine(
    context: &Context,
    plan: &Plan,
    settings: &SipSimpleSettings,
) -> Result<(Engine, EngineEvents), ApplicationError> {
    let engine_post = |event: EngineEvent| context.bus.post(Sender::Engine, event);
    engine_post(EngineEvent::WillStart);
    let listeners = if plan.listeners.is_empty() {
        settings.sip.transport_list.iter().map(|t| listener(settings, *t)).collect()
    } else {
        plan.listeners.clone()
    };
    let config = EngineConfig {
        listeners,
        user_agent: Some(settings.user_agent.as_str().into()),
        seed: Some(context.seed()),
        ..EngineConfig::default()
    };
    let (network, clock) = (Arc::clone(&context.network), Arc::clone(&context.clock));
    match Engine::start(config, network, Arc::clone(&context.resolver), clock) {
        Ok(started) => {
            engine_post(EngineEvent::DidStart);
            Ok(started)
        }
        Err(error) => {
            engine_post(EngineEvent::DidFail { error: error.to_string() });
            Err(error.into())
        }
    }
}

fn listener(settings: &SipSimpleSettings, transport: Transport) -> Listener {
    let port = match transport {
        Transport::Udp => settings.sip.udp_port,
        Transport::Tcp => settings.sip.tcp_port,
    };
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    Listener { transport: sip_transport(transport), address }
}

pub(super) async fn stop(context: &Arc<Context>) {
    let running = {
        let mut phase = lock(&context.phase);
        match std::mem::replace(&mut *phase, Phase::Stopped) {
            Phase::Running(running) => {
                *phase = Phase::Stopping(Arc::clone(&running));
                running
            }
            // Somebody else stops it.
            stopping @ Phase::Stopping(_) => {
                *phase = stopping;
                return;
            }
            // What is being started finds out and gives up.
            Phase::Idle | Phase::Starting | Phase::Stopped => return,
        }
    };
    post(context, ApplicationEvent::WillEnd);
    SessionManager::new(Arc::clone(context)).stop().await;
    AccountManager::new(Arc::clone(context)).stop().await;
    context.bus.post(Sender::Engine, EngineEvent::WillEnd);
    running.engine.shutdown(true).await;
    context.bus.post(Sender::Engine, EngineEvent::DidEnd);
    *lock(&context.phase) = Phase::Stopped;
    context.end_tasks().await;
    running.voice.stop();
    // The last of the media engine: its workers end here.
    drop(running);
    post(context, ApplicationEvent::DidEnd);
}

/// A version 4 UUID (RFC 9562 §5.4) as a URN.
fn new_instance_id(context: &Context) -> String {
    let seed = context.seed();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&seed[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("urn:uuid:{a}-{b}-{c}-{d}-{e}")
}

fn is_starting(context: &Context) -> bool {
    matches!(*lock(&context.phase), Phase::Starting)
}

fn post(context: &Context, event: impl Into<Event>) {
    context.bus.post(Sender::Application, event);
}
