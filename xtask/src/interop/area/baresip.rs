//! Calls with baresip: both directions, both codecs, both transports; hold, digits, hanging up.

use super::Area;
use crate::interop::cell::{Cell, Context, Outcome, Stop, check, seconds};
use crate::interop::peer::agent::Agent;
use crate::interop::peer::baresip::{self, Baresip, Options};
use crate::interop::tap::Tap;
use crate::interop::tone;
use crate::time;

/// Our microphone and baresip's, in Hz: no harmonic of each other.
const OURS: u32 = 440;
const THEIRS: u32 = 1_000;

/// How long audio flows before it is judged.
const TALK: u64 = 3;

/// How much of it must be heard on each side: set-up and jitter take some.
const HEARD: f64 = 2.0;

/// Who does something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    We,
    They,
}

impl Side {
    fn call(self) -> &'static str {
        match self {
            Self::We => "we call",
            Self::They => "baresip calls",
        }
    }

    fn hang_up(self) -> &'static str {
        match self {
            Self::We => "we hang up",
            Self::They => "baresip hangs up",
        }
    }
}

pub(super) fn area() -> Area {
    let mut cells = Vec::new();
    for caller in [Side::We, Side::They] {
        for (transport, hangs_up) in [("udp", Side::We), ("tcp", Side::They)] {
            for codec in ["PCMU", "PCMA"] {
                // Both callers, both transports and both codecs meet both ends.
                let hangs_up = if codec == "PCMA" { other(hangs_up) } else { hangs_up };
                let name = format!(
                    "{}, {codec} over {}, {}",
                    caller.call(),
                    transport.to_uppercase(),
                    hangs_up.hang_up()
                );
                cells.push(Cell::new(name, move |context| {
                    call(context, caller, transport, codec, hangs_up)
                }));
            }
        }
    }
    for transport in ["udp", "tcp"] {
        for side in [Side::We, Side::They] {
            let holds = match side {
                Side::We => "we hold and unhold",
                Side::They => "baresip holds and unholds",
            };
            let name = format!("{holds}, over {}", transport.to_uppercase());
            cells.push(Cell::new(name, move |context| hold(context, side, transport)));
        }
    }
    cells.push(Cell::new("we send digits", |context| digits(context, Side::We)));
    cells.push(Cell::new("baresip sends digits", |context| digits(context, Side::They)));
    cells.push(Cell::new("baresip cancels while we ring", cancel));
    cells.push(Cell::new("we are busy", busy));
    Area { name: "baresip", packages: &[baresip::PACKAGE], program: true, cells }
}

fn other(side: Side) -> Side {
    if side == Side::We { Side::They } else { Side::We }
}

/// Both parties, in a call that `caller` made.
fn connect(
    context: &Context,
    caller: Side,
    transport: &str,
    codec: &str,
    tap: bool,
) -> Result<(Agent, Baresip, Option<Tap>), Stop> {
    let mut agent = Agent::with_tone(context, OURS, codec, "auto")?;
    let options = Options { name: "bob", tone: THEIRS, codec, answers: true, registrar: None };
    let mut baresip = Baresip::start(context, &options)?;
    let called = if caller == Side::We { baresip.port } else { agent.port };
    let tap = if tap { Some(Tap::start(context, called)?) } else { None };
    let to = |direct: String, name: &str| match &tap {
        Some(tap) => format!("sip:{name}@127.0.0.1:{};transport={transport}", tap.port()),
        None => direct,
    };
    match caller {
        Side::We => {
            let uri = to(baresip.uri(transport), "bob");
            agent.command(&format!("call {uri} audio"))?;
        }
        Side::They => baresip.command("dial", &to(agent.uri(transport), "agent"))?,
    }
    agent.expect("SIPSessionDidStart")?;
    baresip.expect("CALL_ESTABLISHED")?;
    Ok((agent, baresip, tap))
}

/// Ends the call, judges the tones and lets the agent quit.
fn finish(mut agent: Agent, mut baresip: Baresip, hangs_up: Side) -> Outcome {
    match hangs_up {
        Side::We => drop(agent.command("hangup")?),
        Side::They => baresip.command("hangup", "")?,
    }
    let end = agent.expect("SIPSessionDidEnd")?;
    let originator = end["data"]["originator"].as_str().unwrap_or("?");
    let expected = if hangs_up == Side::We { "local" } else { "remote" };
    check(originator == expected, || format!("ended by {originator}, expected {expected}"))?;
    baresip.expect("CALL_CLOSED")?;
    let theirs = tone::expect(&baresip.heard()?, OURS, HEARD)?;
    let recording = agent.heard();
    agent.quit()?;
    let ours = tone::expect(&recording, THEIRS, HEARD)?;
    Ok(format!(
        "we heard {} Hz for {:.1} s, baresip {} Hz for {:.1} s",
        ours.hz, ours.loud, theirs.hz, theirs.loud
    ))
}

