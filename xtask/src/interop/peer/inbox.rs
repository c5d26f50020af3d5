//! JSON objects that a peer sends while a cell runs, in order, to be waited for.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::time;

/// Filled by a reader thread, read by the cell.
#[derive(Default)]
pub(super) struct Inbox {
    values: Mutex<Vec<Value>>,
    arrived: Condvar,
}

impl Inbox {
    pub(super) fn push(&self, value: Value) {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).push(value);
        self.arrived.notify_all();
    }

    pub(super) fn count(&self, matches: impl Fn(&Value) -> bool) -> usize {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.iter().filter(|value| matches(value)).count()
    }

    /// The `skip`-th match after the ones that are passed over, as soon as it is there.
    pub(super) fn wait(
        &self,
        timeout: Duration,
        skip: usize,
        matches: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let end = time::now() + timeout;
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = values.iter().filter(|value| matches(value)).nth(skip) {
                return Some(found.clone());
            }
            let left = end.checked_duration_since(time::now())?;
            values =
                self.arrived.wait_timeout(values, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The last few values, for the reason of a failure.
    pub(super) fn last(&self, count: usize, show: impl Fn(&Value) -> String) -> String {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let from = values.len().saturating_sub(count);
        values[from..].iter().map(show).collect::<Vec<_>>().join(", ")
    }
}
