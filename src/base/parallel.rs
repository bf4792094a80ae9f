//! Two things at once, where there is enough to do.

use std::panic::resume_unwind;
use std::thread;

/// Edits, changes or rows that are work enough for a second processor to be worth a thread, which costs some 30 µs.
const WORTH_A_THREAD: usize = 64;

/// What both functions answer, whose work is about so many `items`. `right` runs on a thread of its own if they are many, and
/// else after `left`. A panic of either is the caller's.
pub fn both<L, R: Send>(items: usize, left: impl FnOnce() -> L, right: impl FnOnce() -> R + Send) -> (L, R) {
    if items < WORTH_A_THREAD {
        let left = left();
        return (left, right());
    }
    thread::scope(|scope| {
        let right = scope.spawn(right);
        let left = left();
        (left, right.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_answer_whether_or_not_there_is_a_thread() {
        for items in [0, WORTH_A_THREAD] {
            let here = thread::current().id();
            let (left, right) = both(items, || thread::current().id(), || thread::current().id());
            assert_eq!((left == here, right == here), (true, items == 0));
        }
    }

    #[test]
    fn a_panic_on_the_thread_is_the_callers() {
        for items in [0, WORTH_A_THREAD] {
            let outcome = std::panic::catch_unwind(|| both(items, || 1, || -> u8 { panic!("asked to") }));
            assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"asked to"));
        }
    }
}
