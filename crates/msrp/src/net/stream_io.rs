//! Reading and writing one stream from one task.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::pin;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use sipsimple_net::ByteStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How many bytes are read at once.
const READ_SIZE: usize = 64 * 1024;

/// How many pieces are written at once.
const MAX_SLICES: usize = 64;

/// A stream with what is to be written to it.
pub(super) struct StreamIo {
    stream: Box<dyn ByteStream>,
    out: VecDeque<Bytes>,
    buffer: BytesMut,
}

/// What moved.
pub(super) struct Moved {
    pub(super) written: usize,
    pub(super) read: Option<BytesMut>,
}

impl StreamIo {
    pub(super) fn new(stream: Box<dyn ByteStream>) -> Self {
        Self { stream, out: VecDeque::new(), buffer: BytesMut::new() }
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        self.out.push_back(bytes);
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.out.is_empty()
    }

    /// Moves bytes in both directions, whatever is possible first. An end of
    /// the stream is an error. Cancel-safe.
    pub(super) async fn step(&mut self, read: bool) -> io::Result<Moved> {
        poll_fn(|cx| {
            let mut moved = Moved { written: 0, read: None };
            if !self.out.is_empty() {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let used = self.out.len().min(MAX_SLICES);
                for (slice, bytes) in slices.iter_mut().zip(&self.out) {
                    *slice = IoSlice::new(bytes);
                }
                let write = pin!(self.stream.write_vectored(&slices[..used]));
                if let Poll::Ready(result) = write.poll(cx) {
                    moved.written = match result? {
                        0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                        written => written,
                    };
                }
                self.advance(moved.written);
            }
            if read {
                self.buffer.reserve(READ_SIZE / 4);
                if self.buffer.capacity() < READ_SIZE / 4 {
                    self.buffer.reserve(READ_SIZE);
                }
                if let Poll::Ready(result) = pin!(self.stream.read_buf(&mut self.buffer)).poll(cx) {
                    if result? == 0 {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                    moved.read = Some(self.buffer.split());
                }
            }
            if moved.written > 0 || moved.read.is_some() {
                return Poll::Ready(Ok(moved));
            }
            Poll::Pending
        })
        .await
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(front) = self.out.front_mut()
            && written > 0
        {
            let taken = front.len().min(written);
            front.advance(taken);
            written -= taken;
            if front.is_empty() {
                self.out.pop_front();
            }
        }
    }

    /// Ends the stream.
    pub(super) async fn shutdown(mut self) {
        // The peer may be gone already, which is what is wanted.
        let _ = self.stream.shutdown().await;
    }
}
