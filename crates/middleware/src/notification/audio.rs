//! `WavePlayer…` and `ToneGenerator…`

events! {
    /// What happens to a WAV player.
    pub enum WavePlayerEvent {
        /// It plays.
        DidStart = "WavePlayerDidStart",
        /// It has played everything or was stopped.
        DidEnd = "WavePlayerDidEnd",
        /// The file can't be played.
        DidFail = "WavePlayerDidFail" {
            /// What is wrong with it.
            error: String,
        },
    }
}

events! {
    /// What happens to a tone generator.
    pub enum ToneGeneratorEvent {
        /// It has played everything.
        DidFinishPlaying = "ToneGeneratorDidFinishPlaying",
    }
}
