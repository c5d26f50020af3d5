//! Load with SIPp's built-in scenarios: a thousand calls at a hundred a second, none lost, none left.

use std::time::Duration;

use super::Area;
use crate::interop::cell::{Cell, Context, Outcome, Stop, check, seconds};
use crate::interop::peer::agent::Agent;
use crate::interop::peer::sipp::{self, Sipp};
use crate::time;

const CALLS: u32 = 1_000;
const RATE: u32 = 100;

/// How long the calls may take: ten seconds and some to spare.
const LONGEST: Duration = seconds(40);

pub(super) fn area() -> Area {
    Area {
        name: "sipp",
        packages: &[sipp::PACKAGE],
        program: true,
        cells: vec![
            Cell::new("uac calls us, 1000 calls at 100 a second", called),
            Cell::new("we call uas, 1000 calls at 100 a second", calling),
        ],
    }
}

fn called(context: &Context) -> Outcome {
    let mut agent = Agent::start(context, &["--answer", "auto", "--codecs", "PCMU"])?;
    let mut sipp = Sipp::uac(context, agent.port, CALLS, RATE)?;
    let counts = sipp.finish(LONGEST)?;
    let note = nothing_left(&mut agent)?;
    agent.quit()?;
    Ok(format!("{} calls, {} retransmissions, {note}", counts.successful, counts.retransmissions))
}

fn calling(context: &Context) -> Outcome {
    let mut sipp = Sipp::uas(context, CALLS)?;
    let mut agent = Agent::start(context, &["--codecs", "PCMU"])?;
    let uri = format!("sip:uas@127.0.0.1:{}", sipp.port);
    let began = time::now();
    let gap = Duration::from_secs(1) / RATE;
    let mut hung_up = 0;
    for index in 0..CALLS {
        agent.send(&format!("call {uri} audio"))?;
        let due = began + gap * (index + 1);
        time::pause(due.saturating_duration_since(time::now()));
        hung_up = hang_up(&mut agent, hung_up)?;
    }
    let took = began.elapsed();
    let _ = time::wait_for(seconds(20), || {
        hung_up = hang_up(&mut agent, hung_up).ok()?;
        (hung_up == CALLS as usize).then_some(())
    });
    check(hung_up == CALLS as usize, || {
        let failed = agent.count("SIPSessionDidFail");
        format!("{hung_up} of {CALLS} calls started, {failed} failed")
    })?;
    let counts = sipp.finish(LONGEST)?;
    let note = nothing_left(&mut agent)?;
    agent.quit()?;
    let rate = f64::from(CALLS) / took.as_secs_f64();
    Ok(format!("{} calls at {rate:.0} a second, {note}", counts.successful))
}

/// Hangs up the sessions that have started since the last look.
fn hang_up(agent: &mut Agent, mut done: usize) -> Result<usize, Stop> {
    while let Some(event) = agent.wait("SIPSessionDidStart", done, Duration::ZERO) {
        let session = event["sender"].as_str().unwrap_or_default().to_string();
        agent.send(&format!("hangup {session}"))?;
        done += 1;
    }
    Ok(done)
}

/// Every session that began has ended, none failed, and the agent knows none.
fn nothing_left(agent: &mut Agent) -> Result<String, Stop> {
    let calls = CALLS as usize;
    let ended =
        time::wait_for(seconds(10), || (agent.count("SIPSessionDidEnd") >= calls).then_some(()));
    let (started, failed) = (agent.count("SIPSessionDidStart"), agent.count("SIPSessionDidFail"));
    let over = agent.count("SIPSessionDidEnd");
    check(ended.is_some() && started == calls && over == calls && failed == 0, || {
        format!("of {calls} sessions {started} started, {over} ended, {failed} failed")
    })?;
    let answer = agent.command("stats")?;
    // A list of sessions, or how many there are.
    let sessions = &answer["sessions"];
    let none = sessions.as_array().is_some_and(Vec::is_empty) || sessions.as_u64() == Some(0);
    check(none, || format!("stats should know no session, says {sessions}"))?;
    Ok("no session left".into())
}
