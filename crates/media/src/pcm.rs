//! PCM of an application on a mixer's port: at the application's rate, in
//! pieces of any length, with what a voice bot needs: [`clear`] when the
//! other side interrupts, and [`mark`]s to know what has been heard.
//!
//! No clock here: whoever owns a [`PcmPort`] calls [`pump`] each 10 ms.
//!
//! [`clear`]: PcmPort::clear
//! [`mark`]: PcmPort::mark
//! [`pump`]: PcmPort::pump

use std::collections::VecDeque;
use std::time::Duration;

use crate::mixer::{AudioMixer, MixerError, Port, PortControl, PortId, RING_QUANTA};
use crate::resample::{ResampleError, Resampler};

/// How much written PCM waits to be heard: a long answer that was made faster
/// than it is spoken.
pub const MAX_WRITTEN: Duration = Duration::from_secs(60);

/// How much heard PCM waits to be read; the oldest is dropped for newer.
pub const MAX_HEARD: Duration = Duration::from_secs(2);

/// How many marks can wait.
pub const MAX_MARKS: usize = 1_024;

/// How much of what was written is in the mixer's ring, and can't be cleared
/// any more, in quanta.
const AHEAD: usize = RING_QUANTA - 1;

/// Why there is no port for an application's PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PcmError {
    /// The mixer refused it.
    #[error(transparent)]
    Mixer(#[from] MixerError),
    /// The application's rate can't be converted to the mixer's.
    #[error(transparent)]
    Rate(#[from] ResampleError),
}

/// A place in what was written, to be told when it has been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark(u64);

/// What has become of a [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarkOutcome {
    /// The mixer has taken everything up to it.
    Heard(Mark),
    /// [`PcmPort::clear`] came first.
    Cleared(Mark),
}

/// A port that an application writes PCM into and reads PCM from.
#[derive(Debug)]
pub struct PcmPort {
    port: Port,
    written: Written,
    heard: Heard,
}

/// On the way into the mixer.
#[derive(Debug)]
struct Written {
    resampler: Resampler,
    /// At the application's rate.
    queue: VecDeque<i16>,
    capacity: usize,
    /// Samples taken from the queue so far.
    taken: u64,
    /// Samples given to the mixer so far, at its rate.
    given: u64,
    marks: VecDeque<Pending>,
    next_mark: u64,
    outcomes: VecDeque<MarkOutcome>,
    input: Vec<i16>,
    output: Box<[i16]>,
}

#[derive(Debug)]
struct Pending {
    mark: Mark,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// After so many samples taken from the queue.
    Queued(u64),
    /// After so many samples given to the mixer.
    Given(u64),
}

/// On the way out of the mixer.
#[derive(Debug)]
struct Heard {
    resampler: Resampler,
    /// At the application's rate.
    queue: VecDeque<i16>,
    capacity: usize,
    dropped: u64,
    input: Vec<i16>,
    output: Box<[i16]>,
}

impl PcmPort {
    /// Adds a port to `mixer` for an application that speaks and hears at
    /// `rate` Hz.
    ///
    /// # Errors
    ///
    /// [`PcmError`].
    pub fn new(mixer: &AudioMixer, rate: u32) -> Result<Self, PcmError> {
        let into = Resampler::new(rate, mixer.sample_rate().hz())?;
        let out_of = Resampler::new(mixer.sample_rate().hz(), rate)?;
        let samples = |time: Duration| time.as_secs() as usize * rate as usize;
        let written = Written {
            queue: VecDeque::new(),
            capacity: samples(MAX_WRITTEN),
            taken: 0,
            given: 0,
            marks: VecDeque::new(),
            next_mark: 0,
            outcomes: VecDeque::new(),
            input: Vec::with_capacity(into.max_input_len()),
            output: vec![0; into.output_len()].into_boxed_slice(),
            resampler: into,
        };
        let heard = Heard {
            queue: VecDeque::new(),
            capacity: samples(MAX_HEARD),
            dropped: 0,
            input: vec![0; out_of.max_input_len()],
            output: vec![0; out_of.output_len()].into_boxed_slice(),
            resampler: out_of,
        };
        Ok(Self { port: mixer.add_port()?, written, heard })
    }

    /// The port to connect.
    pub fn port(&self) -> PortId {
        self.port.id
    }

    /// Volumes, levels and counters of the port.
    pub fn control(&self) -> &PortControl {
        self.port.input.control()
    }

    /// The application's rate, in Hz.
    pub fn rate(&self) -> u32 {
        self.written.resampler.input_rate()
    }

