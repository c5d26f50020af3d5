//! Mixes a tone and a WAV file in a bridge, and records what comes out:
//!
//! ```text
//! cargo run --example mix_wav -- speech.wav mixed.wav
//! ```
//!
//! No sound card needed: the mixer runs on the null device's clock.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use sipsimple_media::mixer::{AudioMixer, SampleRate};
use sipsimple_media::net::device::{AudioDevice, NullDevice};
use sipsimple_media::net::pacer::{Pacer, SharedPacer, ThreadPacer};
use sipsimple_media::net::{
    ToneGenerator, WavePlayer, WavePlayerConfig, WavePlayerEvent, WaveRecorder,
};
use sipsimple_media::tone::Tone;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mix_wav IN.wav OUT.wav".into());
    };

    // A mixer, its clock, and a thread for the files.
    let (mixer, render) = AudioMixer::new(SampleRate::Hz16000);
    let device = NullDevice::new(Arc::new(ThreadPacer)).start(render)?;
    let files: Arc<dyn Pacer> = Arc::new(SharedPacer::new(&ThreadPacer, "files"));

    // Everybody in a bridge hears everybody else.
    let (tones, _) = ToneGenerator::new(&mixer, files.clone())?;
    let (player, mut playing) =
        WavePlayer::new(&mixer, files.clone(), WavePlayerConfig::new(input))?;
    let (recorder, mut recording) = WaveRecorder::new(&mixer, files, output)?;
    let bridge = mixer.add_bridge();
    for port in [tones.port(), player.port(), recorder.port()] {
        bridge.add(port)?;
    }

    recorder.start();
    tones.play_tones(&[Tone::pair(440, 480, Duration::from_secs(2))])?;
    player.start();
    while let Some(event) = playing.blocking_next() {
        println!("player: {event:?}");
        if !matches!(event, WavePlayerEvent::DidStart) {
            break;
        }
    }
    recorder.stop();
    drop(recorder); // completes the file
    while let Some(event) = recording.blocking_next() {
        println!("recorder: {event:?}");
    }
    drop(device);
    Ok(())
}
