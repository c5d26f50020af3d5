//! A witness on the wire: a stateless, record-routing proxy (RFC 3261 sections 16.6 to 16.11)
//! between two peers, that writes down every message of a call, over UDP and over TCP.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::cell::{Context, Stop};
use super::ports;
use super::sip::{self, Text};
use crate::time;

/// How often a thread looks whether the tap is over.
const TICK: Duration = Duration::from_millis(50);

/// More than any datagram.
const DATAGRAM: usize = 65_536;

/// Where a message came from, and so where an answer to it goes.
#[derive(Clone)]
enum Flow {
    Udp(SocketAddr),
    Tcp(Arc<Mutex<TcpStream>>),
}

/// What all threads of a tap share.
struct Shared {
    port: u16,
    target: SocketAddr,
    socket: UdpSocket,
    over: AtomicBool,
    /// The sender of a request, by the branch of its topmost Via.
    senders: Mutex<HashMap<String, Flow>>,
    /// Connections that the tap opened, by where they lead.
    opened: Mutex<HashMap<SocketAddr, Flow>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    messages: Mutex<Vec<Text>>,
}

/// The running witness.
pub(super) struct Tap {
    shared: Arc<Shared>,
    log: PathBuf,
}

impl Tap {
    /// Listens on a free port; a new dialog goes to `target`, a port on loopback.
    pub(super) fn start(context: &Context, target: u16) -> Result<Self, Stop> {
        let port = ports::free()?;
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let socket = UdpSocket::bind(here)?;
        socket.set_read_timeout(Some(TICK))?;
        let listener = TcpListener::bind(here)?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            port,
            target: SocketAddr::from((Ipv4Addr::LOCALHOST, target)),
            socket,
            over: AtomicBool::new(false),
            senders: Mutex::default(),
            opened: Mutex::default(),
            threads: Mutex::default(),
            messages: Mutex::default(),
        });
        let (udp, tcp) = (Arc::clone(&shared), Arc::clone(&shared));
        shared.spawn(move || udp.read_datagrams());
        shared.spawn(move || tcp.accept(&listener));
        Ok(Self { shared, log: context.folder.join("wire.txt") })
    }

    pub(super) fn port(&self) -> u16 {
        self.shared.port
    }

    /// Everything seen so far.
    pub(super) fn messages(&self) -> Vec<Text> {
        lock(&self.shared.messages).clone()
    }

    /// The media directions of the re-INVITEs from the party whose Contact
    /// has this port, in order, retransmissions aside.
    pub(super) fn reinvites(&self, port: u16) -> Vec<&'static str> {
        let mut seen = Vec::new();
        let mut directions = Vec::new();
        for text in self.messages().iter().filter(|text| text.is_reinvite()) {
            let from_party =
                text.header("Contact").is_some_and(|value| sip::uri_port(value) == port);
            let number = text.header("CSeq").unwrap_or_default().to_string();
            if from_party && !seen.contains(&number) {
                seen.push(number);
                directions.extend(text.direction());
            }
        }
        directions
    }

    /// Waits until the party has sent a re-INVITE with one of these directions
    /// after `skip` others.
    pub(super) fn expect_reinvite(
        &self,
        port: u16,
        skip: usize,
        directions: &[&str],
    ) -> Result<(), Stop> {
        let found =
            time::wait_for(Duration::from_secs(5), || self.reinvites(port).get(skip).copied());
        match found {
            Some(direction) if directions.contains(&direction) => Ok(()),
            Some(direction) => Err(Stop::Fail(format!(
                "re-INVITE {} says {direction}, expected {}",
                skip + 1,
                directions.join(" or ")
            ))),
            None => Err(Stop::Fail(format!("no re-INVITE {} on the wire", skip + 1))),
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        loop {
            let Some(thread) = lock(&self.shared.threads).pop() else { break };
            let _ = thread.join();
        }
        let messages: Vec<String> = self.messages().iter().map(Text::print).collect();
        let _ = std::fs::write(&self.log, messages.join("\n----\n"));
    }
}

