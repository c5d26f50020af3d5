//! The least a program can do to be called: what a UAS costs in sockets alone.
//!
//! Answers every INVITE and BYE on a UDP socket with a 200 that copies the
//! five header fields a response must copy, by looking for line starts, and
//! does nothing else. Its CPU time at some rate of calls is the floor that a
//! real stack is compared with. `echo_floor udp:IP:PORT` prints
//! where it listens, and ends on end of input.

use std::io::Read;
use std::net::UdpSocket;

/// Lines that a response copies from its request.
const COPIED: [&[u8]; 5] = [b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:"];

fn main() -> std::io::Result<()> {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "udp:127.0.0.1:5060".into());
    let address = argument.strip_prefix("udp:").unwrap_or(&argument);
    let socket = UdpSocket::bind(address)?;
    let local = socket.local_addr()?;
    println!("{local}");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let (mut request, mut response) = ([0; 65_536], Vec::with_capacity(2048));
    loop {
        let (length, from) = socket.recv_from(&mut request)?;
        let request = &request[..length];
        if request.starts_with(b"ACK ") {
            continue;
        }
        answer(request, local, &mut response);
        socket.send_to(&response, from)?;
    }
}

/// Writes the 200 for a request, with an SDP body for an INVITE.
fn answer(request: &[u8], local: std::net::SocketAddr, response: &mut Vec<u8>) {
    response.clear();
    response.extend_from_slice(b"SIP/2.0 200 OK\r\n");
    for line in request.split_inclusive(|byte| *byte == b'\n') {
        if line == b"\r\n" {
            break;
        }
        if COPIED.iter().any(|name| line.starts_with(name)) {
            if line.starts_with(b"To:") && !line.windows(5).any(|part| part == b";tag=") {
                response.extend_from_slice(&line[..line.len() - 2]);
                response.extend_from_slice(b";tag=floor\r\n");
            } else {
                response.extend_from_slice(line);
            }
        }
    }
    response.extend_from_slice(format!("Contact: <sip:floor@{local}>\r\n").as_bytes());
    if request.starts_with(b"INVITE ") {
        let ip = local.ip();
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio 6000 RTP/AVP 0\r\n"
        );
        response.extend_from_slice(b"Content-Type: application/sdp\r\n");
        response.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        response.extend_from_slice(body.as_bytes());
    } else {
        response.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    }
}
