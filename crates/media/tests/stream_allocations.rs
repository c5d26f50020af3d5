//! A running stream allocates nothing, whatever its packets do.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant, SystemTime};

use sipsimple_media::codec;
use sipsimple_media::stream::{AudioConfig, Input, Output, PayloadFormat, RtpStream, Start};
use sipsimple_media::telephone_event::Digit;
use sipsimple_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

struct Echo {
    now: Instant,
    streams: [RtpStream; 2],
    /// One datagram for each direction and kind, with its length.
    wire: [[u8; 1500]; 4],
    lengths: [usize; 4],
}

impl Echo {
    fn new() -> Self {
        #[allow(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let stream = |seed: u8, remote: &str| {
            let pcmu = PayloadFormat::new(0, codec::by_name("PCMU", 8000).unwrap());
            let mut config = AudioConfig::new(remote.parse().unwrap(), pcmu);
            config.telephone_event_send = Some(101);
            config.telephone_event_receive = Some(101);
            let wall = SystemTime::UNIX_EPOCH;
            RtpStream::new(Start { now, wall, seed: [seed; 32] }, config)
        };
        let streams = [stream(1, "192.0.2.2:5000"), stream(2, "192.0.2.1:4000")];
        Self { now, streams, wire: [[0; 1500]; 4], lengths: [0; 4] }
    }

    /// Ten milliseconds; of the packets of each direction, every `lose`th is lost.
    fn step(&mut self, n: u32, lose: u32) {
        self.now += Duration::from_millis(10);
        let addresses = [("192.0.2.1", 4000), ("192.0.2.2", 5000)];
        for side in 0..2 {
            let from = addresses[1 - side];
            for control in [false, true] {
                let slot = (1 - side) * 2 + usize::from(control);
                let bytes = &self.wire[slot][..std::mem::take(&mut self.lengths[slot])];
                if bytes.is_empty() {
                    continue;
                }
                let from = (from.0.parse::<std::net::IpAddr>().unwrap(), from.1).into();
                let input = match control {
                    true => Input::Rtcp { from, bytes },
                    false => Input::Rtp { from, bytes },
                };
                self.streams[side].handle_input(self.now, input);
                while !matches!(self.streams[side].poll_output(), Output::Timeout(_)) {}
            }
            let capture: [i16; 80] =
                std::array::from_fn(|k| ((n as usize * 80 + k) % 73) as i16 * 90);
            self.streams[side].handle_input(self.now, Input::Quantum { capture: &capture });
            loop {
                let (slot, bytes) = match self.streams[side].poll_output() {
                    Output::Rtp { bytes, .. } if !n.is_multiple_of(lose) => (side * 2, bytes),
                    Output::Rtcp { bytes, .. } => (side * 2 + 1, bytes),
                    Output::Timeout(_) => break,
                    _ => continue,
                };
                self.wire[slot][..bytes.len()].copy_from_slice(bytes);
                self.lengths[slot] = bytes.len();
            }
        }
    }
}

#[test]
fn nothing_is_allocated_once_it_runs() {
    let mut echo = Echo::new();
    for n in 0..1000 {
        echo.step(n, 7);
    }
    let before = CountingAllocator::of_this_thread();
    for n in 0..6000 {
        if n % 1000 == 0 {
            echo.streams[0].handle_input(echo.now, Input::Digit(Digit::try_from('5').unwrap()));
        }
        echo.step(n, 7);
    }
    assert_eq!(CountingAllocator::of_this_thread() - before, 0);
    let statistics = echo.streams[1].statistics(echo.now);
    assert!(statistics.rx.packets > 2500 && statistics.rx.packets_lost > 100, "{statistics:?}");
    assert!(statistics.rtt.count > 5);
}
