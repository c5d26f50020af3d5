//! The bare engine, answering every call: `uas udp:IP:PORT tcp:IP:PORT …`.
//!
//! Each INVITE gets a 200 with a description, each BYE a 200. It prints the addresses, one a
//! line, and ends on end of input.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use sipsimple_bench::answerer::answer;
use sipsimple_core::net::{Engine, EngineConfig, EngineEvents, Listener};
use sipsimple_core::stack::{CallEvent, Event, Transport};
use sipsimple_net::{SystemResolver, TokioClock, TokioNetwork};
use tokio::io::AsyncReadExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut listeners = Vec::new();
    for argument in std::env::args().skip(1) {
        let (transport, address) = argument.split_once(':').ok_or("udp:IP:PORT or tcp:IP:PORT")?;
        let transport = Transport::from_token(transport).ok_or("udp or tcp")?;
        listeners.push(Listener { transport, address: address.parse()? });
    }
    let config = EngineConfig { listeners, ..EngineConfig::default() };
    let (engine, events) = Engine::start(
        config,
        Arc::new(TokioNetwork),
        Arc::new(SystemResolver),
        Arc::new(TokioClock::new()),
    )?;
    for endpoint in engine.endpoints() {
        println!("{} {}", endpoint.transport, endpoint.address);
    }
    std::io::stdout().flush()?;
    let mut input = Vec::new();
    tokio::select! {
        () = answer_all(&engine, events) => {}
        read = async { tokio::io::stdin().read_to_end(&mut input).await } => drop(read?),
    }
    engine.shutdown(false).await;
    Ok(())
}

async fn answer_all(engine: &Engine, mut events: EngineEvents) {
    while let Some(event) = events.next().await {
        if let Event::Call { call, event: CallEvent::Incoming(incoming) } = event {
            let body = answer(&incoming.request, incoming.local).expect("an offer of PCMU");
            // The caller may have gone away meanwhile.
            let _ = engine.answer(call, body.into()).await;
        }
    }
}
