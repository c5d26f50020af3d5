//! `SIPEngine…`

use std::net::SocketAddr;

events! {
    /// What happens to the SIP engine. [`EngineEvent::SipTrace`] rides the
    /// trace subscription, everything else the ordinary one.
    pub enum EngineEvent {
        /// The engine is about to start.
        WillStart = "SIPEngineWillStart",
        /// The engine runs.
        DidStart = "SIPEngineDidStart",
        /// The engine could not start.
        DidFail = "SIPEngineDidFail" {
            /// What went wrong.
            error: String,
        },
        /// The engine is about to end.
        WillEnd = "SIPEngineWillEnd",
        /// The engine has ended.
        DidEnd = "SIPEngineDidEnd",
        /// A SIP message was received or sent.
        SipTrace = "SIPEngineSIPTrace" {
            /// Received, else sent.
            received: bool,
            /// The sender's address.
            source: SocketAddr,
            /// The receiver's address.
            destination: SocketAddr,
            /// The message; bytes that are not UTF-8 are replaced.
            data: String,
            /// `udp` or `tcp`.
            transport: String,
        },
    }
}
