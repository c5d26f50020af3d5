//! `MediaStream…` and `AudioStream…`

use std::path::PathBuf;

use super::Originator;

events! {
    /// What happens to a stream of any type.
    pub enum MediaStreamEvent {
        /// It has what it needs to be offered.
        DidInitialize = "MediaStreamDidInitialize",
        /// It runs.
        DidStart = "MediaStreamDidStart",
        /// It could not be initialized or started, or broke while it ran.
        DidFail = "MediaStreamDidFail" {
            /// What it was doing: `initialize`, `start`, `update` or `run`.
            context: String,
            /// What went wrong.
            reason: String,
        },
        /// It is being closed.
        WillEnd = "MediaStreamWillEnd",
        /// It has been closed.
        DidEnd = "MediaStreamDidEnd",
    }
}

events! {
    /// What happens to an audio stream.
    pub enum AudioStreamEvent {
        /// A party put the stream on hold or took it off hold.
        DidChangeHoldState = "AudioStreamDidChangeHoldState" {
            /// Which party.
            originator: Originator,
            /// The new state, as that party sees it.
            on_hold: bool,
        },
        /// Recording is about to start.
        WillStartRecordingAudio = "AudioStreamWillStartRecordingAudio" {
            /// The WAV file's path.
            filename: PathBuf,
        },
        /// Recording has started.
        DidStartRecordingAudio = "AudioStreamDidStartRecordingAudio" {
            /// The WAV file's path.
            filename: PathBuf,
        },
        /// Recording is about to stop.
        WillStopRecordingAudio = "AudioStreamWillStopRecordingAudio" {
            /// The WAV file's path.
            filename: PathBuf,
        },
        /// Recording has stopped and the file is complete.
        DidStopRecordingAudio = "AudioStreamDidStopRecordingAudio" {
            /// The WAV file's path.
            filename: PathBuf,
        },
        /// Codec, sample rate, address or port changed.
        DidChangeRtpParameters = "AudioStreamDidChangeRTPParameters",
        /// The other party pressed a key.
        GotDtmf = "AudioStreamGotDTMF" {
            /// `0` to `9`, `*`, `#` or `A` to `D`.
            digit: char,
        },
        /// Nothing was received for the time that `rtp.timeout` says. Repeats
        /// for as long as it stays silent.
        DidTimeout = "AudioStreamDidTimeout",
    }
}
