//! Tones, players, recorders and devices, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use sipsimple_media::analysis::tone_level;
use sipsimple_media::mixer::{AudioMixer, PortId, SampleRate};
use sipsimple_media::net::device::{
    AudioDevice, NullDevice, RunningDevice, WavDevice, WavDeviceConfig,
};
use sipsimple_media::net::pacer::{Pacer, SharedPacer, TaskPacer};
use sipsimple_media::net::{
    Events, ToneError, ToneGenerator, ToneGeneratorEvent, WavePlayer, WavePlayerConfig,
    WavePlayerEvent, WaveRecorder, WaveRecorderEvent,
};
use sipsimple_media::tone::Tone;
use sipsimple_media::wav::WavError;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const RATE: SampleRate = SampleRate::Hz8000;

struct World {
    pacer: Arc<dyn Pacer>,
    mixer: AudioMixer,
    device: RunningDevice,
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        let clock: Arc<dyn Pacer> = Arc::new(TaskPacer::new());
        let pacer = Arc::new(SharedPacer::new(&*clock, "files"));
        let (mixer, render) = AudioMixer::new(RATE);
        let device = NullDevice::new(clock).start(render).unwrap();
        Self { pacer, mixer, device, directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn recorder(&self, name: &str) -> (WaveRecorder, Events<WaveRecorderEvent>) {
        WaveRecorder::new(&self.mixer, self.pacer.clone(), self.path(name)).unwrap()
    }

    fn tones(&self) -> (ToneGenerator, Events<ToneGeneratorEvent>) {
        ToneGenerator::new(&self.mixer, self.pacer.clone()).unwrap()
    }

    fn player(&self, config: WavePlayerConfig) -> (WavePlayer, Events<WavePlayerEvent>) {
        WavePlayer::new(&self.mixer, self.pacer.clone(), config).unwrap()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn write_wav(path: &Path, rate: u32, samples: impl IntoIterator<Item = i16>) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    samples.into_iter().for_each(|sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
}

fn read_wav(path: &Path) -> Vec<i16> {
    let mut reader = WavReader::open(path).unwrap();
    assert_eq!(reader.spec().sample_rate, RATE.hz());
    reader.samples().map(|sample| sample.unwrap()).collect()
}

/// The runs of sound and silence in a recording: `(sound, samples)`.
fn runs(pcm: &[i16]) -> Vec<(bool, usize)> {
    let mut runs: Vec<(bool, usize)> = Vec::new();
    for quantum in pcm.chunks(80) {
        let sound = quantum.iter().any(|sample| *sample != 0);
        match runs.last_mut() {
            Some((last, len)) if *last == sound => *len += quantum.len(),
            _ => runs.push((sound, quantum.len())),
        }
    }
    runs
}

fn strength(pcm: &[i16], hz: f64) -> f64 {
    tone_level(pcm, RATE.hz(), hz)
}

#[tokio::test(start_paused = true)]
async fn tones_are_recorded_through_a_bridge() {
    let world = World::new();
    let (tones, mut finished) = world.tones();
    let (recorder, mut events) = world.recorder("deep/down/tones.wav");
    let bridge = world.mixer.add_bridge();
    bridge.add(tones.port()).unwrap();
    bridge.add(recorder.port()).unwrap();
    assert!(recorder.start() && !recorder.start());
    assert!(matches!(events.next().await, Some(WaveRecorderEvent::DidStart)));

    let began = Instant::now();
    assert!(!tones.is_busy());
    tones.play_tones(&[Tone::sine(440, ms(500)), Tone::silence(ms(100))]).unwrap();
    tones.play_tones(&[Tone::pair(440, 660, ms(205))]).unwrap();
    assert!(tones.is_busy());
    assert_eq!(finished.next().await, Some(ToneGeneratorEvent::DidFinishPlaying));
    assert!(!tones.is_busy());
    let took = began.elapsed();
    assert!((ms(805)..ms(850)).contains(&took), "{took:?}");

    sleep(ms(20)).await;
    assert!(recorder.stop() && !recorder.stop());
    assert!(matches!(events.next().await, Some(WaveRecorderEvent::DidEnd)));
    let pcm = read_wav(recorder.path());
    let runs = runs(&pcm);
    let sounds: Vec<_> = runs.iter().filter(|(sound, _)| *sound).map(|(_, len)| *len).collect();
    assert_eq!(sounds, [4_000, 1_680], "{runs:?}");
    let start = pcm.iter().position(|sample| *sample != 0).unwrap();
    assert!((strength(&pcm[start + 400..start + 3_600], 440.0) - 12_000.0).abs() < 100.0);
    let pair = &pcm[start + 4_900..start + 6_100];
    assert!(strength(pair, 440.0) > 7_000.0 && strength(pair, 660.0) > 7_000.0);
    assert_eq!(tones.control().statistics().input_underruns, 1, "only at its end");
    assert_eq!(recorder.control().statistics().output_overruns, 0);
}

#[tokio::test(start_paused = true)]
async fn a_generator_plays_again_and_again_and_stops() {
    let world = World::new();
    let (tones, mut finished) = world.tones();
    for digit in ['1', '#'] {
        tones.play_dtmf(digit).unwrap();
        assert!(finished.next().await.is_some());
        // From within the notification, as applications do.
    }
    assert_eq!(tones.play_dtmf('x'), Err(ToneError::NotADigit('x')));
    tones.play_tones(&[Tone::sine(440, Duration::from_secs(3_600))]).unwrap();
    sleep(ms(500)).await;
    tones.stop();
    assert!(!tones.is_busy());
    assert!(finished.next().await.is_some());
    let too_many = vec![Tone::silence(ms(1)); 2_000];
    assert_eq!(tones.play_tones(&too_many), Err(ToneError::TooManyTones));
    drop(tones);
    assert_eq!(finished.next().await, None);
    assert_eq!(world.mixer.ports(), [PortId::DEVICE]);
}

#[tokio::test(start_paused = true)]
async fn a_player_repeats_with_delay_and_pauses() {
    let world = World::new();
    let path = world.path("short.wav");
    write_wav(&path, 8_000, vec![1_000; 400]);
    let config = WavePlayerConfig {
        volume: 50,
        loop_count: 3,
        pause_time: ms(100),
        initial_delay: ms(200),
        ..WavePlayerConfig::new(&path)
    };
    let (player, mut events) = world.player(config);
    let (recorder, mut recorded) = world.recorder("out.wav");
    world.mixer.connect(player.port(), recorder.port()).unwrap();
    recorder.start();
    recorded.next().await;
    assert!(player.start() && player.is_active());
    assert!(matches!(events.next().await, Some(WavePlayerEvent::DidStart)));
    assert!(matches!(events.next().await, Some(WavePlayerEvent::DidEnd)));
    assert!(!player.is_active());
    sleep(ms(50)).await;
    recorder.stop();
    recorded.next().await;
    let pcm = read_wav(recorder.path());
    let runs = runs(&pcm);
    let inner: Vec<_> = runs.iter().skip(1).take(5).copied().collect();
    assert_eq!(inner, [(true, 400), (false, 800), (true, 400), (false, 800), (true, 400)]);
    assert!(runs[0].1 >= 1_600, "the initial delay: {runs:?}");
    assert!(pcm.iter().all(|sample| [0, 500].contains(sample)), "half as loud");

    // Again, and stopped in between.
    assert!(player.start());
    assert!(matches!(events.next().await, Some(WavePlayerEvent::DidStart)));
    assert!(player.stop());
    assert!(matches!(events.next().await, Some(WavePlayerEvent::DidEnd)));
}

#[tokio::test(start_paused = true)]
async fn a_player_plays_for_ever_until_it_is_dropped() {
    let world = World::new();
    let path = world.path("loop.wav");
    write_wav(&path, 44_100, (0..44_100).map(|n| ((n % 100) * 100) as i16));
    let (player, mut events) =
        world.player(WavePlayerConfig { loop_count: 0, ..WavePlayerConfig::new(&path) });
    player.start();
    sleep(Duration::from_secs(60)).await;
    assert!(player.is_active());
    assert_eq!(player.control().statistics().input_underruns, 0);
    drop(player);
    assert!(matches!(events.next().await, Some(WavePlayerEvent::DidStart)));
    assert!(matches!(events.next().await, Some(WavePlayerEvent::DidEnd)));
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_played_fails_with_the_reason() {
    let world = World::new();
    let broken = world.path("broken.wav");
    std::fs::write(&broken, b"RIFF....WAVEfmt nonsense").unwrap();
    let empty = world.path("empty.wav");
    write_wav(&empty, 8_000, []);
    for (path, started) in [(world.path("missing.wav"), false), (broken, false), (empty, true)] {
        let config = WavePlayerConfig { loop_count: 0, ..WavePlayerConfig::new(&path) };
        let (player, mut events) = world.player(config);
        player.start();
        if started {
            assert!(matches!(events.next().await, Some(WavePlayerEvent::DidStart)));
        }
        let failed = events.next().await;
        assert!(matches!(failed, Some(WavePlayerEvent::DidFail { .. })), "{path:?} {failed:?}");
        assert!(!player.is_active());
    }
}

#[tokio::test(start_paused = true)]
#[cfg(target_os = "linux")]
async fn a_full_disk_ends_a_recording() {
    let world = World::new();
    let recorder = WaveRecorder::new(&world.mixer, world.pacer.clone(), "/dev/full");
    let (recorder, mut events) = recorder.unwrap();
    recorder.start();
    let error = loop {
        match events.next().await.unwrap() {
            WaveRecorderEvent::DidFail { error } => break error,
            event => assert!(matches!(event, WaveRecorderEvent::DidStart), "{event:?}"),
        }
    };
    assert!(
        matches!(&error, WavError::Io(e) if e.kind() == std::io::ErrorKind::StorageFull),
        "{error:?}"
    );
    assert!(!recorder.is_active());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_recorder_completes_its_file() {
    let world = World::new();
    let (recorder, mut events) = world.recorder("dropped.wav");
    let path = recorder.path().to_owned();
    recorder.start();
    sleep(ms(255)).await;
    drop(recorder);
    assert!(matches!(events.next().await, Some(WaveRecorderEvent::DidStart)));
    assert!(matches!(events.next().await, Some(WaveRecorderEvent::DidEnd)));
    assert!(read_wav(&path).len() >= 24 * 80);
}

#[tokio::test(start_paused = true)]
async fn files_in_place_of_microphone_and_speaker() {
    let world = World::new();
    let render = world.device.stop().expect("the null device gives it back");
    let (microphone, speaker) =
        (world.directory.path().join("in.wav"), world.directory.path().join("x/out.wav"));
    write_wav(
        &microphone,
        16_000,
        (0..16_000).map(|n| (8_000.0 * (TAU * 500.0 * f64::from(n) / 16_000.0).sin()) as i16),
    );
    let clock: Arc<dyn Pacer> = Arc::new(TaskPacer::new());
    let device = |microphone: &Path, repeat| {
        let config = WavDeviceConfig {
            microphone: Some(microphone.to_owned()),
            repeat,
            speaker: Some(speaker.clone()),
        };
        WavDevice::new(clock.clone(), clock.clone(), config)
    };
    let failed = device(Path::new("/does/not/exist.wav"), false).start(render).unwrap_err();
    let render = failed.render.expect("given back for another device");

    let echo = world.mixer.add_port().unwrap();
    world.mixer.connect(PortId::DEVICE, echo.id).unwrap();
    world.mixer.connect(echo.id, PortId::DEVICE).unwrap();
    let running = device(&microphone, false).start(render).unwrap();
    let mut echo = echo;
    let mut pcm = [0; 80];
    for _ in 0..200 {
        sleep(ms(10)).await;
        while echo.output.read(&mut pcm) == pcm.len() {
            echo.input.write(&pcm);
        }
    }
    let levels = world.mixer.port(PortId::DEVICE).unwrap().levels();
    assert_eq!(levels.input.meter(), 0, "the file has ended");
    let render = running.stop().unwrap();
    let pcm = read_wav(&speaker);
    assert!((199 * 80..=200 * 80).contains(&pcm.len()), "{}", pcm.len());
    let start = pcm.iter().position(|sample| sample.abs() > 100).unwrap();
    assert!((strength(&pcm[start + 80..start + 7_280], 500.0) - 8_000.0).abs() < 100.0);
    assert!(pcm[start + 8_200..].iter().all(|sample| sample.abs() < 10));

    let running = device(&microphone, true).start(render).unwrap();
    sleep(Duration::from_secs(3)).await;
    assert!(world.mixer.port(PortId::DEVICE).unwrap().levels().input.meter() > 100);
    drop(running);
}
