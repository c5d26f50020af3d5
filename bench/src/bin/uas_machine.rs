//! A bare stack, without sockets, is called, answers, and is hung up on: `uas_machine CALLS`.
//!
//! A call comes every 50 ms of virtual time, so that after 32 s of it the transactions of older
//! calls end as new ones begin. It prints nothing: callgrind counts the instructions of two runs,
//! and the difference is the cost of the calls.

use std::time::Duration;

use sipsimple_bench::answerer::Answerer;
use sipsimple_bench::caller::Caller;

/// Between two calls.
const PAUSE: Duration = Duration::from_millis(50);

fn main() {
    let calls: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let (mut caller, mut answerer) = (Caller::new(), Answerer::new());
    for call in 0..calls {
        let mut tag = None;
        answerer.receive(caller.invite(call), |bytes| tag = tag.or(caller.tag(bytes)));
        let tag = tag.expect("a 200 to the INVITE");
        answerer.receive(caller.ack(call, &tag), |bytes| panic!("an answer to an ACK: {bytes:?}"));
        let mut answered = false;
        answerer.receive(caller.bye(call, &tag), |bytes| {
            answered |= bytes.starts_with(b"SIP/2.0 200");
        });
        assert!(answered, "a 200 to the BYE");
        answerer.advance(PAUSE);
    }
    assert_eq!((answerer.calls(), answerer.ended()), (0, calls as usize));
}
