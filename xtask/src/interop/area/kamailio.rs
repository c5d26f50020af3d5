//! Registration at Kamailio: both digest algorithms, refresh, removal, a wrong password; and a call through it.

use super::Area;
use crate::interop::cell::{Cell, Context, Outcome, Stop, check, seconds};
use crate::interop::peer::agent::Agent;
use crate::interop::peer::baresip::{self, Baresip, Options};
use crate::interop::peer::kamailio::{self, EXPIRES, Kamailio};
use crate::interop::tone;
use crate::time;

/// How long to look whether a refused registration is tried again at once.
const WATCH: u64 = 5;

/// The most requests that a wrong password may cost in that time: one
/// without credentials, one with, and one more for a fresh nonce.
const MOST_TRIES: usize = 3;

pub(super) fn area() -> Area {
    let mut cells = Vec::new();
    for algorithm in ["MD5", "SHA-256"] {
        for transport in ["udp", "tcp"] {
            let name =
                format!("register and unregister, {algorithm} over {}", transport.to_uppercase());
            cells.push(Cell::new(name, move |context| register(context, algorithm, transport)));
        }
    }
    for algorithm in ["MD5", "SHA-256"] {
        cells.push(Cell::new(format!("refresh, {algorithm}"), move |context| {
            refresh(context, algorithm)
        }));
        cells.push(Cell::new(format!("wrong password, {algorithm}"), move |context| {
            wrong_password(context, algorithm)
        }));
    }
    cells.push(Cell::new("we call baresip through the proxy, MD5", call));
    Area {
        name: "kamailio",
        packages: &[kamailio::PACKAGE, baresip::PACKAGE],
        program: true,
        cells,
    }
}

/// An agent with an account at this registrar.
fn agent(
    context: &Context,
    kamailio: &Kamailio,
    transport: &str,
    password: &str,
    more: &[&str],
) -> Result<Agent, Stop> {
    let registrar = format!("sip:127.0.0.1:{};transport={transport}", kamailio.port);
    // The domain has no port, so the server must be told to be responsible for it.
    let account = "alice@localhost";
    let mut flags = vec![
        "--account",
        account,
        "--password",
        password,
        "--registrar",
        &registrar,
        "--proxy",
        &registrar,
    ];
    flags.extend(more);
    Agent::start(context, &flags)
}

fn register(context: &Context, algorithm: &str, transport: &str) -> Outcome {
    let mut kamailio = Kamailio::start(context, algorithm)?;
    let password = Kamailio::password("alice");
    let mut agent = agent(context, &kamailio, transport, &password, &[])?;
    registered(&agent)?;
    let how = kamailio.expect("saved", "alice", 1, 2)?;
    // RFC 3261 lets an answer to an MD5 challenge leave the algorithm out.
    let named = how.strip_prefix("with algorithm").map(str::trim).unwrap_or_default();
    let right = named == algorithm || (named.is_empty() && algorithm == "MD5");
    check(right, || format!("answered with algorithm {named:?}, challenged with {algorithm}"))?;
    let challenged = kamailio.expect("challenged", "alice", 1, 1)?;
    check(challenged.contains(transport), || format!("challenged {challenged}"))?;
    agent.command("unregister")?;
    agent.expect("SIPAccountRegistrationDidEnd")?;
    kamailio.expect("removed", "alice", 1, 2)?;
    agent.quit()?;
    check(kamailio.alive(), || "Kamailio has ended".into())?;
    Ok("challenged, saved, removed".into())
}

fn refresh(context: &Context, algorithm: &str) -> Outcome {
    let kamailio = Kamailio::start(context, algorithm)?;
    let password = Kamailio::password("alice");
    let agent = agent(context, &kamailio, "udp", &password, &[])?;
    kamailio.expect("saved", "alice", 1, 5)?;
    let began = time::now();
    registered(&agent)?;
    kamailio.expect("saved", "alice", 2, EXPIRES + 2)?;
    let after = began.elapsed().as_secs_f64();
    check(after < EXPIRES as f64, || format!("refreshed after {after:.1} s of {EXPIRES} s"))?;
    check(agent.count("SIPAccountRegistrationDidFail") == 0, || "a registration failed".into())?;
    agent.quit()?;
    kamailio.expect("removed", "alice", 1, 2)?;
    Ok(format!("again after {after:.1} s of the {EXPIRES} s granted; removed when quitting"))
}

fn wrong_password(context: &Context, algorithm: &str) -> Outcome {
    let kamailio = Kamailio::start(context, algorithm)?;
    let agent = agent(context, &kamailio, "udp", "wrong", &[])?;
    agent.expect("SIPAccountRegistrationDidFail")?;
    time::pause(seconds(WATCH));
    let refused = kamailio.lines("refused", "alice").len();
    let tries = refused + kamailio.lines("challenged", "alice").len();
    check(refused >= 1 && tries <= MOST_TRIES, || {
        format!("{tries} requests in {WATCH} s, {refused} with credentials")
    })?;
    check(kamailio.lines("saved", "alice").is_empty(), || "Kamailio took it".into())?;
    agent.quit()?;
    Ok(format!("reported as a failure; {tries} requests in {WATCH} s"))
}

fn call(context: &Context) -> Outcome {
    let kamailio = Kamailio::start(context, "MD5")?;
    let (ours, theirs) = (Kamailio::password("alice"), Kamailio::password("bob"));
    let options = Options {
        name: "bob",
        tone: 1_000,
        codec: "PCMU",
        answers: true,
        registrar: Some((kamailio.port, "udp", &theirs)),
    };
    let bob = Baresip::start(context, &options)?;
    kamailio.expect("saved", "bob", 1, 5)?;
    let flags = ["--play", "tone:440", "--record", "heard.wav", "--codecs", "PCMU"];
    let mut agent = agent(context, &kamailio, "udp", &ours, &flags)?;
    registered(&agent)?;
    agent.command(&format!("call sip:bob@127.0.0.1:{} audio", kamailio.port))?;
    agent.expect("SIPSessionDidStart")?;
    time::pause(seconds(2));
    agent.command("hangup")?;
    bob.expect("CALL_CLOSED")?;
    agent.expect("SIPSessionDidEnd")?;
    let recording = agent.heard();
    tone::expect(&bob.heard()?, 440, 1.0)?;
    agent.quit()?;
    tone::expect(&recording, 1_000, 1.0)?;
    check(!kamailio.lines("challenged", "alice").is_empty(), || "nothing was challenged".into())?;
    Ok("INVITE challenged, tones both ways, BYE along the route".into())
}

fn registered(agent: &Agent) -> Result<(), Stop> {
    agent.expect("SIPAccountRegistrationDidSucceed").map(drop)
}
