//! What this process holds: to show that nothing is left behind.

/// Threads of this process; 0 where that can't be told.
pub fn threads() -> usize {
    entries("/proc/self/task")
}

/// Open file descriptors of this process; 0 where that can't be told.
pub fn open_files() -> usize {
    // Reading the directory needs a descriptor of its own.
    entries("/proc/self/fd").saturating_sub(1)
}

/// Tasks that live on the current tokio runtime.
///
/// # Panics
///
/// Outside a runtime.
pub fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn threads_are_counted() {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        // Other tests come and go meanwhile, so only the floor is certain.
        let thread = std::thread::spawn(move || wait.recv());
        assert!(threads() >= 2);
        drop(go);
        assert!(thread.join().unwrap().is_err());
        assert!(open_files() >= 3);
    }

    #[tokio::test]
    async fn tasks_are_counted() {
        let before = alive_tasks();
        let task = tokio::spawn(std::future::pending::<()>());
        assert_eq!(alive_tasks(), before + 1);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(alive_tasks(), before);
    }
}