fn call(context: &Context, caller: Side, transport: &str, codec: &str, hangs_up: Side) -> Outcome {
    let (agent, baresip, _) = connect(context, caller, transport, codec, false)?;
    time::pause(seconds(TALK));
    finish(agent, baresip, hangs_up)
}

fn hold(context: &Context, side: Side, transport: &str) -> Outcome {
    let (mut agent, mut baresip, tap) = connect(context, other(side), transport, "PCMU", true)?;
    let tap = tap.ok_or("there is no tap")?;
    time::pause(seconds(TALK));
    let port = if side == Side::We { agent.port } else { baresip.port };
    match side {
        Side::We => drop(agent.command("hold")?),
        Side::They => baresip.command("hold", "")?,
    }
    tap.expect_reinvite(port, 0, &["sendonly", "inactive"])?;
    held(&agent, 0, true)?;
    match side {
        Side::We => drop(agent.command("unhold")?),
        Side::They => baresip.command("resume", "")?,
    }
    tap.expect_reinvite(port, 1, &["sendrecv"])?;
    held(&agent, 1, false)?;
    time::pause(seconds(1));
    let note = finish(agent, baresip, side)?;
    Ok(format!("sendonly, then sendrecv on the wire; {note}"))
}

/// Waits for the hold state that we tell our application.
fn held(agent: &Agent, skip: usize, expected: bool) -> Result<(), Stop> {
    let event = agent.expect_nth("SIPSessionDidChangeHoldState", skip)?;
    let said = &event["data"]["on_hold"];
    check(*said == expected, || format!("hold state {}: on_hold is {said}", skip + 1))
}

fn digits(context: &Context, sender: Side) -> Outcome {
    const DIGITS: &str = "1590*#AD";
    let (mut agent, mut baresip, _) = connect(context, sender, "udp", "PCMU", false)?;
    time::pause(seconds(1));
    match sender {
        Side::We => {
            agent.command(&format!("dtmf {DIGITS}"))?;
            baresip.expect_digits(DIGITS)?;
        }
        Side::They => {
            for digit in DIGITS.chars() {
                baresip.command("sndcode", &digit.to_string())?;
                // Each digit lasts until the next key, so they need time.
                time::pause(std::time::Duration::from_millis(250));
            }
            agent.expect_digits(DIGITS)?;
        }
    }
    agent.command("hangup")?;
    baresip.expect("CALL_CLOSED")?;
    agent.quit()?;
    Ok(format!("{DIGITS} arrived in order"))
}

fn cancel(context: &Context) -> Outcome {
    let mut agent = Agent::with_tone(context, OURS, "PCMU", "manual")?;
    let options =
        Options { name: "bob", tone: THEIRS, codec: "PCMU", answers: false, registrar: None };
    let mut baresip = Baresip::start(context, &options)?;
    baresip.command("dial", &agent.uri("udp"))?;
    agent.expect("SIPSessionNewIncoming")?;
    agent.command("ring")?;
    baresip.expect("CALL_RINGING")?;
    baresip.command("hangup", "")?;
    let failed = agent.expect("SIPSessionDidFail")?;
    let originator = failed["data"]["originator"].as_str().unwrap_or("?").to_string();
    check(originator == "remote", || format!("failed by {originator}, expected remote"))?;
    baresip.expect("CALL_CLOSED")?;
    agent.quit()?;
    Ok("487, and both are free again".into())
}

fn busy(context: &Context) -> Outcome {
    let agent = Agent::with_tone(context, OURS, "PCMU", "486")?;
    let options =
        Options { name: "bob", tone: THEIRS, codec: "PCMU", answers: false, registrar: None };
    let mut baresip = Baresip::start(context, &options)?;
    baresip.command("dial", &agent.uri("udp"))?;
    let closed = baresip.expect("CALL_CLOSED")?;
    let reason = closed["param"].as_str().unwrap_or_default().to_string();
    check(reason.contains("486"), || format!("baresip was told {reason:?}, expected 486"))?;
    agent.quit()?;
    Ok(format!("baresip says {reason}"))
}
