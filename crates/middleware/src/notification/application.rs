//! `SIPApplication…`

events! {
    /// What happens to the application as a whole.
    pub enum ApplicationEvent {
        /// The configuration has been loaded; nothing else runs yet.
        WillStart = "SIPApplicationWillStart",
        /// Everything has been started. Registrations are under way, not
        /// necessarily done.
        DidStart = "SIPApplicationDidStart",
        /// The application was told to stop.
        WillEnd = "SIPApplicationWillEnd",
        /// Everything has stopped, or was given reasonable time to.
        DidEnd = "SIPApplicationDidEnd",
        /// Something the application can't run without has failed.
        GotFatalError = "SIPApplicationGotFatalError" {
            /// What failed.
            error: String,
        },
    }
}
