//! A file from one terminal to another, with progress; cut it and run it again,
//! and it goes on where it ended.
//!
//! ```text
//! one$ cargo run --example file -- describe photo.jpg
//! name:"photo.jpg" size:32349 hash:sha-256:…
//! two$ cargo run --example file -- receive 127.0.0.1:2855 downloads 'name:"photo.jpg" …'
//! one$ cargo run --example file -- send photo.jpg 'msrp://…' 'msrp://…' 0
//! ```
//!
//! SIP would carry the description in `a=file-selector`, the URIs in `a=path`
//! and the place to go on from in `a=file-range`; here they are copied by hand.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sipsimple_msrp::connection::{
    Delivery, Event, Outgoing, ReceiveMode, ReportMode, SessionConfig,
};
use sipsimple_msrp::file::{FileHasher, FileSelector, HashAlgorithm};
use sipsimple_msrp::net::{Endpoint, EndpointConfig, IncomingFile, SessionEvents};
use sipsimple_msrp::{FailureReport, Scheme, StatusCode};
use sipsimple_net::{SystemResolver, TokioClock, TokioNetwork, random_seed};

type Failed = Box<dyn std::error::Error>;

/// The longest file that is received.
const LIMIT: u64 = 100 << 30;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["describe", path] => {
            println!("{}", describe(Path::new(path))?);
            Ok(())
        }
        ["receive", address, folder, selector] => {
            receive(address, Path::new(folder), &selector.parse()?).await
        }
        ["send", path, peer, own, from] => send(path, peer, own, from.parse()?).await,
        _ => Err("usage: file describe FILE | receive ADDRESS:PORT FOLDER SELECTOR | \
                  send FILE PEER-URI OWN-URI FROM-BYTE"
            .into()),
    }
}

fn endpoint() -> Endpoint {
    Endpoint::new(
        EndpointConfig::default(),
        Arc::new(TokioNetwork),
        Arc::new(SystemResolver),
        Arc::new(TokioClock::new()),
        random_seed(),
    )
}

fn describe(path: &Path) -> Result<FileSelector, Failed> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut hasher = FileHasher::new(HashAlgorithm::Sha256);
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        done += read as u64;
        show("hashed", done, size);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let hashes = vec![hasher.finish()];
    Ok(FileSelector { name, size: Some(size), hashes, ..FileSelector::default() })
}

async fn receive(address: &str, folder: &Path, selector: &FileSelector) -> Result<(), Failed> {
    let mut file = IncomingFile::open(folder, selector, LIMIT)?;
    let start = file.received();
    let endpoint = endpoint();
    let bound = endpoint.listen(address.parse()?)?;
    let own = endpoint.new_uri(Scheme::Msrp, &bound.ip().to_string(), bound.port())?;
    let peer = endpoint.new_uri(Scheme::Msrp, &bound.ip().to_string(), 9)?;
    let name = selector.name.as_deref().unwrap_or("FILE");
    println!("in the other terminal: file send '{name}' '{own}' '{peer}' {start}");

    let mut config = SessionConfig::new(own, peer.into());
    config.mode = ReceiveMode::Streamed;
    config.reports = ReportMode::Manual;
    config.max_size = LIMIT;
    let (session, mut events) = endpoint.accept(config)?;
    let size = selector.size.unwrap_or_default();
    while let Some(event) = events.next().await {
        match event {
            Event::Data { offset, data, .. } => {
                // A program with more to do would write in another thread.
                file.write(start + offset, &data)?;
                show("received", file.received(), size);
            }
            Event::Completed { message, .. } => {
                let result = file.finish();
                let (code, comment) = match &result {
                    Ok(_) => (StatusCode::OK, "OK"),
                    Err(_) => (StatusCode::BAD_REQUEST, "Not the file that was described"),
                };
                session.report(message, code, comment).await?;
                endpoint.shutdown().await;
                println!("\nthe file is {}", result?.display());
                return Ok(());
            }
            Event::IncomingFailed { reason, .. } => {
                return Err(format!("\nnot complete: {reason:?}; run it again to go on").into());
            }
            Event::Failed { failure, .. } => {
                return Err(format!("\nthe session failed: {failure:?}; run it again").into());
            }
            _ => {}
        }
    }
    Ok(())
}

async fn send(path: &str, peer: &str, own: &str, from: u64) -> Result<(), Failed> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(from))?;
    let endpoint = endpoint();
    let config = SessionConfig::new(own.parse()?, peer.parse()?);
    let (session, events) = endpoint.connect(config).await?;
    // For MSRP the rest of the file is a whole message.
    let total = size.checked_sub(from).ok_or("the file is shorter than that")?;
    let content = Outgoing::streamed("application/octet-stream", Some(total));
    let mut message = session.send_streamed(content.reports(true, FailureReport::Yes)).await?;
    let watch = tokio::spawn(watch(events, from, size));
    let mut left = total;
    while left > 0 {
        let room = message.ready().await?;
        let mut piece = vec![0; room.min(left.try_into().unwrap_or(usize::MAX))];
        file.read_exact(&mut piece)?;
        left -= piece.len() as u64;
        message.write(Bytes::from(piece)).await?;
    }
    message.finish().await?;
    let state = watch.await?.ok_or("the session ended")?;
    endpoint.shutdown().await;
    match state {
        Delivery::Delivered => {
            println!("\nreceived and verified");
            Ok(())
        }
        other => Err(format!("\nnot delivered: {other:?}").into()),
    }
}

/// Shows how far it is; returns how it ended.
async fn watch(mut events: SessionEvents, from: u64, size: u64) -> Option<Delivery> {
    while let Some(event) = events.next().await {
        match event {
            Event::Progress { sent, .. } => show("sent", from + sent, size),
            Event::Delivery { state, is_final: true, .. } => return Some(state),
            _ => {}
        }
    }
    None
}

fn show(what: &str, done: u64, size: u64) {
    let percent = (done * 100).checked_div(size).unwrap_or(100);
    let bar = "#".repeat(percent as usize / 4);
    eprint!("\r{what} {done} of {size} bytes [{bar:25}] {percent:3} %");
}
