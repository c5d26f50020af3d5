//! A chat between two terminals.
//!
//! ```text
//! one$ cargo run --example chat -- listen 127.0.0.1:2855
//! two$ cargo run --example chat -- connect 'msrp://…' 'msrp://…'
//! ```
//!
//! SIP would carry the two URIs in `a=path`; here they are copied by hand.

use std::sync::Arc;

use sipsimple_msrp::connection::{Delivery, Event, Outgoing, SessionConfig};
use sipsimple_msrp::cpim::{CpimIdentity, CpimMessage};
use sipsimple_msrp::net::{Endpoint, EndpointConfig, Session, SessionEvents};
use sipsimple_msrp::{FailureReport, MsrpUri, Scheme};
use sipsimple_net::{SystemResolver, TokioClock, TokioNetwork, random_seed};
use tokio::io::{AsyncBufReadExt, BufReader};

type Failed = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let endpoint = Endpoint::new(
        EndpointConfig::default(),
        Arc::new(TokioNetwork),
        Arc::new(SystemResolver),
        Arc::new(TokioClock::new()),
        random_seed(),
    );
    let (session, events) = match arguments[..] {
        ["listen", address] => listen(&endpoint, address)?,
        ["connect", peer, own] => {
            let config = SessionConfig::new(own.parse()?, peer.parse()?);
            endpoint.connect(config).await?
        }
        _ => return Err("usage: chat listen ADDRESS:PORT | chat connect PEER-URI OWN-URI".into()),
    };
    tokio::select! {
        () = hear(events) => {}
        result = talk(&session) => {
            result?;
            endpoint.shutdown().await;
        }
    }
    Ok(())
}

fn listen(endpoint: &Endpoint, address: &str) -> Result<(Session, SessionEvents), Failed> {
    let bound = endpoint.listen(address.parse()?)?;
    let own = endpoint.new_uri(Scheme::Msrp, &bound.ip().to_string(), bound.port())?;
    // The peer connects, so nobody ever connects to this one: port 9 says so.
    let peer: MsrpUri = endpoint.new_uri(Scheme::Msrp, &bound.ip().to_string(), 9)?;
    println!("in the other terminal: chat connect '{own}' '{peer}'");
    Ok(endpoint.accept(SessionConfig::new(own, peer.into()))?)
}

/// Lines of the terminal become messages.
async fn talk(session: &Session) -> Result<(), Failed> {
    let me = CpimIdentity::new(std::env::var("USER").ok().as_deref(), "sip:me@localhost")?;
    let you = CpimIdentity::new(None, "sip:you@localhost")?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let mut message = CpimMessage::new("text/plain; charset=utf-8", line);
        message.from = Some(me.clone());
        message.to.push(you.clone());
        let content = Outgoing::new("message/cpim", message.to_bytes());
        session.send(content.reports(true, FailureReport::Yes)).await?;
    }
    Ok(())
}

async fn hear(mut events: SessionEvents) {
    while let Some(event) = events.next().await {
        match event {
            Event::Bound { .. } => println!("* connected"),
            Event::Message { body, .. } => match CpimMessage::parse(&body) {
                Ok(message) => {
                    let from = message.from.as_ref().and_then(|f| f.display_name()).unwrap_or("?");
                    println!("<{from}> {}", String::from_utf8_lossy(&message.body));
                }
                Err(error) => println!("* a message that can't be read: {error}"),
            },
            Event::Delivery { state: Delivery::Failed(why), .. } => {
                println!("* not delivered: {why:?}");
            }
            Event::Failed { failure, .. } => println!("* the session failed: {failure:?}"),
            _ => {}
        }
    }
}