    /// Writes what is to be heard, after what was written before; returns how
    /// many samples there was room for (see [`MAX_WRITTEN`]).
    pub fn write(&mut self, pcm: &[i16]) -> usize {
        let written = &mut self.written;
        let len = pcm.len().min(written.capacity - written.queue.len());
        written.queue.extend(&pcm[..len]);
        len
    }

    /// Samples that were written and have not been given to the mixer.
    pub fn waiting(&self) -> usize {
        self.written.queue.len()
    }

    /// Marks the end of what was written so far; `None` when [`MAX_MARKS`]
    /// wait already.
    pub fn mark(&mut self) -> Option<Mark> {
        let written = &mut self.written;
        if written.marks.len() + written.outcomes.len() >= MAX_MARKS {
            return None;
        }
        let mark = Mark(written.next_mark);
        written.next_mark += 1;
        let end = written.taken + written.queue.len() as u64;
        let place = match written.queue.is_empty() {
            true => Place::Given(written.given),
            false => Place::Queued(end),
        };
        written.marks.push_back(Pending { mark, place });
        Some(mark)
    }

    /// What has become of marks, in the order in which it happened.
    pub fn poll_mark(&mut self) -> Option<MarkOutcome> {
        self.written.outcomes.pop_front()
    }

    /// Forgets what was written and not yet given to the mixer, which goes on
    /// with what it has (30 ms at most); returns how many samples that was.
    pub fn clear(&mut self) -> usize {
        let written = &mut self.written;
        let cleared = written.queue.len();
        written.taken += cleared as u64;
        written.queue.clear();
        // Marks within what the mixer has are still going to be heard.
        let queued = |pending: &Pending| matches!(pending.place, Place::Queued(_));
        let from = written.marks.iter().position(queued).unwrap_or(written.marks.len());
        let marks = written.marks.drain(from..);
        written.outcomes.extend(marks.map(|pending| MarkOutcome::Cleared(pending.mark)));
        cleared
    }

    /// Reads what was heard, and returns how many samples there were; at most
    /// the length of `pcm`.
    pub fn read(&mut self, pcm: &mut [i16]) -> usize {
        let len = pcm.len().min(self.heard.queue.len());
        for (to, from) in pcm.iter_mut().zip(self.heard.queue.drain(..len)) {
            *to = from;
        }
        len
    }

    /// Samples that wait to be read.
    pub fn available(&self) -> usize {
        self.heard.queue.len()
    }

    /// Samples that were dropped because nobody read them within
    /// [`MAX_HEARD`].
    pub fn dropped(&self) -> u64 {
        self.heard.dropped
    }

    /// True once the port has been removed from its mixer.
    pub fn is_closed(&self) -> bool {
        self.port.input.is_closed()
    }

    /// Moves PCM between the application and the mixer: to be called each
    /// 10 ms.
    pub fn pump(&mut self) {
        self.written.pump(&mut self.port);
        self.heard.pump(&mut self.port);
    }
}

impl Written {
    fn pump(&mut self, port: &mut Port) {
        let quantum = self.output.len();
        while !self.queue.is_empty() && port.input.queued() < AHEAD * quantum {
            let wanted = self.resampler.input_len();
            // Less than a quantum waits for more to come, as long as the
            // mixer has something to go on with.
            if self.queue.len() < wanted && port.input.queued() > 0 {
                break;
            }
            let len = wanted.min(self.queue.len());
            self.input.clear();
            self.input.extend(self.queue.drain(..len));
            self.taken += len as u64;
            self.resampler.process(&self.input, &mut self.output);
            self.given += port.input.write(&self.output) as u64;
            for pending in &mut self.marks {
                if matches!(pending.place, Place::Queued(end) if end <= self.taken) {
                    pending.place = Place::Given(self.given);
                }
            }
        }
        let heard = self.given - port.input.queued() as u64;
        while let Some(Pending { mark, place: Place::Given(end) }) = self.marks.front() {
            if *end > heard {
                break;
            }
            let outcome = MarkOutcome::Heard(*mark);
            self.outcomes.push_back(outcome);
            self.marks.pop_front();
        }
    }
}

