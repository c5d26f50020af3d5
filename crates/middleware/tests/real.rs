//! On the real machine: alone in its process, because it counts what that holds.

#![allow(clippy::unwrap_used, reason = "a scenario that can not go on has failed")]

use std::time::Duration;

use sipsimple::notification::Event;
use sipsimple::{
    AudioStream, MemoryStorage, Session, SessionEvent, SessionState, SipApplication, Transport,
};
use sipsimple_testkit::process;

async fn start(name: &str) -> SipApplication {
    let local = "127.0.0.1:0".parse().unwrap();
    let app = SipApplication::builder()
        .listen(Transport::Udp, local)
        .listen(Transport::Tcp, local)
        .build();
    let configuration = format!("[accounts.\"{name}@example.com\".sip]\nregister = false\n");
    app.start(MemoryStorage::with_configuration(configuration)).await.unwrap();
    app
}

/// A call over loopback, on threads; then nothing of it may be left.
#[test]
fn a_call_leaves_no_socket_task_or_thread() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // The pool for blocking calls keeps its threads for a while.
    let runtime = builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        // What the runtime itself needs comes into being with the first use.
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        let (files, threads) = (process::open_files(), process::threads());
        let (alice, bob) = (start("alice").await, start("bob").await);
        let mut calls = bob.notifications();
        let account = alice.accounts().default_account().unwrap();
        let audio = AudioStream::new(&account);
        let session = Session::new(&account);
        let to = format!("sip:bob@{}", bob.engine().unwrap().endpoints()[0].address);
        session.connect(to.parse().unwrap(), [&audio]).await.unwrap();
        while let Some(n) = calls.next().await {
            if let Event::Session(SessionEvent::NewIncoming { session, streams }) = n.event {
                session.accept(streams.audio()).await.unwrap();
                break;
            }
        }
        session.wait_for(SessionState::Connected).await.unwrap();
        let heard = async {
            while audio.statistics().is_none_or(|statistics| statistics.rx.packets < 10) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
        assert!(process::open_files() > files && process::threads() > threads);
        drop((audio, session, account));
        alice.stop().await;
        bob.stop().await;
        assert_eq!(process::open_files(), files);
        let names = || {
            let tasks = std::fs::read_dir("/proc/self/task").unwrap();
            let name = |t: std::fs::DirEntry| std::fs::read_to_string(t.path().join("comm"));
            tasks.filter_map(|task| name(task.ok()?).ok()).collect::<Vec<_>>()
        };
        assert_eq!(process::threads(), threads, "{:?}", names());
        assert_eq!(process::alive_tasks(), 0);
    });
}
