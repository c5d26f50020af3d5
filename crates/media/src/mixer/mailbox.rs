//! A place for one box, of which the newest counts: how the render half gets
//! its updates.
//!
//! A ring would fill while no device runs the render half. Here the sender
//! gets an update back that was never taken, and sends it again with what is
//! new, so that nothing queues up. Both sides are wait-free (one atomic swap).

use std::marker::PhantomData;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, Ordering};

pub(super) struct Mailbox<T> {
    slot: AtomicPtr<T>,
    // Sends values, never shares them: `Sync` when `T: Send`, as a mutex is.
    owns: PhantomData<Mutex<Box<T>>>,
}

impl<T> Mailbox<T> {
    pub(super) const fn new() -> Self {
        Self { slot: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// Puts a box in, and returns the one that was still there.
    pub(super) fn put(&self, value: Box<T>) -> Option<Box<T>> {
        self.swap(Box::into_raw(value))
    }

    /// Takes what is there.
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.swap(ptr::null_mut())
    }

    fn swap(&self, new: *mut T) -> Option<Box<T>> {
        // Acquire and release: who gets the pointer sees what it points to.
        let old = self.slot.swap(new, Ordering::AcqRel);
        // SAFETY: a pointer that isn't null came from `Box::into_raw` in
        // `put`, and the swap gives it to nobody but this caller.
        (!old.is_null()).then(|| unsafe { Box::from_raw(old) })
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn the_newest_counts_and_the_older_comes_back() {
        let mailbox = Mailbox::new();
        assert_eq!(mailbox.put(Box::new(1)), None);
        assert_eq!(mailbox.put(Box::new(2)), Some(Box::new(1)));
        assert_eq!(mailbox.take(), Some(Box::new(2)));
        assert_eq!(mailbox.take(), None);
    }

    /// Run by Miri too: every box arrives once, on one side or the other,
    /// and what is left is freed.
    #[test]
    fn nothing_is_lost_between_two_threads() {
        const COUNT: u32 = if cfg!(miri) { 100 } else { 10_000 };
        let mailbox = Arc::new(Mailbox::new());
        let receiver = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                let (mut sum, mut last) = (0u64, 0);
                while last < COUNT {
                    if let Some(value) = mailbox.take() {
                        assert!(*value > last, "in order");
                        last = *value;
                        sum += u64::from(last);
                    }
                    thread::yield_now();
                }
                sum
            })
        };
        let mut back = 0u64;
        for value in 1..=COUNT {
            back += mailbox.put(Box::new(value)).map_or(0, |old| u64::from(*old));
        }
        let sum = receiver.join().expect("the receiver ends");
        assert_eq!(sum + back, u64::from(COUNT) * u64::from(COUNT + 1) / 2);
        mailbox.put(Box::new(1));
    }
}
