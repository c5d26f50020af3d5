//! `sipsimple call`, `answer` and `register`: for a person at a terminal.

mod answer;
mod call;
mod register;
mod screen;
mod talk;

pub(crate) use answer::{AnswerOptions, answer};
pub(crate) use call::{CallOptions, call};
pub(crate) use register::{RegisterOptions, register};

/// Stops the application. Others may take a few seconds to say goodbye: who
/// asks again to end does not wait for them.
pub(crate) async fn stop(app: &sipsimple::SipApplication) {
    tokio::select! {
        () = app.stop() => {}
        () = interrupted() => {}
    }
}

/// Resolves when the program is asked to end: Ctrl-C, or a polite kill.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // Without a handler the default one ends the program, which is what we want.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
