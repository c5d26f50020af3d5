//! The registrar on a socket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::registrar::Registrar;
use crate::endpoint::Failure;

/// The longest UDP payload.
const MAX_DATAGRAM: usize = 65_535;

/// A running registrar; it ends when this is dropped.
pub(super) struct Server {
    address: SocketAddr,
    registrar: Arc<Mutex<Registrar>>,
    task: AbortHandle,
}

impl Server {
    /// Starts a registrar for `realm` on a free port of loopback.
    pub(super) async fn start(realm: &str, users: &[(&str, &str)]) -> Result<Self, Failure> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let nonce: String =
            sipsimple_net::random_seed().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut registrar = Registrar::new(address, realm, &nonce)?;
        for (user, password) in users {
            registrar.add_user(user, password);
        }
        let registrar = Arc::new(Mutex::new(registrar));
        let task = tokio::spawn(serve(socket, registrar.clone())).abort_handle();
        Ok(Self { address, registrar, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn is_registered(&self, user: &str) -> bool {
        lock(&self.registrar).is_registered(user)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, registrar: Arc<Mutex<Registrar>>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        // Errors here are ICMP's, about a datagram sent before.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let reply = {
            let bytes = Bytes::copy_from_slice(&buffer[..length]);
            lock(&registrar).receive(bytes, from)
        };
        if let Some(reply) = reply {
            let _ = socket.send_to(&reply.bytes, reply.to).await;
        }
    }
}

fn lock(registrar: &Mutex<Registrar>) -> MutexGuard<'_, Registrar> {
    registrar.lock().unwrap_or_else(PoisonError::into_inner)
}