impl Heard {
    fn pump(&mut self, port: &mut Port) {
        loop {
            let input = &mut self.input[..self.resampler.input_len()];
            if port.output.available() < input.len() {
                return;
            }
            port.output.read(input);
            self.resampler.process(input, &mut self.output);
            self.queue.extend(&self.output);
            let excess = self.queue.len().saturating_sub(self.capacity);
            self.queue.drain(..excess);
            self.dropped += excess as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{sine, tone_level};
    use crate::mixer::{RenderHalf, SampleRate};

    const QUANTUM: usize = 80;

    fn tick(render: &mut RenderHalf, ports: &mut [&mut PcmPort]) {
        ports.iter_mut().for_each(|port| port.pump());
        render.render(&[0; QUANTUM], &mut [0; QUANTUM]);
        ports.iter_mut().for_each(|port| port.pump());
    }

    fn pair(rates: (u32, u32)) -> (RenderHalf, PcmPort, PcmPort) {
        let (mixer, render) = AudioMixer::new(SampleRate::Hz8000);
        let a = PcmPort::new(&mixer, rates.0).unwrap();
        let b = PcmPort::new(&mixer, rates.1).unwrap();
        mixer.connect(a.port(), b.port()).unwrap();
        (render, a, b)
    }

    #[test]
    fn rates_of_their_own_and_pieces_of_any_length() {
        let (mut render, mut a, mut b) = pair((24_000, 16_000));
        let tone = sine(24_000, 700.0, 5_000.0, 24_000);
        let mut heard = Vec::new();
        let mut pieces = tone.chunks(777);
        for _ in 0..110 {
            if a.waiting() < 2_000 {
                a.write(pieces.next().unwrap_or_default());
            }
            tick(&mut render, &mut [&mut a, &mut b]);
            let mut pcm = [0; 333];
            loop {
                let len = b.read(&mut pcm);
                heard.extend(&pcm[..len]);
                if len < pcm.len() {
                    break;
                }
            }
        }
        assert_eq!(heard.len(), 110 * 160);
        assert!((tone_level(&heard[800..6_400], 16_000, 700.0) - 5_000.0).abs() < 50.0);
        assert_eq!(b.dropped(), 0);
    }

    #[test]
    fn marks_tell_what_was_heard() {
        let (mut render, mut a, mut b) = pair((8_000, 8_000));
        let at_once = a.mark().unwrap();
        a.write(&[1; 160]);
        let first = a.mark().unwrap();
        a.write(&[2; 30]);
        let second = a.mark().unwrap();
        let mut outcomes = Vec::new();
        for round in 0..6 {
            a.pump();
            outcomes.extend(std::iter::from_fn(|| a.poll_mark()).map(|outcome| (round, outcome)));
            render.render(&[0; QUANTUM], &mut [0; QUANTUM]);
        }
        assert_eq!(
            outcomes,
            [
                (0, MarkOutcome::Heard(at_once)),
                (2, MarkOutcome::Heard(first)),
                (3, MarkOutcome::Heard(second)),
            ]
        );
        b.pump();
        let mut heard = [0; 240];
        assert_eq!(b.read(&mut heard), 240);
        assert_eq!((heard[159], heard[160], heard[189], heard[190]), (1, 2, 2, 0));
    }

    #[test]
    fn clearing_leaves_what_the_mixer_has() {
        let (mut render, mut a, mut b) = pair((8_000, 8_000));
        a.write(&[1; 240]);
        let early = a.mark().unwrap();
        a.write(&[2; 8_000]);
        let (late, later) = (a.mark().unwrap(), a.mark().unwrap());
        tick(&mut render, &mut [&mut a, &mut b]);
        assert_eq!(a.clear(), 240 + 8_000 - 4 * QUANTUM);
        assert_eq!(a.waiting(), 0);
        assert_eq!(a.poll_mark(), Some(MarkOutcome::Cleared(late)));
        assert_eq!(a.poll_mark(), Some(MarkOutcome::Cleared(later)));
        (0..6).for_each(|_| tick(&mut render, &mut [&mut a, &mut b]));
        assert_eq!(a.poll_mark(), Some(MarkOutcome::Heard(early)));
        let mut heard = [0; 7 * QUANTUM];
        assert_eq!(b.read(&mut heard), heard.len());
        assert_eq!(heard.iter().filter(|sample| **sample == 2).count(), QUANTUM);
    }

    #[test]
    fn both_queues_are_bounded() {
        let (mut render, mut a, mut b) = pair((8_000, 8_000));
        let minute = vec![1; 70 * 8_000];
        assert_eq!(a.write(&minute), 60 * 8_000);
        assert_eq!(a.write(&[1]), 0);
        for _ in 0..300 {
            tick(&mut render, &mut [&mut a, &mut b]);
        }
        assert_eq!((b.available(), b.dropped()), (16_000, 8_000));
        assert!((0..MAX_MARKS).all(|_| a.mark().is_some()));
        assert_eq!(a.mark(), None);
    }
}