impl Shared {
    fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        if let Ok(thread) = std::thread::Builder::new().name("tap".into()).spawn(work) {
            lock(&self.threads).push(thread);
        }
    }

    fn read_datagrams(self: &Arc<Self>) {
        let mut buffer = vec![0; DATAGRAM];
        while !self.over.load(Ordering::Relaxed) {
            // An error is the timeout, or a peer's closed port: both pass.
            if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                self.forward(&buffer[..length], Flow::Udp(from));
            }
        }
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while !self.over.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => {
                    let _ = self.read_connection(stream);
                }
                Err(_) => time::pause(TICK),
            }
        }
    }

    /// Starts a thread that reads a connection.
    fn read_connection(self: &Arc<Self>, stream: TcpStream) -> io::Result<Flow> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(TICK))?;
        let flow = Flow::Tcp(Arc::new(Mutex::new(stream.try_clone()?)));
        let (shared, back) = (Arc::clone(self), flow.clone());
        self.spawn(move || shared.read_messages(stream, &back));
        Ok(flow)
    }

    fn read_messages(self: &Arc<Self>, mut stream: TcpStream, flow: &Flow) {
        let mut pending = Vec::new();
        let mut buffer = vec![0; DATAGRAM];
        while !self.over.load(Ordering::Relaxed) {
            match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => pending.extend_from_slice(&buffer[..length]),
                Err(error) if is_timeout(&error) => continue,
                Err(_) => return,
            }
            // Line feeds alone are a keep-alive (RFC 5626 section 3.5.1).
            let blank = pending.iter().take_while(|byte| b"\r\n".contains(byte)).count();
            pending.drain(..blank);
            while let Some(length) = sip::framed(&pending) {
                let whole: Vec<u8> = pending.drain(..length).collect();
                self.forward(&whole, flow.clone());
            }
        }
    }

    fn connect(self: &Arc<Self>, to: SocketAddr) -> io::Result<Flow> {
        if let Some(flow) = lock(&self.opened).get(&to) {
            return Ok(flow.clone());
        }
        let flow = self.read_connection(TcpStream::connect(to)?)?;
        lock(&self.opened).insert(to, flow.clone());
        Ok(flow)
    }

    /// Writes the message down and sends it on, over the transport that it came by.
    fn forward(self: &Arc<Self>, bytes: &[u8], from: Flow) {
        let Some(mut text) = Text::parse(bytes) else { return };
        lock(&self.messages).push(text.clone());
        let flow = if text.is_request() {
            let to = self.prepare_request(&mut text, &from);
            match from {
                Flow::Udp(_) => Some(Flow::Udp(to)),
                Flow::Tcp(_) => self.connect(to).ok(),
            }
        } else {
            self.prepare_response(&mut text)
        };
        match flow {
            Some(Flow::Udp(to)) => drop(self.socket.send_to(text.print().as_bytes(), to)),
            Some(Flow::Tcp(stream)) => drop(lock(&stream).write_all(text.print().as_bytes())),
            None => {}
        }
    }

    /// Puts the tap into a request's path and says where it goes.
    fn prepare_request(&self, text: &mut Text, from: &Flow) -> SocketAddr {
        let (name, parameter) = match from {
            Flow::Udp(_) => ("UDP", ""),
            Flow::Tcp(_) => ("TCP", ";transport=tcp"),
        };
        let here = format!("127.0.0.1:{}", self.port);
        let routed = text.header("Route").is_some_and(|value| value.contains(&here));
        let to = if routed {
            remove_first_value(text, "Route");
            SocketAddr::from((Ipv4Addr::LOCALHOST, sip::uri_port(text.uri())))
        } else {
            text.start = text.start.replacen(&here, &self.target.to_string(), 1);
            self.target
        };
        // The same for a retransmission, and for the CANCEL and the ACK of an
        // INVITE (RFC 3261 section 16.11).
        let above = text.header("Via").and_then(|via| sip::parameter(via, "branch"));
        let branch = format!("z9hG4bKtap{}", above.unwrap_or_default());
        lock(&self.senders).insert(branch.clone(), from.clone());
        if text.method() == "INVITE" {
            text.headers.insert(0, format!("Record-Route: <sip:{here}{parameter};lr>"));
        }
        text.headers.insert(0, format!("Via: SIP/2.0/{name} {here};branch={branch}"));
        to
    }

    /// Takes the tap out of a response's path and says where it goes.
    fn prepare_response(&self, text: &mut Text) -> Option<Flow> {
        let via = text.header("Via")?.split(',').next()?.to_string();
        remove_first_value(text, "Via");
        lock(&self.senders).get(sip::parameter(&via, "branch")?).cloned()
    }
}

/// Removes the first element of a list header, and the line when it was alone.
fn remove_first_value(text: &mut Text, name: &str) {
    let Some(at) = text.position(name) else { return };
    match text.headers[at].split_once(',') {
        Some((_, rest)) => text.headers[at] = format!("{name}: {}", rest.trim()),
        None => drop(text.headers.remove(at)),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
