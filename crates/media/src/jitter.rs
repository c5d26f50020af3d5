//! The jitter buffer: packets in as the network gives them, packets out in
//! the order and at the time of playing.
//!
//! Everything is counted on the clock of the RTP timestamps. A packet's
//! *transit* is its arrival minus its timestamp; only differences of transits
//! mean anything (RFC 3550 §6.4.1). The *cursor* is the timestamp that plays
//! next, and now minus the cursor is the playout's own transit: it has to be a
//! little longer than that of nearly all packets, and no longer. The window
//! of the latest transits says how long ([`TransitWindow`]); the buffer moves
//! towards it at the start of a talk spurt and in gaps at once, and in speech
//! by [`Advice`] to leave out or repeat a little where nobody hears it.
//!
//! * A packet that comes late when nothing else is there to play sets the
//!   cursor back: the pause was heard anyway, so nothing is lost but time.
//! * Clock drift shows as a slow change of the transits and is followed.
//! * A jump of the timestamps, or a run of packets that are all late, starts
//!   anew; but not the packets that a stalled network delivers all at once,
//!   which are thrown away up to those that are in time.

mod delay;
mod window;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use window::TransitWindow;

pub use delay::Advice;

use delay::Tempo;

use crate::rtp::RtpPacket;
use crate::stream::JitterConfig;

/// Packets that wait at most; then the oldest is thrown away.
pub const MAX_PACKETS: usize = 64;
/// A packet that claims to last longer is not stored.
pub const MAX_PACKET_TIME: Duration = Duration::from_millis(200);

/// A transit this far from the others belongs to another clock.
const RESYNC_DISTANCE: Duration = Duration::from_millis(1500);
/// Packets in a row from another clock that are believed.
const RESYNC_PACKETS: u8 = 3;
/// Packets in a row that come too late, after which the clock is doubted.
const LATE_PACKETS: u8 = 10;
/// Packets that go on where the others ended, but late, are believed when they
/// have come for so long: the source's clock had stopped. Those of a stalled
/// network come all at once.
const LATE_TIME: Duration = Duration::from_millis(100);
/// At the start of a talk spurt, audio that is older than it should be by so
/// much is left out.
const STALE: Duration = Duration::from_millis(60);
/// With nothing to play for so long, the next packet starts a talk spurt.
const SPURT_END: Duration = Duration::from_millis(250);

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It will be played.
    Kept,
    /// A packet with its timestamp waits already.
    Duplicate,
    /// Its time has passed.
    Late,
    /// It can't be placed: of another clock, or absurdly long.
    Misplaced,
}

/// What to play next.
#[derive(Debug, PartialEq, Eq)]
pub enum Playout<'a> {
    /// Decode this payload and leave out its first `skip` units.
    Packet {
        /// The payload type it came with.
        payload_type: u8,
        /// The payload.
        payload: &'a [u8],
        /// How much of it is in the past, in timestamp units.
        skip: u32,
        /// The playout has been moved: it does not continue what was played
        /// last, and may begin a little later.
        join: bool,
    },
    /// Audio is missing: make something up for this many timestamp units.
    Conceal(u32),
    /// Nobody speaks: silence for this many timestamp units.
    Silence(u32),
}

#[derive(Debug)]
struct Entry {
    timestamp: i64,
    ticks: u32,
    sequence: u16,
    payload_type: u8,
    payload: Vec<u8>,
}

impl Entry {
    fn end(&self) -> i64 {
        self.timestamp + i64::from(self.ticks)
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing to play. Packets before `floor` have been played.
    Idle { floor: i64 },
    Playing {
        cursor: i64,
        last_sequence: u16,
        /// How much of what lies before the cursor was made up because the
        /// buffer was empty.
        starved: i64,
        /// The next packet does not continue what was heard.
        join: bool,
    },
}

/// Packets in a row of some kind.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    packets: u8,
    first: i64,
}

impl Row {
    /// Counts a packet, and says how long the row is by now.
    fn push(&mut self, arrival: i64) -> i64 {
        if self.packets == 0 {
            self.first = arrival;
        }
        self.packets = self.packets.saturating_add(1);
        arrival - self.first
    }
}

/// Time made up and left out, in timestamp units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adjustments {
    /// Made up for lost or late packets.
    pub concealed: u64,
    /// Left out to shorten the delay.
    pub dropped: u64,
    /// Made up to lengthen the delay.
    pub inserted: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub struct JitterBuffer {
    clock_rate: u32,
    quantum: i64,
    limits: JitterConfig,
    origin: Instant,
    /// The latest timestamp, unwrapped.
    latest: Option<i64>,
    entries: VecDeque<Entry>,
    /// Payload buffers to be used again.
    spare: Vec<Vec<u8>>,
    current: Vec<u8>,
    window: TransitWindow,
    state: State,
    tempo: Tempo,
    misplaced: Row,
    late: Row,
    /// Packets of other kinds (events) since the last one played.
    others: u16,
    adjustments: Adjustments,
}

