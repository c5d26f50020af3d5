//! The measuring itself, between peers that aren't ours: when one of these fails, no other cell means anything.

use super::Area;
use crate::interop::cell::{Cell, Context, Outcome, check, seconds};
use crate::interop::peer::baresip::{self, Baresip, Options};
use crate::interop::peer::kamailio::{self, Kamailio};
use crate::interop::peer::sipp::{self, Sipp};
use crate::interop::tap::Tap;
use crate::interop::tone;
use crate::time;

/// How long the audio of a call flows.
const TALK: u64 = 2;

pub(super) fn area() -> Area {
    Area {
        name: "selfcheck",
        packages: &[baresip::PACKAGE, sipp::PACKAGE, kamailio::PACKAGE],
        program: false,
        cells: vec![
            Cell::new("baresip calls baresip through the tap, UDP", |context| {
                call(context, "udp", "PCMU")
            }),
            Cell::new("baresip calls baresip through the tap, TCP", |context| {
                call(context, "tcp", "PCMA")
            }),
            Cell::new("a wrong tone is noticed", wrong_tone).long(),
            Cell::new("baresip registers at Kamailio, MD5", register),
            Cell::new("baresip with a wrong password is refused", wrong_password),
            Cell::new("SIPp calls SIPp, 1000 calls at 100 a second", load),
        ],
    }
}

fn call(context: &Context, transport: &str, codec: &str) -> Outcome {
    let mut alice = Baresip::start(context, &party("alice", 440, codec, false))?;
    let mut bob = Baresip::start(context, &party("bob", 1_000, codec, true))?;
    let tap = Tap::start(context, bob.port)?;
    alice.command("dial", &format!("sip:bob@127.0.0.1:{};transport={transport}", tap.port()))?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    time::pause(seconds(TALK));
    alice.command("sndcode", "5")?;
    bob.expect_digits("5")?;
    alice.command("hold", "")?;
    tap.expect_reinvite(alice.port, 0, &["sendonly", "inactive"])?;
    alice.command("resume", "")?;
    tap.expect_reinvite(alice.port, 1, &["sendrecv"])?;
    bob.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    tone::expect(&alice.heard()?, 1_000, 1.5)?;
    tone::expect(&bob.heard()?, 440, 1.5)?;
    Ok(format!(
        "{codec}, tones, a digit, hold and unhold seen in {} messages",
        tap.messages().len()
    ))
}

fn wrong_tone(context: &Context) -> Outcome {
    let mut alice = Baresip::start(context, &party("alice", 500, "PCMU", false))?;
    let bob = Baresip::start(context, &party("bob", 900, "PCMU", true))?;
    alice.command("dial", &bob.uri("udp"))?;
    bob.expect("CALL_ESTABLISHED")?;
    time::pause(seconds(TALK));
    alice.command("hangup", "")?;
    bob.expect("CALL_CLOSED")?;
    let heard = bob.heard()?;
    check(tone::expect(&heard, 440, 1.0).is_err(), || "500 Hz passed for 440 Hz".into())?;
    let reading = tone::expect(&heard, 500, 1.0)?;
    Ok(format!("500 Hz at {:.0} dB", reading.level))
}

fn register(context: &Context) -> Outcome {
    let kamailio = Kamailio::start(context, "MD5")?;
    let password = Kamailio::password("alice");
    let registrar = Some((kamailio.port, "udp", password.as_str()));
    let alice =
        Baresip::start(context, &Options { registrar, ..party("alice", 440, "PCMU", false) })?;
    alice.expect_registered()?;
    kamailio.expect("saved", "alice", 1, 5)?;
    drop(alice);
    kamailio.expect("removed", "alice", 1, 5)?;
    Ok("challenged, saved, removed at its end".into())
}

fn wrong_password(context: &Context) -> Outcome {
    let kamailio = Kamailio::start(context, "MD5")?;
    let registrar = Some((kamailio.port, "udp", "wrong"));
    let _alice =
        Baresip::start(context, &Options { registrar, ..party("alice", 440, "PCMU", false) })?;
    kamailio.expect("refused", "alice", 1, 5)?;
    check(kamailio.lines("saved", "alice").is_empty(), || "Kamailio took it".into())?;
    Ok("refused".into())
}

fn load(context: &Context) -> Outcome {
    let mut uas = Sipp::uas(context, 1_000)?;
    let mut uac = Sipp::uac(context, uas.port, 1_000, 100)?;
    let counts = uac.finish(seconds(30))?;
    uas.finish(seconds(10))?;
    Ok(format!("{} calls, {} retransmissions", counts.successful, counts.retransmissions))
}

fn party<'a>(name: &'a str, tone: u32, codec: &'a str, answers: bool) -> Options<'a> {
    Options { name, tone, codec, answers, registrar: None }
}
