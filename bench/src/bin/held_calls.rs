//! Live heap of a bare stack that holds calls: `held_calls CALLS`.
//!
//! It prints three numbers of bytes: per call directly after its ACK, with its transaction still
//! there; per call 40 s later; and in all after the calls have ended and their transactions too.

use std::time::Duration;

use sipsimple_bench::answerer::Answerer;
use sipsimple_bench::caller::Caller;
use sipsimple_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// Longer than any timer of a transaction.
const QUIET: Duration = Duration::from_secs(40);

fn main() {
    let calls: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let (mut caller, mut answerer) = (Caller::new(), Answerer::new());
    let mut tags = Vec::with_capacity(calls);
    let before = ALLOCATOR.live_bytes();
    for call in (0..).take(calls) {
        let mut tag = None;
        answerer.receive(caller.invite(call), |bytes| tag = tag.or(caller.tag(bytes)));
        let tag = tag.expect("a 200 to the INVITE");
        answerer.receive(caller.ack(call, &tag), |_| {});
        tags.push(tag);
    }
    let fresh = ALLOCATOR.live_bytes() - before;
    answerer.advance(QUIET);
    let held = ALLOCATOR.live_bytes() - before;
    assert_eq!(answerer.calls(), calls);
    for (call, tag) in (0..).zip(&tags) {
        answerer.receive(caller.bye(call, tag), |_| {});
    }
    answerer.advance(QUIET);
    assert_eq!(answerer.ended(), calls);
    let left = ALLOCATOR.live_bytes().saturating_sub(before);
    println!("{} B per fresh call", fresh / calls);
    println!("{} B per held call", held / calls);
    println!("{left} B left of {calls} calls");
}
