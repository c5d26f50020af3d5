//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

thread_local! {
    static OF_THIS_THREAD: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator with counters, for tests of memory and of code that
/// must not allocate.
///
/// ```
/// use sipsimple_testkit::CountingAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator::new();
///
/// let before = ALLOCATOR.live_bytes();
/// let block = Box::new([0u8; 1000]);
/// assert!(ALLOCATOR.live_bytes() >= before + 1000);
/// drop(block);
///
/// let before = CountingAllocator::of_this_thread();
/// let sum: u32 = (1..10).sum();
/// assert_eq!((sum, CountingAllocator::of_this_thread()), (45, before));
/// ```
#[derive(Debug, Default)]
pub struct CountingAllocator {
    live: AtomicUsize,
    peak: AtomicUsize,
    allocations: AtomicUsize,
}

impl CountingAllocator {
    /// For a `#[global_allocator]` static.
    pub const fn new() -> Self {
        Self {
            live: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            allocations: AtomicUsize::new(0),
        }
    }

    /// Bytes that are allocated now.
    pub fn live_bytes(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// The most bytes that were ever allocated at one time.
    pub fn peak_bytes(&self) -> usize {
        self.peak.load(Relaxed)
    }

    /// How often memory was allocated or reallocated, by all threads.
    pub fn allocations(&self) -> usize {
        self.allocations.load(Relaxed)
    }

    /// How often this thread has allocated, reallocated or freed.
    pub fn of_this_thread() -> usize {
        OF_THIS_THREAD.try_with(Cell::get).unwrap_or(0)
    }

    fn grown(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(live, Relaxed);
        self.allocations.fetch_add(1, Relaxed);
        touched();
    }

    fn shrunk(&self, bytes: usize) {
        self.live.fetch_sub(bytes, Relaxed);
    }
}

fn touched() {
    // A thread that is ending has no counter any more.
    let _ = OF_THIS_THREAD.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged; counting
// touches atomics and a thread-local without destructor, so it never allocates.
#[allow(unsafe_code, reason = "the trait is unsafe")]
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            self.grown(layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            self.grown(layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(block, layout) };
        self.shrunk(layout.size());
        touched();
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        if !moved.is_null() {
            self.grown(new_size);
            self.shrunk(layout.size());
        }
        moved
    }
}