impl JitterBuffer {
    /// An empty buffer for a clock of `clock_rate` Hz.
    pub fn new(now: Instant, clock_rate: u32, limits: JitterConfig) -> Self {
        Self {
            clock_rate,
            quantum: i64::from(clock_rate / 100),
            limits,
            origin: now,
            latest: None,
            entries: VecDeque::with_capacity(MAX_PACKETS),
            spare: Vec::with_capacity(MAX_PACKETS),
            current: Vec::new(),
            window: TransitWindow::default(),
            state: State::Idle { floor: i64::MIN },
            tempo: Tempo::default(),
            misplaced: Row::default(),
            late: Row::default(),
            others: 0,
            adjustments: Adjustments::default(),
        }
    }

    /// Forgets the packets and what is known of the source's clock.
    pub fn reset(&mut self) {
        while let Some(entry) = self.entries.pop_front() {
            self.recycle(entry.payload);
        }
        self.latest = None;
        self.window.clear();
        self.state = State::Idle { floor: i64::MIN };
        self.tempo = Tempo::default();
        self.misplaced = Row::default();
        self.late = Row::default();
        self.others = 0;
    }

    /// Sets other limits of the delay.
    pub fn set_limits(&mut self, limits: JitterConfig) {
        self.limits = limits;
    }

    /// Takes a packet that lasts `ticks` timestamp units.
    pub fn insert(&mut self, arrival: Instant, packet: &RtpPacket<'_>, ticks: u32) -> Stored {
        if ticks == 0 || ticks > self.units(MAX_PACKET_TIME) as u32 {
            return Stored::Misplaced;
        }
        let arrival = self.at(arrival);
        let mut timestamp = self.unwrap(packet.timestamp);
        if !self.belongs(arrival - timestamp) {
            let time = self.misplaced.push(arrival);
            if !self.is_resync(packet, timestamp, time) {
                return Stored::Misplaced;
            }
            self.reset();
            timestamp = self.unwrap(packet.timestamp);
        }
        self.misplaced = Row::default();
        self.note_transit(arrival - timestamp);
        if !self.in_time(arrival, timestamp, timestamp + i64::from(ticks)) {
            let time = self.late.push(arrival);
            if self.late.packets < LATE_PACKETS || time < self.units(LATE_TIME) {
                return Stored::Late;
            }
            self.reset();
            timestamp = self.unwrap(packet.timestamp);
            self.window.push(arrival - timestamp);
        }
        self.late = Row::default();
        self.latest = Some(self.latest.map_or(timestamp, |latest| latest.max(timestamp)));
        let place = self.entries.iter().rposition(|entry| entry.timestamp <= timestamp);
        if place.is_some_and(|at| self.entries[at].timestamp == timestamp) {
            return Stored::Duplicate;
        }
        let mut payload = self.spare.pop().unwrap_or_default();
        payload.clear();
        payload.extend_from_slice(packet.payload);
        let (sequence, payload_type) = (packet.sequence, packet.payload_type);
        let entry = Entry { timestamp, ticks, sequence, payload_type, payload };
        if self.entries.len() == MAX_PACKETS
            && let Some(oldest) = self.entries.pop_front()
        {
            self.recycle(oldest.payload);
            // The place has moved with the front.
            self.entries.insert(place.unwrap_or(0), entry);
        } else {
            self.entries.insert(place.map_or(0, |at| at + 1), entry);
        }
        Stored::Kept
    }

    /// Takes note of a packet that uses a sequence number but is not audio.
    pub fn other_packet(&mut self) {
        self.others = self.others.saturating_add(1);
    }

    /// Whether the next packet is there and continues the one before.
    pub fn continues(&self) -> bool {
        let State::Playing { cursor, join, .. } = self.state else { return false };
        !join && self.entries.front().is_some_and(|entry| entry.timestamp == cursor)
    }

