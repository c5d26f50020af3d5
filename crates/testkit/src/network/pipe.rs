//! One direction of a TCP connection.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use tokio::io::ReadBuf;
use tokio::time::Instant;

/// Bytes that one direction of a connection holds, on their way or unread;
/// then writing waits.
pub const STREAM_BUFFER: usize = 64 * 1024;

/// One direction of a TCP connection.
pub(super) struct Pipe {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<(Instant, Bytes)>,
    held: usize,
    /// When the last of what was written arrives.
    last: Option<Instant>,
    /// When the end arrives, once it was written.
    end: Option<Instant>,
    was_reset: bool,
    reader_is_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a reader finds.
pub(super) enum Found {
    /// It got something, or the end.
    Ready(io::Result<()>),
    /// Nothing before this time.
    At(Instant),
    /// Nothing is on its way.
    Nothing,
}

impl Pipe {
    pub(super) fn new(from: SocketAddr, to: SocketAddr) -> Self {
        Self { from, to, state: Mutex::default() }
    }

    /// Reads what has arrived; `open` says whether the way is.
    pub(super) fn read(&self, open: bool, buf: &mut ReadBuf<'_>, cx: &Context<'_>) -> Found {
        let now = Instant::now();
        let mut state = self.lock();
        if state.was_reset {
            return Found::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        state.reader = Some(cx.waker().clone());
        if !open {
            return Found::Nothing;
        }
        let mut taken = 0;
        while let Some((at, chunk)) = state.chunks.front_mut() {
            if *at > now || buf.remaining() == 0 {
                break;
            }
            let len = chunk.len().min(buf.remaining());
            buf.put_slice(&chunk[..len]);
            chunk.advance(len);
            taken += len;
            if chunk.is_empty() {
                state.chunks.pop_front();
            }
        }
        if taken > 0 {
            state.held -= taken;
            let writer = state.writer.take();
            drop(state);
            wake(writer);
            return Found::Ready(Ok(()));
        }
        match (state.chunks.front(), state.end) {
            (Some((at, _)), _) => Found::At(*at),
            (None, Some(end)) if end <= now => Found::Ready(Ok(())),
            (None, Some(end)) => Found::At(end),
            (None, None) => Found::Nothing,
        }
    }

    /// Writes as much as there is room for; says how much, and when it arrives.
    pub(super) fn write(
        &self,
        bytes: &[u8],
        arrival: Instant,
        cx: &Context<'_>,
    ) -> Poll<io::Result<(Bytes, Instant)>> {
        let mut state = self.lock();
        if state.was_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if state.end.is_some() || state.reader_is_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let len = bytes.len().min(STREAM_BUFFER - state.held);
        if len == 0 && !bytes.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let arrival = state.in_order(arrival);
        let chunk = Bytes::copy_from_slice(&bytes[..len]);
        state.chunks.push_back((arrival, chunk.clone()));
        state.held += len;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Poll::Ready(Ok((chunk, arrival)))
    }

    /// Writes the end; what was written before it still arrives.
    pub(super) fn finish(&self, arrival: Instant) {
        let mut state = self.lock();
        if state.end.is_none() {
            let arrival = state.in_order(arrival);
            state.end = Some(arrival);
        }
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }

    /// Nobody will read any more.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.reader_is_gone = true;
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    pub(super) fn reset(&self) {
        let mut state = self.lock();
        state.was_reset = true;
        state.chunks.clear();
        drop(state);
        self.wake();
    }

    pub(super) fn wake(&self) {
        let (reader, writer) = {
            let mut state = self.lock();
            (state.reader.take(), state.writer.take())
        };
        wake(reader);
        wake(writer);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn in_order(&mut self, arrival: Instant) -> Instant {
        let arrival = self.last.map_or(arrival, |last| last.max(arrival));
        self.last = Some(arrival);
        arrival
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