    /// What plays from `now` on, for at most `wanted` timestamp units unless
    /// it is a packet.
    pub fn next(&mut self, now: Instant, wanted: u32) -> Playout<'_> {
        let now = self.at(now);
        loop {
            let front = self.entries.front().map(|e| (e.timestamp, e.end(), e.sequence));
            match (self.state, front) {
                (State::Idle { .. }, None) => return Playout::Silence(wanted),
                (State::Idle { .. }, Some((timestamp, _, sequence))) => {
                    let excess = now - timestamp - self.target();
                    if excess < 0 {
                        return Playout::Silence(wanted);
                    }
                    let last_sequence = sequence.wrapping_sub(1);
                    // What is too old by now is not worth a delay.
                    let old = if excess > self.units(STALE) { excess } else { 0 };
                    let cursor = timestamp + old;
                    self.state = State::Playing { cursor, last_sequence, starved: 0, join: true };
                    self.tempo = Tempo::default();
                }
                (State::Playing { cursor, starved, .. }, None) => {
                    if starved >= self.units(SPURT_END) {
                        self.state = State::Idle { floor: cursor - starved };
                        continue;
                    }
                    return self.conceal(wanted.into(), true);
                }
                (State::Playing { cursor, .. }, Some((_, end, _))) if end <= cursor => {
                    // Its last part was made up for, or left out.
                    self.drop_front();
                }
                (State::Playing { cursor, .. }, Some((timestamp, _, _))) if timestamp <= cursor => {
                    match self.overdue(now - cursor) {
                        Some(ahead) if ahead > 0 => self.leave_out(ahead),
                        _ => return self.play(),
                    }
                }
                (State::Playing { cursor, last_sequence, .. }, Some((timestamp, _, sequence))) => {
                    let gap = timestamp - cursor;
                    let excess = self.excess().unwrap_or(0);
                    if self.is_excessive(excess) {
                        self.leave_out(excess.min(gap));
                        continue;
                    }
                    let missing = sequence.wrapping_sub(last_sequence).wrapping_sub(1);
                    let wanted = gap.min(wanted.into());
                    if missing <= self.others {
                        // A pause: the place to set the delay right.
                        let inserted = if self.is_lacking(excess) { wanted } else { 0 };
                        self.adjustments.inserted += inserted as u64;
                        self.tempo.low.shift(inserted);
                        self.advance(wanted - inserted, 0, inserted > 0);
                        return Playout::Silence(wanted as u32);
                    }
                    return self.conceal(wanted, false);
                }
            }
        }
    }

    /// Time made up and left out so far.
    pub fn adjustments(&self) -> Adjustments {
        self.adjustments
    }

    fn unwrap(&self, timestamp: u32) -> i64 {
        match self.latest {
            None => timestamp.into(),
            Some(latest) => latest + i64::from(timestamp.wrapping_sub(latest as u32) as i32),
        }
    }

    fn belongs(&self, transit: i64) -> bool {
        let Some(fastest) = self.window.fastest() else { return true };
        (transit - fastest).abs() <= self.units(RESYNC_DISTANCE)
    }

    /// Whether packets of another clock, for `time` now, are believed.
    fn is_resync(&self, packet: &RtpPacket<'_>, timestamp: i64, time: i64) -> bool {
        let latest = self.latest.unwrap_or(timestamp);
        let goes_on = (timestamp - latest).abs() <= self.units(RESYNC_DISTANCE);
        let idle = matches!(self.state, State::Idle { .. }) && self.entries.is_empty();
        let enough = idle || self.misplaced.packets >= RESYNC_PACKETS;
        packet.marker || (enough && (!goes_on || time >= self.units(LATE_TIME)))
    }

    /// Remembers a transit, unless nobody would wait for such packets.
    fn note_transit(&mut self, transit: i64) {
        let fastest = self.window.fastest().unwrap_or(transit);
        if transit - fastest <= self.units(self.limits.max_delay) {
            self.window.push(transit);
        }
    }

    /// Whether a packet can still be played; sets the cursor back for it where
    /// that costs nothing.
    fn in_time(&mut self, arrival: i64, timestamp: i64, end: i64) -> bool {
        let longest = self.units(self.limits.max_delay);
        match &mut self.state {
            State::Idle { floor } => end > *floor,
            State::Playing { cursor, starved, join, .. } => {
                let back = (*cursor - timestamp).clamp(0, *starved);
                let fastest = self.window.fastest().unwrap_or(0);
                let delay = arrival - (*cursor - back) - fastest;
                if back > 0 && self.entries.is_empty() && delay <= longest {
                    *cursor -= back;
                    *starved = 0;
                    *join = true;
                    self.tempo.low.shift(back);
                    let back = back as u64;
                    self.adjustments.concealed -= back.min(self.adjustments.concealed);
                    self.adjustments.inserted += back;
                }
                end > *cursor
            }
        }
    }

    fn advance(&mut self, units: i64, starving: i64, joins: bool) {
        if let State::Playing { cursor, starved, join, .. } = &mut self.state {
            *cursor += units;
            *starved = if starving == 0 { 0 } else { *starved + starving };
            *join |= joins;
        }
    }

    fn conceal(&mut self, units: i64, starving: bool) -> Playout<'_> {
        self.advance(units, if starving { units } else { 0 }, false);
        self.adjustments.concealed += units as u64;
        Playout::Conceal(units as u32)
    }

    fn leave_out(&mut self, units: i64) {
        self.advance(units, 0, true);
        self.tempo.low.shift(-units);
        self.adjustments.dropped += units as u64;
    }

    fn play(&mut self) -> Playout<'_> {
        let (Some(entry), State::Playing { cursor, last_sequence, starved, join }) =
            (self.entries.pop_front(), &mut self.state)
        else {
            return Playout::Silence(self.quantum as u32);
        };
        let skip = (*cursor - entry.timestamp) as u32;
        *cursor = entry.end();
        *last_sequence = entry.sequence;
        *starved = 0;
        let join = std::mem::take(join);
        self.others = 0;
        let played = std::mem::replace(&mut self.current, entry.payload);
        self.recycle(played);
        Playout::Packet { payload_type: entry.payload_type, payload: &self.current, skip, join }
    }

    fn drop_front(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        if let State::Playing { last_sequence, .. } = &mut self.state {
            *last_sequence = entry.sequence;
        }
        self.recycle(entry.payload);
    }

    fn recycle(&mut self, payload: Vec<u8>) {
        if self.spare.len() < MAX_PACKETS {
            self.spare.push(payload);
        }
    }
}

#[cfg(test)]
mod tests;
